// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//
// What the BPF programs write into the ring buffer. Go reads these structs through the types that bpf2go generates
// from them, so this file is their only definition. Every struct is a multiple of 8 bytes and has no hidden padding.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;
typedef long long s64;

enum record_type {
	RECORD_OP = 1,
	RECORD_NODE = 2,
	RECORD_INDICES = 3,
	RECORD_TENSOR = 4,
	RECORD_SUBGRAPH = 5,
	RECORD_EXIT = 6,
	RECORD_MAPPED = 7,
	RECORD_OPERATOR = 8,
	RECORD_OP_TO_NEXT = 9,
	RECORD_HEAP = 20,
	RECORD_HEAP_SITE = 21,
	RECORD_SAMPLE = 15,
	RECORD_OPERATORS_RAN = 10,
	RECORD_MARKER = 11,
};

// Every record starts with its type and the thread that caused it.
struct record_header {
	enum record_type type;
	u32 tid;
};

// One execution of an op, written when its kernel returns. With RECORD_OP_TO_NEXT its kernel's return wasn't seen: it is
// written when the thread's next op of the same subgraph begins.
struct op_record {
	struct record_header header;
	u64 node;     // id of the node's description
	u64 start_ns; // CLOCK_MONOTONIC
	u64 duration_ns;
	// What it paid for, nested ops included. All are 0 where the tracepoint or event that tells isn't attached.
	u64 off_cpu_ns;   // its thread was not running
	u64 preempted_ns; // of these, it could have run
	u64 workers_ns;   // CPU time of the threads that work for this one
	u32 minor_faults; // page faults of its own thread, without and with reading from a file
	u32 major_faults;
	u16 depth;        // ops of this thread that were open when it started
	u16 migrations;   // its thread came back on another CPU
	u16 threads;      // that ran for it, its own included; 0 when unknown
	u16 cpu;          // that it ended on
	u32 khz;          // that one's frequency then, 0 when not known
	s32 resident_pages; // by which its process grew
};

#define PROT_EXEC 4

#define NODE_BYTES 192 // std::pair<TfLiteNode, TfLiteRegistration>: at most 168 bytes in any release so far
#define MIN_NODE_BYTES 136 // up to 2.5
#define MAX_STRIDE 264     // as in package tflite
#define CUSTOM_NAME_BYTES 128
#define COMM_BYTES 16 // TASK_COMM_LEN

// A node as it is in the app's memory. Its index lists and tensors follow as records with the same node id.
struct node_record {
	struct record_header header;
	u64 node; // the description's id
	u64 subgraph;
	u64 process;
	u32 tgid;
	u32 run;       // 1: described because it runs, 0: because it is being prepared
	u64 site;      // attach cookie of the probe, 0 where Linux has none
	u64 ip;        // probed address
	u64 context;   // TfLiteContext*
	u64 address;   // TfLiteNode*
	u64 time_ns;
	s32 inputs;    // lengths of its lists, -1 when unreadable
	s32 outputs;
	s32 temporaries;
	s32 replaced;  // nodes that a delegate node stands for; 0 for other nodes
	u32 raw_bytes; // how much of raw could be read
	u32 pad;
	u8 raw[NODE_BYTES];
	u8 custom_name[CUSTOM_NAME_BYTES];
	u8 comm[COMM_BYTES];
};

// An operator of XNNPACK, when a delegate node first runs it. It is to its ops what a node is to a node's.
struct operator_record {
	struct record_header header;
	u64 id;      // as in op_record.node
	u64 node;    // id of the delegate node's description
	u64 process; // id
	u64 address; // of the operator
	u64 data;    // the delegate node's user data
	u64 site;    // attach cookie of the probe, 0 where Linux has none
	u64 ip;      // probed address
	u32 place;   // how many operators the delegate node had run before
	u32 type;    // XNNPACK's number of its type; OPERATOR_TYPE_UNKNOWN
};

// A delegate node has returned that ran operators for the first time: all that can be known of them is in memory now.
struct operators_ran_record {
	struct record_header header;
	u64 node; // id of the delegate node's description
	u64 time_ns;
};

#define OPERATOR_TYPE_UNKNOWN 0xffffffff

enum list { LIST_INPUTS = 0, LIST_OUTPUTS = 1, LIST_TEMPORARIES = 2 };

#define WITH_DATA (1ULL << 63) // in the attach cookie of a function that takes user data before its context

#define INDICES_CHUNK 64
#define MAX_INDEX_CHUNKS 32 // 2048 indices; the agent reads longer lists from the process

// A part of the list of nodes that a delegate node stands for.
struct indices_record {
	struct record_header header;
	u64 node;
	u32 first;
	u32 count;
	s32 values[INDICES_CHUNK];
};

#define TENSOR_BYTES 112 // sizeof(TfLiteTensor) on LP64
#define MAX_DIMS 8
#define TENSOR_NAME_BYTES 512
#define MAX_TENSORS 64 // of one list; the agent reads further ones from the process

