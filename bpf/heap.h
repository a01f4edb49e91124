// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//
// Memory that ops ask for: calls of the allocator on a thread on which an op is open. A call that the allocator makes of
// itself (calloc of malloc, malloc of mmap) is part of the outer one.
#pragma once

#include "regs.h"
#include "state.h"

// Set before loading.
volatile const u32 follow_heap;

#define MAP_ANONYMOUS 0x20

struct heap_site_key {
	u64 node;  // id of the innermost op's description
	u64 stack; // hash of the return addresses
};

// The allocations of one stack within the ops of one node.
struct heap_site {
	u64 bytes;
	u64 count;
	u64 kept; // bytes of those that outlived the outermost op, and of those that are held while one is open
};

// A block that was allocated inside an op.
struct held {
	u64 time_ns;
	u64 bytes;
	u32 tid;
	u32 pad;
	struct heap_site_key site;
};

struct held_key {
	u64 address;
	u64 tgid;
};

// A call of the allocator that has not returned.
struct heap_call {
	u64 sp; // at its entry, 0: there is none
	u64 bytes;
	u64 out; // where posix_memalign puts the address
	u64 old; // what realloc frees, as it was until then; old_block.bytes is 0 if it is none of ours
	struct held old_block;
	struct heap_site_key site;
	u32 frames; // of stack
	u32 complete;
	u64 stack[HEAP_FRAMES];
};

// What one open op has allocated, ops within it included.
struct heap_use {
	u64 bytes;
	u64 count;
	s64 live; // of these, not freed
	s64 peak;
};

struct heap_thread {
	struct heap_call call;
	struct heap_use open[MAX_DEPTH]; // as thread.frames
};

// The sizes are those without --heap; Go sets the others before loading.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct heap_thread);
} heap_threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct heap_thread);
} blank_heap_thread SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct held_key);
	__type(value, struct held);
} held_blocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct heap_site_key);
	__type(value, struct heap_site);
} heap_sites SEC(".maps");

static __always_inline struct heap_use *heap_use_at(struct heap_thread *heap, u32 depth)
{
	asm volatile("" : "+r"(depth));
	return &heap->open[depth & (MAX_DEPTH - 1)];
}

static __noinline struct heap_thread *new_heap_thread(u32 tid)
{
	u32 zero = 0;
	struct heap_thread *blank = bpf_map_lookup_elem(&blank_heap_thread, &zero);
	if (blank)
		bpf_map_update_elem(&heap_threads, &tid, blank, BPF_NOEXIST);
	return bpf_map_lookup_elem(&heap_threads, &tid);
}

// An op begins on the current thread, as its innermost one of depth + 1.
static __noinline int heap_begin(u32 depth)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct heap_thread *heap = bpf_map_lookup_elem(&heap_threads, &tid);
	if (!heap)
		heap = new_heap_thread(tid);
	if (!heap)
		return 0; // counted at each of its allocations
	if (heap->call.sp)
		count(HEAP_UNRETURNED);
	heap->call.sp = 0;
	struct heap_use *use = heap_use_at(heap, depth);
	use->bytes = 0;
	use->count = 0;
	use->live = 0;
	use->peak = 0;
	return 0;
}

// The innermost op of depth + 1 ends.
static __noinline int heap_end(u64 node, u32 depth)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct heap_thread *heap = bpf_map_lookup_elem(&heap_threads, &tid);
	if (!heap)
		return 0;
	struct heap_use *use = heap_use_at(heap, depth);
	if (use->count == 0)
		return 0;
	struct heap_record *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		count(HEAP_RING_FULL);
		return 0;
	}
	r->header.type = RECORD_HEAP;
	r->header.tid = tid;
	r->node = node;
	r->bytes = use->bytes;
	r->count = use->count;
	r->kept = use->live > 0 ? use->live : 0;
	r->peak = use->peak > 0 ? use->peak : 0;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}

// Adds a block to, or takes it from, what each open op of a thread holds, if it was allocated within it.
static __always_inline void hold(struct thread *thread, struct heap_thread *heap, u64 time_ns, s64 live, u64 bytes, u64 count)
{
	for (u32 i = 0; i < MAX_DEPTH; i++) {
		if (i >= thread->depth || thread->frames[i].start_ns > time_ns)
			break;
		struct heap_use *use = &heap->open[i];
		use->bytes += bytes;
		use->count += count;
		__sync_fetch_and_add(&use->live, live);
		if (use->live > use->peak)
			use->peak = use->live;
	}
}

