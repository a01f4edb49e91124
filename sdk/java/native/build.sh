#!/bin/sh
# Builds the native library of the Java markers with clang and lld 16, for each machine: Linux and Android alike.
set -eu
cd "$(dirname "$0")"
resources=../src/main/resources/io/edgexray/native
mkdir -p "$resources"

build() { # architecture, flags
	name=$1
	shift
	clang-16 "$@" -std=c11 -O2 -Wall -Wextra -Werror -ffreestanding -fno-builtin -fno-stack-protector -fno-ident -fPIC \
		-fvisibility=hidden -nostdlib -shared -fuse-ld=lld-16 -Wl,-z,defs -Wl,-z,noexecstack -Wl,-z,max-page-size=65536 \
		-Wl,--hash-style=both -Wl,-s -Wl,--build-id=none -Wl,-soname,libedgexray.so \
		-o "$resources/libedgexray-$name.so" markers.c memory.c
}
build amd64 --target=x86_64-linux-gnu -march=x86-64
build arm64 --target=aarch64-linux-gnu -march=armv8-a -ffixed-x18 # Android keeps its shadow call stack there
build arm --target=armv7a-linux-gnueabi -marm -mfloat-abi=softfp -mfpu=vfpv3-d16
# No argument is a floating-point one, so it goes with both ways of passing them: e_flags, at 36, says neither (EABI 5).
printf '\0\0\0\5' | dd of="$resources/libedgexray-arm.so" bs=1 seek=36 conv=notrunc status=none
