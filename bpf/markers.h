// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//
// Markers: what an app says through sdk/c/edgexray.h. Each passes a probe with the address of an event, of which nothing is
// believed: it is copied, and Go judges the copy.
#pragma once

#include "regs.h"
#include "state.h"

// Copies an event and its texts.
static __always_inline u32 read_marker(struct marker_record *r, u64 event)
{
	struct marker_event *e = &r->event;
	u8 next = 0;
	if (read_user(e, sizeof(*e), event) || e->size < sizeof(*e)) // a later version may add to it
		return 0;
	r->key_bytes = e->key ? bpf_probe_read_user_str(r->key, sizeof(r->key), (void *)e->key) : 0;
	r->text_bytes = e->text ? bpf_probe_read_user_str(r->text, sizeof(r->text), (void *)e->text) : 0;
	r->cut = r->text_bytes == MARKER_TEXT_BYTES && read_user(&next, 1, e->text + MARKER_TEXT_BYTES - 1) == 0 && next != 0;
	return 1;
}

static __noinline int mark(u64 event)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();
	u32 tgid = pid_tgid >> 32;
	u64 process = process_id(tgid);
	if (!process)
		return 0;
	struct marker_record *r = has_half_free() ? bpf_ringbuf_reserve(&ring, sizeof(*r), 0) : 0;
	if (!r) {
		count(MARKERS_RING_FULL);
		return 0;
	}
	u32 readable = read_marker(r, event);
	if (!readable || r->event.kind == 0) { // an app that asks whether its data is to be replaced marks nothing
		if (!readable)
			count(MARKERS_UNREADABLE);
		bpf_ringbuf_discard(r, BPF_RB_NO_WAKEUP);
		return 0;
	}
	r->header.type = RECORD_MARKER;
	r->header.tid = (u32)pid_tgid;
	r->process = process;
	r->time_ns = bpf_ktime_get_ns();
	r->tgid = tgid;
	bpf_get_current_comm(r->comm, sizeof(r->comm));
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}

// Brings the pages of a text of so many bytes into memory.
static __always_inline void fetch(u64 text, u32 bytes)
{
	u8 byte;
	if (!text)
		return;
	bpf_copy_from_user(&byte, 1, (void *)text);
	bpf_copy_from_user(&byte, 1, (void *)(text + bytes - 1));
}

// Constants that nobody has read yet may not be in memory: all of them in a process that was just forked. A program that may
// sleep gets them; the others leave that to the agent, for whom it may be too late.
static __always_inline int fetch_and_mark(u64 event)
{
	struct marker_event e;
	if (read_user(&e, sizeof(e), event) == 0) {
		fetch(e.key, MARKER_KEY_BYTES);
		fetch(e.text, MARKER_TEXT_BYTES);
	}
	return mark(event);
}
