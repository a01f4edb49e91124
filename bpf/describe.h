// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//
// The slow path: copies what a node and its tensors are, out of the app's memory into the ring buffer.
// It runs the first time a node runs, and again after it was prepared again; Go makes sense of the copies.
#pragma once

#include "subgraphs.h"

// Sends the indices of the nodes that a delegate node replaced.
__noinline int send_replaced(u64 node, u64 array, s32 size)
{
	for (u32 chunk = 0; chunk < MAX_INDEX_CHUNKS; chunk++) {
		u32 first = chunk * INDICES_CHUNK;
		if ((s32)first >= size)
			break;
		u32 n = size - first;
		if (n > INDICES_CHUNK)
			n = INDICES_CHUNK;
		struct indices_record *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
		if (!r) {
			count(DESCRIPTIONS_LOST);
			break;
		}
		r->header.type = RECORD_INDICES;
		r->header.tid = (u32)bpf_get_current_pid_tgid();
		r->node = node;
		r->first = first;
		r->count = n;
		if (read_user(r->values, n * sizeof(s32), array + 4 + first * 4ULL))
			r->count = 0;
		bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	}
	return 0;
}

// A hash of what of a tensor makes a description new when it changes. Its lowest bit is set when the tensor is dynamic. In the
// arena a tensor stays where it is until memory is planned anew, which prepares all nodes; elsewhere each invoke may move
// it, so that its address means nothing later and would only make descriptions.
__noinline u64 tensor_hash(u64 tensor)
{
	struct {
		u32 type, pad;
		u64 data, dims, params;
		u32 allocation, pad2;
		u64 bytes, owner, name;
	} raw;
	s32 dims[1 + MAX_DIMS] = {}; // TfLiteIntArray: its length, then its elements
	if (read_user(&raw, sizeof(raw), tensor))
		return 0;
	u64 hash = mix(mix(raw.type, raw.params), raw.name);
	if (raw.allocation == ALLOCATION_READ_ONLY)
		return hash & ~1ULL; // weights keep their shape
	if (read_user(dims, sizeof(dims), raw.dims) == 0) {
		for (u32 i = MAX_DIMS; i > 0; i--)
			if ((s32)i > dims[0])
				dims[i] = 0; // what lies behind a short array
	} else if (read_user(dims, sizeof(s32), raw.dims) == 0 && dims[0] > 0) {
		read_user(dims + 1, (dims[0] > MAX_DIMS ? MAX_DIMS : dims[0]) * sizeof(s32), raw.dims + 4);
	}
	for (u32 i = 0; i <= MAX_DIMS; i++)
		hash = mix(hash, dims[i]);
	if (raw.allocation == ALLOCATION_ARENA || raw.allocation == ALLOCATION_PERSISTENT)
		hash = mix(hash, raw.data);
	if (raw.allocation == ALLOCATION_DYNAMIC)
		hash = mix(hash, raw.bytes != 0); // a scalar's shape doesn't tell whether it has memory yet
	return (hash & ~1ULL) | (raw.allocation == ALLOCATION_DYNAMIC);
}

__noinline int send_tensor(u64 node, u32 list, u32 slot, s32 index, u64 tensor)
{
	struct tensor_record *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		count(DESCRIPTIONS_LOST);
		return 0;
	}
	r->header.type = RECORD_TENSOR;
	r->header.tid = (u32)bpf_get_current_pid_tgid();
	r->node = node;
	r->list = list;
	r->slot = slot;
	r->index = index;
	r->dims_count = -1;
	r->channels = 0;
	r->scale = 0;
	r->zero_point = 0;
	r->quantized_dimension = 0;
	r->name_bytes = -1;
	r->raw_bytes = TENSOR_BYTES;
	if (index < 0 || read_user(r->raw, TENSOR_BYTES, tensor)) {
		r->raw_bytes = 0;
		bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
		return 0;
	}
	u64 dims = *(u64 *)(r->raw + TENSOR_DIMS);
	s32 n = -1;
	if (read_user(&n, sizeof(n), dims) == 0) {
		u32 m = n;
		if (m > MAX_DIMS)
			m = MAX_DIMS;
		if (read_user(r->dims, m * sizeof(s32), dims + 4) == 0)
			r->dims_count = n;
	}
	if (*(u32 *)(r->raw + TENSOR_QUANTIZATION_TYPE) == QUANTIZATION_AFFINE) {
		struct {
			u64 scale, zero_point;
			s32 dimension, pad;
		} affine;
		struct {
			s32 size;
			u32 first;
		} array;
		r->channels = -1;
		if (read_user(&affine, sizeof(affine), *(u64 *)(r->raw + TENSOR_QUANTIZATION_PARAMS)) == 0) {
			r->quantized_dimension = affine.dimension;
			if (read_user(&array, sizeof(array), affine.scale) == 0) {
				r->channels = array.size;
				r->scale = array.first;
			}
			if (affine.zero_point && read_user(&array, sizeof(array), affine.zero_point) == 0)
				r->zero_point = array.first;
		}
	}
	r->name_bytes = bpf_probe_read_user_str(r->name, TENSOR_NAME_BYTES, (void *)*(u64 *)(r->raw + TENSOR_NAME));
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}

