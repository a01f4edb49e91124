// SPDX-License-Identifier: Apache-2.0
//
// What the shim keeps of the app's threads. Nothing tells when one ends: what it had is given to new ones when they come.
#include "graph.h"

#define BUCKETS_OF_TABLE 1024

static struct thread *threads[BUCKETS_OF_TABLE];
HIDDEN u32 epoch = 1;

// Tells threads of the same number apart, or the places on their stacks. Only ever compared.
static word identity(void)
{
	word pointer;
#if defined(__x86_64__)
	__asm__ volatile("movq %%fs:0, %0" : "=r"(pointer));
#elif defined(__aarch64__)
	__asm__ volatile("mrs %0, tpidr_el0" : "=r"(pointer));
#elif defined(__arm__)
	__asm__ volatile("mrc p15, 0, %0, c13, c0, 3" : "=r"(pointer));
#endif
	return pointer;
}

// One of another process, the recorder frees when that ends.
static int take_place(struct open_op *place, u32 owner, u32 tid)
{
	if (!swap_if(&place->tid, &owner, tid))
		return 0;
	place->pid = process;
	place->phase = PHASE_NONE;
	return 1;
}

static struct open_op *place_for(u32 tid)
{
	for (u32 i = 0; i < OPEN_OPS; i++)
		if (take_place(&shared->open[i], 0, tid))
			return &shared->open[i];
	for (u32 i = 0; i < OPEN_OPS; i++) {
		struct open_op *place = &shared->open[i];
		u32 owner = load(&place->tid);
		if (place->pid == process && has_ended(owner) && take_place(place, owner, tid))
			return place;
	}
	static struct open_op nowhere;
	return &nowhere;
}

// Another thread had the same number and ended within an op, or this one gets what an ended one had: its place, too,
// unless that is yet another's by now.
static void begin_thread(struct thread *t, u32 before, word its_identity)
{
	t->identity = its_identity;
	t->depth = 0;
	t->begun = t->in = 0;
	if (t->open == NULL || t->open->pid != process || !take_place(t->open, before, t->tid))
		t->open = place_for(t->tid);
}

static struct thread *reuse(struct thread *first, u32 tid, word its_identity)
{
	for (struct thread *t = first; t; t = t->next) {
		u32 before = load(&t->tid);
		if (has_ended(before) && swap_if(&t->tid, &before, tid)) {
			begin_thread(t, before, its_identity);
			return t;
		}
	}
	return NULL;
}

HIDDEN struct thread *thread_of(u32 tid)
{
	struct thread **head = &threads[tid % BUCKETS_OF_TABLE];
	word its_identity = identity();
	for (struct thread *t = load(head); t; t = t->next) {
		if (t->tid != tid)
			continue;
		if (t->identity != its_identity)
			begin_thread(t, tid, its_identity);
		return t;
	}
	notice_fork(); // its one thread is new
	struct thread *t = reuse(load(head), tid, its_identity);
	if (t)
		return t;
	t = allocate(sizeof(*t));
	if (t == NULL) {
		count(NO_MEMORY, 1);
		return NULL;
	}
	t->tid = tid;
	begin_thread(t, 0, its_identity);
	push(head, t);
	return t;
}
