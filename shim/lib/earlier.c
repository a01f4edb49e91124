// SPDX-License-Identifier: Apache-2.0
//
// Interpreters that were built before their library's kernels had thunks are left alone; but they are counted.
#include "graph.h"

#define CHUNK (1 << 20)

static int uses(const struct module *m, struct context *context)
{
	struct subgraph g = { .context = context };
	if (!valid_context(context) || !locate(&g, NULL))
		return 0;
	for (s32 i = 0; node_at(&g, i) < (struct node *)g.end; i++)
		if (module_of(function_of(&g, registration_of(&g, node_at(&g, i)))) == m)
			return 1;
	return 0;
}

// A tflite::Subgraph shows itself by its context, which points back at the object that it lies in: on Android by a pointer
// whose upper byte is a tag.
static void search_range(const struct module *m, word start, word end, word *buffer)
{
	for (word at = start, bytes; at < end; at += bytes) { // not beyond: a 32-bit stack ends near the last address
		bytes = end - at < CHUNK ? end - at : CHUNK;
		if (!read_memory(buffer, (void *)at, bytes))
			continue;
		for (word i = 3; i < bytes / sizeof(word); i++) {
			word context = buffer[i] + CONTEXT_IN_SUBGRAPH;
			if (untagged(context) == at + (i - 3) * sizeof(word) && uses(m, (struct context *)context))
				count(EARLIER_INTERPRETERS, 1);
		}
	}
}

static const char *hexadecimal(const char *text, word *value)
{
	*value = 0;
	for (;; text++) {
		int digit = *text >= '0' && *text <= '9' ? *text - '0' : *text >= 'a' && *text <= 'f' ? *text - 'a' + 10 : -1;
		if (digit < 0)
			return text;
		*value = *value << 4 | digit;
	}
}

#define LINE_BYTES 4608 // of /proc/PID/maps: a path has at most 4096

HIDDEN void count_earlier(const struct module *m)
{
	char text[LINE_BYTES];
	word have = 0, *buffer = map_memory(CHUNK);
	long fd = call6(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0, 0, 0);
	while (buffer && !FAILED(fd)) {
		long n = call3(SYS_read, fd, text + have, sizeof(text) - have);
		if (FAILED(n) || n == 0)
			break;
		have += n;
		word line = 0;
		for (word i = 0; i < have; i++) {
			if (text[i] != '\n')
				continue;
			word start, end;
			const char *at = hexadecimal(text + line, &start);
			at = hexadecimal(at + 1, &end);
			if (at[1] == 'r' && at[2] == 'w' && at[4] == 'p')
				search_range(m, start, end, buffer);
			line = i + 1;
		}
		have -= line;
		for (word i = 0; i < have; i++)
			text[i] = text[line + i];
	}
	if (!FAILED(fd))
		call1(SYS_close, fd);
	if (buffer)
		call2(SYS_munmap, buffer, CHUNK);
}
