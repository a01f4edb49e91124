#!/bin/bash
# Builds the shim for each architecture. Freestanding: no C library, no start files, nothing undefined.
set -euo pipefail
cd "$(dirname "$0")"

build() { # architecture, flags
	local name=$1
	shift
	clang-16 "$@" -O2 -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -ffreestanding -fno-stack-protector -fPIC \
		-fvisibility=hidden -fasynchronous-unwind-tables -fno-semantic-interposition -fno-math-errno -ffp-contract=off \
		-nostdlib -shared -fuse-ld=lld-16 -Wl,--no-undefined -Wl,-z,initfirst -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack \
		-Wl,-z,max-page-size=65536 -Wl,--hash-style=both -Wl,--eh-frame-hdr -Wl,-s -Wl,--build-id=none \
		-Wl,-soname,libedgexray.so -o "shim_$name.so" ./*.c
}
build amd64 --target=x86_64-linux-gnu -march=x86-64
# Android keeps its shadow call stack in x18.
build arm64 --target=aarch64-linux-gnu -march=armv8-a -mno-outline-atomics -ffixed-x18
build arm --target=armv7a-linux-gnueabi -marm -mfloat-abi=softfp -mfpu=vfpv3-d16
# No argument is a floating-point one, so it goes with both ways of passing them: e_flags, at 36, says neither (EABI 5).
printf '\0\0\0\5' | dd of=shim_arm.so bs=1 seek=36 conv=notrunc status=none