#define SEND 0x100 // with one of enum list

// Walks one list of a node's tensors: sends them, or returns a hash of them (lowest bit: one of them is dynamic).
__noinline u64 walk_tensors(u64 node, u64 array, u64 tensors, u32 mode, s32 size)
{
	u64 hash = 0, dynamic = 0;
	for (u32 i = 0; i < MAX_TENSORS; i++) {
		if ((s32)i >= size)
			break;
		s32 index = -1;
		if (read_user(&index, sizeof(index), array + 4 + i * 4ULL))
			continue;
		u64 tensor = tensors + (u64)(u32)index * TENSOR_BYTES;
		if (mode & SEND) {
			send_tensor(node, mode & 0xff, i, index, tensor);
			continue;
		}
		if (index < 0)
			continue;
		u64 one = tensor_hash(tensor);
		hash = mix(hash + index, one);
		dynamic |= one & 1;
	}
	return (hash & ~1ULL) | dynamic;
}

static __always_inline s32 list_size(u64 array)
{
	s32 size = -1;
	if (array == 0)
		return 0;
	if (read_user(&size, sizeof(size), array))
		return -1;
	return size;
}

// Nodes that a delegate node replaced; its parameters' layout depends on the kind of delegate.
static __always_inline u64 replaced_list(u64 builtin_data, s32 *size)
{
	u64 params[3];
	*size = 0;
	if (builtin_data == 0 || read_user(params, sizeof(params), builtin_data))
		return 0;
	for (u32 i = 1; i <= 2; i++) {
		struct {
			s32 size, first;
		} array = { 0, -1 };
		if (read_user(&array, sizeof(array), params[i]))
			continue;
		if (array.size > 0 && array.size < (1 << 20) && array.first >= 0 && array.first < (1 << 20)) {
			*size = array.size;
			return params[i];
		}
	}
	return 0;
}

// What the slow path is told of a probe hit.
struct hit {
	u64 process;
	u64 context;
	u64 address;
	u64 site;
	u64 ip;
	u32 run;
	u32 delegate; // the node is a delegate's
};

