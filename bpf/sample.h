// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//
// Samples: what a CPU is at when its clock event fires, and during which op. The op is told here, where it is known; the
// stack is copied, and unwound by the agent. What called the innermost op's kernel is told by the ops, and the return
// address there is not the program's own: the copy ends before it.
#pragma once

#include "frames.h"

struct sample_room {
	struct sample_record record;
	u8 stack[SAMPLE_STACK];
	struct regs regs;
};

// One for each CPU: too large for a per-CPU map.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct sample_room);
} sample_rooms SEC(".maps");

// Where the stacks of workers end, by tid: the agent tells it when it has seen a sample of one.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u64);
} stack_ends SEC(".maps");

// Registers by their DWARF numbers: System V ABI for x86-64, figure 3.36; DWARF for the Arm 64-bit Architecture, 4.1.
static __always_inline void number_registers(struct regs *r, u64 *to)
{
#if defined(__TARGET_ARCH_x86)
	to[0] = r->ax; to[1] = r->dx; to[2] = r->cx; to[3] = r->bx; to[4] = r->si; to[5] = r->di; to[6] = r->bp; to[7] = r->sp;
	to[8] = r->r8; to[9] = r->r9; to[10] = r->r10; to[11] = r->r11; to[12] = r->r12; to[13] = r->r13; to[14] = r->r14; to[15] = r->r15;
	to[16] = r->ip;
#else
#pragma unroll
	for (u32 i = 0; i < 31; i++)
		to[i] = r->regs[i];
	to[31] = r->sp;
	to[32] = r->pc;
#endif
}

// Copies the stack from where the record says up, want bytes but for the gap in their middle.
static __always_inline void copy_stack(struct sample_room *room, u64 want)
{
	u64 from = room->record.stack;
	u32 missing = 0;
	for (u32 i = 0; i < SAMPLE_STACK / SAMPLE_CHUNK; i++) {
		if (i * SAMPLE_CHUNK >= want)
			break;
		if (i == SAMPLE_STACK / SAMPLE_CHUNK / 2)
			from += room->record.gap;
		if (read_user(room->stack + i * SAMPLE_CHUNK, SAMPLE_CHUNK, from + i * SAMPLE_CHUNK))
			missing |= 1U << i;
	}
	room->record.missing = missing;
}

// Reads the registers that the program had when it entered the kernel.
static __always_inline u32 read_task_registers(struct regs *to)
{
	void *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	return regs && bpf_probe_read_kernel(to, sizeof(*to), regs) == 0;
}

static __always_inline int take_sample(struct regs *regs, u32 ask_task)
{
	u32 tid = bpf_get_current_pid_tgid(), cpu = bpf_get_smp_processor_id();
	struct thread *thread = tid ? bpf_map_lookup_elem(&threads, &tid) : 0;
	if (!thread || !thread->process)
		return 0;
	struct thread *runs = thread; // the ops
	u32 flags = 0;
	if (open_ops(thread) == 0) {
		u32 owner = thread->owner;
		runs = owner ? bpf_map_lookup_elem(&threads, &owner) : 0;
		flags = SAMPLE_WORKER;
	}
	u32 depth = runs ? open_ops(runs) : 0;
	if (depth == 0) {
		count(SAMPLES_OUTSIDE);
		return 0;
	}
	struct sample_room *room = bpf_map_lookup_elem(&sample_rooms, &cpu);
	if (!room || !has_half_free()) {
		count(LOST_SAMPLES);
		return 0;
	}
	if (!IN_KERNEL(regs))
		room->regs = *regs;
	else if (ask_task && read_task_registers(&room->regs))
		flags |= SAMPLE_KERNEL;
	else
		flags |= SAMPLE_KERNEL | SAMPLE_NO_REGISTERS;

	struct frame *top = frame_at(runs, depth - 1);
	u64 sp = SP(&room->regs);
	// An operator that has returned isn't over for the probes before the next one begins. What its delegate node's kernel calls
	// then isn't told from it here: the agent does that by the stack.
	if (!(flags & (SAMPLE_WORKER | SAMPLE_NO_REGISTERS)) && depth > 1 && top->kind == FRAME_OPERATOR && top->sp < sp) {
		depth--;
		top = frame_at(runs, depth - 1);
	}
	struct sample_record *r = &room->record;
	r->header.type = RECORD_SAMPLE;
	r->header.tid = tid;
	r->process = runs->process;
	r->frame_sp = flags & SAMPLE_WORKER ? 0 : top->sp;
	r->outer_sp = 0;
	r->gap = 0;
	for (u32 i = 0; i < SAMPLE_NODES; i++)
		r->nodes[i] = i < depth ? runs->frames[i].node : 0;

	u64 bytes = 0;
	r->stack = r->missing = r->pad = 0;
	if (!(flags & SAMPLE_NO_REGISTERS)) {
		number_registers(&room->regs, r->registers);
		u64 end = top->sp;
		r->stack = (sp - SAMPLE_BELOW) & ~(SAMPLE_CHUNK - 1ULL); // no chunk lies in two pages
		if (flags & SAMPLE_WORKER) {
			u64 *known = bpf_map_lookup_elem(&stack_ends, &tid);
			end = known && *known > sp ? *known : r->stack + SAMPLE_STACK;
		} else if (top->kind == FRAME_OPERATOR && depth > 1) {
			end = frame_at(runs, depth - 2)->sp;
			r->outer_sp = end;
		}
		if (end > sp) {
			bytes = (end - r->stack + SAMPLE_CHUNK - 1) & ~(SAMPLE_CHUNK - 1ULL);
			if (bytes > SAMPLE_STACK) {
				r->gap = bytes - SAMPLE_STACK;
				bytes = SAMPLE_STACK;
			}
			copy_stack(room, bytes);
		}
	}
	r->flags = flags;
	r->stack_bytes = bytes;
	asm volatile("" : "+r"(bytes)); // what the verifier knows of it gets lost on the way
	if (bytes > SAMPLE_STACK)
		return 0;
	if (bpf_ringbuf_output(&ring, room, sizeof(*r) + bytes, BPF_RB_NO_WAKEUP))
		count(LOST_SAMPLES);
	return 0;
}

SEC("perf_event")
int sample(struct regs *regs) { return take_sample(regs, 0); }

// Linux 5.15 tells where a program was when it entered the kernel, if it has its own type information.
SEC("perf_event")
int sample_in_kernel(struct regs *regs) { return take_sample(regs, 1); }
