// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//
// The frequency of the core that an op ends on, as cpufreq last said it.
#pragma once

#include "state.h"

// Set before loading.
volatile const u32 follow_frequency; // cpu_frequency is attached

// In kHz, by core; 0: not known. The agent sets them before.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_CPUS);
	__type(key, u32);
	__type(value, u32);
} frequencies SEC(".maps");

static __always_inline u32 frequency_of(u32 cpu)
{
	u32 *khz = follow_frequency ? bpf_map_lookup_elem(&frequencies, &cpu) : 0;
	return khz ? *khz : 0;
}

// cpu_frequency(unsigned int frequency, unsigned int cpu_id)
SEC("raw_tp/cpu_frequency")
int frequency_changed(struct bpf_raw_tracepoint_args *tp)
{
	u32 khz = tp->args[0], cpu = tp->args[1];
	bpf_map_update_elem(&frequencies, &cpu, &khz, BPF_EXIST);
	return 0;
}