// Returns the id of the description, 0 when there was no room for it.
static __always_inline u64 send_node(struct hit *hit, u64 subgraph, u64 *lists, u64 tensors)
{
	struct node_record *r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r) {
		count(DESCRIPTIONS_LOST);
		return 0;
	}
	u64 pid_tgid = bpf_get_current_pid_tgid();
	u64 id = new_id(), replaced = 0;
	s32 inputs = list_size(lists[0]), outputs = list_size(lists[1]), temporaries = list_size(lists[3]), replaced_size = 0;
	r->header.type = RECORD_NODE;
	r->header.tid = (u32)pid_tgid;
	r->node = id;
	r->subgraph = subgraph;
	r->process = hit->process;
	r->tgid = pid_tgid >> 32;
	r->run = hit->run;
	r->site = hit->site;
	r->ip = hit->ip;
	r->context = hit->context;
	r->address = hit->address;
	r->time_ns = bpf_ktime_get_ns();
	// The last element of a vector may end where the next page isn't there: read as much of it as there is.
	r->raw_bytes = 0;
	__builtin_memset(r->raw, 0, NODE_BYTES);
	for (u32 n = NODE_BYTES; n >= MIN_NODE_BYTES; n -= 8) {
		if (read_user(r->raw, n, hit->address) == 0) {
			r->raw_bytes = n;
			break;
		}
	}
	// The registration's own pointer to the probed function says where the registration sits.
	u64 name = *(u64 *)(r->raw + REGISTRATION + REGISTRATION_CUSTOM_NAME);
	u32 function = REGISTRATION_OLD + (hit->run ? REGISTRATION_INVOKE : REGISTRATION_PREPARE);
	if (hit->ip - *(u64 *)(r->raw + (function & (NODE_BYTES / 2 - 1))) < MAX_SITE_OFFSET)
		name = *(u64 *)(r->raw + REGISTRATION_OLD + REGISTRATION_CUSTOM_NAME);
	r->custom_name[0] = 0;
	if (name && bpf_probe_read_user_str(r->custom_name, CUSTOM_NAME_BYTES, (void *)name) < 0)
		r->custom_name[0] = 0;
	if (*(u64 *)(r->raw + NODE_DELEGATE))
		replaced = replaced_list(*(u64 *)(r->raw + NODE_BUILTIN_DATA), &replaced_size);
	r->inputs = inputs;
	r->outputs = outputs;
	r->temporaries = temporaries;
	r->pad = 0;
	r->replaced = replaced_size;
	bpf_get_current_comm(r->comm, sizeof(r->comm));
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);

	send_replaced(id, replaced, replaced_size);
	walk_tensors(id, lists[0], tensors, LIST_INPUTS | SEND, inputs);
	walk_tensors(id, lists[1], tensors, LIST_OUTPUTS | SEND, outputs);
	walk_tensors(id, lists[3], tensors, LIST_TEMPORARIES | SEND, temporaries);
	// The agent reads further tensors from the process, which must not end before.
	if (stop_signal && (inputs > MAX_TENSORS || outputs > MAX_TENSORS || temporaries > MAX_TENSORS))
		bpf_send_signal_thread(stop_signal);
	return id;
}

#define RUNS (1ULL << 63) // added to the ip of a hit in invoke; user addresses are far below

// Describes a node if it is new or no longer what it was, and remembers it in map "nodes". Returns the description's
// id, 0 when there was no room for it: then the next run tries again.
__noinline u64 describe(u64 process, u64 context, u64 address, u64 site, u64 ip)
{
	struct hit hit = {
		.process = process, .context = context, .address = address,
		.site = site, .ip = ip & ~RUNS, .run = ip >> 63,
	};
	struct node_key key = { .address = address, .process = process };
	u64 lists[4], tensors = 0; // of inputs, outputs, intermediates, temporaries
	hit.delegate = read_user(lists, sizeof(u64), address + NODE_DELEGATE) == 0 && lists[0];
	if (read_user(lists, sizeof(lists), address + NODE_INPUTS) ||
	    read_user(&tensors, sizeof(tensors), context + CONTEXT_TENSORS))
		return 0;
	u64 subgraph = subgraph_id(process, context, address);
	if (subgraph == 0)
		return 0;
	struct node_state state = {
		.context = context, .subgraph = subgraph, .identity = identity(address), .ran = hit.run,
	};
	u64 inputs = walk_tensors(0, lists[0], tensors, LIST_INPUTS, list_size(lists[0]));
	u64 outputs = walk_tensors(0, lists[1], tensors, LIST_OUTPUTS, list_size(lists[1]));
	u64 temporaries = walk_tensors(0, lists[3], tensors, LIST_TEMPORARIES, list_size(lists[3]));
	state.content = mix(mix(inputs, outputs), temporaries);
	state.dynamic = (outputs & 1 ? DYNAMIC_OUTPUTS : 0) | (temporaries & 1 ? DYNAMIC_TEMPORARIES : 0);
	state.delegate = hit.delegate;
	struct node_state *known = bpf_map_lookup_elem(&nodes, &key);
	if (known && known->subgraph == subgraph && known->identity == state.identity &&
	    known->content == state.content && known->ran >= hit.run) {
		known->dirty = 0;
		known->dynamic = state.dynamic;
		return known->id;
	}
	state.id = send_node(&hit, subgraph, lists, tensors);
	if (state.id == 0)
		return 0;
	if (bpf_map_update_elem(&nodes, &key, &state, BPF_ANY))
		count(NODES_FORGOTTEN);
	return state.id;
}
