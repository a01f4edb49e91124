// SPDX-License-Identifier: Apache-2.0
//
// TFLite's objects as this process has them. These members have kept their places from TFLite 2.3 to LiteRT 2.3, on 32-bit
// and 64-bit machines (tflite/core/c/common.h; tensorflow/lite/core/c/common.h before); Go's view is package tflite.
#pragma once

#include "system.h"

struct ints { // TfLiteIntArray, TfLiteFloatArray
	s32 size;
	s32 data[];
};

struct affine { // TfLiteAffineQuantization
	struct ints *scale, *zero_point;
	s32 quantized_dimension;
};

enum { QUANTIZATION_AFFINE = 1 };
enum { ALLOCATION_NONE = 0, ALLOCATION_READ_ONLY = 1, ALLOCATION_ARENA = 2, ALLOCATION_ARENA_PERSISTENT = 3,
       ALLOCATION_DYNAMIC = 4, ALLOCATION_VARIANT = 7, ALLOCATION_NON_CPU = 8 };
enum { TYPE_FLOAT32 = 1, TYPE_INT32 = 2, TYPE_UINT8 = 3, TYPE_INT64 = 4, TYPE_STRING = 5, TYPE_BOOL = 6, TYPE_INT16 = 7,
       TYPE_INT8 = 9, TYPE_FLOAT16 = 10, TYPE_FLOAT64 = 11, TYPE_COMPLEX128 = 12, TYPE_UINT64 = 13, TYPE_RESOURCE = 14,
       TYPE_VARIANT = 15, TYPE_UINT32 = 16, TYPE_UINT16 = 17, TYPE_INT4 = 18, TYPE_BFLOAT16 = 19 };

struct tensor { // TfLiteTensor
	s32 type;
	void *data;
	struct ints *dims;
	float scale;
	s32 zero_point;
	s32 allocation_type;
	word bytes;
	const void *allocation;
	const char *name;
	void *delegate;
	s32 buffer_handle;
	u8 data_is_stale, is_variable;
	struct {
		s32 type;
		struct affine *params;
	} quantization;
	void *sparsity;
	struct ints *dims_signature;
};

struct context { // TfLiteContext, as far as the shim needs it
	word tensors_size;
	void *get_execution_plan;
	struct tensor *tensors;
	char *subgraph; // impl_: the tflite::Subgraph that it is embedded in
};

// std::vector as all C++ libraries have it; but libc++ may count its elements instead of pointing behind them
// (_LIBCPP_ABI_SIZE_BASED_VECTOR), as in MediaPipe 1.2: these numbers are less than any address.
struct vector {
	char *begin;
	word end, room; // addresses, or numbers of elements
};

static inline int is_counted(const struct vector *v) { return v->end < (word)v->begin; }

static inline char *end_of(const struct vector *v, word element_bytes)
{
	return is_counted(v) ? v->begin + v->end * element_bytes : (char *)v->end;
}

#define CONTEXT_IN_SUBGRAPH (5 * sizeof(word))  // behind the virtual table, the vector of tensors and the state
#define CONTEXT_WORDS (sizeof(word) == 8 ? 20 : 20) // at least: 2.3
#define TENSORS_IN_SUBGRAPH sizeof(word)

struct node { // TfLiteNode up to 2.5
	struct ints *inputs, *outputs, *intermediates, *temporaries;
	void *user_data;
	void *builtin_data; // of a delegate node: struct delegate_params
	const void *custom_initial_data;
	s32 custom_initial_data_size;
	void *delegate;
};

struct delegate { // TfLiteDelegate
	void *data;
	s32 (*prepare)(struct context *, struct delegate *); // NULL of an opaque delegate
	void *copy_from, *copy_to, *free_buffer;
	s64 flags;
};

struct delegate_params {
	void *delegate;
	struct ints *nodes; // one word later with an opaque delegate
};

typedef s32 kernel_function(struct context *, struct node *);
typedef s32 kernel_function_with_data(void *, struct context *, struct node *);

struct registration { // TfLiteRegistration up to 2.9
	word init, free, prepare, invoke, profiling_string;
	s32 builtin_code;
	const char *custom_name;
	s32 version;
};

enum { OP_RESHAPE = 22, OP_CUSTOM = 32, OP_DELEGATE = 51, OP_STABLEHLO_FIRST = 162, OP_STABLEHLO_LAST = 209 };

// TfLiteOperator (TfLiteRegistrationExternal before 2.17), to which a registration may point since 2.10: its functions run
// instead. The header is private; the places are those that 2.17.1 writes, the first six are so since 2.10.
struct operator {
	const char *custom_name;
	s32 version;
	word init, free, prepare, invoke;
	word async_kernel;
	s32 builtin_code, node_index;
	u64 inplace_operator;
	void *user_data;
	word init_with_data, free_with_data, prepare_with_data, invoke_with_data;
};

_Static_assert(sizeof(struct vector) == 3 * sizeof(word), "std::vector");
_Static_assert(sizeof(struct tensor) == (sizeof(word) == 8 ? 112 : 64), "TfLiteTensor");
_Static_assert(sizeof(struct node) == 9 * sizeof(word), "TfLiteNode");
_Static_assert(sizeof(struct registration) == 8 * sizeof(word), "TfLiteRegistration");
