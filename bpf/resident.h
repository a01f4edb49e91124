// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//
// How much of a process's memory is resident: the sum that /proc/PID/statm shows, read where Linux keeps it.
#pragma once

#include "state.h"

// Set before loading, from Linux's own type information.
volatile const u32 follow_resident;
volatile const u32 task_mm;         // offset of task_struct.mm
volatile const u32 mm_counters;     // offset of the first counter's value in mm_struct
volatile const u32 counter_bytes;   // from one counter to the next
volatile const u32 counter_per_cpu; // from a counter's value to its pointer to the parts that cores keep; 0: they keep none
volatile const u32 task_counters;   // offset of the part that a task keeps, in task_struct; 0: it keeps none
volatile const u32 array_parts;     // offset of bpf_array.pptrs

#define RESIDENT_COUNTERS 4 // pages of files, anonymous pages, those swapped out, shared memory: enum in mm_types_task.h
#define SWAPPED_OUT 2

static __always_inline int read_linux(void *to, u32 size, u64 from)
{
	return bpf_probe_read_kernel(to, size, (void *)from);
}

// A pointer to parts is the address of each core's part less that core's base. find_bases finds those from this map, whose
// parts it knows both ways.
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} some_parts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_CPUS);
	__type(key, u32);
	__type(value, u64);
} bases SEC(".maps");

// The verifier takes what comes out of a map for a number.
static __always_inline u64 number_of(void *pointer)
{
	u32 zero = 0;
	u64 *slot = bpf_map_lookup_elem(&bases, &zero);
	if (!slot)
		return 0;
	*(void *volatile *)slot = pointer;
	return *(volatile u64 *)slot;
}

// Runs once, before everything else.
SEC("raw_tp")
int find_bases(void *unused)
{
	u64 parts = 0;
	u32 zero = 0;
	if (read_linux(&parts, sizeof(parts), number_of(&some_parts) + array_parts))
		return 1;
	for (u32 i = 0; i < MAX_CPUS; i++) {
		u32 cpu = MAX_CPUS - 1 - i; // the first slot is number_of's
		if (cpu >= cpus)
			continue;
		u64 base = number_of(bpf_map_lookup_percpu_elem(&some_parts, &zero, cpu)) - parts;
		bpf_map_update_elem(&bases, &cpu, &base, BPF_ANY);
	}
	return 0;
}

// Returns the current process's resident pages.
static __noinline u32 resident_pages(void)
{
	u64 task = bpf_get_current_task(), mm = 0, parts[RESIDENT_COUNTERS] = {};
	s64 pages = 0;
	if (read_linux(&mm, sizeof(mm), task + task_mm) || mm == 0)
		return 0;
	for (u32 i = 0; i < RESIDENT_COUNTERS; i++) {
		u64 counter = mm + mm_counters + i * counter_bytes;
		s64 value = 0;
		s32 own = 0;
		if (i == SWAPPED_OUT)
			continue;
		read_linux(&value, sizeof(value), counter);
		if (task_counters)
			read_linux(&own, sizeof(own), task + task_counters + i * sizeof(own));
		if (counter_per_cpu)
			read_linux(&parts[i], sizeof(parts[i]), counter + counter_per_cpu);
		pages += value + own;
	}
	for (u32 cpu = 0; counter_per_cpu && cpu < MAX_CPUS; cpu++) {
		u32 key = cpu;
		u64 *base = bpf_map_lookup_elem(&bases, &key);
		if (cpu >= cpus || !base)
			break;
		for (u32 i = 0; i < RESIDENT_COUNTERS; i++) {
			s32 part = 0;
			if (i != SWAPPED_OUT && parts[i])
				read_linux(&part, sizeof(part), parts[i] + *base);
			pages += part;
		}
	}
	return pages;
}
