// SPDX-License-Identifier: Apache-2.0
//
// What happens around every op: it is told to the recorder, and so are the tensors that it made. Nothing of the app's is
// written to here.
#include "graph.h"

enum capture_role { ROLE_OUTPUT = 0, ROLE_INPUT = 1, ROLE_STATE = 2 };

struct op {
	struct subgraph *subgraph;
	struct node *node;
	struct node_state *state;
	struct thread *thread;
	u32 depth;
	u64 start, end;
	s32 status;
};

static u64 captures;

static enum missing data_missing(const struct tensor *t)
{
	if (t->type == TYPE_RESOURCE || t->type == TYPE_VARIANT || t->allocation_type == ALLOCATION_VARIANT)
		return MISSING_TYPE;
	if (t->allocation_type == ALLOCATION_NON_CPU || (t->delegate && t->data_is_stale))
		return MISSING_DELEGATE;
	return t->data == NULL && t->bytes ? MISSING_NO_MEMORY : MISSING_NOTHING;
}

static void fill(struct capture_record *r, const struct op *op, s32 index, enum capture_role role, enum missing missing)
{
	const struct tensor *t = &op->subgraph->context->tensors[index];
	r->node = op->state->id;
	r->tensor = index;
	r->role = role;
	r->status = op->status;
	r->invoke = op->subgraph->invoke;
	r->around = op->subgraph->around;
	r->start_ns = op->start;
	r->duration_ns = op->end - op->start;
	r->capture = add(&captures, 1) + 1;
	r->data_bytes = missing ? 0 : t->bytes;
	r->piece_bytes = 0;
	r->missing = missing;
	r->type = t->type;
	r->dims = -1;
	if (shape_of(t) == op->subgraph->tensors[index].shape || t->dims == NULL)
		return;
	r->dims = t->dims->size < (s32)ARRAY(r->dim) ? t->dims->size : (s32)ARRAY(r->dim);
	for (s32 i = 0; i < r->dims; i++)
		r->dim[i] = t->dims->data[i];
}

static void send_more(const char *data, word bytes, u64 capture, word offset, u32 tid)
{
	while (offset < bytes) {
		word piece = bytes - offset, most = largest() - sizeof(struct more_record);
		if (piece > most)
			piece = most;
		struct more_record *r = reserve(RECORD_MORE, sizeof(*r) + piece, tid, 1);
		if (r == NULL)
			return;
		r->capture = capture;
		r->offset = offset;
		r->piece_bytes = piece;
		memcpy(r + 1, data + offset, piece);
		complete(r);
		offset += piece;
	}
}

#define HEADERS 1024 // bytes, of all pieces of a tensor that fits into the ring

static void send_data(const struct op *op, s32 index, enum capture_role role, enum missing missing)
{
	const struct tensor *t = &op->subgraph->context->tensors[index];
	const struct selection *s = &shared->selection;
	word bytes = missing ? 0 : t->bytes, most = largest() - sizeof(struct capture_record);
	if (s->budget && add(&shared->captured, bytes) + bytes > s->budget) {
		count(OVER_BUDGET, 1);
		return;
	}
	word first = bytes < most ? bytes : most;
	int drops = s->when_full == FULL_DROP; // then what has begun must not wait either
	struct capture_record *r = NULL;
	if (!drops || vacant() >= bytes + HEADERS)
		r = reserve(RECORD_CAPTURE, sizeof(*r) + first, op->thread->tid, !drops);
	if (r == NULL) {
		count(LOST_TENSORS, 1);
		count(LOST_TENSOR_BYTES, bytes);
		return;
	}
	fill(r, op, index, role, missing);
	r->piece_bytes = first;
	memcpy(r + 1, t->data, first);
	u64 capture = r->capture;
	complete(r);
	send_more(t->data, bytes, capture, first, op->thread->tid);
}

static word elements_of(const struct tensor *t)
{
	word n = 1;
	for (s32 i = 0; t->dims && i < t->dims->size; i++)
		n *= t->dims->data[i];
	return n;
}

