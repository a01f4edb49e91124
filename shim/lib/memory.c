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
