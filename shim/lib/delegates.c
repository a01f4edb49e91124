// SPDX-License-Identifier: Apache-2.0
//
// Keeps delegates from taking nodes, in builds that hide everything. A delegate tells by a node's op code whether it can run
// it. So nodes have one that no delegate knows from when they are made, or prepared anew, until their model runs. The runtime
// itself goes by their functions. It looks at the op code of what follows here only:
//
// - custom ops, which may be there for a delegate only: they keep theirs, and so does what isn't run by a library's kernel;
// - RESHAPE, which may have a shape without data (Subgraph::InvokeImpl);
// - the ops that a StableHLO op finds in the subgraph it reduces with, when it is prepared (kernels/stablehlo_*.cc).
#include "graph.h"

enum { NO_OP = 127 }; // PLACEHOLDER_FOR_GREATER_OP_CODES: no model has it, and all runtimes since 2.4 have a name for it

static int has_no_shape(const struct subgraph *g, const struct node *node)
{
	const struct ints *inputs = node->inputs;
	if (inputs->size < 2 || inputs->data[1] < 0 || inputs->data[1] >= (s32)g->context->tensors_size)
		return 0;
	const struct tensor *shape = &g->context->tensors[inputs->data[1]];
	return shape->data == NULL && shape->dims && shape->dims->size != 1;
}

static int may_be_disguised(const struct subgraph *g, const struct node *node, const struct registration *r)
{
	return thunk_at(r->invoke) && node->delegate == NULL && r->builtin_code != OP_CUSTOM && r->builtin_code != OP_DELEGATE &&
	       !(r->builtin_code == OP_RESHAPE && has_no_shape(g, node));
}

// Nodes are made one after the other, so all before one that is disguised have been looked at.
HIDDEN void disguise(struct subgraph *g)
{
	if (!locate(g, NULL))
		return; // it has no whole node yet
	for (s32 i = node_count(g); i-- > 0;) {
		struct node *node = node_at(g, i);
		struct registration *r = registration_of(g, node);
		if (r->builtin_code == NO_OP)
			return;
		if (!may_be_disguised(g, node, r))
			continue;
		g->nodes[i].code = r->builtin_code + 1;
		r->builtin_code = NO_OP;
		g->disguised = 1;
	}
}

static void undisguise_one(struct subgraph *g)
{
	if (!g->disguised || !locate(g, NULL))
		return;
	g->disguised = 0;
	for (s32 i = 0; i < node_count(g); i++)
		registration_of(g, node_at(g, i))->builtin_code = code_of(g, i);
}

HIDDEN void undisguise(struct subgraph *g)
{
	undisguise_one(g);
	each_sibling(g, undisguise_one);
}

HIDDEN void disguise_all(struct subgraph *g)
{
	disguise(g);
	each_sibling(g, disguise);
}

HIDDEN s32 code_of(const struct subgraph *g, s32 index)
{
	s32 code = registration_of(g, node_at(g, index))->builtin_code;
	return code == NO_OP && g->nodes[index].code ? g->nodes[index].code - 1 : code;
}
