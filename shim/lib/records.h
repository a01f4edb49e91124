// SPDX-License-Identifier: Apache-2.0
//
// What the shim shares with the recorder: one area of memory, made by the recorder and mapped by every process that the
// shim is loaded into. It begins with struct shared; behind it is a ring of records. The Go side of these layouts is
// shim/layout.go; sizes are asserted on both sides. All of it is little-endian, and the same for 32-bit and 64-bit apps.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;
typedef long long s64;

#define SHARED_MAGIC 0x6d6968737865ULL // "exshim"
#define SHARED_VERSION 1
#define SHARED_BYTES 65536 // of struct shared: a multiple of any page size
#define LINE 64            // records begin at multiples of it

enum mode { MODE_TIMING = 1, MODE_DATA = 2, MODE_STATISTICS = 3 };
enum when_full { FULL_BLOCK = 0, FULL_DROP = 1, FULL_SAMPLE = 2 };

#define MAX_OPS 64
#define MAX_RANGES 64
#define PATTERN_BYTES 4096
#define OPEN_OPS 256

struct range {
	s32 subgraph; // -1: any
	s32 first, last;
};

// What to capture: written once by the recorder, before any process starts.
struct selection {
	u32 mode;
	u32 when_full;
	u32 ends_only;        // only what goes into and comes out of the model
	u32 keep_delegates_out;
	u64 every;            // invokes: each so many-th, from first on; 1: all
	u64 first, last;      // invokes, counted from 1; last 0: no end
	u64 budget;           // bytes of tensor data; 0: no limit
	u32 ops, ranges;      // how many of these are set; 0: all
	s32 op[MAX_OPS];      // op codes
	struct range range[MAX_RANGES];
	u32 op_patterns, tensor_patterns; // bytes of the two lists of patterns, each ended by a NUL; 0: all
	char op_pattern[PATTERN_BYTES];     // of names of custom ops and delegates
	char tensor_pattern[PATTERN_BYTES]; // of names of tensors
};

// Ways in which something was lost or left out.
enum counter {
	LOST_TENSORS,          // no room for their data (drop)
	LOST_TENSOR_BYTES,
	SKIPPED_INVOKES,       // no room when they began (sample)
	OVER_BUDGET,           // tensors
	NO_DATA,               // tensors that have none in memory although their type has, as a delegate's
	EARLIER_INTERPRETERS,  // subgraphs that existed before their library's kernels were replaced
	NO_THUNK,              // kernels, all thunks are taken
	NOT_KERNELS,           // calls of replaced functions that turned out to be something else
	UNKNOWN_NODES,         // ops whose node could not be found in its subgraph
	NO_MEMORY,             // subgraphs that could not be followed
	WAITED_NS,             // for room in the ring, all threads together
	LOST_OPS,              // ops without room for their record
	GAVE_UP,               // waiting for a recorder that did not move: nothing was recorded from then on
	LOST_MARKERS,          // without room for their record, or not to be understood
	FRAMES_NOT_BEGUN,      // ends of frames
	COUNTERS,
};

// What a thread is at: left behind when its process dies.
enum phase { PHASE_NONE = 0, PHASE_INVOKE = 1, PHASE_PREPARE = 2, PHASE_INIT = 3 };

struct open_op {
	u32 pid, tid; // tid 0: free
	u32 phase;
	s32 index;    // of the node, -1 when not known
	s32 code;     // op code
	u32 subgraph; // id
	char name[40]; // of a custom op or a delegate
};

struct shared {
	u64 magic;
	u32 version;
	u32 bytes;     // SHARED_BYTES
	u64 ring_bytes; // a power of two
	u32 heartbeat; // counts while the recorder lives
	u32 stop;      // nothing is to be recorded any more
	u8 pad1[32];
	// The recorder's side of the ring.
	u64 tail;      // bytes taken so far
	u32 freed;     // a futex: counts with tail while somebody waits
	u8 pad2[52];
	// The shim's side of the ring.
	u64 head;      // bytes handed out so far
	u32 lock;      // tid of who hands out; 0: nobody
	u32 waiting;   // threads that wait for room
	u64 captured;  // bytes of tensor data
	u8 pad3[40];
	u64 counters[16];
	struct open_op open[OPEN_OPS];
	struct selection selection;
};

