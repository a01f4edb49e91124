// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "system.h"

extern HIDDEN struct shared *shared; // NULL until the process is attached, and when there is no recorder
extern HIDDEN u32 process;           // its number

// Maps what EDGEXRAY_SHIM names. Reports false when there is no recorder.
int attach(void);

// Tells whether anything is to be recorded still.
static inline int recording(void)
{
	return shared && !load(&shared->stop);
}

// Room for a record, NULL when there is none (and then nothing may be written): wait says whether to wait for it. The record
// is the recorder's once it is complete.
void *reserve(u32 type, word bytes, u32 tid, int wait);
void complete(void *record);

// Waits, once in each process, until the recorder has taken what it was sent so far. It then looks at the process itself, for
// its name and the models that it has open: one that runs a single invoke would be gone before that.
void introduce(void);

// The largest record that may be asked for.
word largest(void);

// The bytes that are free at the moment; other threads may take them.
word vacant(void);

static inline void count(enum counter counter, u64 n)
{
	add(&shared->counters[counter], n);
}
