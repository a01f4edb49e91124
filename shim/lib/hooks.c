// SPDX-License-Identifier: Apache-2.0
//
// Where markers tell of themselves: a note in each library that has some, see sdk/c/edgexray.h.
#include "modules.h"
#define EDGEXRAY_OFF // the shim has none of its own
#include "../../sdk/c/edgexray.h"

#define NOTES_BYTES 65536 // of a segment: real ones have some hundred

struct note {
	u32 owner_bytes, bytes, type;
	char owner[12];
};

struct note_fields {
#if __SIZEOF_POINTER__ == 8
	s64 probe, hook; // distances from these fields
#else
	s32 probe, hook;
#endif
} __attribute__((packed));

// Whether an address lies in data that stays writable.
static int is_data(const struct module *m, const struct program_header *headers, int count, word at, word bytes)
{
	int writable = 0;
	for (int i = 0; i < count; i++) {
		const struct program_header *p = &headers[i];
		word start = m->base + p->address, end = start + p->bytes;
		if (p->type == PT_LOAD && p->flags & FLAG_WRITE && at >= start && at < end && end - at >= bytes)
			writable = 1;
		if (p->type == PT_GNU_RELRO && at < end && at + bytes > start)
			return 0;
	}
	return writable;
}

static void set_listener(struct module *m, word hook)
{
	struct edgexray_hook h, *there = (struct edgexray_hook *)hook;
	if (!read_memory(&h, there, sizeof(h)) || h.version != 1 || h.listener != NULL)
		return;
	there->listener = on_marker;
	u16 *upper = (u16 *)(hook + 2); // the lower half is Linux's
	store(upper, 1);
	m->hook = (word)&there->listener;
}

// Notes lie at multiples of 4. Linkers have put some of other alignments next to each other, so each place is looked at.
static void search_notes(struct module *m, const struct program_header *headers, int count, word start, word end)
{
	struct { struct note note; struct note_fields fields; } __attribute__((packed)) found;
	for (word at = start; at + sizeof(found) <= end; at += 4) {
		u32 owner_bytes;
		if (!read_memory(&owner_bytes, (void *)at, sizeof(owner_bytes)))
			return;
		if (owner_bytes != sizeof("edgexray") || !read_memory(&found, (void *)at, sizeof(found)) ||
		    !same(found.note.owner, "edgexray") || found.note.type != 1 || found.note.bytes != sizeof(found.fields))
			continue;
		word hook = at + sizeof(found.note) + __builtin_offsetof(struct note_fields, hook) + (word)found.fields.hook;
		if (hook % 16 == 0 && is_data(m, headers, count, hook, 16))
			set_listener(m, hook);
	}
}

HIDDEN void listen_to(struct module *m, const struct program_header *headers, int count)
{
	for (int i = 0; i < count; i++) {
		const struct program_header *p = &headers[i];
		word start = m->base + p->address;
		if (p->type == PT_NOTE)
			search_notes(m, headers, count, start, start + (p->bytes < NOTES_BYTES ? p->bytes : NOTES_BYTES));
	}
}