enum record_type {
	RECORD_PROCESS = 1,  // a process has come, or has replaced its program
	RECORD_MODULE = 2,   // a library whose kernels were replaced
	RECORD_SUBGRAPH = 3,
	RECORD_TENSOR = 4,
	RECORD_NODE = 5,
	RECORD_OP = 6,
	RECORD_CAPTURE = 7,    // a tensor, its data behind it; what doesn't fit follows in RECORD_MORE
	RECORD_MORE = 8,
	RECORD_STATISTICS = 9, // a capture with statistics instead of data
	RECORD_MARKER = 10,    // of the app, its data behind it; what doesn't fit follows in RECORD_MORE
};

enum record_state { STATE_RESERVED = 1, STATE_COMPLETE = 2 };

struct record_header {
	u32 state;
	u32 type;
	u64 bytes; // of the record with this header, rounded up to LINE
	u32 pid, tid;
};

struct process_record {
	struct record_header header;
	u32 parent;
	u32 pointer_bytes;
	u64 time_ns;
};

struct module_record {
	struct record_header header;
	u32 id;
	u32 records;      // registrations found
	u64 base;         // what is added to addresses of the file
	u64 text_start, text_end; // in memory
	u32 path_bytes;   // the path follows
	u32 pad;
};

struct subgraph_record {
	struct record_header header;
	u32 id;
	s32 index;        // in its interpreter, -1 when not known
	u64 context;      // address
	u64 interpreter;  // address of its interpreter's list of subgraphs, 0 when not known
	u32 nodes, tensors;
	s32 inputs, outputs; // indices of tensors, which follow: first these, then those; -1 when not known
};

struct tensor_record {
	struct record_header header;
	u32 subgraph; // id
	s32 index;
	s32 type;
	s32 allocation;
	u64 bytes;
	u64 address;
	u32 variable;
	s32 quantized_dimension;
	u32 dims, scales, zero_points, name_bytes; // s32, float, s32, bytes: follow in this order
};

struct node_record {
	struct record_header header;
	u32 id;
	u32 subgraph;
	s32 index;
	s32 code;
	s32 op_version;
	u32 delegate;  // 1: it stands for nodes that a delegate took
	u64 kernel;    // address of its invoke
	u32 module;    // that holds it, 0 when it is none of those
	u32 inputs, outputs, temporaries, replaced, name_bytes; // s32 each, then bytes: follow in this order
};

struct op_record {
	struct record_header header;
	u32 node;     // id of the description
	u32 depth;    // ops that were open on this thread
	u64 invoke;   // of its subgraph
	u64 start_ns; // CLOCK_MONOTONIC
	u64 duration_ns;
};

struct capture_record {
	struct record_header header;
	u32 node;     // id of the description
	s32 tensor;
	u32 role;     // as in snapshot.proto
	s32 status;
	u64 invoke;
	u64 around;   // invoke of the subgraph around
	u64 start_ns;
	u64 duration_ns;
	u64 capture;  // number of this capture in its process: RECORD_MORE names it
	u64 data_bytes; // of the whole tensor
	u32 piece_bytes; // that are behind this record
	s32 dims;     // -1: as the tensor was described
	s32 type;
	u32 missing;  // enum missing: why there is no data
	s32 dim[8];
	u8 pad[56];
	// Data begins here: at a multiple of LINE.
};

enum missing { MISSING_NOTHING = 0, MISSING_NO_MEMORY = 1, MISSING_DELEGATE = 2, MISSING_TYPE = 3, MISSING_DROPPED = 4, MISSING_BUDGET = 5,
	       MISSING_UNREADABLE = 6, MISSING_SHAPE = 7, MISSING_STATISTICS = 8 };

#define UNREADABLE 0xffffffffffffffffULL // as an offset: the rest of the data isn't there