// One input, output or temporary of a node.
struct tensor_record {
	struct record_header header;
	u64 node;
	u32 list; // enum list
	u32 slot;
	s32 index; // of the tensor in its subgraph
	s32 dims_count; // -1 when unreadable
	s32 dims[MAX_DIMS];
	s32 channels; // number of scales; -1 when unreadable
	u32 scale;    // IEEE 754 bits of the first scale
	s32 zero_point; // the first zero point
	s32 quantized_dimension;
	s32 name_bytes; // with the terminating NUL; negative when unreadable
	u32 raw_bytes;
	u8 raw[TENSOR_BYTES];
	u8 name[TENSOR_NAME_BYTES];
};

#define SUBGRAPH_BYTES 1024
#define VECTOR_HEAD_BYTES 352

// A subgraph that was not known, or whose node vector moved.
struct subgraph_record {
	struct record_header header;
	u64 subgraph; // id
	u64 process;
	u32 tgid;
	s32 index;        // in interpreter's vector of subgraphs, -1 when not found
	u64 context;
	u64 interpreter;  // address of that vector: the same for all subgraphs of an interpreter; 0 when not found
	u32 subgraphs;    // its length
	u32 raw_bytes;
	u64 time_ns;
	u64 nodes_begin;  // the vector of pair<TfLiteNode, TfLiteRegistration>; 0 when not found
	u64 nodes_end;
	u8 raw[SUBGRAPH_BYTES];         // from TfLiteContext.impl_
	u8 head[VECTOR_HEAD_BYTES];     // from nodes_begin
	u8 comm[COMM_BYTES];
};

// A thread that ran ops has ended.
struct exit_record {
	struct record_header header;
	u64 process;
	u32 tgid;
	u32 depth;     // ops that were open
	u64 node;      // innermost open op, 0 when none
	u64 outermost; // outermost open op
	u64 start_ns;  // of the innermost open op
	u64 last_node; // last op that returned
	u64 last_ns;
	u64 prepared_node; // last op whose prepare was entered after that, 0 when none
	u64 time_ns;
	u32 whole_process; // the thread was the process's main thread
	u32 pad;
};

// A target process mapped executable code from a file.
struct mapped_record {
	struct record_header header;
	u32 tgid;
	u32 stopped; // the thread was sent the stop signal
	u64 address;
	u64 bytes;
	u64 time_ns;
	u8 comm[COMM_BYTES];
};

// What an op that ended has allocated, ops within it included.
struct heap_record {
	struct record_header header;
	u64 node;  // id of the node's description
	u64 bytes;
	u64 count; // of allocations
	u64 kept;  // bytes that it did not free
	u64 peak;  // of what it held at once
};

#define HEAP_FRAMES 16

// A stack that asks for memory within a node's ops for the first time. Its sums are in map "heap_sites".
struct heap_site_record {
	struct record_header header;
	u64 node;
	u64 stack;    // with the node its key there
	u32 complete; // the stack reaches the op's kernel
	u32 count;    // of frames
	u64 frames[HEAP_FRAMES]; // return addresses, the allocator's caller first
};

#define SAMPLE_NODES 16       // MAX_DEPTH
#define SAMPLE_REGISTERS 33   // by their DWARF numbers; 32 is arm64's pc, x86-64's is 16
#define SAMPLE_STACK (32 << 10)
#define SAMPLE_BELOW 128  // bytes of it below the stack pointer: unwind tables look for registers there that were just restored
#define SAMPLE_CHUNK 1024 // bytes read at once

#define SAMPLE_KERNEL 1       // the CPU was at work in the kernel
#define SAMPLE_NO_REGISTERS 2 // and this Linux doesn't tell where the program was
#define SAMPLE_WORKER 4       // the thread runs no ops of its own: nodes are those of the one that it works for

// What a CPU was at when its clock event fired, during an op. A copy of the stack follows. Where that is too long, its
// middle is left out: large arrays are there.
struct sample_record {
	struct record_header header;
	u64 process;  // id
	u64 frame_sp; // stack pointer at the entry of the innermost op's kernel; 0 for a worker
	u64 outer_sp; // when that is an operator, at the entry of its delegate node's kernel; else 0
	u64 stack;    // address of the copy's first byte
	u64 gap;      // bytes left out after the first SAMPLE_STACK / 2
	u32 flags;
	u32 stack_bytes; // of the copy
	u32 missing;     // a bit for each SAMPLE_CHUNK of it that wasn't in memory, as pages aren't that were never written
	u32 pad;
	u64 nodes[SAMPLE_NODES]; // ids of the open ops' descriptions, outermost first; then 0
	u64 registers[SAMPLE_REGISTERS];
};

#define MARKER_DIMS 8
#define MARKER_NUMBERS 3
#define MARKER_KEY_BYTES 64   // with the terminating NUL
#define MARKER_TEXT_BYTES 256

// struct edgexray_event of sdk/c/edgexray.h, as the app built it.
struct marker_event {
	u32 size;
	u32 kind;
	u32 type;
	u32 format;
	u32 rate;
	u32 rank;
	s64 dims[MARKER_DIMS];
	u32 numbers; // how many of number are set
	u32 stride;
	u64 number[MARKER_NUMBERS]; // IEEE 754 bits
	u64 key;     // address, 0: none
	u64 text;    // address, 0: none
	u64 data;
	u64 bytes;
	u32 replay;
	u32 pad;
};

