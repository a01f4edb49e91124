#!/bin/bash
# Builds the package's native part for each architecture. Freestanding: no C library, so one file is for glibc, musl and bionic.
set -euo pipefail
cd "$(dirname "$0")"

build() { # architecture, flags
	local name=$1
	shift
	clang-16 "$@" -O2 -std=gnu11 -Wall -Wextra -Werror -ffreestanding -fno-stack-protector -fPIC -fvisibility=hidden \
		-nostdlib -shared -fuse-ld=lld-16 -Wl,--no-undefined -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack \
		-Wl,-z,max-page-size=65536 -Wl,--hash-style=both -Wl,-s -Wl,--build-id=none \
		-Wl,-soname,libedgexray_python.so -o "../edgexray/lib/edgexray_$name.so" edgexray.c
}
build amd64 --target=x86_64-linux-gnu -march=x86-64
build arm64 --target=aarch64-linux-gnu -march=armv8-a -ffixed-x18
build arm --target=armv7a-linux-gnueabi -marm -mfloat-abi=softfp -mfpu=vfpv3-d16
# No argument is a floating-point one, so it goes with both ways of passing them: e_flags, at 36, says neither (EABI 5).
printf '\0\0\0\5' | dd of=../edgexray/lib/edgexray_arm.so bs=1 seek=36 conv=notrunc status=none