struct more_record {
	struct record_header header;
	u64 capture;
	u64 offset;
	u32 piece_bytes;
	u8 pad[20];
};

#define BUCKETS 64

struct statistics_record {
	struct capture_record capture; // without data
	u64 elements, nans, infs;
	double min, max, mean, rms;
	u64 histogram_elements;
	s32 histogram_exponent;
	u32 pad;
	double histogram_low, histogram_width;
	u32 histogram[BUCKETS];
};

#define MARKER_CAPTURE (1ULL << 63) // in the number of a marker: captures have others
#define KEY_BYTES 64              // of a key with the NUL at its end
#define TEXT_BYTES 65536          // of a text

struct marker_record {
	struct record_header header;
	u32 kind, type, format, rate; // as in sdk/c/edgexray.h
	u64 time_ns; // CLOCK_MONOTONIC
	u64 frame;   // of its thread, 0: none
	u64 capture; // number of this marker in its process: RECORD_MORE names it
	u64 data_bytes; // of the whole array
	double number[3];
	s64 dim[8];
	u32 rank, numbers;
	u32 key_bytes, text_bytes, piece_bytes; // follow in this order
	u32 missing; // enum missing: why there is no data
	u32 cut;     // the key or the text is longer
	u32 pad;
};

// What is played to the app (edgexray snapshot --replay): made by the recorder, mapped by every process. It begins with struct
// replay; behind it are its keys, then the pieces of all of them, then paths, each ended by a NUL. The data stays in files.
#define REPLAY_MAGIC 0x79616c70657278ULL // "xreplay"

struct replay {
	u64 magic;
	u64 bytes; // of all of this
	u32 version; // SHARED_VERSION
	u32 keys;
	u8 pad[40];
};

struct replay_key {
	char name[KEY_BYTES];
	u32 stream; // 1: its pieces are as long as they are asked for
	u32 first, pieces;
	u32 failed;   // pieces that could not be read, or written to where the app wants them
	u64 next;     // piece; in a stream: bytes handed out
	u64 given;    // pieces that were handed out
	u64 refused;  // times that something else was asked for than came next
	u64 asked, recorded; // bytes, when that happened first
	u64 over;     // times that there was no more
};

struct replay_piece {
	u64 path;   // offset in this memory
	u64 offset; // in the file
	u64 bytes;
	u64 pad;
};

_Static_assert(sizeof(struct record_header) == 24, "record_header");
_Static_assert(sizeof(struct selection) == 56 + 4 * MAX_OPS + 12 * MAX_RANGES + 8 + 2 * PATTERN_BYTES, "selection");
_Static_assert(__builtin_offsetof(struct shared, tail) == 64 && __builtin_offsetof(struct shared, head) == 128 &&
	       __builtin_offsetof(struct shared, counters) == 192 && __builtin_offsetof(struct shared, open) == 320, "shared");
_Static_assert(sizeof(struct open_op) == 64, "open_op");
_Static_assert(sizeof(struct shared) <= SHARED_BYTES, "shared");
_Static_assert(sizeof(struct process_record) == 40, "process_record");
_Static_assert(sizeof(struct module_record) == 64, "module_record");
_Static_assert(sizeof(struct subgraph_record) == 64, "subgraph_record");
_Static_assert(sizeof(struct tensor_record) == 80, "tensor_record");
_Static_assert(sizeof(struct node_record) == 80, "node_record");
_Static_assert(sizeof(struct op_record) == 56, "op_record");
_Static_assert(sizeof(struct capture_record) == 3 * LINE, "capture_record");
_Static_assert(sizeof(struct statistics_record) == 3 * LINE + 88 + 4 * BUCKETS, "statistics_record");
_Static_assert(sizeof(struct more_record) == LINE, "more_record");
_Static_assert(sizeof(struct marker_record) == 3 * LINE, "marker_record");
_Static_assert(sizeof(struct replay) == 64 && sizeof(struct replay_key) == 128 && sizeof(struct replay_piece) == 32, "replay");
_Static_assert(COUNTERS <= 16, "counters");
