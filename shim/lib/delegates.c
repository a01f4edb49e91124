// SPDX-License-Identifier: Apache-2.0
//
// Keeps delegates from taking nodes, in builds that hide everything. There are two ways, because runtimes have two:
//
// - A delegate that takes dynamic tensors is applied before any kernel's prepare. So tensors get a type that no delegate
//   takes while their interpreter is built, and their own ones back when the first kernel is prepared. What goes in and out
//   of the model keeps its type: the app may look at it.
// - For any other one, the runtime first prepares all kernels, then calls the delegate. The delegate's object is then named in
//   the frames of our callers, and its function to prepare is replaced by one that takes nothing.
#include "graph.h"

static int is_listed(const s32 *indices, s32 n, s32 index)
{
	for (s32 i = 0; i < n; i++)
		if (indices[i] == index)
			return 1;
	return 0;
}

HIDDEN void disguise(struct subgraph *g)
{
	struct context *c = g->context;
	const s32 *ends[2];
	s32 sizes[2];
	if (!locate(g, NULL))
		return; // it has no whole node yet: the next op's init comes again
	for (int i = 0; i < 2; i++)
		if ((sizes[i] = ends_of(g, i, &ends[i])) < 0)
			return;
	if (c->tensors_size > g->type_room) {
		u8 *grown = allocate(c->tensors_size);
		if (grown == NULL)
			return;
		memcpy(grown, g->types, g->type_room);
		g->types = grown;
		g->type_room = c->tensors_size;
	}
	for (s32 i = 0; i < (s32)c->tensors_size; i++) {
		struct tensor *t = &c->tensors[i];
		if (g->types[i] || t->type == TYPE_COMPLEX128 || t->type < 0 || t->type > 250 || is_listed(ends[0], sizes[0], i) ||
		    is_listed(ends[1], sizes[1], i) ||
		    (t->allocation_type != ALLOCATION_NONE && t->allocation_type != ALLOCATION_ARENA &&
		     t->allocation_type != ALLOCATION_ARENA_PERSISTENT))
			continue;
		g->types[i] = t->type + 1;
		t->type = TYPE_COMPLEX128;
	}
}

HIDDEN void undisguise(struct subgraph *g)
{
	for (word i = 0; i < g->type_room && i < g->context->tensors_size; i++) {
		struct tensor *t = &g->context->tensors[i];
		if (g->types[i] && t->type == TYPE_COMPLEX128)
			t->type = g->types[i] - 1;
		g->types[i] = 0;
	}
}

static s32 take_nothing(struct context *context, struct delegate *delegate) { return 0; }

#define LOOKED_AT (16 << 10) // bytes of stack: the frames from a kernel's prepare up to the runtime's ModifyGraphWithDelegate

// A delegate as XNNPACK, GPU and others make it: a function to prepare, no functions for buffers of its own or all, some flags.
static int is_delegate(struct delegate *at)
{
	struct delegate d;
	if ((word)at & (sizeof(word) - 1) || (word)at < 4096 || !read_memory(&d, at, sizeof(d)))
		return 0;
	word buffers[] = { (word)d.copy_from, (word)d.copy_to, (word)d.free_buffer };
	for (int i = 0; i < 3; i++)
		if (buffers[i] && !is_code(buffers[i]))
			return 0;
	return !is_code((word)d.data) && module_of((word)d.prepare) && d.flags >= 0 && d.flags < 256;
}

HIDDEN void refuse_delegate(const void *stack)
{
	word frames[LOOKED_AT / sizeof(word)], n = LOOKED_AT;
	while (n >= 1024 && !read_memory(frames, stack, n)) // the stack may end before
		n /= 2;
	for (word i = 0; n >= 1024 && i < n / sizeof(word); i++) {
		struct delegate *d = (struct delegate *)frames[i];
		if ((word)d >= (word)stack && (word)d < (word)stack + LOOKED_AT)
			continue; // what lies on the stack isn't a delegate
		if (is_delegate(d))
			write_word((word *)&d->prepare, (word)take_nothing);
	}
}
