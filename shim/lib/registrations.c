// SPDX-License-Identifier: Apache-2.0
//
// Finds the registrations of a runtime's kernels by their shape, as package probes does in a file: but in memory, after
// the dynamic linker has relocated them. What looks like one is only believed in a row of its kind, and what is called
// through it still has to prove that it is a kernel. Libraries may be large: their code and constants are not touched
// before there is a row.
#include "modules.h"
#include "ring.h"

// What a search needs to know of an image.
struct search {
	struct module *module;
	const struct program_header *headers;
	int header_count;
	word table;       // address of .eh_frame_hdr, whose search table tells where functions begin; 0: nothing does
	struct start {
		s32 function, frame; // from the table's address on
	} *starts;        // a copy, made when it is asked for
	u32 start_count;
	int relocated;    // some word points into the image
};

// .eh_frame_hdr (Linux Standard Base, Core, 10.6.2): version, three encodings, the frame's address, a count, the table. Only
// the encodings that linkers write are understood: sdata4 of which the table's are relative to the section.
struct frame_header {
	u8 version, frame_encoding, count_encoding, table_encoding;
	u32 frame, count;
};

enum { ENCODED_UDATA4 = 0x03, ENCODED_SDATA4_FROM_SECTION = 0x3b };

static void find_starts(struct search *s)
{
	for (int i = 0; i < s->header_count; i++) {
		struct frame_header h;
		const struct program_header *p = &s->headers[i];
		word at = s->module->base + p->address;
		if (p->type != PT_GNU_EH_FRAME || p->bytes < sizeof(h) || !read_memory(&h, (void *)at, sizeof(h)) || h.version != 1 ||
		    h.count_encoding != ENCODED_UDATA4 || h.table_encoding != ENCODED_SDATA4_FROM_SECTION ||
		    h.count > (p->bytes - sizeof(h)) / sizeof(*s->starts))
			continue;
		s->table = at;
		s->start_count = h.count;
	}
}

static word bytes_of_starts(const struct search *s) { return s->start_count * sizeof(*s->starts); }

static int copy_starts(struct search *s)
{
	if (s->starts)
		return 1;
	s->starts = map_memory(bytes_of_starts(s));
	return s->starts && read_memory(s->starts, (void *)(s->table + sizeof(struct frame_header)), bytes_of_starts(s));
}

