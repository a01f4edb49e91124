// SPDX-License-Identifier: Apache-2.0
//
// What the app marks itself (sdk/c/edgexray.h) is told to the recorder. Nothing that a marker says is trusted: what it points
// to is read so that memory that isn't there costs no more than the marker.
#include "graph.h"
#define EDGEXRAY_OFF // the shim has none of its own
#include "../../sdk/c/edgexray.h"

#define PAGE 4096 // the smallest there is; larger ones are multiples
#define MAX_DATA (sizeof(word) == 8 ? 1ULL << 34 : 1ULL << 31) // bytes of an array, as the recorder takes them
#define MAX_SIDE (1 << 20) // of an image
#define MAX_PIECE (1 << 30) // that Linux copies at once

// Reads a text up to its NUL or to the end of the room. Returns its length; -1 when it can't be read.
static s32 read_text(char *to, word from, word room)
{
	for (word n = 0; n < room;) {
		word left = PAGE - (from + n) % PAGE; // what follows may not be there
		word bytes = room - n < left ? room - n : left;
		if (!read_memory(to + n, (void *)(from + n), bytes))
			return -1;
		for (word end = n + bytes; n < end; n++)
			if (to[n] == 0)
				return n;
	}
	return room;
}

static s32 length_of(word text)
{
	char piece[1024];
	for (s32 n = 0;; n += sizeof(piece)) {
		s32 length = read_text(piece, text + n, sizeof(piece));
		if (length < 0 || n >= TEXT_BYTES)
			return length < 0 ? -1 : TEXT_BYTES;
		if (length < (s32)sizeof(piece))
			return n + length < TEXT_BYTES ? n + length : TEXT_BYTES;
	}
}

// The elements of an array where the app has them: rows of planes.
struct plane {
	word at, rows, row, stride; // row: bytes of one
};

struct source {
	struct plane planes[3];
	u32 count;
};

static void add_plane(struct source *s, u64 at, u64 rows, u64 row, u64 stride)
{
	s->planes[s->count++] = (struct plane){ at, rows, row, stride };
}

// The planes of an image whose rows have gaps: those of luma, or of all of it, then those of chroma.
static enum missing find_planes(struct source *s, const struct edgexray_event *e, u64 at)
{
	for (int i = 0; i < 3; i++)
		if (e->dims[i] < 0 || e->dims[i] > MAX_SIDE)
			return MISSING_SHAPE;
	int planar = e->format >= EDGEXRAY_NV12 && e->format <= EDGEXRAY_I420;
	u32 rows = e->dims[0], width = e->dims[1], stride = e->stride, height = planar ? rows * 2 / 3 : rows;
	u64 row = (u64)width * (u32)e->dims[2];
	u32 half = (width + 1) / 2, chroma = rows - height, half_stride = stride / 2 + stride % 2;
	if (e->rank != 3 || row > stride || (e->format == EDGEXRAY_I420 && half > half_stride) || (planar && 2 * half > stride))
		return MISSING_SHAPE;
	add_plane(s, at, height, row, stride);
	at += (u64)height * stride;
	if (e->format == EDGEXRAY_I420) {
		add_plane(s, at, chroma, half, half_stride);
		add_plane(s, at + (u64)chroma * half_stride, chroma, half, half_stride);
	} else if (planar) {
		add_plane(s, at, chroma, 2 * half, stride);
	}
	u64 bytes = 0;
	for (u32 i = 0; i < s->count; i++)
		bytes += (u64)s->planes[i].rows * s->planes[i].row;
	return bytes == e->bytes ? MISSING_NOTHING : MISSING_SHAPE;
}

static enum missing find_data(struct source *s, const struct edgexray_event *e)
{
	s->count = 0;
	if (e->type == 0)
		return MISSING_NOTHING;
	if (e->rank > EDGEXRAY_MAX_RANK || e->bytes > MAX_DATA)
		return MISSING_SHAPE;
	if (e->format && e->stride && e->stride != (u64)e->dims[1] * (u64)e->dims[2])
		return find_planes(s, e, untagged(e->data));
	if (e->bytes)
		add_plane(s, untagged(e->data), 1, e->bytes, 0);
	return MISSING_NOTHING;
}

// Rows on their way into a record.
struct copying {
	char *to;
	struct piece pieces[64];
	u32 count;
};

static int copy_pieces(struct copying *c)
{
	int copied = c->count == 0 || read_pieces(c->to, c->pieces, c->count);
	for (u32 i = 0; i < c->count; i++)
		c->to += c->pieces[i].bytes;
	c->count = 0;
	return copied;
}

// Copies some bytes of what the rows of all planes are behind each other. Returns whether all of them were there.
static int copy(const struct source *s, word from, char *to, word bytes)
{
	struct copying c = { .to = to };
	word at = 0, end = from + bytes; // of the row, behind each other
	for (const struct plane *p = s->planes; p < s->planes + s->count; p++) {
		for (word i = 0; i < p->rows && at < end; i++, at += p->row) {
			if (at + p->row <= from)
				continue;
			word skipped = at < from ? from - at : 0, until = at + p->row < end ? p->row : end - at;
			c.pieces[c.count++] = (struct piece){ p->at + i * p->stride + skipped, until - skipped };
			if (c.count == ARRAY(c.pieces) && !copy_pieces(&c))
				return 0;
		}
	}
	return copy_pieces(&c);
}

static word largest_piece(word before)
{
	word most = largest() - before;
	return most < MAX_PIECE ? most : MAX_PIECE;
}

