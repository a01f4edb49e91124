// SPDX-License-Identifier: Apache-2.0
//
// The little that the shim needs of Linux and of the compiler: system calls without a C library, and atomics. Numbers of
// system calls are those of Linux's uapi (asm/unistd.h).
#pragma once

#include "records.h"

typedef __UINTPTR_TYPE__ word;

#define HIDDEN __attribute__((visibility("hidden")))
#define EXPORT __attribute__((visibility("default")))
#define ARRAY(a) (sizeof(a) / sizeof((a)[0]))
#define NULL ((void *)0)

#define load(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define store(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define add(p, v) __atomic_fetch_add(p, v, __ATOMIC_RELAXED)
#define swap_if(p, expected, desired) \
	__atomic_compare_exchange_n(p, expected, desired, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
// Puts an element first in a list from which none is ever taken; also in a signal handler.
#define push(head, element) \
	do \
		(element)->next = load(head); \
	while (!swap_if(head, &(element)->next, element))

#if defined(__x86_64__)
enum { SYS_read = 0, SYS_open = -1, SYS_close = 3, SYS_mmap = 9, SYS_mprotect = 10, SYS_munmap = 11, SYS_madvise = 28, SYS_sched_yield = 24,
       SYS_nanosleep = 35, SYS_getpid = 39, SYS_getppid = 110, SYS_gettid = 186, SYS_futex = 202, SYS_openat = 257,
       SYS_tgkill = 234, SYS_rt_sigprocmask = 14, SYS_pread64 = 17, SYS_pwrite64 = 18, SYS_process_vm_readv = 310, SYS_process_vm_writev = 311, SYS_clock_gettime = 228 };
static inline long syscall6(long n, word a, word b, word c, word d, word e, word f)
{
	long result;
	register word r10 __asm__("r10") = d;
	register word r8 __asm__("r8") = e;
	register word r9 __asm__("r9") = f;
	__asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
enum { SYS_read = 63, SYS_close = 57, SYS_mmap = 222, SYS_mprotect = 226, SYS_munmap = 215, SYS_madvise = 233, SYS_sched_yield = 124,
       SYS_nanosleep = 101, SYS_getpid = 172, SYS_getppid = 173, SYS_gettid = 178, SYS_futex = 98, SYS_openat = 56,
       SYS_tgkill = 131, SYS_rt_sigprocmask = 135, SYS_pread64 = 67, SYS_pwrite64 = 68, SYS_process_vm_readv = 270, SYS_process_vm_writev = 271, SYS_clock_gettime = 113 };
static inline long syscall6(long n, word a, word b, word c, word d, word e, word f)
{
	register long x8 __asm__("x8") = n;
	register word x0 __asm__("x0") = a;
	register word x1 __asm__("x1") = b;
	register word x2 __asm__("x2") = c;
	register word x3 __asm__("x3") = d;
	register word x4 __asm__("x4") = e;
	register word x5 __asm__("x5") = f;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}
#elif defined(__arm__)
enum { SYS_read = 3, SYS_close = 6, SYS_mmap = 192 /* mmap2: its offset is in pages of 4096 */, SYS_mprotect = 125,
       SYS_munmap = 91, SYS_madvise = 220, SYS_sched_yield = 158, SYS_nanosleep = 162, SYS_getpid = 20, SYS_getppid = 64, SYS_gettid = 224,
       SYS_futex = 240, SYS_openat = 322, SYS_tgkill = 268, SYS_rt_sigprocmask = 175, SYS_pread64 = 180, SYS_pwrite64 = 181, SYS_process_vm_readv = 376, SYS_process_vm_writev = 377, SYS_clock_gettime = 263 };
static inline long syscall6(long n, word a, word b, word c, word d, word e, word f)
{
	register long r7 __asm__("r7") = n;
	register word r0 __asm__("r0") = a;
	register word r1 __asm__("r1") = b;
	register word r2 __asm__("r2") = c;
	register word r3 __asm__("r3") = d;
	register word r4 __asm__("r4") = e;
	register word r5 __asm__("r5") = f;
	__asm__ volatile("svc 0" : "+r"(r0) : "r"(r7), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5) : "memory");
	return r0;
}
#else
#error "no system calls for this architecture"
#endif

#define call0(n) syscall6(n, 0, 0, 0, 0, 0, 0)
#define call1(n, a) syscall6(n, (word)(a), 0, 0, 0, 0, 0)
#define call2(n, a, b) syscall6(n, (word)(a), (word)(b), 0, 0, 0, 0)
#define call3(n, a, b, c) syscall6(n, (word)(a), (word)(b), (word)(c), 0, 0, 0)
#define call6(n, a, b, c, d, e, f) syscall6(n, (word)(a), (word)(b), (word)(c), (word)(d), (word)(e), (word)(f))

#define FAILED(r) ((word)(r) > (word)-4096) // a system call's result is an error
#define EPERM 1
#define ESRCH 3
#define EIO 5
#define EFAULT 14
#define EINVAL 22

enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4, MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20, MADV_POPULATE_WRITE = 23 };
enum { AT_FDCWD = -100, O_RDONLY = 0, O_RDWR = 2, O_CLOEXEC = 02000000 };
enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1, CLOCK_MONOTONIC = 1 };

struct timespec {
	long seconds;
	long nanoseconds;
};

// lock.c

// A lock of this process, for what happens rarely; 0 is a free one. A thread that has it already gets it not: lock reports
// false. A process that was forked while another thread of its parent had it gets it all the same.
int lock(u32 *lock);
void unlock(u32 *lock);
int has_ended(u32 tid); // a thread of this process

// access.c

// Copies memory of this process that may not be there (any more). Returns whether all of it was.
int read_memory(void *to, const void *from, word bytes);

struct piece {
	word at, bytes;
};
// Copies pieces of memory that may not be there behind each other. Returns whether all of them were.
int read_pieces(void *to, const struct piece *pieces, word count);
// Reads a file into memory that may not be there. Returns whether all of it was read.
int read_from_file(const char *path, u64 offset, word to, word bytes);
// Writes to memory that may not be there, or that may be read-only (it is made writable for the moment).
int write_word(word *at, word value);

// An address without the tag that arm64 has in its upper byte and ignores, as Android puts it into those of its heap.
static inline word untagged(word address)
{
#if defined(__aarch64__)
	return address << 8 >> 8;
#else
	return address;
#endif
}

// memory.c

// Memory of the shim's own, zeroed, never given back; NULL when there is none. Only for what lives as long as the process.
void *allocate(word bytes);
void *map_memory(word bytes);
void *memcpy(void *to, const void *from, word bytes);
void *memset(void *to, int value, word bytes);
word length(const char *text);
int same(const char *a, const char *b);
int glob(const char *pattern, const char *text); // with * and ?
u64 now(void); // CLOCK_MONOTONIC, ns
void find_clock(void);
