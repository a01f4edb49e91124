// SPDX-License-Identifier: Apache-2.0
//
// The libraries of this process, as they come and go, and where their code is.
#include "modules.h"
#include "ring.h"

HIDDEN struct module *modules;

HIDDEN int in_text(const struct module *m, word address)
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

enum { PT_ARM_EXIDX = 0x70000001, EXIDX_CANTUNWIND = 1 };

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

// Copies an image's program headers. Returns how many there are, 0 when that can't be told.
static int find_headers(const struct module *m, int executable, struct program_header *to, int room)
{
	word at = auxiliary(AT_PHDR), count = auxiliary(AT_PHNUM);
	if (!executable) {
		struct elf_header header;
		if (!read_memory(&header, (void *)m->base, sizeof(header)) || header.identity[0] != 0x7f || header.identity[1] != 'E')
			return 0;
		at = m->base + header.program_headers;
		count = header.program_header_count;
	}
	return count <= (word)room && read_memory(to, (void *)at, count * sizeof(*to)) ? count : 0;
}

static void find_texts(struct module *m, const struct program_header *headers, int count)
{
	m->texts = 0;
	m->start = m->end = 0;
	for (int i = 0; i < count; i++) {
		const struct program_header *p = &headers[i];
		word start = m->base + p->address, end = start + p->bytes;
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
	for (int i = 0; i < count; i++)
		if (headers[i].type == PT_ARM_EXIDX)
			find_code(m, m->base + headers[i].address, headers[i].bytes);
#endif
}

#define SETTLED_NS 2000000000ULL // after which a library without registrations is believed to be relocated

static void search_module(struct module *m, int executable, u64 time)
{
	struct program_header headers[32];
	int count = find_headers(m, executable, headers, ARRAY(headers));
	if (count == 0) {
		m->searched = 1;
		return;
	}
	find_texts(m, headers, count);
	if (m->hook == 0)
		listen_to(m, headers, count);
	int relocated = replace_registrations(m, headers, count);
	// One that another thread is just loading may not be relocated yet.
	m->searched = m->records > 0 || (relocated && m->seen_ns != time) || time - m->seen_ns > SETTLED_NS;
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
	if (!m->records && m->hook) // a listener of the app's own stays
		return read_memory(&at, (void *)m->hook, sizeof(at)) && at != 0 ? FATE_SAME : FATE_RELOADED;
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
