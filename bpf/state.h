// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//
// What the programs remember of threads, processes, nodes and subgraphs, and where.
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "records.h"
#include "tflite.h"

volatile u32 period; // rises when the recording pauses, to an odd number, and when it goes on

// Set before loading.
volatile const u32 only_targets; // 1: record only processes in map "targets"
volatile const u32 stop_signal;  // sent to a thread that maps code or shows a new subgraph; 0: never

volatile const u32 cpus;         // possible ones

#define MAX_CPUS 256
#define MAX_DEPTH 16        // IF and WHILE open an op inside an op; a power of two
#define MAX_SITE_OFFSET 256 // a probe sits at most this far into its kernel

// What a thread has paid for so far. Differences of it are what an op paid.
struct paid {
	u64 off_cpu_ns;
	u64 preempted_ns;
	u64 workers_ns;
	u32 minor_faults;
	u32 major_faults;
	u32 migrations;
	u32 resident; // pages of its process, for a moment
};

enum frame_kind {
	FRAME_KERNEL,
	FRAME_DELEGATE, // the kernel of a delegate node
	FRAME_TO_NEXT,  // a kernel without a return probe: it ends when the next op begins
	FRAME_OPERATOR, // of XNNPACK, always in a FRAME_DELEGATE: it ends when the next one begins or the delegate's kernel returns
};

// An op that is open on a thread.
struct frame {
	u64 sp; // at the kernel's entry: deeper frames have smaller ones
	u64 ip;
	u64 context;
	u64 address; // of the TfLiteNode
	u64 node;    // id of its description, 0 when that was lost
	u64 site;
	u64 start_ns;
	u32 dynamic; // is to be described when it returns
	u32 tail_calls; // kernels it jumped to with its own arguments: each returns once more
	u32 kind;       // enum frame_kind
	u32 operators;  // of a delegate node: how many it has run
	u32 fresh;      // it ran one that was not described before
	u32 pad;
	u64 workers;    // thread.workers when it began
	struct paid paid; // the thread's when it began
};

struct thread {
	u64 process; // id; 0: not to be recorded
	u32 depth;
	u32 period; // in which it was here last
	u64 last_node;
	u64 last_ns;
	u64 prepared_node;
	struct paid paid;
	u64 off_since; // it was taken off its CPU then and has run no op boundary since; 0: it has
	u32 preempted; // then, although it could have run on
	u32 cpu;       // it was on then
	// Threads that work for another one, its owner: those that it woke last.
	u32 owner;     // tid, 0: none
	u32 place;     // among its owner's workers
	u32 employed;  // threads that it owned so far
	u32 cut_off;   // returns without an entry that a pause explains
	u64 workers;   // set of their places: those that ran in its innermost open op
	struct frame frames[MAX_DEPTH];
};

struct process_state {
	u64 id;
};

struct node_key {
	u64 address;
	u64 process;
};

struct node_state {
	u64 id;
	u64 context;
	u64 subgraph;
	u64 identity; // hash of the node's own pointers, cheap enough to check on every run
	u64 content;  // hash of everything that is described
	u32 dirty;    // was prepared again since
	u32 dynamic;  // DYNAMIC_...: what is only known when the op returns
	u32 ran;      // described while it ran, not only while it was prepared
	u32 delegate; // is a delegate node
};

struct operator_key {
	u64 address;
	u64 node; // id of the delegate node's description
};

#define DYNAMIC_OUTPUTS 1     // their shapes: after each run
#define DYNAMIC_TEMPORARIES 2 // their size: after the first run since the node was prepared

struct subgraph_key {
	u64 context;
	u64 process;
};

struct subgraph_state {
	u64 id;
	u64 nodes_begin;
	u64 nodes_end;
	u64 interpreter; // address of its vector of subgraphs
	u64 place;       // in that vector, as find_interpreter says
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
	__type(value, union record);
} ring SEC(".maps");

// Least-recently-used maps need no hook to be cleaned: a forgotten node is described again.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct thread);
} threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct process_state);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct node_key);
	__type(value, struct node_state);
} nodes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct subgraph_key);
	__type(value, struct subgraph_state);
} subgraphs SEC(".maps");

// Ids of operators.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct operator_key);
	__type(value, u64);
} operators SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u32);
} targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTERS);
	__type(key, u32);
	__type(value, u64);
} counters SEC(".maps");

// A thread's first state is too large for the stack.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct thread);
} blank_thread SEC(".maps");