// A point that an app marks itself.
struct marker_record {
	struct record_header header;
	u64 process; // id
	u64 time_ns;
	u32 tgid;
	u32 cut;        // there is more of the text than is here
	s32 key_bytes;  // with the terminating NUL; 0: there is none, negative when unreadable
	s32 text_bytes;
	struct marker_event event;
	u8 key[MARKER_KEY_BYTES];
	u8 text[MARKER_TEXT_BYTES];
	u8 comm[COMM_BYTES];
};

// Ways in which something was lost, or happened that a reader of the trace must know. One slot each in map "counters".
enum counter {
	LOST_RING_FULL,      // op finished, ring buffer full
	LOST_UNDESCRIBED,    // op finished, but its description had been lost
	LOST_NO_THREAD,      // op started, no room to remember its thread
	LOST_TOO_DEEP,       // op started, more than MAX_DEPTH ops open on its thread
	LOST_NO_ENTRY,       // op returned, its start was not seen
	LOST_UNFINISHED,     // op started and never returned: an exception or longjmp passed through it
	DESCRIPTIONS_LOST,   // description records, ring buffer full
	NODES_FORGOTTEN,     // no room to remember a node or subgraph: it is described again
	BEGAN_BEFORE,        // op returned on a thread that had started none: it ran already when the probes came
	LOST_OPERATORS,      // operator finished, ring buffer full or no room to describe it
	HEAP_RING_FULL,      // op that had allocated finished, ring buffer full: it isn't in its node's sums
	HEAP_NO_THREAD,      // allocation in an op, no room to remember its thread
	HEAP_UNRETURNED,     // allocation in an op, its return was not seen
	HEAP_NOT_HELD,       // allocation in an op, no room to remember its address: what is kept and the peak are without it
	HEAP_NO_SITE,        // allocation in an op, no room for its stack, or ring buffer full
	LOST_SAMPLES,        // during an op, ring buffer full
	SAMPLES_OUTSIDE,     // of threads that run ops or work for such, outside of any op
	ALIASES,             // a kernel called another kernel with the same node: counted as one op
	LOST_ENDS,           // op started, no return probe, and what ran next isn't of its subgraph
	LOST_NO_AGGREGATE,   // op finished, no room to add it up
	MARKERS_RING_FULL,   // marker passed, ring buffer too full for it
	MARKERS_UNREADABLE,  // marker passed, its event isn't one that can be read
	CUT_OFF,             // op was open on a thread when the recording paused
	COUNTERS,
};

// A histogram of ns: below AGGREGATE_OCTAVE each value has a bucket; beyond, each octave has AGGREGATE_OCTAVE of the same
// width. So the middle of a bucket is off by at most 1/(2 * AGGREGATE_OCTAVE) of a value, up to 2^40 ns: 18 minutes.
#define AGGREGATE_BITS 4
#define AGGREGATE_OCTAVE (1 << AGGREGATE_BITS)
#define AGGREGATE_BUCKETS ((41 - AGGREGATE_BITS) * AGGREGATE_OCTAVE)

// All ops of a node so far; the sums are of what op_record has. In map "aggregates", by the id of the node's description.
struct aggregate {
	u64 around; // node of the op around the last one, 0 for none
	u32 tid;    // of the last one
	u32 pad;
	u64 count;
	u64 sum_ns;
	u64 min_ns;
	u64 max_ns;
	u64 first_start_ns;
	u64 first_ns;
	u64 off_cpu_ns;
	u64 preempted_ns;
	u64 workers_ns;
	u64 minor_faults;
	u64 major_faults;
	u64 migrations;
	u64 threads;
	u64 thread_ns; // duration times threads
	s64 resident_pages;
	u32 buckets[AGGREGATE_BUCKETS];
};

// Puts all of the above into the object's type information, from which the Go types are generated.
union record {
	struct record_header header;
	struct op_record op;
	struct node_record node;
	struct indices_record indices;
	struct tensor_record tensor;
	struct subgraph_record subgraph;
	struct exit_record exit;
	struct mapped_record mapped;
	struct operator_record operator;
	struct aggregate aggregate;
	struct heap_record heap;
	struct heap_site_record heap_site;
	struct sample_record sample;
	struct operators_ran_record operators_ran;
	struct marker_record marker;
	enum counter counter;
};

// As in records.go.
_Static_assert(sizeof(struct op_record) == 80, "op_record");
_Static_assert(sizeof(struct node_record) == 440, "node_record");
_Static_assert(sizeof(struct tensor_record) == 712, "tensor_record");
_Static_assert(sizeof(struct subgraph_record) == 1472, "subgraph_record");
_Static_assert(sizeof(struct sample_record) == 456, "sample_record");
_Static_assert(sizeof(struct marker_event) == 160, "marker_event");
_Static_assert(sizeof(struct marker_record) == 536, "marker_record");