// Takes a block that is freed off those that are held, before the allocator may give its address to another thread. What
// it was goes to was, which is left alone if it is none of ours.
static __noinline int release(u64 address, struct held *was)
{
	struct held_key key = { .address = address, .tgid = bpf_get_current_pid_tgid() >> 32 };
	struct held *block = bpf_map_lookup_elem(&held_blocks, &key);
	if (!block || !was)
		return 0;
	*was = *block;
	if (bpf_map_delete_elem(&held_blocks, &key))
		return 0;
	u32 tid = was->tid;
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
	struct heap_thread *heap = bpf_map_lookup_elem(&heap_threads, &tid);
	if (!thread || !heap || !open_ops(thread) || thread->frames[0].start_ns > was->time_ns)
		return 0; // it outlived its op
	hold(thread, heap, was->time_ns, -(s64)was->bytes, 0, 0);
	struct heap_site *site = bpf_map_lookup_elem(&heap_sites, &was->site);
	if (site)
		__sync_fetch_and_add(&site->kept, -was->bytes);
	return 0;
}

// Remembers a block that the innermost op's thread holds. Returns how many bytes will be known to be freed: without room
// for it none.
static __noinline s64 keep(u64 address, struct held *block)
{
	struct held_key key = { .address = address, .tgid = bpf_get_current_pid_tgid() >> 32 };
	if (!block)
		return 0;
	if (bpf_map_update_elem(&held_blocks, &key, block, BPF_ANY)) {
		count(HEAP_NOT_HELD);
		return 0;
	}
	struct heap_site *site = bpf_map_lookup_elem(&heap_sites, &block->site);
	if (site)
		__sync_fetch_and_add(&site->kept, block->bytes);
	return block->bytes;
}

// Tells whether a call ends right before the address.
static __always_inline u32 follows_call(u64 address)
{
#if defined(__TARGET_ARCH_x86)
	u8 code[7];
	if (read_user(code, sizeof(code), address - sizeof(code)))
		return 0;
	return code[2] == 0xe8 || code[5] == 0xff || code[4] == 0xff || code[1] == 0xff || code[0] == 0xff;
#else
	u32 code;
	if (read_user(&code, sizeof(code), address - sizeof(code)))
		return 0;
	return code >> 26 == 0x25 || (code & 0xfffffc1f) == 0xd63f0000; // bl, blr
#endif
}

// Follows frame pointers from the allocator's entry to the innermost op's. Code that uses the register for something else
// ends the walk: then it is not complete. The allocator's caller is certain.
static __noinline int walk(struct heap_call *call, struct regs *regs, u64 op_sp)
{
	struct {
		u64 next, address;
	} record;
	if (!call || !regs)
		return 0;
	u64 fp = FP(regs), above = call->sp, address = 0, hash;
	RETURN_ADDRESS(regs, address);
	call->stack[0] = address;
	hash = mix(0, address);
	call->complete = 0;
	u32 frames = 1;
	for (; frames < HEAP_FRAMES; frames++) {
		if (fp < above || fp >= op_sp || fp & 7)
			break;
		if (IS_KERNEL_RECORD(fp, 0, op_sp)) {
			call->complete = 1;
			break;
		}
		if (read_user(&record, sizeof(record), fp))
			break;
		if (IS_KERNEL_RECORD(fp, record.next, op_sp)) {
			call->complete = 1;
			break;
		}
		if (!follows_call(record.address))
			break;
		call->stack[frames] = record.address;
		hash = mix(hash, record.address);
		above = fp + sizeof(record);
		fp = record.next;
	}
	call->frames = frames;
	call->site.stack = mix(hash, call->complete);
	return 0;
}

// Sends what a site is, the first time.
static __noinline struct heap_site *new_site(struct heap_call *call)
{
	struct heap_site zero = {};
	if (!call || bpf_map_update_elem(&heap_sites, &call->site, &zero, BPF_NOEXIST))
		return 0;
	struct heap_site_record *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		bpf_map_delete_elem(&heap_sites, &call->site);
		return 0;
	}
	r->header.type = RECORD_HEAP_SITE;
	r->header.tid = (u32)bpf_get_current_pid_tgid();
	r->node = call->site.node;
	r->stack = call->site.stack;
	r->complete = call->complete;
	r->count = call->frames;
	__builtin_memcpy(r->frames, call->stack, sizeof(r->frames));
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return bpf_map_lookup_elem(&heap_sites, &call->site);
}