static __always_inline void count_many(enum counter counter, u64 n)
{
	u32 index = counter;
	u64 *slot = bpf_map_lookup_elem(&counters, &index);
	if (slot)
		__sync_fetch_and_add(slot, n);
}

static __always_inline void count(enum counter counter) { count_many(counter, 1); }

static __always_inline int read_user(void *to, u32 size, u64 from)
{
	return bpf_probe_read_user(to, size, (void *)from);
}

// Tells whether a TfLiteContext is at the address: it points back to the tflite::Subgraph that it lies in.
static __always_inline u32 points_back(u64 context)
{
	u64 impl = 0;
	return read_user(&impl, sizeof(impl), context + CONTEXT_IMPL) == 0 && impl == context - CONTEXT_IN_SUBGRAPH;
}

static __always_inline u64 mix(u64 hash, u64 value)
{
	return (hash ^ value) * 0x9e3779b97f4a7c15ULL; // 2^64 / golden ratio: Fibonacci hashing
}

// A hash of a node's own pointers, 0 when they can't be read. A function of its own, for the sake of its stack: a chain of
// calls may use 512 bytes, each rounded up to 32 (x86-64 has allowed more since Linux 6.13, so only other machines tell).
__noinline u64 identity(u64 address)
{
	u64 pointers[NODE_IDENTITY_BYTES / 8], hash = 0;
	if (read_user(pointers, sizeof(pointers), address))
		return 0;
	for (u32 i = 0; i < NODE_IDENTITY_BYTES / 8; i++)
		hash = mix(hash, pointers[i]);
	return hash | 1;
}

// Ids are unique without atomics that return a value (those need Linux 5.12): two CPUs never share the low byte
// unless there are more than 256, and one CPU doesn't reach this twice in a nanosecond.
static __always_inline u64 new_id(void)
{
	return bpf_ktime_get_ns() << 8 | (bpf_get_smp_processor_id() & 0xff);
}

// Tells whether the current process is to be recorded.
static __always_inline u32 is_target(void)
{
	u32 tgid = bpf_get_current_pid_tgid() >> 32;
	return !only_targets || bpf_map_lookup_elem(&targets, &tgid) != 0;
}

static __always_inline u64 process_id(u32 tgid)
{
	struct process_state *known = bpf_map_lookup_elem(&processes, &tgid);
	if (known)
		return known->id;
	if (!is_target())
		return 0;
	struct process_state fresh = { .id = new_id() };
	bpf_map_update_elem(&processes, &tgid, &fresh, BPF_NOEXIST);
	known = bpf_map_lookup_elem(&processes, &tgid); // another thread may have been first
	return known ? known->id : 0;
}

// For a thread that is new, or whose process wasn't a target when it was last here.
static __noinline struct thread *find_thread(u32 tid, u32 tgid)
{
	u32 zero = 0;
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
	if (!thread) {
		struct thread *blank = bpf_map_lookup_elem(&blank_thread, &zero);
		if (!blank)
			return 0;
		bpf_map_update_elem(&threads, &tid, blank, BPF_NOEXIST);
		thread = bpf_map_lookup_elem(&threads, &tid);
	}
	if (thread)
		thread->process = process_id(tgid);
	return thread;
}

static __always_inline struct thread *current_thread(void)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();
	u32 tid = pid_tgid;
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
	if (thread && thread->process)
		return thread;
	return find_thread(tid, pid_tgid >> 32);
}

// Tells whether the recording pauses. Forgets the thread's open ops if it has paused since the thread was last here: their
// ends may have been missed.
static __always_inline u32 pauses(struct thread *thread)
{
	u32 now = period;
	if (thread->period != now) {
		thread->period = now;
		if (thread->depth)
			count_many(CUT_OFF, thread->depth);
		thread->depth = 0;
		thread->cut_off = MAX_DEPTH;
	}
	return now & 1;
}

// How many ops are open on a thread: none of those that were when the recording paused last.
static __always_inline u32 open_ops(struct thread *thread)
{
	return thread->period == period && thread->depth <= MAX_DEPTH ? thread->depth : 0;
}

// The barrier keeps the compiler from dropping the mask, which is what shows the verifier that the index is in bounds.
static __always_inline struct frame *frame_at(struct thread *thread, u32 depth)
{
	asm volatile("" : "+r"(depth));
	return &thread->frames[depth & (MAX_DEPTH - 1)];
}

// Samples are large, and an app may mark as much as it likes. They get half of the ring, so that it is they that are lost when
// the agent can't follow, not ops.
static __always_inline u32 has_half_free(void)
{
	return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) < bpf_ringbuf_query(&ring, BPF_RB_RING_SIZE) / 2;
}
