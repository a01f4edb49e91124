// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//
// Subgraphs and their interpreters: finds where they hold their nodes and each other, by the shape of vectors, and copies what
// a subgraph is into the ring buffer.
#pragma once

#include "state.h"

// Functions that aren't trivial are global (not static): Linux verifies those by themselves, once, instead of once for
// every path that leads to them. In return they take only scalars.

// Vectors are {begin, end, end of the room}. A C++ library may count elements instead (libc++ where it is built with
// _LIBCPP_ABI_SIZE_BASED_VECTOR, as in MediaPipe 1.2): these numbers are less than any address.
#define COUNTS(vector) ((vector)[1] < (vector)[0])

// Tells whether a node begins with lists of inputs and outputs.
__noinline u32 has_lists(u64 node)
{
	u64 lists[2];
	s32 inputs = -1, outputs = -1;
	return !read_user(lists, sizeof(lists), node + NODE_INPUTS) && !read_user(&inputs, sizeof(inputs), lists[0]) &&
	       !read_user(&outputs, sizeof(outputs), lists[1]) && (u32)inputs <= MAX_LIST && (u32)outputs <= MAX_LIST;
}

#define MAX_VECTOR_BYTES (1ULL << 24)

// Returns the bytes of a vector that holds the node: they and the node's place in it are multiples of what a node can
// take, and its nodes have lists. 0 for what isn't one: by chance, words of the subgraph that aren't a vector surround a
// node, too. What a node takes is only decided here when the vector has a number of them instead of an end.
__noinline u32 bytes_of_nodes(u64 at, u64 node)
{
	u64 vector[3];
	if (read_user(vector, sizeof(vector), at) || vector[0] > node || vector[1] > vector[2] || vector[0] & 7 || !has_lists(vector[0]))
		return 0;
	u64 counted = COUNTS(vector), offset = node - vector[0], length = counted ? vector[1] : vector[1] - vector[0];
	if (counted ? length > MAX_VECTOR_BYTES / MAX_STRIDE : vector[2] - vector[0] >= MAX_VECTOR_BYTES)
		return 0;
	for (u32 stride = MIN_NODE_BYTES; stride <= MAX_STRIDE; stride += 8) {
		u64 bytes = counted ? length * stride : length;
		if (bytes % stride == 0 && offset % stride == 0 && offset < bytes && (!counted || length == 1 || has_lists(vector[0] + stride)))
			return bytes;
	}
	return 0;
}

#define NODES_BYTES 16

// Finds the vector in a subgraph that holds the node: the first triple of words that can be one. It lies behind the
// context, in which a pointer to the subgraph is followed by pointers to code. Returns the vector's bytes << 16 | its offset
// in the subgraph, 0 for none.
__noinline u64 find_nodes(u64 subgraph, u64 node)
{
	for (u32 at = CONTEXT_IN_SUBGRAPH + CONTEXT_BYTES; at + 24 <= SUBGRAPH_BYTES; at += 8) {
		u64 bytes = bytes_of_nodes(subgraph + at, node);
		if (bytes)
			return bytes << NODES_BYTES | at;
	}
	return 0;
}

#define MAX_SUBGRAPHS 64

// Returns the vector's length << 32 | the subgraph's index, 0 when the candidate is no vector that holds the subgraph.
// Memory that is not in use any more may look like one; what else it points to isn't all subgraphs, then: objects of the
// same class, with a context in them that points back.
__noinline u64 index_in_vector(u64 subgraph, u64 candidate)
{
	u64 vector[3], class = 0, found = 0;
	if (read_user(vector, sizeof(vector), candidate))
		return 0;
	u64 bytes = COUNTS(vector) ? vector[1] * 8 : vector[1] - vector[0];
	if (vector[0] == 0 || vector[1] > vector[2] || bytes & 7 || bytes == 0 || bytes > 8 * 65536)
		return 0;
	if (read_user(&class, sizeof(class), subgraph))
		return 0;
	for (u32 i = 0; i < MAX_SUBGRAPHS; i++) {
		u64 element = 0, of_class = 0, impl = 0;
		if (i >= bytes >> 3)
			break;
		if (read_user(&element, sizeof(element), vector[0] + i * 8ULL) ||
		    read_user(&of_class, sizeof(of_class), element) || of_class != class ||
		    read_user(&impl, sizeof(impl), element + CONTEXT_IN_SUBGRAPH + CONTEXT_IMPL) || impl != element)
			return 0;
		if (element == subgraph)
			found = bytes >> 3 << 32 | i;
	}
	return found;
}

#define PLACE_OFFSET 16

