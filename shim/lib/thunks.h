// SPDX-License-Identifier: Apache-2.0
//
// A thunk is what a registration points to instead of a function of its kernel. There is one for each function and role,
// so it needs no look-up to know what it stands for.
#pragma once

#include "tflite.h"

#define THUNKS 8192 // a runtime takes about 500, and some apps have ten of them (tflite-support)
#define THUNK_BYTES 16

enum role { ROLE_INVOKE = 0, ROLE_PREPARE = 1, ROLE_INIT = 2, ROLE_INVOKE_WITH_DATA = 3, ROLE_PREPARE_WITH_DATA = 4 };

// Whether a thunk's calls are those of a kernel: what only looked like a registration must work as before.
enum proof { PROOF_NONE = 0, PROOF_KERNEL = 1, PROOF_OTHER = 2 };

struct thunk {
	word original; // the function
	word handler;  // gets its arguments, and the thunk as the fourth
	u8 proof;
	u8 role;
	u8 failures;
	u8 pad;
#if __SIZEOF_POINTER__ == 8
	u32 pad2;
	u64 pad3;
#else
	u32 pad3;
#endif
};
_Static_assert(sizeof(struct thunk) == (sizeof(word) == 8 ? 32 : 16), "thunk");

// The address to write in place of a function, 0 when all thunks are taken. A thunk's own address stays as it is.
word thunk_for(word function, enum role role);
// Functions in this range are gone: their thunks may stand for others.
void forget_thunks(word start, word end);
// The thunk that an address belongs to, NULL for any other.
struct thunk *thunk_at(word address);
static inline word original_of(word function)
{
	struct thunk *t = thunk_at(function);
	return t ? t->original : function;
}

// Decides on a thunk's first calls whether it is a kernel's. Called by the thunks themselves.
u32 prove(struct thunk *thunk, word first, word second);

// The handlers.
s32 on_invoke(struct context *context, struct node *node, word unused, struct thunk *thunk);
s32 on_invoke_with_data(void *data, struct context *context, struct node *node, struct thunk *thunk);
s32 on_prepare(struct context *context, struct node *node, word unused, struct thunk *thunk);
s32 on_prepare_with_data(void *data, struct context *context, struct node *node, struct thunk *thunk);
void *on_init(struct context *context, const char *buffer, word bytes, struct thunk *thunk);
