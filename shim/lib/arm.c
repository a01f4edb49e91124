// SPDX-License-Identifier: Apache-2.0
//
// What compilers call on 32-bit arm for what not all of its processors can do (Run-time ABI for the Arm Architecture).
#if defined(__arm__)
#include "system.h"

// The quotient in the lower half, the remainder in the upper one.
HIDDEN u64 __aeabi_uidivmod(u32 n, u32 d)
{
	u32 quotient = 0, rest = 0;
	for (int bit = 31; d && bit >= 0; bit--) {
		rest = rest << 1 | (n >> bit & 1);
		if (rest >= d) {
			rest -= d;
			quotient |= 1u << bit;
		}
	}
	return (u64)rest << 32 | quotient;
}

HIDDEN u32 __aeabi_uidiv(u32 n, u32 d)
{
	return (u32)__aeabi_uidivmod(n, d);
}

HIDDEN double __aeabi_ul2d(u64 v) { return (double)(u32)(v >> 32) * 4294967296.0 + (double)(u32)v; }
HIDDEN double __aeabi_l2d(s64 v) { return (double)(s32)(v >> 32) * 4294967296.0 + (double)(u32)v; }

HIDDEN void __aeabi_memcpy(void *to, const void *from, word bytes) { memcpy(to, from, bytes); }
HIDDEN void __aeabi_memcpy4(void *to, const void *from, word bytes) { memcpy(to, from, bytes); }
HIDDEN void __aeabi_memcpy8(void *to, const void *from, word bytes) { memcpy(to, from, bytes); }
HIDDEN void __aeabi_memset(void *to, word bytes, int value) { memset(to, value, bytes); }
HIDDEN void __aeabi_memset4(void *to, word bytes, int value) { memset(to, value, bytes); }
HIDDEN void __aeabi_memset8(void *to, word bytes, int value) { memset(to, value, bytes); }
HIDDEN void __aeabi_memclr(void *to, word bytes) { memset(to, 0, bytes); }
HIDDEN void __aeabi_memclr4(void *to, word bytes) { memset(to, 0, bytes); }
HIDDEN void __aeabi_memclr8(void *to, word bytes) { memset(to, 0, bytes); }
// Unwind tables name these, so that unwinders get linked; those find them by number.
HIDDEN void __aeabi_unwind_cpp_pr0(void) {}
HIDDEN void __aeabi_unwind_cpp_pr1(void) {}
#endif