static void send_statistics(const struct op *op, s32 index, enum capture_role role, enum missing missing)
{
	const struct tensor *t = &op->subgraph->context->tensors[index];
	struct statistics_record *r = reserve(RECORD_STATISTICS, sizeof(*r), op->thread->tid, shared->selection.when_full != FULL_DROP);
	if (r == NULL) {
		count(LOST_TENSORS, 1);
		return;
	}
	fill(&r->capture, op, index, role, missing);
	memset(&r->elements, 0, sizeof(*r) - sizeof(r->capture));
	if (missing == MISSING_NOTHING)
		summarize(r, t->type, t->data, t->bytes, elements_of(t));
	complete(r);
}

static void send_tensor(const struct op *op, s32 index, enum capture_role role)
{
	struct subgraph *g = op->subgraph;
	if (index < 0 || index >= (s32)g->context->tensors_size || (u32)index >= g->tensor_room || !g->tensors[index].wanted)
		return;
	enum missing missing = data_missing(&g->context->tensors[index]);
	if (missing && missing != MISSING_TYPE)
		count(NO_DATA, 1);
	if (shared->selection.mode == MODE_STATISTICS)
		send_statistics(op, index, role, missing);
	else
		send_data(op, index, role, missing);
}

static void send_inputs(const struct op *op)
{
	const s32 *indices;
	s32 n = ends_of(op->subgraph, 0, &indices);
	for (s32 i = 0; i < n; i++)
		send_tensor(op, indices[i], ROLE_INPUT);
}

// Variables that kernels keep in their inputs: an op can only be repeated from what they were before.
static void send_states(const struct op *op)
{
	const struct ints *inputs = op->node->inputs;
	for (s32 i = 0; inputs && i < inputs->size; i++) {
		s32 index = inputs->data[i];
		if (index >= 0 && index < (s32)op->subgraph->context->tensors_size && op->subgraph->context->tensors[index].is_variable)
			send_tensor(op, index, ROLE_STATE);
	}
}

static int is_end(const struct subgraph *g, s32 index)
{
	const s32 *indices;
	s32 n = ends_of(g, 1, &indices);
	for (s32 i = 0; i < n; i++)
		if (indices[i] == index)
			return 1;
	return 0;
}

static void send_outputs(const struct op *op)
{
	const struct ints *outputs = op->node->outputs;
	for (s32 i = 0; outputs && i < outputs->size; i++)
		if (!shared->selection.ends_only || is_end(op->subgraph, outputs->data[i]))
			send_tensor(op, outputs->data[i], ROLE_OUTPUT);
}

static void send_op(const struct op *op)
{
	struct op_record *r = reserve(RECORD_OP, sizeof(*r), op->thread->tid, shared->selection.when_full == FULL_BLOCK);
	if (r == NULL) {
		count(LOST_OPS, 1);
		return;
	}
	r->node = op->state->id;
	r->depth = op->depth;
	r->invoke = op->subgraph->invoke;
	r->start_ns = op->start;
	r->duration_ns = op->end - op->start;
	complete(r);
}

static struct frame *innermost(struct thread *t)
{
	return t->depth && t->depth <= MAX_DEPTH ? &t->frames[t->depth - 1] : NULL;
}

// Frames that an exception or a longjmp has left lie below the current one on the stack, or where it is. An op's place on
// the stack is that of struct op in its handler.
static void leave_lost_frames(struct thread *t, const struct op *op)
{
	const char *here = (const char *)op;
	while (t->depth && t->depth <= MAX_DEPTH && t->frames[t->depth - 1].stack <= here)
		t->depth--;
}

static int begin_invoke(struct subgraph *g, const struct op *op)
{
	notice_fork();
	u32 tid = call0(SYS_gettid);
	g->thread = thread_of(tid);
	if (g->thread == NULL)
		return 0;
	leave_lost_frames(g->thread, op);
	if (g->stale || g->epoch != epoch)
		describe_subgraph(g, tid);
	reach_nodes(g);
	make_loud(g);
	const struct frame *around = innermost(g->thread);
	g->invoke++;
	g->around = around ? around->invoke : 0;
	g->skipped = 0;
	const struct selection *s = &shared->selection;
	if (s->mode == MODE_TIMING)
		return 1;
	if (around) { // what an op runs belongs to the model's invoke
		g->skipped = around->skipped || s->ends_only;
		return 1;
	}
	g->skipped = !wants_invoke(g->invoke);
	if (s->when_full == FULL_SAMPLE && !g->skipped && vacant() < 2 * largest()) {
		g->skipped = 1;
		count(SKIPPED_INVOKES, 1);
	}
	return 1;
}