static void send_more(const struct source *s, word bytes, u64 capture, word offset, u32 tid)
{
	while (offset < bytes) {
		word piece = bytes - offset, most = largest_piece(sizeof(struct more_record));
		if (piece > most)
			piece = most;
		struct more_record *r = reserve(RECORD_MORE, sizeof(*r) + piece, tid, 1);
		if (r == NULL)
			return;
		int there = copy(s, offset, (char *)(r + 1), piece);
		r->capture = capture;
		r->offset = there ? offset : UNREADABLE;
		r->piece_bytes = there ? piece : 0;
		complete(r);
		if (!there)
			return;
		offset += piece;
	}
}

#define HEADERS 1024 // bytes, of all pieces of an array that fits into the ring

// Whether there is room for data, in the ring and in what the user wants to have at most.
static enum missing is_there_room(word bytes)
{
	const struct selection *s = &shared->selection;
	if (bytes == 0)
		return MISSING_NOTHING;
	if (s->mode == MODE_STATISTICS)
		return MISSING_STATISTICS;
	if (s->budget && add(&shared->captured, bytes) + bytes > s->budget) {
		count(OVER_BUDGET, 1);
		return MISSING_BUDGET;
	}
	if (s->when_full == FULL_BLOCK || vacant() >= bytes + HEADERS)
		return MISSING_NOTHING;
	count(LOST_TENSORS, 1);
	count(LOST_TENSOR_BYTES, bytes);
	return MISSING_DROPPED;
}

static void fill(struct marker_record *r, const struct edgexray_event *e, u64 frame)
{
	static u64 markers;
	r->kind = e->kind;
	r->type = e->type;
	r->format = e->format;
	r->rate = e->rate;
	r->time_ns = now();
	r->frame = frame;
	r->capture = MARKER_CAPTURE | (add(&markers, 1) + 1);
	r->data_bytes = e->bytes;
	r->rank = e->rank;
	r->numbers = e->numbers;
	memcpy(r->number, e->number, sizeof(r->number));
	memcpy(r->dim, e->dims, sizeof(r->dim));
}

static void send(const struct edgexray_event *e, u64 frame, u32 tid)
{
	char key[KEY_BYTES];
	struct source source;
	s32 key_bytes = e->key ? read_text(key, e->key, sizeof(key)) : 0, text_bytes = e->text ? length_of(e->text) : 0;
	enum missing missing = find_data(&source, e);
	word bytes = missing || e->type == 0 || shared->selection.mode == MODE_TIMING ? 0 : e->bytes;
	if (key_bytes < 0 || text_bytes < 0 || e->numbers > ARRAY(e->number)) {
		count(LOST_MARKERS, 1);
		return;
	}
	if (missing == MISSING_NOTHING)
		missing = is_there_room(bytes);
	if (missing)
		bytes = 0;
	if (bytes)
		introduce();
	u32 kept = key_bytes < KEY_BYTES ? key_bytes : KEY_BYTES - 1;
	word before = sizeof(struct marker_record) + kept + text_bytes, most = largest_piece(before), first = bytes < most ? bytes : most;
	struct marker_record *r = reserve(RECORD_MARKER, before + first, tid, shared->selection.when_full == FULL_BLOCK);
	if (r == NULL) {
		count(LOST_MARKERS, 1);
		return;
	}
	fill(r, e, frame);
	char *text = (char *)(r + 1) + kept;
	memcpy(r + 1, key, kept);
	r->key_bytes = kept;
	r->text_bytes = text_bytes && read_memory(text, (void *)(word)e->text, text_bytes) ? text_bytes : 0;
	r->cut = kept < (u32)key_bytes || text_bytes == TEXT_BYTES;
	if (first && !copy(&source, 0, text + r->text_bytes, first))
		missing = MISSING_UNREADABLE;
	r->missing = missing;
	r->piece_bytes = missing ? 0 : first;
	u64 capture = r->capture;
	complete(r);
	if (missing == MISSING_NOTHING)
		send_more(&source, bytes, capture, first, tid);
}

// A frame that begins ends the one before.
static u64 frame_of(struct thread *t, u32 kind)
{
	if (kind == EDGEXRAY_FRAME_BEGIN)
		t->in = ++t->begun;
	u64 frame = t->in;
	if (kind == EDGEXRAY_FRAME_END && frame == 0)
		count(FRAMES_NOT_BEGUN, 1);
	if (kind == EDGEXRAY_FRAME_END)
		t->in = 0;
	return frame;
}

static int replay(const struct edgexray_event *e)
{
	char key[KEY_BYTES];
	s32 n = e->key ? read_text(key, e->key, sizeof(key)) : -1;
	return n >= 0 && n < KEY_BYTES && e->bytes <= MAX_DATA && play(key, e->data, e->bytes);
}

HIDDEN int on_marker(const struct edgexray_event *event)
{
	struct edgexray_event e = *event; // it is on the caller's stack, where the header has put it
	if (e.size < sizeof(e)) {
		if (recording())
			count(LOST_MARKERS, 1);
		return 0;
	}
	if (e.replay)
		return replay(&e);
	if (!recording())
		return 0;
	notice_fork();
	struct thread *t = thread_of(call0(SYS_gettid));
	if (t == NULL) {
		count(LOST_MARKERS, 1);
		return 0;
	}
	u64 frame = frame_of(t, e.kind);
	if (frame == 0 || shared->selection.mode == MODE_TIMING || wants_invoke(frame))
		send(&e, frame, t->tid);
	return 0;
}
