// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//
// Operators of XNNPACK. Its run function is probed at its entry only: an operator ends when the same delegate node runs
// the next one, or returns. Between two of them the runtime does next to nothing.
#pragma once

#include "frames.h"

// The attach cookie of the run function has the offset of an operator's type in its upper half, 0 where it isn't known.
#define TYPE_SHIFT 32

// Returns the operator's id, and describes it first if it is new to this delegate node; 0 when there was no room.
static __noinline u64 operator_id(struct frame *delegate, struct regs *regs, u64 process, u64 site)
{
	u64 address = ARG0(regs), type_offset = site >> TYPE_SHIFT;
	struct operator_key key = { .address = address, .node = delegate->node };
	u64 *known = bpf_map_lookup_elem(&operators, &key);
	if (known)
		return *known;
	struct operator_record *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r)
		return 0;
	u64 id = new_id();
	r->header.type = RECORD_OPERATOR;
	r->header.tid = (u32)bpf_get_current_pid_tgid();
	r->id = id;
	r->node = delegate->node;
	r->process = process;
	r->address = address;
	r->data = 0;
	read_user(&r->data, sizeof(r->data), delegate->address + NODE_USER_DATA);
	r->site = site;
	r->ip = IP(regs);
	r->place = delegate->operators;
	r->type = OPERATOR_TYPE_UNKNOWN;
	if (type_offset && read_user(&r->type, sizeof(r->type), address + type_offset))
		r->type = OPERATOR_TYPE_UNKNOWN;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	delegate->fresh = 1;
	if (bpf_map_update_elem(&operators, &key, &id, BPF_ANY))
		count(NODES_FORGOTTEN);
	return id;
}

// Asks for the operators of a delegate node that returns to be mapped to nodes. A thread that can be stopped waits for it:
// its process may not live to run them again.
static __noinline int send_operators_ran(u64 node)
{
	struct operators_ran_record *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		count(DESCRIPTIONS_LOST);
		return 0;
	}
	r->header.type = RECORD_OPERATORS_RAN;
	r->header.tid = (u32)bpf_get_current_pid_tgid();
	r->node = node;
	r->time_ns = bpf_ktime_get_ns();
	bpf_ringbuf_submit(r, BPF_RB_FORCE_WAKEUP);
	if (stop_signal)
		bpf_send_signal_thread(stop_signal);
	return 0;
}

static __always_inline u32 is_operator(struct thread *thread, u32 depth)
{
	return depth && depth <= MAX_DEPTH && frame_at(thread, depth - 1)->kind == FRAME_OPERATOR;
}

// Ends the operator that is the innermost of depth ops. Returns how many are open then.
static __always_inline u32 end_operator(struct thread *thread, u32 depth, u64 now)
{
	thread->depth = depth - 1;
	emit(thread, frame_at(thread, depth - 1), depth - 1, now);
	return depth - 1;
}

static __always_inline int enter_operator(struct regs *regs, u64 cookie)
{
	u64 now = bpf_ktime_get_ns(); // first: it ends the operator before
	u32 tid = bpf_get_current_pid_tgid();
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
	if (!thread || thread->process == 0 || pauses(thread))
		return 0;
	u32 depth = thread->depth;
	if (is_operator(thread, depth))
		depth = end_operator(thread, depth, now);
	if (depth == 0 || depth >= MAX_DEPTH)
		return 0;
	struct frame *delegate = frame_at(thread, depth - 1);
	if (delegate->kind != FRAME_DELEGATE || delegate->node == 0)
		return 0; // XNNPACK at work for somebody else
	u64 id = operator_id(delegate, regs, thread->process, cookie);
	delegate->operators++;
	if (id == 0) {
		count(LOST_OPERATORS);
		return 0;
	}
	struct frame *frame = frame_at(thread, depth);
	frame->sp = SP(regs);
	frame->ip = IP(regs);
	frame->context = 0;
	frame->address = ARG0(regs);
	frame->node = id;
	frame->site = 0;
	frame->dynamic = 0;
	frame->tail_calls = 0;
	begin(thread, frame, FRAME_OPERATOR);
	thread->depth = depth + 1;
	frame->start_ns = bpf_ktime_get_ns();
	return 0;
}
