// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//
// The ops that are open on a thread: how one begins, and what is told of it when it ends.
#pragma once

#include "aggregate.h"
#include "frequency.h"
#include "heap.h"

static __noinline void begin(struct thread *thread, struct frame *frame, u32 kind)
{
	frame->kind = kind;
	frame->operators = 0;
	frame->fresh = 0;
	frame->workers = thread->workers;
	thread->workers = 0;
	take_stock(thread, 0, &frame->paid);
	if (follow_heap)
		heap_begin(thread->depth);
}

// Writes the record of an op that ended. The caller has taken its frame away: depth is what it leaves.
static __noinline int emit(struct thread *thread, struct frame *frame, u32 depth, u64 now)
{
	struct paid paid;
	take_stock(thread, now, &paid);
	paid.off_cpu_ns -= frame->paid.off_cpu_ns;
	paid.preempted_ns -= frame->paid.preempted_ns;
	// A worker that is switched out just now may have been seen running, or not yet counted.
	paid.workers_ns = paid.workers_ns > frame->paid.workers_ns ? paid.workers_ns - frame->paid.workers_ns : 0;
	paid.minor_faults -= frame->paid.minor_faults;
	paid.major_faults -= frame->paid.major_faults;
	paid.migrations -= frame->paid.migrations;
	paid.resident -= frame->paid.resident;
	u64 workers = thread->workers;
	thread->workers = workers | frame->workers;
	u32 threads = follow_workers ? 1 + population(workers) : 0;
	if (follow_heap)
		heap_end(frame->node, depth);
	if (aggregate_ops) {
		add_up(frame, &paid, depth ? frame_at(thread, depth - 1)->node : 0, now, threads);
		if (aggregate_ops == AGGREGATE_INSTEAD)
			return 0;
	}
	struct op_record *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		count(frame->kind == FRAME_OPERATOR ? LOST_OPERATORS : LOST_RING_FULL);
		return 0;
	}
	r->header.type = frame->kind == FRAME_TO_NEXT ? RECORD_OP_TO_NEXT : RECORD_OP;
	r->header.tid = (u32)bpf_get_current_pid_tgid();
	r->node = frame->node;
	r->start_ns = frame->start_ns;
	r->duration_ns = now - frame->start_ns;
	r->off_cpu_ns = paid.off_cpu_ns;
	r->preempted_ns = paid.preempted_ns;
	r->workers_ns = paid.workers_ns;
	r->minor_faults = paid.minor_faults;
	r->major_faults = paid.major_faults;
	r->migrations = paid.migrations;
	r->threads = threads;
	r->resident_pages = paid.resident;
	r->depth = depth;
	r->cpu = bpf_get_smp_processor_id();
	r->khz = frequency_of(r->cpu);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}
