// SPDX-License-Identifier: Apache-2.0
//
// What compilers call although the source doesn't: filling and copying memory.
#include <stddef.h>

#define HIDDEN __attribute__((visibility("hidden"), used))

HIDDEN void *memset(void *to, int value, size_t bytes)
{
	for (unsigned char *b = to; bytes--; b++)
		*b = (unsigned char)value;
	return to;
}

HIDDEN void *memcpy(void *to, const void *from, size_t bytes)
{
	unsigned char *t = to;
	for (const unsigned char *f = from; bytes--; t++, f++)
		*t = *f;
	return to;
}

#if defined(__arm__)
// The same by the names of the Run-time ABI for the Arm Architecture, 4.3.4.
HIDDEN void __aeabi_memcpy(void *to, const void *from, size_t bytes) { memcpy(to, from, bytes); }
HIDDEN void __aeabi_memcpy4(void *to, const void *from, size_t bytes) { memcpy(to, from, bytes); }
HIDDEN void __aeabi_memcpy8(void *to, const void *from, size_t bytes) { memcpy(to, from, bytes); }
HIDDEN void __aeabi_memclr(void *to, size_t bytes) { memset(to, 0, bytes); }
HIDDEN void __aeabi_memclr4(void *to, size_t bytes) { memset(to, 0, bytes); }
HIDDEN void __aeabi_memclr8(void *to, size_t bytes) { memset(to, 0, bytes); }
// Unwind tables name these.
HIDDEN void __aeabi_unwind_cpp_pr0(void) {}
HIDDEN void __aeabi_unwind_cpp_pr1(void) {}
#endif
