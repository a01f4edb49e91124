// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//
// Ops summed up by node, for recordings in which nothing per op leaves the kernel.
#pragma once

#include "paid.h"

// Set before loading.
volatile const u32 aggregate_ops; // enum aggregate_mode

enum aggregate_mode {
	AGGREGATE_OFF,
	AGGREGATE_INSTEAD, // of a record an op
	AGGREGATE_TOO,
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); // set before loading
	__type(key, u64);
	__type(value, struct aggregate);
} aggregates SEC(".maps");

// Too large for the stack.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct aggregate);
} blank_aggregate SEC(".maps");

static __always_inline u32 log2_of(u64 v)
{
	u32 r = 0;
	for (u32 step = 32; step; step >>= 1) {
		if (v >> step) {
			v >>= step;
			r += step;
		}
	}
	return r;
}

// As the comment of AGGREGATE_BITS says.
static __always_inline u32 bucket_of(u64 ns)
{
	u32 octave, bucket;
	if (ns < AGGREGATE_OCTAVE)
		return ns;
	octave = log2_of(ns) - AGGREGATE_BITS;
	bucket = (octave + 1) * AGGREGATE_OCTAVE + (ns >> octave & (AGGREGATE_OCTAVE - 1));
	return bucket < AGGREGATE_BUCKETS ? bucket : AGGREGATE_BUCKETS - 1;
}

static __always_inline struct aggregate *aggregate_of(u64 node)
{
	struct aggregate *known = bpf_map_lookup_elem(&aggregates, &node);
	if (known)
		return known;
	u32 zero = 0;
	struct aggregate *blank = bpf_map_lookup_elem(&blank_aggregate, &zero);
	if (!blank || bpf_map_update_elem(&aggregates, &node, blank, BPF_NOEXIST))
		return 0;
	return bpf_map_lookup_elem(&aggregates, &node);
}

// Adds an op up. A node runs on one thread at a time, as an interpreter does: nothing here is atomic. paid is the
// difference to when the op began. The op's node, or its operator's delegate node, is of the frame around it.
static __noinline int add_up(struct frame *frame, struct paid *paid, u64 around, u64 now, u32 threads)
{
	struct aggregate *a = aggregate_of(frame->node);
	if (!a) {
		count(LOST_NO_AGGREGATE);
		return 0;
	}
	u64 ns = now - frame->start_ns;
	if (a->count == 0) {
		a->first_start_ns = frame->start_ns;
		a->first_ns = ns;
		a->min_ns = ns;
	}
	if (ns < a->min_ns)
		a->min_ns = ns;
	if (ns > a->max_ns)
		a->max_ns = ns;
	a->around = around;
	a->tid = (u32)bpf_get_current_pid_tgid();
	a->sum_ns += ns;
	a->off_cpu_ns += paid->off_cpu_ns;
	a->preempted_ns += paid->preempted_ns;
	a->workers_ns += paid->workers_ns;
	a->minor_faults += paid->minor_faults;
	a->major_faults += paid->major_faults;
	a->migrations += paid->migrations;
	a->resident_pages += (s32)paid->resident;
	a->threads += threads;
	a->thread_ns += ns * threads;
	u32 bucket = bucket_of(ns);
	if (bucket < AGGREGATE_BUCKETS)
		a->buckets[bucket]++;
	a->count++;
	return 0;
}
