// SPDX-License-Identifier: Apache-2.0
//
// What the user asked to capture.
#include "graph.h"

static int matches(const char *patterns, u32 bytes, const char *text)
{
	for (const char *p = patterns; p < patterns + bytes && bytes <= PATTERN_BYTES; p += length(p) + 1)
		if (glob(p, text))
			return 1;
	return 0;
}

HIDDEN int wants_node(const struct subgraph *g, s32 index, s32 code, const char *custom_name)
{
	const struct selection *s = &shared->selection;
	if (s->ops == 0 && s->ranges == 0 && s->op_patterns == 0)
		return 1;
	for (u32 i = 0; i < s->ops && i < MAX_OPS; i++)
		if (s->op[i] == code)
			return 1;
	s32 subgraph = g->index < 0 ? 0 : g->index; // unknown: most models have but one
	for (u32 i = 0; i < s->ranges && i < MAX_RANGES; i++) {
		const struct range *r = &s->range[i];
		if ((r->subgraph < 0 || r->subgraph == subgraph) && r->first <= index && index <= r->last)
			return 1;
	}
	return custom_name && matches(s->op_pattern, s->op_patterns, custom_name);
}

HIDDEN int wants_tensor(const char *name)
{
	const struct selection *s = &shared->selection;
	return s->tensor_patterns == 0 || matches(s->tensor_pattern, s->tensor_patterns, name);
}

// Each so many-th is told by counting, because a division of 64 bits is a function of a library on 32-bit machines.
HIDDEN int wants_invoke(u64 invoke)
{
	const struct selection *s = &shared->selection;
	if (invoke < s->first || (s->last && invoke > s->last))
		return 0;
	if (s->every <= 1)
		return 1;
	u64 past = invoke - (s->first > 1 ? s->first : 1);
	return past > 0xffffffff ? 1 : (u32)past % (u32)s->every == 0;
}
