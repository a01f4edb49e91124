// SPDX-License-Identifier: Apache-2.0
#include "graph.h"

#define BUCKETS_OF_TABLE 1024

static struct subgraph *subgraphs[BUCKETS_OF_TABLE];

static u32 bucket(const struct context *c) { return (u32)(((word)c >> 4) * 2654435761u) >> 22; }

HIDDEN struct subgraph *known_subgraph(struct context *context)
{
	for (struct subgraph *g = load(&subgraphs[bucket(context)]); g; g = g->next)
		if (g->context == context)
			return g;
	return NULL;
}

HIDDEN struct subgraph *subgraph_of(struct context *context)
{
	struct subgraph *g = known_subgraph(context);
	if (g)
		return g;
	g = allocate(sizeof(*g));
	if (g == NULL) {
		count(NO_MEMORY, 1);
		return NULL;
	}
	g->context = context;
	g->stale = 1;
	g->first = -1;
	struct subgraph **head = &subgraphs[bucket(context)];
	push(head, g);
	return g;
}

HIDDEN int valid_context(const struct context *context)
{
	struct context c;
	struct vector tensors;
	if ((word)context & (sizeof(word) - 1) || !read_memory(&c, context, sizeof(c)) ||
	    c.subgraph + CONTEXT_IN_SUBGRAPH != (const char *)context ||
	    !read_memory(&tensors, c.subgraph + TENSORS_IN_SUBGRAPH, sizeof(tensors)))
		return 0;
	return tensors.begin == (char *)c.tensors && end_of(&tensors, sizeof(struct tensor)) == (char *)(c.tensors + c.tensors_size);
}

// std::pair<TfLiteNode, TfLiteRegistration> in words: 17 up to 2.5, then 18, 19 since 2.10, 20 in 2.13, 21 (22 where a word has
// 32 bits) since 2.14. Registrations grow by pointers, so larger ones are expected, too.
enum { MIN_STRIDE = 17, EXTERNAL_STRIDE = 19, MAX_STRIDE = 33 };
enum { MAX_CODE = 1023, MAX_OP_VERSION = 255, MAX_LIST = 65536 };
#define MAX_VECTOR (16 << 20)
#define SUBGRAPH_BYTES 1024

static word registration_offset(word stride)
{
	return (stride == MIN_STRIDE * sizeof(word) ? 9 : 10) * sizeof(word);
}

static int plausible_list(const struct ints *list)
{
	s32 size;
	return read_memory(&size, list, sizeof(size)) && size >= 0 && size <= MAX_LIST;
}

static int plausible_pair(const char *at, word stride, int being_made)
{
	word words[MAX_STRIDE];
	if (!read_memory(words, at, stride))
		return 0;
	const struct node *node = (void *)words;
	const struct registration *r = (void *)((char *)words + registration_offset(stride));
	if (!plausible_list(node->inputs) || !plausible_list(node->outputs) || r->builtin_code < 0 || r->builtin_code > MAX_CODE ||
	    r->version < 0 || r->version > MAX_OP_VERSION)
		return 0;
	return being_made || r->invoke > 4096 || (stride >= EXTERNAL_STRIDE * sizeof(word) && ((word *)r)[8] > 4096);
}

// Whether it may be a vector of such pairs, of any size.
static int plausible_vector(const struct vector *v)
{
	if (v->begin == NULL || (word)v->begin & (sizeof(word) - 1))
		return 0;
	if (is_counted(v))
		return v->end > 0 && v->end <= v->room && v->room <= MAX_VECTOR / (MIN_STRIDE * sizeof(word));
	return v->end > (word)v->begin && v->end <= v->room && v->room - (word)v->begin <= MAX_VECTOR && !(v->end & (sizeof(word) - 1));
}

static int is_in(const struct vector *v, word stride, const struct node *node)
{
	return (char *)node >= v->begin && (char *)node < end_of(v, stride) && ((char *)node - v->begin) % stride == 0;
}

#define LOOKED_AT 8 // elements of a vector

// Without a node that runs, the last one may just be in the making: its registration comes last.
static word stride_of(const struct vector *v, const struct node *node)
{
	for (word stride = MIN_STRIDE * sizeof(word); stride <= MAX_STRIDE * sizeof(word); stride += sizeof(word)) {
		word bytes = end_of(v, stride) - v->begin;
		if (bytes % stride || (node && !is_in(v, stride, node)))
			continue;
		word n = bytes / stride, i = 0;
		word last = n - 1;
		if (n > LOOKED_AT)
			n = LOOKED_AT;
		while (i < n && plausible_pair(v->begin + i * stride, stride, node == NULL && i == last))
			i++;
		if (i == n)
			return stride;
	}
	return 0;
}

static int still_there(const struct subgraph *g, const struct node *node)
{
	const struct vector *v = (struct vector *)(g->context->subgraph + g->nodes_at);
	return g->stride && v->begin == g->begin && end_of(v, g->stride) == g->end &&
	       (node == NULL || ((char *)node >= g->begin && (char *)node < g->end));
}

