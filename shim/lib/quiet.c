// SPDX-License-Identifier: Apache-2.0
//
// Subgraphs that were built, but ran nothing yet. Their delegate's nodes may be of kernels that no library's data shows, so
// they are looked at when memory is allocated. Only the thread that built or prepared a subgraph last does that, as no other
// one knows whether somebody is at work on it. When that thread has ended without running it, nobody looks any more:
// a kernel that another thread prepares makes it that one's. A thread that later has the same number is as good.
#include "graph.h"

static struct subgraph *quiet;
static u32 list_lock;
HIDDEN u32 quiet_subgraphs;
HIDDEN u32 expecting;

#define LOOKS 2000          // of its thread at a subgraph: some us each
#define ALLOCATIONS 200000u // of all threads, for which a subgraph that was just built or prepared is waited for

HIDDEN void expect(void)
{
	store(&expecting, ALLOCATIONS);
}

HIDDEN void make_quiet(struct subgraph *g)
{
	if (!lock(&list_lock))
		return;
	g->looks = LOOKS;
	if (!g->quiet) {
		g->quiet = 1;
		g->next_quiet = quiet;
		store(&quiet, g);
		quiet_subgraphs++;
	}
	unlock(&list_lock);
}

HIDDEN void make_loud(struct subgraph *g)
{
	if (!g->quiet || !lock(&list_lock))
		return;
	for (struct subgraph **at = &quiet; *at; at = &(*at)->next_quiet) {
		if (*at == g) {
			*at = g->next_quiet; // its own stays as it is: somebody may be there
			g->quiet = 0;
			if (--quiet_subgraphs == 0)
				store(&expecting, 0);
			break;
		}
	}
	unlock(&list_lock);
}

static void look_at(struct subgraph *g)
{
	if (g->looks == 0 || !valid_context(g->context) || !locate(g, NULL)) // it may be gone
		return;
	g->looks--;
	reach_nodes(g);
	if (g->prepared < 0 && shared->selection.keep_delegates_out)
		disguise(g); // the node that was made last, too
}

HIDDEN void reach_quiet(void)
{
	u32 me = call0(SYS_gettid), left = load(&expecting);
	if (left)
		swap_if(&expecting, &left, left - 1);
	for (struct subgraph *g = load(&quiet); g; g = load(&g->next_quiet))
		if (load(&g->thread_at_work) == me)
			look_at(g);
}
