//go:build ignore

// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//
// The programs behind the probes: entry and return of kernels, entry of their prepare and init functions, and the
// tracepoints that follow threads and mappings. No vmlinux.h, no CO-RE: only registers, UAPI headers and helpers, so
// that Linux without BTF (Android's 5.10) runs them.

#include "ends.h"
#include "markers.h"
#include "sample.h"

char LICENSE[] SEC("license") = "GPL";

// The arguments of a kernel's function, without the user data that come first where an app registered it so.
struct arguments {
	u64 context, node;
};

// The barrier keeps the compiler from choosing between places in regs, where the verifier wants fixed ones.
static __always_inline struct arguments arguments_of(struct regs *regs, u64 cookie)
{
	u64 first = ARG0(regs), second = ARG1(regs), third = ARG2(regs);
	asm volatile("" : "+r"(first), "+r"(second), "+r"(third));
	if (cookie ? cookie & WITH_DATA : points_back(second))
		return (struct arguments){ second, third };
	return (struct arguments){ first, second };
}

static __always_inline int enter(struct regs *regs, u64 cookie, u32 kind)
{
	struct thread *thread = current_thread();
	if (!thread) {
		count(LOST_NO_THREAD);
		return 0;
	}
	if (thread->process == 0 || pauses(thread))
		return 0;
	if (thread->owner)
		becomes_owner(thread);
	struct arguments arguments = arguments_of(regs, cookie);
	u64 context = arguments.context, address = arguments.node;
	u64 site = cookie & ~WITH_DATA, ip = IP(regs), sp = SP(regs);
	u32 depth = thread->depth;
	if (is_operator(thread, depth))
		depth = end_operator(thread, depth, bpf_ktime_get_ns()); // the op isn't inside it, but inside the delegate node

	for (u32 i = 0; i < MAX_DEPTH; i++) {
		if (depth == 0 || depth > MAX_DEPTH)
			break;
		struct frame *top = frame_at(thread, depth - 1);
		if (top->address == address && top->context == context && top->sp >= sp && top->ip != ip) {
			// A kernel that hands its node on to another one. A jump returns twice at the same sp.
			if (top->sp == sp)
				top->tail_calls++;
			count(ALIASES);
			return 0;
		}
		if (top->sp > sp || top->kind == FRAME_TO_NEXT)
			break;
		depth--; // that op's stack is gone: it was left without returning
		count(LOST_UNFINISHED);
	}
	thread->depth = depth;
	if (entry_only && ends_at_next(thread, depth)) {
		u64 now = bpf_ktime_get_ns();
		describe_results(thread, frame_at(thread, depth - 1));
		end_before(thread, context, sp, now);
		depth = thread->depth;
	}
	if (depth >= MAX_DEPTH) {
		count(LOST_TOO_DEEP);
		return 0;
	}

	struct node_key key = { .address = address, .process = thread->process };
	struct node_state *node = bpf_map_lookup_elem(&nodes, &key);
	u32 again = DYNAMIC_OUTPUTS;
	if (!node || node->dirty || !node->ran || node->context != context || node->identity != identity(address)) {
		describe(thread->process, context, address, site, ip | RUNS);
		node = bpf_map_lookup_elem(&nodes, &key);
		again = DYNAMIC_OUTPUTS | DYNAMIC_TEMPORARIES;
	}

	struct frame *frame = frame_at(thread, depth);
	frame->sp = sp;
	frame->ip = ip;
	frame->context = context;
	frame->address = address;
	frame->node = node ? node->id : 0;
	frame->site = site;
	frame->dynamic = node ? node->dynamic & again : 0;
	frame->tail_calls = 0;
	begin(thread, frame, node && node->delegate ? FRAME_DELEGATE : kind);
	thread->depth = depth + 1;
	frame->start_ns = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int leave(struct regs *regs)
{
	u64 now = bpf_ktime_get_ns();
	u32 tid = bpf_get_current_pid_tgid();
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
	if (!thread) {
		if (is_target() && !(period & 1))
			count(BEGAN_BEFORE);
		return 0;
	}
	if (thread->process == 0 || pauses(thread))
		return 0;
	if (thread->depth == 0) {
		if (thread->cut_off)
			thread->cut_off--;
		else
			count(LOST_NO_ENTRY);
		return 0;
	}
	u64 sp = SP_AT_ENTRY(regs);
	u32 depth = thread->depth;
	if (is_operator(thread, depth))
		depth = end_operator(thread, depth, now);
	for (u32 i = 0; i < MAX_DEPTH; i++) {
		if (depth == 0 || depth > MAX_DEPTH || frame_at(thread, depth - 1)->sp >= sp)
			break;
		depth--;
		count(entry_only && frame_at(thread, depth)->kind == FRAME_TO_NEXT ? LOST_ENDS : LOST_UNFINISHED);
	}
	thread->depth = depth;
	if (depth == 0 || depth > MAX_DEPTH)
		return 0;
	struct frame *frame = frame_at(thread, depth - 1);
	if (frame->sp != sp)
		return 0; // the return of an alias
	if (frame->tail_calls) {
		frame->tail_calls--;
		return 0;
	}
	if (frame->kind == FRAME_TO_NEXT)
		frame->kind = FRAME_KERNEL; // it got a return probe
	describe_results(thread, frame);
	return end(thread, frame, depth, now);
}

// A node that is prepared may have changed. One that was never seen is described at once, so that an app which dies
// before its first op still says in which node.
static __always_inline int prepare(struct regs *regs)
{
	struct thread *thread = current_thread();
	if (!thread || thread->process == 0)
		return 0;
	struct arguments arguments = arguments_of(regs, 0);
	u64 context = arguments.context, address = arguments.node;
	struct node_key key = { .address = address, .process = thread->process };
	struct node_state *node = bpf_map_lookup_elem(&nodes, &key);
	if (!node || node->context != context) {
		describe(thread->process, context, address, 0, IP(regs));
		node = bpf_map_lookup_elem(&nodes, &key);
	}
	if (!node)
		return 0;
	node->dirty = 1;
	thread->prepared_node = node->id;
	return 0;
}

// The init function of a built-in op runs while its interpreter is being built. If this context is known already, then
// that interpreter is gone and this is another one at its address.
static __always_inline int init(struct regs *regs)
{
	struct thread *thread = current_thread();
	if (!thread || thread->process == 0)
		return 0;
	struct subgraph_key key = { .context = arguments_of(regs, 0).context, .process = thread->process };
	bpf_map_delete_elem(&subgraphs, &key);
	return 0;
}

// Three ladders of attaching (package probes): uprobe_multi and perf with a cookie know the site by it; without
// cookies the probed address has to do.
#define PROBES(suffix, entry_section, return_section, cookie)                                            \
	SEC(entry_section) int enter_##suffix(struct regs *regs) { return enter(regs, cookie, FRAME_KERNEL); } \
	SEC(entry_section) int enter_only_##suffix(struct regs *regs) { return enter(regs, cookie, FRAME_TO_NEXT); } \
	SEC(return_section) int leave_##suffix(struct regs *regs) { return leave(regs); }                \
	SEC(entry_section) int prepare_##suffix(struct regs *regs) { return prepare(regs); }             \
	SEC(entry_section) int init_##suffix(struct regs *regs) { return init(regs); }                   \
	SEC(entry_section) int operator_##suffix(struct regs *regs) { return enter_operator(regs, cookie); }

PROBES(multi, "uprobe.multi", "uretprobe.multi", bpf_get_attach_cookie(regs))
PROBES(cookie, "uprobe", "uretprobe", bpf_get_attach_cookie(regs))
PROBES(address, "uprobe", "uretprobe", 0)

SEC("uprobe.multi.s") int marker_multi(struct regs *regs) { return fetch_and_mark(ARG0(regs)); }
SEC("uprobe") int marker_cookie(struct regs *regs) { return mark(ARG0(regs)); }
SEC("uprobe") int marker_address(struct regs *regs) { return mark(ARG0(regs)); }

SEC("raw_tp/sched_process_exit")
int thread_exit(void *unused)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();
	u32 tid = pid_tgid, tgid = pid_tgid >> 32;
	struct process_state *process = bpf_map_lookup_elem(&processes, &tgid);
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
	if (!process) {
		bpf_map_delete_elem(&threads, &tid);
		return 0;
	}
	if (thread || tid == tgid) {
		struct exit_record *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
		if (r) {
			__builtin_memset(r, 0, sizeof(*r));
			r->header.type = RECORD_EXIT;
			r->header.tid = tid;
			r->process = process->id;
			r->tgid = tgid;
			r->time_ns = bpf_ktime_get_ns();
			r->whole_process = tid == tgid;
			if (thread) {
				r->depth = open_ops(thread);
				r->last_node = thread->last_node;
				r->last_ns = thread->last_ns;
				r->prepared_node = thread->prepared_node;
				if (r->depth) {
					struct frame *top = frame_at(thread, thread->depth - 1);
					r->node = top->node;
					r->start_ns = top->start_ns;
					r->outermost = thread->frames[0].node;
				}
			}
			bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
		} else {
			count(DESCRIPTIONS_LOST);
		}
	}
	bpf_map_delete_elem(&threads, &tid);
	if (tid == tgid)
		bpf_map_delete_elem(&processes, &tgid);
	return 0;
}

