// SPDX-License-Identifier: Apache-2.0
#include "elf.h"
#include "system.h"

// Compilers call these two by themselves.
#if defined(__x86_64__)
HIDDEN void *memcpy(void *to, const void *from, word bytes)
{
	void *result = to;
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
	return result;
}

HIDDEN void *memset(void *to, int value, word bytes)
{
	void *result = to;
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
	return result;
}
#else
typedef u32 vector __attribute__((vector_size(16), aligned(1)));

HIDDEN __attribute__((no_builtin)) void *memcpy(void *to, const void *from, word bytes)
{
	char *t = to;
	const char *f = from;
	for (; bytes >= 64; bytes -= 64, t += 64, f += 64)
		for (int i = 0; i < 4; i++)
			((vector *)t)[i] = ((const vector *)f)[i];
	while (bytes--)
		*t++ = *f++;
	return to;
}

HIDDEN __attribute__((no_builtin)) void *memset(void *to, int value, word bytes)
{
	char *t = to;
	while (bytes--)
		*t++ = value;
	return to;
}
#endif

HIDDEN word length(const char *text)
{
	word n = 0;
	while (text[n])
		n++;
	return n;
}

HIDDEN int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

HIDDEN int glob(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;
	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++, text++;
		} else if (star) {
			pattern = star;
			text = ++resume;
		} else {
			return 0;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == 0;
}

HIDDEN void *map_memory(word bytes)
{
	long result = call6(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return FAILED(result) ? NULL : (void *)result;
}

#define CHUNK (256 << 10)

HIDDEN void *allocate(word bytes)
{
	static u32 busy;
	static char *at, *end;
	bytes = (bytes + 15) & ~(word)15;
	if (bytes > CHUNK / 4)
		return map_memory(bytes);
	if (!lock(&busy)) // a signal handler
		return map_memory(bytes);
	if (at == NULL || (word)(end - at) < bytes) {
		at = map_memory(CHUNK);
		end = at ? at + CHUNK : NULL;
	}
	void *result = at;
	if (at)
		at += bytes;
	unlock(&busy);
	return result;
}

struct piece {
	const void *at;
	word bytes;
};

// Linux copies within one process, too, and tells what isn't there instead of a signal. Where it doesn't let us (an older
// one, or a filter of system calls), the process's memory is read as a file, which takes three calls.
static int refused;

static int copy_as_file(long call, void *mine, word bytes, const void *there)
{
	long fd = call6(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR | O_CLOEXEC, 0, 0, 0);
	if (FAILED(fd))
		return 0;
#if defined(__arm__) // an offset is a pair of registers that begins at an even one
	long n = call6(call, fd, mine, bytes, 0, there, 0);
#else
	long n = call6(call, fd, mine, bytes, there, 0, 0);
#endif
	call1(SYS_close, fd);
	return n == (long)bytes;
}

HIDDEN int read_memory(void *to, const void *from, word bytes)
{
	struct piece mine = { to, bytes }, there = { from, bytes };
	if (!refused) {
		long n = call6(SYS_process_vm_readv, call0(SYS_getpid), &mine, 1, &there, 1, 0);
		if (!FAILED(n) || n == -EFAULT)
			return n == (long)bytes;
		refused = 1;
	}
	return copy_as_file(SYS_pread64, to, bytes, from);
}

#define PAGE 4096 // what mprotect gets may also be larger pages: see protect

// Linux's pages may have 4, 16 or 64 KiB.
static int protect(word at, int how)
{
	for (word page = PAGE; page <= 65536; page *= 4)
		if (!FAILED(call3(SYS_mprotect, at & ~(page - 1), page, how)))
			return 1;
	return 0;
}

HIDDEN int write_word(word *at, word value)
{
	struct piece mine = { &value, sizeof(value) }, there = { at, sizeof(value) };
	long n = refused ? 0 : call6(SYS_process_vm_writev, call0(SYS_getpid), &mine, 1, &there, 1, 0);
	if (n == (long)sizeof(value))
		return 1;
	if (n != -EFAULT)
		return copy_as_file(SYS_pwrite64, &value, sizeof(value), at); // which writes even to what is read-only
	if (!protect((word)at, PROT_READ | PROT_WRITE))
		return 0;
	store(at, value);
	protect((word)at, PROT_READ); // as the dynamic linker had left it
	return 1;
}

typedef int clock_function(int, struct timespec *);
static clock_function *clock;

// Reading the clock by a system call takes about as long as all the rest of recording an op.
HIDDEN void find_clock(void)
{
	word vdso = auxiliary(AT_SYSINFO_EHDR);
	struct image image;
	if (vdso == 0 || !image_at(&image, vdso))
		return;
	clock = (clock_function *)find_symbol(&image, "__vdso_clock_gettime");
	if (clock == NULL)
		clock = (clock_function *)find_symbol(&image, "__kernel_clock_gettime");
}

HIDDEN u64 now(void)
{
	struct timespec t;
	if (clock == NULL || clock(CLOCK_MONOTONIC, &t) != 0)
		call2(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return (u64)t.seconds * 1000000000ULL + (u64)t.nanoseconds;
}
