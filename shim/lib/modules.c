// SPDX-License-Identifier: Apache-2.0
//
// Finds the registrations of a runtime's kernels by their shape, as package probes does in a file: but in memory, after
// the dynamic linker has relocated them. What looks like one is only believed in a row of its kind, and what is called
// through it still has to prove that it is a kernel.
#include "modules.h"
#include "ring.h"

HIDDEN struct module *modules;

// What a search needs to know of an image.
struct search {
	struct module *module;
	const struct program_header *headers;
	int header_count;
	const u8 *starts; // binary search table of .eh_frame_hdr: pairs of offsets from table
	word table;
	u32 start_count;
	int pointers;     // whether some word points into the image: it has been relocated
};

static int in_text(const struct module *m, word address)
{
	for (int i = 0; i < m->texts; i++)
		if (address >= m->text[i].start && address < m->text[i].end)
			return 1;
	return 0;
}

HIDDEN struct module *module_of(word address)
{
	for (struct module *m = load(&modules); m; m = m->next)
		if (!m->gone && m->records && in_text(m, address))
			return m;
	return NULL;
}

HIDDEN int is_code(word address)
{
	if (thunk_at(address))
		return 1;
	for (struct module *m = load(&modules); m; m = m->next)
		if (!m->gone && in_text(m, address))
			return 1;
	return 0;
}

enum { PT_GNU_EH_FRAME = 0x6474e550, PT_ARM_EXIDX = 0x70000001, FLAG_EXEC = 1, FLAG_WRITE = 2, FLAG_READ = 4, EXIDX_CANTUNWIND = 1 };

// .eh_frame_hdr (Linux Standard Base, Core, 10.6.2): version, three encodings, the frame's address, a count, the table. Only
// the encodings that linkers write are understood: sdata4 of which the table's are relative to the section.
static void find_starts(struct search *s, word at)
{
	u8 head[12];
	if (!read_memory(head, (void *)at, sizeof(head)) || head[0] != 1 || head[2] != 0x03 || head[3] != 0x3b)
		return;
	memcpy(&s->start_count, head + 8, 4);
	s->table = at;
	s->starts = (const u8 *)at + 12;
}

#if defined(__arm__)
// .ARM.exidx (Exception Handling ABI for the Arm Architecture, 6): where code begins that is unwound alike, in ascending
// order, each as an offset of 31 bits from the entry. Neighbours share an entry, so it doesn't tell where each function
// begins. But constants lie in the executable segment, too: the first and the last entry tell where its code is. The last
// one has no code of its own, or what can't be unwound, such as the compiler's library; unless there are hardly any others.
static void find_code(struct module *m, word table, word bytes)
{
	struct { u32 offset, how; } entry;
	word ends[2], at[] = { table, table + bytes - sizeof(entry) };
	for (int i = 0; i < 2; i++) {
		if (bytes < 2 * sizeof(entry) || !read_memory(&entry, (void *)at[i], sizeof(entry)))
			return;
		ends[i] = at[i] + ((s32)(entry.offset << 1) >> 1);
	}
	for (int i = 0; i < m->texts; i++) {
		if (ends[0] < m->text[i].start || ends[1] > m->text[i].end)
			continue;
		if (entry.how == EXIDX_CANTUNWIND && ends[1] - ends[0] > (m->text[i].end - m->text[i].start) / 2)
			m->text[i].end = ends[1];
		m->text[i].start = ends[0];
	}
}
#endif