// Begins a call that allocates so many bytes, and puts their address at out, or returns it. It frees what is at old.
static __noinline int heap_call(struct regs *regs, u64 bytes, u64 out, u64 old)
{
	struct held was;
	was.bytes = 0;
	if (old)
		release(old, &was);
	u32 tid = bpf_get_current_pid_tgid();
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
	u32 depth = thread ? open_ops(thread) : 0;
	if (!regs || depth == 0)
		return 0;
	struct heap_thread *heap = bpf_map_lookup_elem(&heap_threads, &tid);
	if (!heap) {
		count(HEAP_NO_THREAD);
		return 0;
	}
	struct heap_call *call = &heap->call;
	u64 sp = SP(regs);
	if (call->sp > sp)
		return 0; // the allocator's own
	if (call->sp != sp) // otherwise it jumped from one to the other, and they return together
		call->old_block.bytes = 0;
	if (was.bytes)
		call->old_block = was;
	struct frame *frame = frame_at(thread, depth - 1);
	call->sp = sp;
	call->bytes = bytes;
	call->out = out;
	call->old = old;
	call->site.node = frame->node;
	walk(call, regs, frame->sp);
	return 0;
}

// A call that failed has freed nothing.
static __noinline int put_back(struct thread *thread, struct heap_thread *heap)
{
	if (!thread || !heap || !heap->call.old_block.bytes || !heap->call.bytes)
		return 0;
	hold(thread, heap, heap->call.old_block.time_ns, keep(heap->call.old, &heap->call.old_block), 0, 0);
	return 0;
}

static __noinline int heap_returned(u64 sp, u64 address)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct heap_thread *heap = bpf_map_lookup_elem(&heap_threads, &tid);
	if (!heap || heap->call.sp != sp)
		return 0;
	struct heap_call *call = &heap->call;
	call->sp = 0;
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
	if (!thread)
		return 0;
	if (call->out && ((u32)address || read_user(&address, sizeof(address), call->out)))
		address = 0;
	if (address == 0 || address == -1ULL)
		return put_back(thread, heap);
	struct heap_site *site = bpf_map_lookup_elem(&heap_sites, &call->site);
	if (!site)
		site = new_site(call);
	if (site) {
		__sync_fetch_and_add(&site->bytes, call->bytes);
		__sync_fetch_and_add(&site->count, 1);
	} else {
		count(HEAP_NO_SITE);
	}
	struct held block = { .time_ns = bpf_ktime_get_ns(), .bytes = call->bytes, .tid = tid, .site = call->site };
	hold(thread, heap, block.time_ns, keep(address, &block), block.bytes, 1);
	return 0;
}

static __noinline int heap_free(u64 address)
{
	struct held was;
	if (address)
		release(address, &was);
	return 0;
}

// They are loaded for whichever way to attach there is.
#define HEAP_CALL(name, bytes, out, old) \
	SEC("uprobe") int heap_##name(struct regs *regs) { return heap_call(regs, bytes, out, old); }

HEAP_CALL(malloc, ARG0(regs), 0, 0)
HEAP_CALL(calloc, ARG0(regs) * ARG1(regs), 0, 0)
HEAP_CALL(realloc, ARG1(regs), 0, ARG0(regs))
HEAP_CALL(aligned, ARG1(regs), 0, 0) // aligned_alloc, memalign: alignment, bytes
HEAP_CALL(posix_memalign, ARG2(regs), ARG0(regs), 0)

SEC("uprobe") int heap_mmap(struct regs *regs)
{
	return ARG3(regs) & MAP_ANONYMOUS ? heap_call(regs, ARG1(regs), 0, 0) : 0;
}

SEC("uprobe") int heap_release(struct regs *regs) { return heap_free(ARG0(regs)); } // free, munmap
SEC("uretprobe") int heap_return(struct regs *regs) { return heap_returned(SP_AT_ENTRY(regs), RESULT(regs)); }
