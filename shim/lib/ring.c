// SPDX-License-Identifier: Apache-2.0
//
// The producing side of the ring that all processes share. Room is handed out under a lock that is held for a few stores:
// what it protects is whole at any moment, so a process that dies there leaves nothing but the lock, which the recorder
// takes away. The ring is mapped twice in a row: a record never wraps.
#include "ring.h"
#include "elf.h"

HIDDEN struct shared *shared;
HIDDEN u32 process;

static char *ring;
static word mask;

HIDDEN int attach(void)
{
	const char *area = environment("EDGEXRAY_SHIM"); // the shared memory's path
	if (area == NULL)
		return 0;
	long fd = call6(SYS_openat, AT_FDCWD, area, O_RDWR | O_CLOEXEC, 0, 0, 0);
	if (FAILED(fd))
		return 0;
	struct shared *s = NULL;
	long at = call6(SYS_mmap, 0, SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (!FAILED(at) && ((struct shared *)at)->magic == SHARED_MAGIC && ((struct shared *)at)->version == SHARED_VERSION)
		s = (struct shared *)at;
	if (s) {
		word bytes = s->ring_bytes;
		u64 unit = sizeof(word) == 4 ? 4096 : 1; // of mmap2's offset
		long room = call6(SYS_mmap, 0, 2 * bytes, 0, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		for (int i = 0; s && i < 2; i++)
			if (FAILED(room) || FAILED(call6(SYS_mmap, room + i * bytes, bytes, PROT_READ | PROT_WRITE,
							 MAP_SHARED | MAP_FIXED, fd, SHARED_BYTES / unit)))
				s = NULL;
		ring = (char *)room;
		mask = bytes - 1;
	}
	call1(SYS_close, fd);
	process = call0(SYS_getpid);
	store(&shared, s);
	return s != NULL;
}

#define STEP_NS 100000000
#define PATIENCE_NS 1000000000ULL // for a recorder that does not move: it was killed or stopped

static void give_up(void)
{
	count(GAVE_UP, 1);
	store(&shared->stop, 1);
}

// Waits until the recorder has freed some room. Reports false when it doesn't: then nothing is recorded any more.
static int wait_for_room(void)
{
	u32 heartbeat = load(&shared->heartbeat), freed = load(&shared->freed);
	u64 begin = now(), last = begin, patience = PATIENCE_NS;
	add(&shared->waiting, 1);
	// What was freed before the recorder could see that somebody waits is not told: so the first wait is short.
	struct timespec step = { 0, 1000000 };
	while (recording() && load(&shared->freed) == freed && load(&shared->heartbeat) == heartbeat) {
		call6(SYS_futex, &shared->freed, FUTEX_WAIT, freed, &step, 0, 0);
		step.nanoseconds = STEP_NS;
		u64 time = now(), took = time - last;
		last = time;
		if (took > STEP_NS) // the app was stopped itself, perhaps together with the recorder
			took = STEP_NS;
		if (took >= patience) {
			give_up();
			break;
		}
		patience -= took;
	}
	add(&shared->waiting, -1);
	count(WAITED_NS, last - begin);
	return recording();
}

#define INTRODUCTION_NS 1000000000ULL

HIDDEN void introduce(void)
{
	static u32 introduced; // the process: a forked one is another
	struct timespec step = { 0, 1000000 };
	u64 sent = load(&shared->head), begin = now();
	if (introduced == process)
		return;
	introduced = process;
	// All of it is there, and one call takes less time than as many faults. Linux before 5.14 refuses.
	call3(SYS_madvise, ring, mask + 1, MADV_POPULATE_WRITE);
	add(&shared->waiting, 1);
	while (recording() && load(&shared->tail) < sent && now() - begin < INTRODUCTION_NS)
		call6(SYS_futex, &shared->freed, FUTEX_WAIT, load(&shared->freed), &step, 0, 0);
	add(&shared->waiting, -1);
}

HIDDEN word largest(void) { return (mask + 1) / 4; }

HIDDEN word vacant(void) { return mask + 1 - (word)(load(&shared->head) - load(&shared->tail)); }

#define STUCK_NS 5000000000ULL // with a lock whose holder died: a recorder that lives takes it away after 1 s

// Reports false in a signal handler of the thread that has the lock, and when it will never be free.
static int lock_ring(u32 tid)
{
	u32 spins = 0;
	u64 begin = 0;
	for (u32 owner = 0; !swap_if(&shared->lock, &owner, tid); owner = 0) {
		if (owner == tid)
			return 0;
		if (++spins % 64)
			continue;
		u64 time = now();
		if (begin == 0)
			begin = time;
		if (time - begin > STUCK_NS) {
			give_up();
			return 0;
		}
		call0(SYS_sched_yield);
	}
	return 1;
}

HIDDEN void *reserve(u32 type, word bytes, u32 tid, int wait)
{
	bytes = (bytes + LINE - 1) & ~(word)(LINE - 1);
	if (bytes > largest())
		return NULL;
	for (;;) {
		if (!lock_ring(tid))
			return NULL;
		u64 head = load(&shared->head);
		if (head + bytes - load(&shared->tail) <= mask + 1) {
			struct record_header *r = (void *)(ring + (head & mask));
			r->type = type;
			r->bytes = bytes;
			r->pid = process;
			r->tid = tid;
			store(&r->state, STATE_RESERVED);
			store(&shared->head, head + bytes);
			store(&shared->lock, 0);
			return r;
		}
		store(&shared->lock, 0);
		if (!wait || !wait_for_room())
			return NULL;
	}
}

HIDDEN void complete(void *record)
{
	store(&((struct record_header *)record)->state, STATE_COMPLETE);
}