// A subgraph runs its nodes in the same order in each invoke. The first that ran begins the next one; so does one that ran in
// this one already, when the plan has changed.
static int begins_invoke(struct subgraph *g, s32 index)
{
	if (g->stale || g->epoch != epoch || g->first < 0 || g->nodes[index].ran == g->invoke)
		return 1;
	return index == g->first;
}

// Whether a kernel calls another one for the same node: one that another library put in place of it, too.
static int is_open_on(struct thread *t, const struct op *op, const struct context *context, const struct node *node)
{
	leave_lost_frames(t, op);
	const struct frame *f = innermost(t);
	return f && f->node == node && f->context == context;
}

static int is_open(const struct op *op, const struct context *context, const struct node *node)
{
	struct thread *t = thread_of(call0(SYS_gettid));
	return t && is_open_on(t, op, context, node);
}

static int begin(struct op *op, struct context *context, struct node *node)
{
	struct subgraph *g = op->subgraph = subgraph_of(context);
	if (g == NULL)
		return 0;
	if (!locate(g, node)) {
		count(UNKNOWN_NODES, 1);
		return 0;
	}
	if (g->disguised)
		undisguise(g);
	s32 index = index_of(g, node);
	int first = begins_invoke(g, index);
	if (first && (is_open(op, context, node) || !begin_invoke(g, op)))
		return 0;
	if (first)
		g->first = index;
	struct thread *t = op->thread = g->thread;
	if (!first && is_open_on(t, op, context, node))
		return 0;
	op->node = node;
	op->state = describe_node(g, node, t->tid);
	if (op->state == NULL)
		return 0;
	op->state->ran = g->invoke;
	op->depth = t->depth;
	op->status = 0;
	op->start = op->end = 0;
	if (t->depth < MAX_DEPTH)
		t->frames[t->depth] = (struct frame){ (const char *)op, context, node, g->invoke, g->skipped };
	t->depth++;
	t->open->index = index;
	t->open->subgraph = g->id;
	t->open->phase = PHASE_INVOKE;
	if (shared->selection.mode != MODE_TIMING && !g->skipped) {
		op->start = op->end = now(); // of what is sent before the op runs
		if (first)
			send_inputs(op);
		if (op->state->wanted && !shared->selection.ends_only)
			send_states(op);
	}
	return 1;
}

static void end(struct op *op)
{
	struct thread *t = op->thread;
	if (t->depth > op->depth)
		t->depth = op->depth;
	t->open->phase = t->depth ? PHASE_INVOKE : PHASE_NONE;
	if (!recording())
		return;
	if (shared->selection.mode == MODE_TIMING) {
		op->state->stale |= op->state->dynamic;
		describe_node(op->subgraph, op->node, t->tid);
		send_op(op);
	} else if (op->state->wanted && !op->subgraph->skipped)
		send_outputs(op);
}

HIDDEN s32 on_invoke(struct context *context, struct node *node, word unused, struct thunk *thunk)
{
	kernel_function *kernel = (kernel_function *)thunk->original;
	struct op op;
	if (!recording() || !begin(&op, context, node))
		return kernel(context, node);
	op.start = now();
	op.status = kernel(context, node);
	op.end = now();
	end(&op);
	return op.status;
}

// Of an op that was registered through the opaque C API.
HIDDEN s32 on_invoke_with_data(void *data, struct context *context, struct node *node, struct thunk *thunk)
{
	kernel_function_with_data *kernel = (kernel_function_with_data *)thunk->original;
	struct op op;
	if (!recording() || !begin(&op, context, node))
		return kernel(data, context, node);
	op.start = now();
	op.status = kernel(data, context, node);
	op.end = now();
	end(&op);
	return op.status;
}
