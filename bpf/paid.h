// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//
// What threads pay for: time off their CPU, page faults, the CPU time of threads that work for them.
#pragma once

#include "regs.h"
#include "resident.h"
#include "state.h"

// Set before loading.
volatile const u32 follow_scheduling; // sched_switch is attached
volatile const u32 follow_workers;    // and sched_waking; needs task_pid
volatile const u32 task_pid;          // offset of task_struct.pid, which tgid follows; 0: not known
volatile const u32 task_state;        // offset of task_struct.state, 0: not known
volatile const u32 task_state_bytes;
volatile const u32 state_argument;    // sched_switch has it as an argument, as since Linux 5.18 (commit fa2c3254d7cf)

// What runs on a CPU.
struct running {
	u64 since; // of the last switch there; 0: none was seen
	u32 owner; // tid of the thread that it works for, 0: none
	u32 place; // among that one's workers
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_CPUS);
	__type(key, u32);
	__type(value, struct running);
} running SEC(".maps");

// Accounts for the time for which the current thread was off its CPU: since it was taken off until the last switch here.
static __always_inline void came_back(struct thread *thread)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct running *here = bpf_map_lookup_elem(&running, &cpu);
	if (here && here->since > thread->off_since) {
		u64 off = here->since - thread->off_since;
		thread->paid.off_cpu_ns += off;
		if (thread->preempted)
			thread->paid.preempted_ns += off;
	}
	if (cpu != thread->cpu)
		thread->paid.migrations++;
	thread->off_since = 0;
}

// Returns the CPU time so far of workers that run now, and adds them to the thread's set.
static __noinline u64 running_workers(struct thread *thread, u32 tid, u64 now)
{
	u64 sum = 0;
	for (u32 cpu = 0; cpu < MAX_CPUS; cpu++) {
		if (cpu >= cpus)
			break;
		u32 key = cpu;
		struct running *there = bpf_map_lookup_elem(&running, &key);
		if (!there || there->owner != tid)
			continue;
		u64 since = there->since;
		if (since && since < now)
			sum += now - since;
		thread->workers |= 1ULL << (there->place & 63);
	}
	return sum;
}

// Says in to what the current thread has paid for until now; 0 reads the clock where it is needed.
static __always_inline void take_stock(struct thread *thread, u64 now, struct paid *to)
{
	if (follow_scheduling && thread->off_since)
		came_back(thread);
	*to = thread->paid;
	if (follow_resident)
		to->resident = resident_pages();
	if (follow_workers && thread->employed)
		to->workers_ns += running_workers(thread, (u32)bpf_get_current_pid_tgid(), now ? now : bpf_ktime_get_ns());
}

static __always_inline u32 population(u64 set)
{
	set -= set >> 1 & 0x5555555555555555ULL;
	set = (set & 0x3333333333333333ULL) + (set >> 2 & 0x3333333333333333ULL);
	set = (set + (set >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return set * 0x0101010101010101ULL >> 56;
}

// Tells whether the thread that is being switched out could run on.
static __always_inline u32 still_runnable(struct bpf_raw_tracepoint_args *tp)
{
	u64 state = 0;
	if (tp->args[0])
		return 1; // within the kernel
	if (state_argument)
		return (u32)tp->args[3] == 0;
	if (!task_state || bpf_probe_read_kernel(&state, task_state_bytes & 8 ? 8 : 4, (void *)(tp->args[1] + task_state)))
		return 0;
	return state == 0;
}

// sched_switch(bool preempt, struct task_struct *prev, struct task_struct *next, unsigned int prev_state); prev is the
// current thread.
SEC("raw_tp/sched_switch")
int switched(struct bpf_raw_tracepoint_args *tp)
{
	u64 now = bpf_ktime_get_ns();
	u32 cpu = bpf_get_smp_processor_id(), tid = bpf_get_current_pid_tgid(), next = 0;
	struct running *here = bpf_map_lookup_elem(&running, &cpu);
	if (!here)
		return 0;
	struct thread *thread = tid ? bpf_map_lookup_elem(&threads, &tid) : 0;
	if (thread && thread->process) {
		if (thread->off_since)
			came_back(thread);
		thread->off_since = now;
		thread->cpu = cpu;
		thread->preempted = still_runnable(tp);
		u32 owner_tid = thread->owner;
		struct thread *owner = owner_tid ? bpf_map_lookup_elem(&threads, &owner_tid) : 0;
		if (owner && here->since) {
			__sync_fetch_and_add(&owner->paid.workers_ns, now - here->since);
			owner->workers |= 1ULL << (thread->place & 63);
		}
	}
	here->since = now;
	here->owner = 0;
	if (!follow_workers || bpf_probe_read_kernel(&next, sizeof(next), (void *)(tp->args[2] + task_pid)) || next == 0)
		return 0;
	thread = bpf_map_lookup_elem(&threads, &next);
	if (thread) {
		here->place = thread->place;
		here->owner = thread->owner;
	}
	return 0;
}

// A thread that runs ops works for itself.
static __always_inline void becomes_owner(struct thread *thread)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct running *here = bpf_map_lookup_elem(&running, &cpu);
	thread->owner = 0;
	if (here)
		here->owner = 0;
}

// A thread without ops works for the one that wakes it, or for whom that one works. Until it is woken, which may be never
// if it waits without sleeping, it works for the one that created it.
static __always_inline int woken(u64 task, u32 created)
{
	u32 ids[2] = {};
	u64 pid_tgid = bpf_get_current_pid_tgid();
	u32 tid = pid_tgid, tgid = pid_tgid >> 32;
	struct thread *waker = bpf_map_lookup_elem(&threads, &tid);
	if (created && (!waker || !waker->process) && is_target())
		waker = find_thread(tid, tgid);
	if (!waker || !waker->process || bpf_probe_read_kernel(ids, sizeof(ids), (void *)(task + task_pid)))
		return 0;
	u32 runs_ops = waker->depth || waker->last_node || waker->prepared_node;
	u32 owner_tid = runs_ops || (created && !waker->owner) ? tid : waker->owner;
	if (ids[1] != tgid || owner_tid == 0 || owner_tid == ids[0])
		return 0;
	struct thread *worker = bpf_map_lookup_elem(&threads, &ids[0]);
	if (!worker || !worker->process)
		worker = find_thread(ids[0], tgid);
	if (!worker || worker->depth || worker->last_node || worker->owner == owner_tid)
		return 0;
	struct thread *owner = bpf_map_lookup_elem(&threads, &owner_tid);
	if (!owner)
		return 0;
	worker->place = owner->employed++;
	worker->owner = owner_tid;
	return 0;
}

SEC("raw_tp/sched_waking")
int waking(struct bpf_raw_tracepoint_args *tp) { return woken(tp->args[0], 0); }

SEC("raw_tp/sched_wakeup_new")
int waking_new(struct bpf_raw_tracepoint_args *tp) { return woken(tp->args[0], 1); }

// Page faults are software events of perf, with a period of 1.
static __always_inline struct thread *faulting_thread(void)
{
	u32 tid = bpf_get_current_pid_tgid();
	return bpf_map_lookup_elem(&threads, &tid);
}

SEC("perf_event")
int minor_fault(void *unused)
{
	struct thread *thread = faulting_thread();
	if (thread)
		thread->paid.minor_faults++;
	return 0;
}

SEC("perf_event")
int major_fault(void *unused)
{
	struct thread *thread = faulting_thread();
	if (thread)
		thread->paid.major_faults++;
	return 0;
}