// Whether an address is the start of a function, as far as the unwind table tells.
static int is_function(struct search *s, word address)
{
	address = code_at(address);
	if (!in_text(s->module, address))
		return 0;
	if (s->table == 0)
		return 1;
	if (!copy_starts(s))
		return 0;
	u32 low = 0, high = s->start_count;
	while (low < high) {
		u32 middle = low + (high - low) / 2;
		word start = s->table + s->starts[middle].function;
		if (start == address)
			return 1;
		if (start < address)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

// Another library may have put its own functions in place of the kernels', as this one does.
static int is_replacement(const struct search *s, word address)
{
	return !in_text(s->module, address) && is_code(address);
}

static int optional_function(struct search *s, word address)
{
	return address == 0 || is_replacement(s, address) || is_function(s, address);
}

#define MAX_VERSION 20

// Whether words have the shape of a static TfLiteRegistration: its op code, name and version stay 0, because the resolver's
// copy gets them; a delegate's may have a name.
static int is_registration(struct search *s, const word *w)
{
	struct registration r;
	memcpy(&r, w, sizeof(r));
	// The cheap questions first: nearly all words fail one.
	if (w[5] != 0 || (r.init == 0) != (r.free == 0) || (r.custom_name == NULL ? w[7] != 0 : w[7] > MAX_VERSION) ||
	    !r.invoke || !r.prepare || !(in_text(s->module, r.invoke) || is_code(r.invoke)))
		return 0;
	if (r.custom_name) {
		word name = (word)r.custom_name;
		char text[4];
		if (name < s->module->start || name >= s->module->end || is_function(s, name) ||
		    !read_memory(text, r.custom_name, sizeof(text)))
			return 0;
		for (word i = 0; i < sizeof(text) && text[i]; i++)
			if (text[i] < ' ' || text[i] > '~')
				return 0;
	}
	return optional_function(s, r.invoke) && optional_function(s, r.prepare) && optional_function(s, r.init) &&
	       optional_function(s, r.free) && optional_function(s, r.profiling_string);
}

#define REGISTRATION_WORDS 8
#define ROW 4       // registrations side by side that are taken for a runtime
#define REACH 4096  // bytes from such a row within which a single one is believed

static const u8 strides[] = { 8, 9, 10, 11, 12, 16 }; // words

static u32 row_length(const u8 *shape, u32 words, u32 at, u32 stride)
{
	u32 n = 1;
	for (u32 i = at; i >= stride && shape[i - stride]; i -= stride)
		n++;
	for (u32 i = at + stride; i < words && shape[i]; i += stride)
		n++;
	return n;
}

static void replace_registration(struct module *m, struct registration *r, const struct registration *copy)
{
	word *first = (word *)r;
	static const u8 roles[] = { [0] = ROLE_INIT, [2] = ROLE_PREPARE, [3] = ROLE_INVOKE };
	for (int i = 0; i < 4; i++) {
		word function = ((const word *)copy)[i];
		if (i == 1 || function == 0 || (i == 0 && copy->custom_name)) // a delegate's init doesn't begin an interpreter
			continue;
		word thunk = thunk_for(function, roles[i]);
		if (thunk == 0 || thunk == function || !write_word(first + i, thunk))
			continue;
		if (i == 3 && m->first == 0) {
			m->first = (word)(first + i);
			m->thunk = thunk;
		}
	}
	m->records++;
}

// Whether there is "TfLite" or "tflite" in a segment. What the last letter of a word is tells how far the next one can be.
static int mentions_in(const char *c, const char *end)
{
	for (u32 skip; (word)(end - c) >= 6; c += skip) {
		switch (c[5]) {
		case 'e':
			if ((c[0] | ' ') == 't' && c[1] == 'f' && (c[2] | ' ') == 'l' && c[3] == 'i' && c[4] == 't')
				return 1;
			skip = 6;
			break;
		case 't': skip = 1; break;
		case 'i': skip = 2; break;
		case 'l': case 'L': skip = 3; break;
		case 'f': skip = 4; break;
		case 'T': skip = 5; break;
		default: skip = 6;
		}
	}
	return 0;
}

// Whether the image speaks of TFLite at all: tables of functions of other libraries may look alike. Most linkers put what it
// says elsewhere than its code, so that is looked at last.
static int mentions_tflite(const struct search *s)
{
	for (u32 code = 0; code <= FLAG_EXEC; code += FLAG_EXEC) {
		for (int i = 0; i < s->header_count; i++) {
			const struct program_header *p = &s->headers[i];
			const char *at = (const char *)(s->module->base + p->address);
			if (p->type == PT_LOAD && (p->flags & (FLAG_READ | FLAG_WRITE | FLAG_EXEC)) == (FLAG_READ | code) &&
			    mentions_in(at, at + p->file_bytes))
				return 1;
		}
	}
	return 0;
}

struct found {
	u32 *at;    // words from the segment's beginning, ascending
	u32 *row;   // by its place in at: registrations in its row
	u8 *shape;  // by word: whether a registration may begin there
	u32 count;
};

// The stride that puts most of what was found into rows is the size that registrations have here. Returns how many are in a row.
static u32 find_rows(struct found *f, u32 words)
{
	u32 stride = 0, most = 0;
	for (u32 k = 0; k < ARRAY(strides); k++) {
		u32 in_rows = 0;
		for (u32 i = 0; i < f->count; i++)
			in_rows += row_length(f->shape, words, f->at[i], strides[k]) >= ROW;
		if (in_rows > most) {
			most = in_rows;
			stride = strides[k];
		}
	}
	for (u32 i = 0; i < f->count; i++)
		f->row[i] = most ? row_length(f->shape, words, f->at[i], stride) : 0;
	return most;
}

// Two that overlap are functions in a row: only one in a longer row than all that it overlaps is believed.
static int dominates(const struct found *f, u32 i)
{
	for (u32 j = i; j-- > 0 && f->at[i] - f->at[j] < REGISTRATION_WORDS;)
		if (f->row[j] >= f->row[i])
			return 0;
	for (u32 j = i + 1; j < f->count && f->at[j] - f->at[i] < REGISTRATION_WORDS; j++)
		if (f->row[j] >= f->row[i])
			return 0;
	return 1;
}

static int near_row(const struct found *f, u32 i)
{
	for (u32 j = i + 1; j-- > 0 && f->at[i] - f->at[j] <= REACH / sizeof(word);)
		if (f->row[j] >= ROW)
			return 1;
	for (u32 j = i + 1; j < f->count && f->at[j] - f->at[i] <= REACH / sizeof(word); j++)
		if (f->row[j] >= ROW)
			return 1;
	return 0;
}

static void find_registrations(struct search *s, struct found *f, const word *data, u32 words)
{
	struct module *m = s->module;
	for (u32 i = 0; i + REGISTRATION_WORDS <= words; i++) {
		s->relocated |= m->base != 0 && data[i] >= m->start && data[i] < m->end;
		if (data[i + 3] && is_registration(s, data + i)) {
			f->shape[i] = 1;
			f->at[f->count++] = i;
		}
	}
}

static void search_segment(struct search *s, const struct program_header *p)
{
	word address = (s->module->base + p->address + sizeof(word) - 1) & ~(sizeof(word) - 1);
	u32 words = p->file_bytes / sizeof(word);
	if (words < REGISTRATION_WORDS)
		return;
	// In one piece: a copy of the data, two numbers and a mark for each word.
	word bytes = words * (sizeof(word) + 9);
	word *data = map_memory(bytes);
	if (data == NULL)
		return;
	struct found f = { .at = (u32 *)(data + words) };
	f.row = f.at + words;
	f.shape = (u8 *)(f.row + words);
	if (read_memory(data, (void *)address, words * sizeof(word))) {
		find_registrations(s, &f, data, words);
		if (find_rows(&f, words) && mentions_tflite(s)) {
			for (u32 i = 0; i < f.count; i++) {
				const struct registration *copy = (void *)(data + f.at[i]);
				if (dominates(&f, i) && (near_row(&f, i) || copy->custom_name))
					replace_registration(s->module, (void *)(address + f.at[i] * sizeof(word)), copy);
			}
		}
	}
	call2(SYS_munmap, data, bytes);
}

HIDDEN int replace_registrations(struct module *m, const struct program_header *headers, int count)
{
	struct search s = { .module = m, .headers = headers, .header_count = count };
	find_starts(&s);
	for (int i = 0; i < count; i++) {
		const struct program_header *p = &headers[i];
		if (p->type == PT_LOAD && p->flags & FLAG_WRITE && !(p->flags & FLAG_EXEC) && p->file_bytes)
			search_segment(&s, p);
	}
	if (s.starts)
		call2(SYS_munmap, s.starts, bytes_of_starts(&s));
	return s.relocated;
}
