// SPDX-License-Identifier: Apache-2.0
//
// What the shim keeps of the app's subgraphs and threads. A subgraph runs on one thread at a time, so what it has needs
// no lock.
#pragma once

#include "modules.h"
#include "ring.h"

#define MAX_DEPTH 16

struct frame { // an op that is open on a thread
	const char *stack; // somewhere in its frame: one that is above another's has been left by an exception
	struct context *context;
	struct node *node;
	u64 invoke;
	u8 skipped; // that invoke isn't captured
};

struct thread {
	u32 tid;
	u32 depth;
	word identity;
	struct frame frames[MAX_DEPTH];
	struct open_op *open;
	u64 begun;  // frames of the app
	u64 in;     // frame of the app, 0: none
	struct thread *next;
};

struct node_state {
	u32 id;        // of its description, 0 for none
	u8 wanted;     // selected
	u8 stale;      // it was prepared since it was described
	u8 dynamic;    // some tensor's shape is only known after it ran
	u16 code;      // its op code plus 1, while it is disguised
	u64 content;   // hash of its tensors as they were described
	u64 ran;       // invoke in which it ran last
};

struct tensor_state {
	u64 content; // hash of what was described
	u32 shape;   // hash of its type and shape then
	u8 wanted;
};

struct subgraph {
	struct context *context;
	u32 id;
	u32 epoch;       // of the process: a forked one describes all anew
	u8 stale;        // an interpreter is being built at its place
	u8 skipped;      // this invoke isn't captured
	s32 index;
	word nodes_at;   // offset of the node vector in the object
	char *begin, *end;
	char *reached;   // the end of the vector when its nodes' functions were last replaced
	word stride;
	struct node_state *nodes;
	u32 node_room;
	struct tensor_state *tensors;
	u32 tensor_room;
	s32 first;       // index of the node that begins an invoke, -1 when not known
	u64 invoke, around;
	struct thread *thread;
	u8 quiet;        // built, but it ran nothing yet
	u32 looks;       // how often it may still be looked at then
	u8 disguised;    // some of its nodes are
	u32 thread_at_work; // that built or prepared it last: no other one may look at it
	s32 prepared;    // index of the node that was prepared first, -1 while it is built
	struct subgraph *next, *next_quiet;
};

struct thread *thread_of(u32 tid); // that calls this; NULL without memory

// The state of a context's subgraph, made when it is new; NULL without memory.
struct subgraph *subgraph_of(struct context *context);
struct subgraph *known_subgraph(struct context *context); // NULL when it is new

// Finds the node vector; node lies in it, or is NULL for any. Reports false when it isn't where it should be.
int locate(struct subgraph *g, const struct node *node);
static inline s32 index_of(const struct subgraph *g, const struct node *node)
{
	return ((char *)node - g->begin) / g->stride;
}
static inline s32 node_count(const struct subgraph *g) { return (g->end - g->begin) / g->stride; }
struct node *node_at(const struct subgraph *g, s32 index);
struct registration *registration_of(const struct subgraph *g, struct node *node);
// The function that runs a node's op: that of its TfLiteOperator, if it has one.
word function_of(const struct subgraph *g, const struct registration *r);

// Replaces functions of nodes that have none of a library's registrations: custom ops, delegates.
void reach_nodes(struct subgraph *g);

// quiet.c: a subgraph that was built may run nothing but delegate nodes, whose kernels no library's data shows. So it is
// looked at until it runs.
void make_quiet(struct subgraph *g);
void make_loud(struct subgraph *g);
void reach_quiet(void);
extern HIDDEN u32 quiet_subgraphs;
void expect(void); // what is next may be a delegate's: a subgraph is being built, or its kernels were prepared
extern HIDDEN u32 expecting; // for that many allocations

// The vector behind the nodes that lists the tensors going in (0) or out (1): the number of them, -1 when not known.
s32 ends_of(const struct subgraph *g, int out, const s32 **indices);

// A context that is what it says: it lies in the object that it points to, which has the same tensors.
int valid_context(const struct context *context);

extern HIDDEN u32 epoch; // counts forks

// describe.c
void describe_subgraph(struct subgraph *g, u32 tid);
// Describes a node unless its description still holds. Returns its state, NULL when that couldn't be done.
struct node_state *describe_node(struct subgraph *g, struct node *node, u32 tid);
u32 shape_of(const struct tensor *t); // hash of type and dimensions
void describe_process(u32 tid);
void notice_fork(void); // a forked process goes on with its parent's memory, but is another one to the recorder
// What is done to those that were met of the other subgraphs of an interpreter.
void each_sibling(struct subgraph *g, void (*what)(struct subgraph *));

// select.c
int wants_node(const struct subgraph *g, s32 index, s32 code, const char *custom_name);
int wants_tensor(const char *name);
int wants_invoke(u64 invoke);

// replay.c
void attach_replay(void);
// Answers a question for what was recorded: overwrites bytes at an address. Returns whether it did.
int play(const char *key, word at, word bytes);

// statistics.c
void summarize(struct statistics_record *s, s32 type, const void *data, word bytes, word elements);

// delegates.c
void disguise(struct subgraph *g);     // so that delegates take none of its nodes
void disguise_all(struct subgraph *g); // and its siblings
void undisguise(struct subgraph *g);   // and its siblings
s32 code_of(const struct subgraph *g, s32 index); // a node's op code