// A new program in the same process: nothing that was known of it holds.
SEC("raw_tp/sched_process_exec")
int program_exec(void *unused)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();
	u32 tid = pid_tgid, tgid = pid_tgid >> 32;
	bpf_map_delete_elem(&threads, &tid);
	bpf_map_delete_elem(&processes, &tgid);
	return 0;
}

SEC("raw_tp/sys_exit")
int mapped(struct bpf_raw_tracepoint_args *tp)
{
	struct regs *kernel_regs = (struct regs *)tp->args[0];
	s64 result = tp->args[1];
	u64 nr = 0, prot = 0, fd = 0, bytes = 0;
	if (result <= 0 || result & 0xfff) // every system call comes here, and few return a page's address
		return 0;
	bpf_probe_read_kernel(&nr, sizeof(nr), &SYSCALL_NR(kernel_regs));
	if (nr != NR_MMAP || !is_target())
		return 0;
	bpf_probe_read_kernel(&prot, sizeof(prot), &SYSCALL_ARG2(kernel_regs));
	bpf_probe_read_kernel(&fd, sizeof(fd), &SYSCALL_ARG4(kernel_regs));
	if (!(prot & PROT_EXEC) || (s32)fd < 0)
		return 0;
	bpf_probe_read_kernel(&bytes, sizeof(bytes), &SYSCALL_ARG1(kernel_regs));
	struct mapped_record *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		count(DESCRIPTIONS_LOST);
		return 0;
	}
	r->header.type = RECORD_MAPPED;
	r->header.tid = (u32)bpf_get_current_pid_tgid();
	r->tgid = bpf_get_current_pid_tgid() >> 32;
	r->stopped = stop_signal != 0;
	r->address = result;
	r->bytes = bytes;
	r->time_ns = bpf_ktime_get_ns();
	bpf_get_current_comm(r->comm, sizeof(r->comm));
	bpf_ringbuf_submit(r, BPF_RB_FORCE_WAKEUP);
	if (stop_signal)
		bpf_send_signal_thread(stop_signal);
	return 0;
}
