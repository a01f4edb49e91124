// SPDX-License-Identifier: Apache-2.0
//
// The libraries of this process, and their symbols, as the dynamic linker left them in memory. Layouts are those of the
// ELF specification and of the System V r_debug protocol (link.h), which glibc, musl and bionic all keep.
#pragma once

#include "system.h"

enum { PT_LOAD = 1, PT_DYNAMIC = 2, PT_NOTE = 4, PT_PHDR = 6, PT_GNU_EH_FRAME = 0x6474e550, PT_GNU_RELRO = 0x6474e552 };
enum { FLAG_EXEC = 1, FLAG_WRITE = 2, FLAG_READ = 4 };
enum { DT_NULL = 0, DT_HASH = 4, DT_STRTAB = 5, DT_SYMTAB = 6, DT_DEBUG = 21, DT_VERSYM = 0x6ffffff0, DT_GNU_HASH = 0x6ffffef5 };
enum { AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_BASE = 7, AT_SYSINFO_EHDR = 33 };

#if __SIZEOF_POINTER__ == 8
struct program_header {
	u32 type, flags;
	word offset, address, physical, file_bytes, bytes, alignment;
};
struct symbol {
	u32 name;
	u8 info, other;
	u16 section;
	word value, bytes;
};
struct elf_header {
	u8 identity[16];
	u16 type, machine;
	u32 version;
	word entry, program_headers, section_headers;
	u32 flags;
	u16 bytes, program_header_bytes, program_header_count;
};
#else
struct program_header {
	u32 type, offset, address, physical, file_bytes, bytes, flags, alignment;
};
struct symbol {
	u32 name, value, bytes;
	u8 info, other;
	u16 section;
};
struct elf_header {
	u8 identity[16];
	u16 type, machine;
	u32 version;
	word entry, program_headers, section_headers;
	u32 flags;
	u16 bytes, program_header_bytes, program_header_count;
};
#endif

struct dynamic {
	word tag, value;
};

struct link_map {
	word base;
	const char *path;
	const struct dynamic *dynamic;
	struct link_map *next, *previous;
};

// A library or executable in memory.
struct image {
	word base;
	const struct dynamic *dynamic;
	const struct symbol *symbols;
	const char *strings;
	const u32 *hash, *gnu_hash;
	const u16 *versions;
};

word auxiliary(u32 type); // an entry of the auxiliary vector, 0 when there is none
const char *environment(const char *name); // NULL when it isn't set

// The first of the linker's list of libraries, in the order in which symbols are looked up; NULL when it can't be found.
struct link_map *libraries(void);

// What is known of an image whose dynamic section is in memory.
int image_of(struct image *image, word base, const struct dynamic *dynamic);
int image_at(struct image *image, word header); // by the address of its ELF header

// The address of what a symbol names, 0 when the image doesn't define it. A symbol with several versions gets its default.
word find_symbol(const struct image *image, const char *name);

// The definition behind this library's own in the order of symbol look-up: what a call would reach without it.
word next_symbol(const char *name);
