// SPDX-License-Identifier: Apache-2.0
#include "system.h"

HIDDEN int has_ended(u32 tid)
{
	return call3(SYS_tgkill, call0(SYS_getpid), tid, 0) == -ESRCH;
}

#define SPINS 1000 // until the owner is looked for

HIDDEN int lock(u32 *lock)
{
	u32 me = call0(SYS_gettid), owner = 0;
	for (u32 spins = 1; !swap_if(lock, &owner, me); spins++, owner = 0) {
		if (owner == me)
			return 0;
		if (spins % SPINS == 0 && has_ended(owner))
			swap_if(lock, &owner, 0);
		call0(SYS_sched_yield);
	}
	return 1;
}

HIDDEN void unlock(u32 *lock)
{
	store(lock, 0);
}