static int make_room(struct subgraph *g)
{
	u32 nodes = (g->end - g->begin) / g->stride, tensors = g->context->tensors_size;
	if (nodes > g->node_room) {
		struct node_state *grown = allocate((nodes + 8) * sizeof(*grown));
		if (grown == NULL)
			return 0;
		memcpy(grown, g->nodes, g->node_room * sizeof(*grown));
		g->nodes = grown;
		g->node_room = nodes + 8;
	}
	if (tensors > g->tensor_room) {
		u32 room = tensors + tensors / 4;
		struct tensor_state *grown = allocate(room * sizeof(*grown));
		if (grown == NULL)
			return 0;
		memcpy(grown, g->tensors, g->tensor_room * sizeof(*grown));
		g->tensors = grown;
		g->tensor_room = room;
	}
	return 1;
}

HIDDEN int locate(struct subgraph *g, const struct node *node)
{
	if (still_there(g, node))
		return g->context->tensors_size <= g->tensor_room || make_room(g);
	word words[SUBGRAPH_BYTES / sizeof(word)];
	word bytes = SUBGRAPH_BYTES;
	if (!read_memory(words, g->context->subgraph, bytes) && !read_memory(words, g->context->subgraph, bytes /= 2))
		return 0;
	for (word i = CONTEXT_IN_SUBGRAPH / sizeof(word) + CONTEXT_WORDS; i + 3 <= bytes / sizeof(word); i++) {
		const struct vector *v = (struct vector *)(words + i);
		word stride = plausible_vector(v) ? stride_of(v, node) : 0;
		if (stride == 0)
			continue;
		g->nodes_at = i * sizeof(word);
		g->begin = v->begin;
		g->end = end_of(v, stride);
		g->stride = stride;
		return make_room(g);
	}
	return 0;
}

HIDDEN struct node *node_at(const struct subgraph *g, s32 index) { return (struct node *)(g->begin + index * g->stride); }

HIDDEN struct registration *registration_of(const struct subgraph *g, struct node *node)
{
	return (struct registration *)((char *)node + registration_offset(g->stride));
}

// Where the function that prepares or runs a node's op is, and which arguments it takes; NULL when it is in no place that is
// known.
static word *function_at(const struct subgraph *g, const struct registration *r, int prepares, enum role *role)
{
	struct operator *o = g->stride >= EXTERNAL_STRIDE * sizeof(word) ? (struct operator *)((word *)r)[8] : NULL, copy;
	word *own = (word *)(prepares ? &r->prepare : &r->invoke);
	*role = prepares ? ROLE_PREPARE : ROLE_INVOKE;
	if (o == NULL)
		return *own ? own : NULL;
	memset(&copy, 0, sizeof(copy));
	if (!read_memory(&copy, o, sizeof(copy)) && !read_memory(&copy, o, __builtin_offsetof(struct operator, async_kernel)))
		return NULL;
	if (is_code(prepares ? copy.prepare_with_data : copy.invoke_with_data)) {
		*role = prepares ? ROLE_PREPARE_WITH_DATA : ROLE_INVOKE_WITH_DATA;
		return prepares ? &o->prepare_with_data : &o->invoke_with_data;
	}
	if (is_code(prepares ? copy.prepare : copy.invoke))
		return prepares ? &o->prepare : &o->invoke;
	return *own ? own : NULL;
}

HIDDEN word function_of(const struct subgraph *g, const struct registration *r)
{
	enum role role;
	const word *at = function_at(g, r, 0, &role);
	return at ? *at : 0;
}

// A custom op that no resolver knew: runtimes tell it by its function, which must stay (tflite/util.cc, IsUnresolvedCustomOp).
static int is_unresolved(const struct registration *r, const word *function)
{
	return function == &r->invoke && r->builtin_code == OP_CUSTOM && r->prepare == 0 && r->init == 0;
}

// Replaces a function that is known to be a kernel's.
static void reach(word *function, enum role role)
{
	replace_function(function, role);
	struct thunk *t = thunk_at(*function);
	if (t)
		t->proof = PROOF_KERNEL;
}

HIDDEN void reach_nodes(struct subgraph *g)
{
	if (g->reached == g->end && !g->quiet)
		return;
	g->reached = g->end;
	for (char *at = g->begin; at < g->end; at += g->stride) {
		struct registration *r = registration_of(g, (struct node *)at);
		for (int prepares = 0; prepares < 2; prepares++) {
			enum role role;
			word *function = function_at(g, r, prepares, &role);
			if (function && !is_unresolved(r, function))
				reach(function, role);
		}
	}
}

// Behind the vector of nodes come consistent_ (a bool), inputs_, outputs_, variables_ (std::vector<int>), so since 2.3
// (tflite/core/subgraph.h).
HIDDEN s32 ends_of(const struct subgraph *g, int out, const s32 **indices)
{
	const word *consistent = (word *)(g->context->subgraph + g->nodes_at) + 3;
	const struct vector *vector = (struct vector *)(consistent + 1) + out;
	word bytes = end_of(vector, sizeof(s32)) - vector->begin;
	if ((consistent[0] & 0xff) > 1 || vector->room < vector->end || bytes % 4 || bytes / 4 > MAX_LIST)
		return -1;
	*indices = (const s32 *)vector->begin;
	for (word i = 0; i < bytes / 4; i++) {
		s32 index;
		if (!read_memory(&index, *indices + i, 4) || index < -1 || index >= (s32)g->context->tensors_size)
			return -1;
	}
	return bytes / 4;
}
