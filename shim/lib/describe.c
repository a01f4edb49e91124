// SPDX-License-Identifier: Apache-2.0
//
// Copies what a subgraph, its nodes and their tensors are into the ring, once, and again when it changed.
#include "graph.h"

static u64 mix(u64 hash, u64 value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

HIDDEN u32 shape_of(const struct tensor *t)
{
	u64 hash = mix(1, t->type);
	for (s32 i = 0; t->dims && i < t->dims->size; i++)
		hash = mix(hash, (u32)t->dims->data[i] + 1);
	return (u32)(hash ^ hash >> 32);
}

// A hash of what of a tensor makes a description new when it changes. What isn't in an arena may be elsewhere in each invoke.
// A dynamic tensor's shape is told with each of its captures, if there are any.
static u64 content_of(const struct tensor *t)
{
	u64 hash = mix(mix(mix(1, (word)t->name), (word)t->quantization.params), t->allocation_type);
	if (t->allocation_type == ALLOCATION_ARENA || t->allocation_type == ALLOCATION_ARENA_PERSISTENT)
		hash = mix(hash, (word)t->data);
	if (t->allocation_type != ALLOCATION_DYNAMIC || shared->selection.mode == MODE_TIMING)
		hash = mix(mix(hash, shape_of(t)), t->bytes);
	return hash | 1;
}

static u32 next_id(void)
{
	static u32 last;
	return add(&last, 1) + 1;
}

static void *append(void *at, const void *from, word bytes)
{
	memcpy(at, from, bytes);
	return (char *)at + bytes;
}

#define MAX_DIMS 64
#define MAX_CHANNELS 65536
#define MAX_NAME 4096

static u32 name_length(const char *name)
{
	u32 n = 0;
	while (name && n < MAX_NAME && name[n])
		n++;
	return n;
}

static u32 list_length(const struct ints *list, u32 most)
{
	return list == NULL || list->size < 0 ? 0 : (u32)list->size > most ? most : (u32)list->size;
}

static void describe_tensor(struct subgraph *g, s32 index, u32 tid)
{
	struct tensor *t = &g->context->tensors[index];
	struct tensor_state *state = &g->tensors[index];
	u64 content = content_of(t);
	if (state->content == content)
		return;
	struct affine *affine = t->quantization.type == QUANTIZATION_AFFINE ? t->quantization.params : NULL;
	u32 dims = list_length(t->dims, MAX_DIMS), name = name_length(t->name);
	u32 scales = affine ? list_length(affine->scale, MAX_CHANNELS) : 0;
	u32 zero_points = affine ? list_length(affine->zero_point, MAX_CHANNELS) : 0;
	struct tensor_record *r = reserve(RECORD_TENSOR, sizeof(*r) + 4 * (dims + scales + zero_points) + name, tid, 1);
	if (r == NULL)
		return;
	r->subgraph = g->id;
	r->index = index;
	r->type = t->type;
	r->allocation = t->allocation_type;
	r->bytes = t->bytes;
	r->address = (word)t->data;
	r->variable = t->is_variable;
	r->quantized_dimension = affine ? affine->quantized_dimension : 0;
	r->dims = dims;
	r->scales = scales;
	r->zero_points = zero_points;
	r->name_bytes = name;
	void *at = r + 1;
	if (dims)
		at = append(at, t->dims->data, 4 * dims);
	if (scales)
		at = append(at, affine->scale->data, 4 * scales);
	if (zero_points)
		at = append(at, affine->zero_point->data, 4 * zero_points);
	append(at, t->name, name);
	complete(r);
	state->content = content;
	state->shape = shape_of(t);
	state->wanted = wants_tensor(t->name ? t->name : "");
}

HIDDEN void describe_process(u32 tid)
{
	struct process_record *r = reserve(RECORD_PROCESS, sizeof(*r), tid, 1);
	if (r == NULL)
		return;
	r->parent = call0(SYS_getppid);
	r->pointer_bytes = sizeof(word);
	r->time_ns = now();
	complete(r);
}

// A forked process goes on with its parent's memory, but is another one to the recorder.
HIDDEN void notice_fork(void)
{
	u32 pid = call0(SYS_getpid);
	if (pid == process)
		return;
	process = pid;
	add(&epoch, 1);
	describe_process(call0(SYS_gettid));
	announce_modules();
}

#define MAX_SUBGRAPHS 65536

// A subgraph points to its interpreter's vector of subgraphs, which points back: that tells its index, and the vector's
// address names the interpreter. What else looks like such a vector doesn't hold objects of the same class.
static s32 index_in(const struct subgraph *g, const word *candidate)
{
	struct vector vector;
	word class, element, impl;
	char *object = g->context->subgraph;
	s32 found = -1;
	if ((word)candidate < 4096 || (word)candidate & (sizeof(word) - 1) || !read_memory(&vector, candidate, sizeof(vector)) ||
	    vector.begin == NULL || vector.room < vector.end)
		return -1;
	word count = (end_of(&vector, sizeof(word)) - vector.begin) / sizeof(word);
	if (count == 0 || count > MAX_SUBGRAPHS)
		return -1;
	class = *(word *)object;
	for (word i = 0; i < count; i++) {
		word of_class;
		if (!read_memory(&element, (word *)vector.begin + i, sizeof(element)) || !read_memory(&of_class, (void *)element, sizeof(of_class)) ||
		    of_class != class || !read_memory(&impl, (char *)element + CONTEXT_IN_SUBGRAPH + 3 * sizeof(word), sizeof(impl)) ||
		    impl != element)
			return -1;
		if (element == (word)object)
			found = i;
	}
	return found;
}

static const word *find_interpreter(struct subgraph *g)
{
	word words[1024 / sizeof(word)], n = ARRAY(words);
	g->index = -1;
	if (!read_memory(words, g->context->subgraph, n * sizeof(word)) && !read_memory(words, g->context->subgraph, (n /= 2) * sizeof(word)))
		return NULL;
	for (word i = CONTEXT_IN_SUBGRAPH / sizeof(word); i < n; i++) {
		g->index = index_in(g, (const word *)words[i]);
		if (g->index >= 0)
			return (const word *)words[i];
	}
	return NULL;
}

HIDDEN void each_sibling(struct subgraph *g, void (*what)(struct subgraph *))
{
	struct vector vector;
	word object;
	const word *interpreter = find_interpreter(g);
	if (interpreter == NULL || !read_memory(&vector, interpreter, sizeof(vector)))
		return;
	char *end = end_of(&vector, sizeof(word));
	for (char *at = vector.begin; at < end && read_memory(&object, at, sizeof(object)); at += sizeof(word)) {
		struct subgraph *sibling = known_subgraph((struct context *)(object + CONTEXT_IN_SUBGRAPH));
		if (sibling && sibling != g)
			what(sibling);
	}
}

HIDDEN void describe_subgraph(struct subgraph *g, u32 tid)
{
	const s32 *ends[2] = {};
	s32 sizes[2];
	for (int i = 0; i < 2; i++)
		sizes[i] = ends_of(g, i, &ends[i]);
	g->id = next_id();
	g->epoch = epoch;
	g->stale = 0;
	g->first = -1;
	g->invoke = 0;
	g->reached = NULL;
	memset(g->nodes, 0, g->node_room * sizeof(*g->nodes));
	memset(g->tensors, 0, g->tensor_room * sizeof(*g->tensors));
	word room = (sizes[0] > 0 ? sizes[0] : 0) + (sizes[1] > 0 ? sizes[1] : 0);
	const word *interpreter = find_interpreter(g);
	struct subgraph_record *r = reserve(RECORD_SUBGRAPH, sizeof(*r) + 4 * room, tid, 1);
	if (r == NULL)
		return;
	r->id = g->id;
	r->index = g->index;
	r->context = (word)g->context;
	r->interpreter = (word)interpreter;
	r->nodes = node_count(g);
	r->tensors = g->context->tensors_size;
	r->inputs = sizes[0];
	r->outputs = sizes[1];
	void *at = r + 1;
	for (int i = 0; i < 2; i++)
		if (sizes[i] > 0)
			at = append(at, ends[i], 4 * sizes[i]);
	complete(r);
	introduce();
	// The first node, with which they are captured, may have others.
	for (s32 i = 0; i < sizes[0]; i++)
		if (ends[0][i] >= 0)
			describe_tensor(g, ends[0][i], tid);
}

static u64 contents(const struct subgraph *g, const struct ints *list, u64 hash, u8 *dynamic)
{
	for (u32 i = 0; i < list_length(list, 65536); i++) {
		s32 index = list->data[i];
		if (index < 0 || index >= (s32)g->context->tensors_size)
			continue;
		const struct tensor *t = &g->context->tensors[index];
		hash = mix(hash + index, content_of(t));
		*dynamic |= t->allocation_type == ALLOCATION_DYNAMIC;
	}
	return hash;
}

static void describe_tensors(struct subgraph *g, const struct ints *list, u32 tid)
{
	for (u32 i = 0; i < list_length(list, 65536); i++)
		if (list->data[i] >= 0 && list->data[i] < (s32)g->context->tensors_size)
			describe_tensor(g, list->data[i], tid);
}

static const struct ints *replaced_by(const struct node *node)
{
	struct delegate d;
	const struct ints *list[3];
	if (node->delegate == NULL || node->builtin_data == NULL || !read_memory(&d, node->delegate, sizeof(d)) ||
	    !read_memory(list, node->builtin_data, sizeof(list)))
		return NULL;
	const struct ints *nodes = d.prepare ? list[1] : list[2]; // an opaque delegate's parameters have one word more
	s32 size;
	return read_memory(&size, nodes, sizeof(size)) && size >= 0 && size <= 65536 ? nodes : NULL;
}

HIDDEN struct node_state *describe_node(struct subgraph *g, struct node *node, u32 tid)
{
	s32 index = index_of(g, node);
	struct node_state *state = &g->nodes[index];
	if (state->id && !state->stale)
		return state;
	u8 dynamic = 0;
	u64 content = contents(g, node->temporaries, contents(g, node->inputs, contents(g, node->outputs, 1, &dynamic), &dynamic), &dynamic);
	state->stale = 0;
	state->dynamic = dynamic;
	if (state->id && state->content == content)
		return state;
	struct registration *registration = registration_of(g, node);
	describe_tensors(g, node->inputs, tid);
	describe_tensors(g, node->outputs, tid);
	describe_tensors(g, node->temporaries, tid);
	const struct ints *replaced = replaced_by(node);
	const struct ints *lists[] = { node->inputs, node->outputs, node->temporaries, replaced };
	u32 sizes[4], total = 0, name = name_length(registration->custom_name);
	for (int i = 0; i < 4; i++)
		total += sizes[i] = list_length(lists[i], 65536);
	struct node_record *r = reserve(RECORD_NODE, sizeof(*r) + 4 * total + name, tid, 1);
	if (r == NULL)
		return NULL;
	word kernel = code_at(original_of(function_of(g, registration)));
	const struct module *m = module_of(kernel);
	r->id = state->id = next_id();
	r->subgraph = g->id;
	r->index = index;
	r->code = registration->builtin_code;
	r->op_version = registration->version;
	r->delegate = node->delegate != NULL;
	r->kernel = kernel;
	r->module = m ? m->id : 0;
	r->inputs = sizes[0];
	r->outputs = sizes[1];
	r->temporaries = sizes[2];
	r->replaced = sizes[3];
	r->name_bytes = name;
	void *at = r + 1;
	for (int i = 0; i < 4; i++)
		if (sizes[i])
			at = append(at, lists[i]->data, 4 * sizes[i]);
	append(at, registration->custom_name, name);
	complete(r);
	state->content = content;
	state->wanted = wants_node(g, index, registration->builtin_code, registration->custom_name);
	return state;
}
