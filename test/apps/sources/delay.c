// SPDX-License-Identifier: Apache-2.0
//
// A preloaded library that makes kernels of chosen nodes take longer, by a share of the time that they take by themselves:
//
//	EDGEXRAY_DELAY="WAY PERCENT SUBGRAPH:NODE[,SUBGRAPH:NODE...]"
//
// The time passes after the kernel has returned, in the function that runs in its place: a profiler that finds kernels by what
// nodes point to takes that for the kernel.
#include "chosen.h"

enum pass { BUSY, SLEEP, LOCK, FAULT };

static const struct {
	const char *name;
	enum pass pass;
} ways[] = {
	{ "busy", BUSY },      // computes
	{ "sleep", SLEEP },
	{ "lock", LOCK },      // waits for what another thread has and never gives back
	{ "fault", FAULT },    // touches memory that isn't there yet
	{ "alternate", BUSY }, // in every other run
	{ "grow", BUSY },      // from nothing up to the whole share in run GROWN
};
#define GROWN 200

#define NODES 64

// What was done to a chosen node.
static struct delayed {
	s32 subgraph, node;
	u64 runs, ns;
} delayed[NODES];

static word way;
static s32 percent;
static const char *places;

HIDDEN int attach(void)
{
	const char *text = environment("EDGEXRAY_DELAY");
	if (text == NULL)
		return 0;
	for (way = 0; way < ARRAY(ways); way++) {
		word n = length(ways[way].name), i = 0;
		while (i < n && text[i] == ways[way].name[i])
			i++;
		if (i < n || text[n] != ' ')
			continue;
		places = number(text + n + 1, &percent);
		if (*places++ == ' ' && percent > 0) {
			begin();
			return 1;
		}
	}
	dprintf(2, "delay: EDGEXRAY_DELAY=\"%s\": want WAY PERCENT SUBGRAPH:NODE,...\n", text);
	return 0;
}

static struct delayed *delayed_node(s32 subgraph, s32 node)
{
	if (!is_listed(places, subgraph, node))
		return NULL;
	for (word i = 0; i < NODES; i++) {
		struct delayed *d = &delayed[i];
		if (d->runs == 0) {
			d->subgraph = subgraph;
			d->node = node;
			return d;
		}
		if (d->subgraph == subgraph && d->node == node)
			return d;
	}
	return NULL;
}

// For how long a run is delayed that took some ns by itself. In the first one the recorder may have held the thread.
static u64 share_of(const struct delayed *d, u64 own)
{
	if (d->runs == 0)
		return 0;
	u64 ns = own * percent / 100;
	if (same(ways[way].name, "alternate"))
		return d->runs % 2 ? ns : 0;
	if (same(ways[way].name, "grow"))
		return d->runs < GROWN ? ns * d->runs / GROWN : ns;
	return ns;
}

#define TOUCHED (64 * 4096)

static void touch(void)
{
	char *memory = map_memory(TOUCHED);
	for (word i = 0; memory && i < TOUCHED; i += 4096)
		memory[i] = 1;
	call2(SYS_munmap, memory, TOUCHED);
}

static void pass(u64 ns)
{
	static u32 held = 1;
	struct timespec span = { ns / 1000000000, ns % 1000000000 };
	u64 began = now();
	switch (ways[way].pass) {
	case BUSY:
		while (now() - began < ns)
			;
		break;
	case SLEEP:
		call2(SYS_nanosleep, &span, NULL);
		break;
	case LOCK:
		call6(SYS_futex, &held, FUTEX_WAIT, 1, &span, NULL, 0);
		break;
	case FAULT:
		while (now() - began < ns)
			touch();
	}
}

HIDDEN s32 on_invoke(struct context *context, struct node *node, word unused, struct thunk *thunk)
{
	kernel_function *kernel = (kernel_function *)thunk->original;
	s32 index;
	struct subgraph *g = place_of(context, node, &index);
	struct delayed *d = g ? delayed_node(g->index, index) : NULL;
	if (d == NULL)
		return kernel(context, node);
	u64 began = now();
	s32 status = kernel(context, node);
	u64 returned = now();
	pass(share_of(d, returned - began));
	d->runs++;
	d->ns += now() - returned;
	return status;
}

__attribute__((destructor)) static void tell(void)
{
	for (struct delayed *d = delayed; d < delayed + NODES && d->runs > 0; d++)
		dprintf(2, "delay: %d:%d: %lu runs, %lu ns in all\n", d->subgraph, d->node, (unsigned long)d->runs, (unsigned long)d->ns);
}