// A subgraph points to its interpreter's vector of subgraphs, which points back: that gives its index, and the vector's
// address names the interpreter. Returns what index_in_vector says | the offset of that pointer in the subgraph << 16,
// 0 when there is none.
__noinline u64 find_interpreter(u64 subgraph)
{
	for (u32 at = CONTEXT_IN_SUBGRAPH; at + 8 <= SUBGRAPH_BYTES; at += 8) {
		u64 candidate = 0;
		if (read_user(&candidate, sizeof(candidate), subgraph + at))
			break;
		if (candidate < 4096 || candidate & 7)
			continue;
		u64 place = index_in_vector(subgraph, candidate);
		if (place)
			return place | (u64)at << PLACE_OFFSET;
	}
	return 0;
}

// Nodes and place are what find_nodes and find_interpreter say: looked for by the caller, because here it would be too deep
// in the stack.
__noinline int send_subgraph(u64 id, u64 process, u64 context, u64 nodes, u64 place)
{
	struct subgraph_record *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		count(DESCRIPTIONS_LOST);
		return -1;
	}
	u64 pid_tgid = bpf_get_current_pid_tgid();
	u64 impl = context - CONTEXT_IN_SUBGRAPH;
	r->header.type = RECORD_SUBGRAPH;
	r->header.tid = (u32)pid_tgid;
	r->subgraph = id;
	r->process = process;
	r->tgid = pid_tgid >> 32;
	r->index = -1;
	r->context = context;
	r->interpreter = 0;
	r->subgraphs = 0;
	r->time_ns = bpf_ktime_get_ns();
	bpf_get_current_comm(r->comm, sizeof(r->comm));
	r->raw_bytes = SUBGRAPH_BYTES;
	if (read_user(r->raw, SUBGRAPH_BYTES, impl)) {
		// The end of the object may lie on a page that isn't there.
		r->raw_bytes = SUBGRAPH_BYTES / 2;
		__builtin_memset(r->raw + SUBGRAPH_BYTES / 2, 0, SUBGRAPH_BYTES / 2);
		if (read_user(r->raw, SUBGRAPH_BYTES / 2, impl))
			__builtin_memset(r->raw, 0, SUBGRAPH_BYTES / 2);
	}
	r->nodes_begin = r->nodes_end = 0;
	if (nodes && read_user(&r->nodes_begin, sizeof(u64), impl + (nodes & ((1 << NODES_BYTES) - 1))) == 0)
		r->nodes_end = r->nodes_begin + (nodes >> NODES_BYTES);
	// Behind a short vector there may be a page that isn't there.
	u64 head = r->nodes_end - r->nodes_begin;
	if (head > VECTOR_HEAD_BYTES)
		head = VECTOR_HEAD_BYTES;
	__builtin_memset(r->head, 0, VECTOR_HEAD_BYTES);
	read_user(r->head, head, r->nodes_begin);
	if (place && read_user(&r->interpreter, sizeof(u64), impl + ((u32)place >> PLACE_OFFSET)) == 0) {
		r->index = place & ((1 << PLACE_OFFSET) - 1);
		r->subgraphs = place >> 32;
	}
	struct subgraph_state state = {
		.id = id, .nodes_begin = r->nodes_begin, .nodes_end = r->nodes_end,
		.interpreter = r->interpreter, .place = place,
	};
	bpf_ringbuf_submit(r, BPF_RB_FORCE_WAKEUP);

	struct subgraph_key key = { .context = context, .process = process };
	if (bpf_map_update_elem(&subgraphs, &key, &state, BPF_ANY))
		count(NODES_FORGOTTEN);
	return 0;
}

// Tells whether a subgraph has another place in its interpreter than before: it is another subgraph then. Without an init
// function in any of its ops nothing else shows that an interpreter came after another one.
__noinline u32 has_moved(u64 subgraph, u64 known_interpreter, u64 known_place)
{
	u64 interpreter = 0, at = (u32)known_place >> PLACE_OFFSET;
	if (known_place == 0)
		return 0;
	return read_user(&interpreter, sizeof(interpreter), subgraph + at) || interpreter != known_interpreter ||
	       (index_in_vector(subgraph, interpreter) | at << PLACE_OFFSET) != known_place;
}

// The subgraph's id; describes it when it is new or its node vector moved or grew.
static __always_inline u64 subgraph_id(u64 process, u64 context, u64 node)
{
	struct subgraph_key key = { .context = context, .process = process };
	struct subgraph_state *known = bpf_map_lookup_elem(&subgraphs, &key);
	u64 id, impl = context - CONTEXT_IN_SUBGRAPH;
	if (known && has_moved(impl, known->interpreter, known->place))
		known = 0;
	if (known && known->nodes_begin <= node && node < known->nodes_end)
		return known->id;
	id = known ? known->id : new_id();
	if (send_subgraph(id, process, context, find_nodes(impl, node), find_interpreter(impl)))
		return 0;
	if (stop_signal)
		bpf_send_signal_thread(stop_signal);
	return id;
}
