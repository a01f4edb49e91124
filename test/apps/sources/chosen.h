// SPDX-License-Identifier: Apache-2.0
//
// What libraries share that are the shim with another end: they find kernels as that does, and do something when chosen nodes
// run, but record nothing. Where the shim replaces functions again that somebody has changed, or nodes' copies of them, they
// don't: two that both do would go on for ever. So whichever of the two is loaded first, the shim sees what they did.
#pragma once

#include "elf.h"
#include "graph.h"

int dprintf(int file, const char *format, ...);

static struct shared nobody; // that listens

HIDDEN void reach_nodes(struct subgraph *g) {}
HIDDEN void reach_quiet(void) {}
// Called when there is something to record, so also when a library has been searched: it is told that nobody changed it since.
HIDDEN void *reserve(u32 type, word bytes, u32 tid, int wait)
{
	for (struct module *m = modules; m; m = m->next)
		if (m->records)
			m->first = (word)&m->thunk;
	return NULL;
}

static void begin(void)
{
	process = call0(SYS_getpid);
	shared = &nobody;
}

static const char *number(const char *text, s32 *value)
{
	for (*value = 0; *text >= '0' && *text <= '9'; text++)
		*value = *value * 10 + *text - '0';
	return text;
}

// Whether a node is in the list SUBGRAPH:NODE[,SUBGRAPH:NODE...], which something other than a comma ends.
static int is_listed(const char *list, s32 subgraph, s32 node)
{
	for (const char *at = list; *at; at++) {
		s32 s, n;
		at = number(at, &s);
		if (*at++ != ':')
			return 0;
		at = number(at, &n);
		if (s == subgraph && n == node)
			return 1;
		if (*at != ',')
			return 0;
	}
	return 0;
}

// The node's subgraph and its index there; NULL when the library has nothing to do, or the node can't be found.
static struct subgraph *place_of(struct context *context, struct node *node, s32 *index)
{
	struct subgraph *g = shared ? subgraph_of(context) : NULL;
	if (g == NULL || !locate(g, node))
		return NULL;
	if (g->stale)
		describe_subgraph(g, 0);
	*index = index_of(g, node);
	return g;
}

HIDDEN s32 on_invoke_with_data(void *data, struct context *context, struct node *node, struct thunk *thunk)
{
	kernel_function_with_data *kernel = (kernel_function_with_data *)thunk->original;
	return kernel(data, context, node);
}
