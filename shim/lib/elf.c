// SPDX-License-Identifier: Apache-2.0
#include "elf.h"

extern const struct dynamic _DYNAMIC[] HIDDEN;

static word aux[40];
static char *variables; // the environment that the process began with, as in /proc: each ended by a NUL

// Constructors get no arguments everywhere (musl), so Linux is asked for what the process began with.
static word read_file(const char *path, char *to, word bytes)
{
	long fd = call6(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	word got = 0;
	if (FAILED(fd))
		return 0;
	for (long n; got < bytes; got += n) {
		n = call3(SYS_read, fd, to + got, bytes - got);
		if (FAILED(n) || n == 0)
			break;
	}
	call1(SYS_close, fd);
	return got;
}

// Keeps entries of the auxiliary vector: up to its end, or n.
static void keep_auxiliary(const struct dynamic *pairs, word n) // they have the same shape: a type and a value
{
	for (word i = 0; i < n && pairs[i].tag; i++)
		if (pairs[i].tag < ARRAY(aux))
			aux[pairs[i].tag] = pairs[i].value;
}

// The vector lies on the first thread's stack, above all frames (Linux, fs/binfmt_elf.c: these three follow each other).
static void search_stack(void)
{
	word words[512], *at = __builtin_frame_address(0);
	for (word n = ARRAY(words); n >= 8; at += n - 5) {
		for (n = ARRAY(words); n >= 8 && !read_memory(words, at, n * sizeof(word));) // the stack may end before
			n /= 2;
		for (word i = 0; i + 6 <= n; i++) {
			const struct dynamic *pairs = (void *)(words + i);
			if (pairs[0].tag != AT_PHDR || pairs[1].tag != AT_PHENT || pairs[1].value != sizeof(struct program_header) ||
			    pairs[2].tag != AT_PHNUM)
				continue;
			keep_auxiliary(pairs, 3);
			return;
		}
	}
}

HIDDEN word auxiliary(u32 type)
{
	if (aux[0] == 0) {
		struct dynamic pairs[64];
		word n = read_file("/proc/self/auxv", (char *)pairs, sizeof(pairs)) / sizeof(pairs[0]);
		keep_auxiliary(pairs, n);
		if (n == 0) // without /proc the app must work all the same
			search_stack();
		aux[0] = 1;
	}
	return aux[type];
}

#define ENVIRONMENT_BYTES (128 << 10)

HIDDEN const char *environment(const char *name)
{
	if (variables == NULL) {
		variables = map_memory(ENVIRONMENT_BYTES);
		if (variables == NULL)
			return NULL;
		read_file("/proc/self/environ", variables, ENVIRONMENT_BYTES - 2);
	}
	for (const char *v = variables; *v; v += length(v) + 1) {
		word n = 0;
		while (name[n] && v[n] == name[n])
			n++;
		if (name[n] == 0 && v[n] == '=')
			return v + n + 1;
	}
	return NULL;
}

struct r_debug {
	int version;
	struct link_map *map;
};

HIDDEN struct link_map *libraries(void)
{
	static struct r_debug *debug;
	if (debug == NULL) {
		const struct program_header *headers = (void *)auxiliary(AT_PHDR);
		word n = auxiliary(AT_PHNUM), base = 0;
		const struct dynamic *dynamic = NULL;
		for (word i = 0; headers && i < n; i++)
			if (headers[i].type == PT_PHDR)
				base = (word)headers - headers[i].address;
		for (word i = 0; headers && i < n; i++)
			if (headers[i].type == PT_DYNAMIC)
				dynamic = (void *)(base + headers[i].address);
		for (; dynamic && dynamic->tag != DT_NULL; dynamic++)
			if (dynamic->tag == DT_DEBUG)
				debug = (void *)dynamic->value;
	}
	return debug ? debug->map : NULL;
}

// glibc turns the addresses in a dynamic section into those in memory; musl, bionic and the vDSO leave them as in the file.
static const void *in_memory(word base, word value)
{
	return (void *)(value < base ? base + value : value);
}

HIDDEN int image_of(struct image *image, word base, const struct dynamic *dynamic)
{
	memset(image, 0, sizeof(*image));
	image->base = base;
	image->dynamic = dynamic;
	for (; dynamic && dynamic->tag != DT_NULL; dynamic++) {
		const void *at = in_memory(base, dynamic->value);
		switch (dynamic->tag) {
		case DT_HASH: image->hash = at; break;
		case DT_STRTAB: image->strings = at; break;
		case DT_SYMTAB: image->symbols = at; break;
		case DT_GNU_HASH: image->gnu_hash = at; break;
		case DT_VERSYM: image->versions = at; break;
		}
	}
	return image->symbols && image->strings && (image->hash || image->gnu_hash);
}

HIDDEN int image_at(struct image *image, word at)
{
	const struct elf_header *header = (void *)at;
	const struct program_header *headers = (void *)(at + header->program_headers);
	word base = at;
	const struct dynamic *dynamic = NULL;
	for (int i = 0; i < header->program_header_count; i++)
		if (headers[i].type == PT_LOAD && headers[i].offset == 0)
			base = at - headers[i].address;
	for (int i = 0; i < header->program_header_count; i++)
		if (headers[i].type == PT_DYNAMIC)
			dynamic = (void *)(base + headers[i].address);
	return image_of(image, base, dynamic);
}

#define HIDDEN_VERSION 0x8000 // of a symbol that has a newer default version
#define GNU_UNIQUE 10
enum { STT_TLS = 6, STT_IFUNC = 10 };

static word definition(const struct image *image, u32 i, const char *name)
{
	const struct symbol *s = &image->symbols[i];
	if (s->section == 0 || s->value == 0 || !same(image->strings + s->name, name) ||
	    (image->versions && image->versions[i] & HIDDEN_VERSION) || (s->info & 15) == STT_TLS)
		return 0;
	word address = image->base + s->value;
	if ((s->info & 15) == STT_IFUNC)
		return 0; // the functions asked for here are none
	return address;
}

static word by_gnu_hash(const struct image *image, const char *name)
{
	const u32 *table = image->gnu_hash;
	u32 buckets = table[0], first = table[1], filter = table[2], hash = 5381;
	for (const char *c = name; *c; c++)
		hash = hash * 33 + (u8)*c;
	if (buckets == 0)
		return 0;
	const u32 *bucket = table + 4 + filter * (sizeof(word) / 4), *chain = bucket + buckets;
	u32 i = bucket[hash % buckets];
	if (i < first)
		return 0;
	for (;; i++) {
		u32 h = chain[i - first];
		if ((h | 1) == (hash | 1)) {
			word found = definition(image, i, name);
			if (found)
				return found;
		}
		if (h & 1)
			return 0;
	}
}

HIDDEN word find_symbol(const struct image *image, const char *name)
{
	if (image->gnu_hash)
		return by_gnu_hash(image, name);
	u32 symbols = image->hash[1]; // nchain
	for (u32 i = 0; i < symbols; i++) {
		word found = definition(image, i, name);
		if (found)
			return found;
	}
	return 0;
}

// The names of the linker's own symbols, in their order; others follow.
static const char own_names[] = "dlopen\0dlclose\0dlsym";
enum { SECOND_NAME = 7, THIRD_NAME = 15 };

static int begin_own_names(const char *at)
{
	for (word i = 0; i < sizeof(own_names); i++)
		if (at[i] != own_names[i])
			return 0;
	return 1;
}

static const char *find_own_names(const char *at, const char *end)
{
	for (; at + sizeof(own_names) <= end; at++)
		if (begin_own_names(at))
			return at;
	return NULL;
}

// Three symbols with these names, behind an undefined one.
static int begin_own_symbols(const struct symbol *s, word base)
{
	return s[0].section == 0 && s[1].name == 0 && s[1].section && s[1].value > base && s[2].name == SECOND_NAME &&
	       s[2].value > base && s[3].name == THIRD_NAME && s[3].value > base;
}

static const struct symbol *find_own_symbols(const char *at, const char *end, word base)
{
	for (; at + 4 * sizeof(struct symbol) <= end; at += sizeof(word))
		if (begin_own_symbols((const struct symbol *)at, base))
			return (const struct symbol *)at + 1;
	return NULL;
}

// Up to Android 7 no library has what libdl.so offers: the linker answers from a table in its own data, whose values are
// addresses (bionic, linker/dlfcn.cpp, g_libdl_symtab).
static word symbol_of_linker(const char *name)
{
	word base = auxiliary(AT_BASE);
	const struct elf_header *header = (void *)base;
	const struct program_header *p = (void *)(base + header->program_headers);
	const struct symbol *symbols = NULL;
	const char *names = NULL, *end = NULL;
	for (int i = 0; base && i < header->program_header_count && symbols == NULL; i++, p++) {
		const char *at = (char *)base + p->address;
		end = at + p->file_bytes;
		if (p->type != PT_LOAD || !(p->flags & FLAG_READ)) // code may be for running only
			continue;
		if (names == NULL)
			names = find_own_names(at, end);
		else if (p->flags & FLAG_WRITE)
			symbols = find_own_symbols(at, end, base);
	}
	for (const struct symbol *s = symbols; s && (char *)(s + 1) <= end && s->section && s->value > base; s++)
		if (same(names + s->name, name))
			return s->value;
	return 0;
}

HIDDEN word next_symbol(const char *name)
{
	int behind = 0;
	struct image image;
	for (struct link_map *m = libraries(); m; m = m->next) {
		if (m->dynamic == _DYNAMIC) {
			behind = 1;
			continue;
		}
		word found = behind && image_of(&image, m->base, m->dynamic) ? find_symbol(&image, name) : 0;
		if (found)
			return found;
	}
	return symbol_of_linker(name);
}
