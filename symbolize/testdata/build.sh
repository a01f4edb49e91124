#!/bin/sh
# Builds the libraries of this directory from kernels.c with clang, lld and LLVM's binutils 16: `go generate ./symbolize`.
set -eu
cd "$(dirname "$0")"

# build OUTPUT TARGET OPTIONS...
build() {
	output=$1 target=$2
	shift 2
	clang-16 --target="$target" -O1 -fPIC -fvisibility=hidden -funwind-tables -ffreestanding -nostdlib \
		-fuse-ld=lld-16 -Wl,-z,max-page-size=4096 -Wl,--no-rosegment,--build-id=none "$@" -o "$output" kernels.c
	llvm-objcopy-16 --remove-section=.comment "$output"
}

build amd64.so x86_64-linux-gnu -shared -Wl,--build-id=sha1
build arm64.so aarch64-linux-gnu -shared
build 386.so i386-linux-gnu -shared
build arm.so armv7-linux-gnueabihf -shared -mthumb
build amd64-relr.so x86_64-linux-gnu -shared -Wl,-z,pack-relative-relocs -Wl,--hash-style=sysv
build arm64-packed.so aarch64-linux-android -shared -Wl,--pack-dyn-relocs=android
build arm-packed.so armv7-linux-androideabi -shared -mthumb -Wl,--pack-dyn-relocs=android+relr
build amd64.exe x86_64-linux-gnu -static

llvm-strip-16 amd64.so -o amd64-stripped.so
llvm-strip-16 --strip-sections amd64.so -o amd64-noheaders.so
llvm-objcopy-16 --only-keep-debug amd64.so debugdata
xz --force debugdata
llvm-objcopy-16 --add-section=.gnu_debugdata=debugdata.xz amd64-stripped.so amd64-debugdata.so
rm debugdata.xz

# mark OUTPUT TARGET OPTIONS...
mark() {
	output=$1 target=$2
	shift 2
	clang-16 --target="$target" -O1 -fPIC -fvisibility=hidden -ffreestanding -nostdlib \
		-fuse-ld=lld-16 -Wl,-z,max-page-size=4096 -Wl,--build-id=none "$@" -o "$output" marks.c
	llvm-objcopy-16 --remove-section=.comment "$output"
}

mark marks/amd64.so x86_64-linux-gnu -shared
mark marks/arm64.so aarch64-linux-gnu -shared
mark marks/arm.so armv7-linux-gnueabihf -shared -mthumb
