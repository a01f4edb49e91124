// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//
// How an op of a kernel ends: when the kernel returns, or, without a return probe, when the next op begins.
#pragma once

#include "describe.h"
#include "operators.h"

// Set before loading.
volatile const u32 entry_only; // some kernels have no return probe

// Nodes of such kernels whose ops do contain other ops: they run subgraphs, and their returns are probed since.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct node_key);
	__type(value, u32);
} enclosing SEC(".maps");

static __always_inline void describe_results(struct thread *thread, struct frame *frame)
{
	if (frame->fresh)
		send_operators_ran(frame->node);
	if (frame->dynamic)
		frame->node = describe(thread->process, frame->context, frame->address, frame->site, frame->ip | RUNS);
}

// Ends the innermost of depth ops.
static __always_inline int end(struct thread *thread, struct frame *frame, u32 depth, u64 now)
{
	thread->depth = depth - 1;
	if (frame->node == 0) {
		count(LOST_UNDESCRIBED);
		return 0;
	}
	thread->last_node = frame->node;
	thread->last_ns = now;
	thread->prepared_node = 0;
	return emit(thread, frame, depth - 1, now);
}

static __always_inline u32 ends_at_next(struct thread *thread, u32 depth)
{
	return depth && depth <= MAX_DEPTH && frame_at(thread, depth - 1)->kind == FRAME_TO_NEXT;
}

// Ends the thread's innermost op, which has no return probe, before one begins that isn't within it. One of the same
// subgraph that is called from the same place is its next; after another, nobody knows when the op ended.
static __noinline int end_before(struct thread *thread, u64 context, u64 sp, u64 now)
{
	u32 depth = thread->depth;
	if (depth == 0 || depth > MAX_DEPTH)
		return 0;
	struct frame *top = frame_at(thread, depth - 1);
	if (top->context == context && top->sp == sp)
		return end(thread, top, depth, now);
	struct node_key key = { .address = top->address, .process = thread->process };
	if (top->sp > sp && bpf_map_lookup_elem(&enclosing, &key))
		return 0;
	count(LOST_ENDS);
	thread->depth = depth - 1;
	return 0;
}
