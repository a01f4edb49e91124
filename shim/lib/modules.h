// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "elf.h"
#include "thunks.h"

#define MAX_TEXTS 4

// A library or executable whose kernels have thunks.
struct module {
	word base;
	const struct dynamic *dynamic;
	u32 id;
	u32 records;        // registrations found
	word first, thunk;  // address of a word that was replaced, and by what
	word hook;          // address of the word that names who listens to its markers, 0 when it has none
	word start, end;    // of the image in memory
	u64 seen_ns;        // when it was first searched
	u8 searched;        // there is nothing more to find
	u8 gone;
	int texts;
	struct { word start, end; } text[MAX_TEXTS];
	const char *path;
	struct module *next;
};

extern HIDDEN struct module *modules; // newest first

// Searches libraries that have come, and replaces their kernels' functions by thunks.
void search_libraries(void);

// Tells the recorder of all modules again: for a forked process.
void announce_modules(void);

// hooks.c: finds where the library's own markers tell of themselves (sdk/c/edgexray.h), and listens to them.
void listen_to(struct module *m, const struct program_header *headers, int count);

// markers.c: what listens. Returns whether it has replayed something.
struct edgexray_event;
int on_marker(const struct edgexray_event *event);

// registrations.c: finds the registrations in a library's data, and replaces their functions. Returns whether the library has
// been relocated, as far as that can be told.
int replace_registrations(struct module *m, const struct program_header *headers, int count);

struct module *module_of(word address); // whose kernels it is of, NULL for none
int in_text(const struct module *m, word address);
int is_code(word address);               // of any library, or a thunk

// Where a function's code is: on 32-bit arm, its address also tells that it is Thumb code.
static inline word code_at(word function)
{
#if defined(__arm__)
	return function & ~(word)1;
#else
	return function;
#endif
}

// Replaces the functions of a registration that isn't in a library's data, such as a node's own copy.
void replace_function(word *at, enum role role);

// Counts the subgraphs that are in memory already and use a module's kernels as they were.
void count_earlier(const struct module *m);
