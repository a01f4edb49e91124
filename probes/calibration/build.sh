#!/bin/sh
# Builds the calibration targets that are embedded into edgexray. The result is the same, byte for byte, with the same
# clang and lld.
set -eu
cd "$(dirname "$0")"
for machine in x86_64:amd64 aarch64:arm64; do
	clang-16 --target="${machine%:*}-linux-gnu" -O2 -Wall -Wextra -Werror -ffreestanding -fno-pie -fno-stack-protector \
		-fno-asynchronous-unwind-tables -fno-ident -mgeneral-regs-only -nostdlib -static -fuse-ld=lld-16 \
		-Wl,--build-id=none -Wl,--strip-debug -Wl,-z,max-page-size=65536 -Wl,-z,nognustack \
		-o "target_${machine#*:}" target.c
done
