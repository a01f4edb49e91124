// SPDX-License-Identifier: Apache-2.0
//
// Division for 32-bit arm, which not all of its processors have: what compilers call for it (Run-time ABI for the Arm
// Architecture, 4.3.1).
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