// Whether an address is the start of a function, as far as the unwind table tells.
static int is_function(const struct search *s, word address)
{
	address = code_at(address);
	if (!in_text(s->module, address))
		return 0;
	if (s->starts == NULL)
		return 1;
	u32 low = 0, high = s->start_count;
	while (low < high) {
		u32 middle = low + (high - low) / 2;
		s32 offset;
		if (!read_memory(&offset, s->starts + 8 * (word)middle, 4))
			return 0;
		word start = s->table + offset;
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

static int optional_function(const struct search *s, word address)
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

// Whether the image speaks of TFLite at all: tables of functions of other libraries may look alike.
static int mentions_tflite(const struct search *s)
{
	for (int i = 0; i < s->header_count; i++) {
		const struct program_header *p = &s->headers[i];
		if (p->type != PT_LOAD || p->flags & FLAG_WRITE || !(p->flags & FLAG_READ))
			continue;
		const char *c = (const char *)(s->module->base + p->address), *end = c + p->file_bytes - 8;
		for (; c < end; c++) {
			if ((c[0] == 'T' && c[1] == 'f' && c[2] == 'L' && c[3] == 'i' && c[4] == 't' && c[5] == 'e') ||
			    (c[0] == 't' && c[1] == 'f' && c[2] == 'l' && c[3] == 'i' && c[4] == 't' && c[5] == 'e'))
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
		s->pointers |= m->base != 0 && data[i] >= m->start && data[i] < m->end;
		f->shape[i] = data[i + 3] && is_registration(s, data + i);
		if (f->shape[i])
			f->at[f->count++] = i;
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

static int find_headers(struct search *s, int executable)
{
	struct module *m = s->module;
	if (executable) {
		s->headers = (void *)auxiliary(AT_PHDR);
		s->header_count = auxiliary(AT_PHNUM);
		return s->headers != NULL;
	}
	struct elf_header header;
	if (!read_memory(&header, (void *)m->base, sizeof(header)) || header.identity[0] != 0x7f || header.identity[1] != 'E')
		return 0;
	s->headers = (void *)(m->base + header.program_headers);
	s->header_count = header.program_header_count;
	return 1;
}

#define SETTLED_NS 2000000000ULL // after which a library without registrations is believed to be relocated

static void search_module(struct module *m, int executable, u64 time)
{
	struct search s = { .module = m };
	struct program_header copy[32];
	if (!find_headers(&s, executable) || s.header_count > (int)ARRAY(copy) ||
	    !read_memory(copy, s.headers, s.header_count * sizeof(copy[0]))) {
		m->searched = 1;
		return;
	}
	s.headers = copy;
	m->texts = 0;
	m->start = m->end = 0;
	for (int i = 0; i < s.header_count; i++) {
		const struct program_header *p = &copy[i];
		word start = m->base + p->address, end = start + p->bytes;
		if (p->type == PT_GNU_EH_FRAME)
			find_starts(&s, start);
		if (p->type != PT_LOAD)
			continue;
		if (m->start == 0 || start < m->start)
			m->start = start;
		if (end > m->end)
			m->end = end;
		if (p->flags & FLAG_EXEC && m->texts < MAX_TEXTS) {
			m->text[m->texts].start = start;
			m->text[m->texts++].end = end;
		}
	}
#if defined(__arm__)
	for (int i = 0; i < s.header_count; i++)
		if (copy[i].type == PT_ARM_EXIDX)
			find_code(m, m->base + copy[i].address, copy[i].bytes);
#endif
	for (int i = 0; i < s.header_count; i++)
		if (copy[i].type == PT_LOAD && copy[i].flags & FLAG_WRITE && !(copy[i].flags & FLAG_EXEC) && copy[i].file_bytes)
			search_segment(&s, &copy[i]);
	// One that another thread is just loading may not be relocated yet.
	m->searched = m->records > 0 || (s.pointers && m->seen_ns != time) || time - m->seen_ns > SETTLED_NS;
}

static struct module *known(const struct link_map *l)
{
	for (struct module *m = modules; m; m = m->next)
		if (m->base == l->base && m->dynamic == l->dynamic && !m->gone)
			return m;
	return NULL;
}

// What became of a module that was searched: its word is as the linker leaves it when another one has been loaded at its
// place, or another library has put its own function there, which may go on to ours.
enum fate { FATE_SAME, FATE_RELOADED, FATE_WRAPPED };

static enum fate fate_of(const struct module *m)
{
	word at;
	if (!m->records)
		return FATE_SAME;
	if (!read_memory(&at, (void *)m->first, sizeof(at)))
		return FATE_RELOADED;
	if (at == m->thunk)
		return FATE_SAME;
	return is_code(at) && (at < m->start || at >= m->end) ? FATE_WRAPPED : FATE_RELOADED;
}

static void announce(struct module *m)
{
	char path[512];
	word n = 0;
	if (m->path)
		while (n < sizeof(path) - 1 && read_memory(path + n, m->path + n, 1) && path[n])
			n++;
	struct module_record *r = reserve(RECORD_MODULE, sizeof(*r) + n, call0(SYS_gettid), 1);
	if (r == NULL)
		return;
	r->id = m->id;
	r->records = m->records;
	r->base = m->base;
	r->text_start = m->text[0].start;
	r->text_end = m->text[m->texts - 1].end;
	r->path_bytes = n;
	memcpy(r + 1, path, n);
	complete(r);
}

HIDDEN void announce_modules(void)
{
	for (struct module *m = load(&modules); m; m = m->next)
		if (m->records && !m->gone)
			announce(m);
}

HIDDEN void search_libraries(void)
{
	static u32 busy, last_id;
	if (!lock(&busy)) // a signal handler that loads a library
		return;
	u64 time = now();
	struct link_map l;
	int first = 1, at_start = modules == NULL;
	extern const struct dynamic _DYNAMIC[] HIDDEN;
	for (const struct link_map *at = libraries(); at && read_memory(&l, at, sizeof(l)); at = l.next, first = 0) {
		if (l.dynamic == _DYNAMIC)
			continue;
		struct module *m = known(&l);
		enum fate fate = m ? fate_of(m) : FATE_SAME;
		if (fate == FATE_RELOADED)
			forget_thunks(m->start, m->end);
		if (fate != FATE_SAME) {
			m->gone = 1;
			m = NULL;
		}
		if (m == NULL) {
			m = allocate(sizeof(*m));
			if (m == NULL)
				break;
			m->base = l.base;
			m->dynamic = l.dynamic;
			m->path = l.path;
			m->id = ++last_id;
			m->seen_ns = time;
			m->next = modules;
			store(&modules, m);
		}
		if (m->searched)
			continue;
		search_module(m, first, time);
		if (m->records) {
			announce(m);
			if (!at_start)
				count_earlier(m);
		}
	}
	unlock(&busy);
}

HIDDEN void replace_function(word *at, enum role role)
{
	word function = *at;
	if (function == 0 || thunk_at(function))
		return;
	word thunk = thunk_for(function, role);
	if (thunk)
		write_word(at, thunk);
}
