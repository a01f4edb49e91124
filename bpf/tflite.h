// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//
// Offsets, in bytes on LP64, of what the programs follow in the app's memory. They are the same in every TFLite and
// LiteRT since 2.3 (tensorflow/lite/core/c/common.h; Go's view of the same layouts is package tflite).
#pragma once

#define CONTEXT_TENSORS 16 // TfLiteContext.tensors
#define CONTEXT_IMPL 24    // TfLiteContext.impl_: the tflite::Subgraph it is embedded in
#define CONTEXT_IN_SUBGRAPH 40
#define CONTEXT_BYTES 160 // at least: 2.3, it has grown since

#define NODE_INPUTS 0
#define NODE_OUTPUTS 8
#define NODE_USER_DATA 32
#define NODE_BUILTIN_DATA 40
#define NODE_DELEGATE 64
#define MAX_LIST 65536 // inputs or outputs: more than any node has
#define NODE_IDENTITY_BYTES 48 // inputs .. builtin_data

// The registration follows the node; the node grew by 8 bytes in 2.6.
#define REGISTRATION_OLD 72
#define REGISTRATION 80
#define REGISTRATION_PREPARE 16
#define REGISTRATION_INVOKE 24
#define REGISTRATION_CUSTOM_NAME 48

#define DELEGATE_PARAMS_NODES 8         // TfLiteDelegateParams.nodes_to_replace
#define OPAQUE_DELEGATE_PARAMS_NODES 16 // TfLiteOpaqueDelegateParams.nodes_to_replace

#define TENSOR_DIMS 16
#define TENSOR_ALLOCATION 32
#define TENSOR_NAME 56
#define TENSOR_QUANTIZATION_TYPE 80
#define TENSOR_QUANTIZATION_PARAMS 88
#define QUANTIZATION_AFFINE 1
#define ALLOCATION_READ_ONLY 1 // kTfLiteMmapRo
#define ALLOCATION_ARENA 2
#define ALLOCATION_PERSISTENT 3
#define ALLOCATION_DYNAMIC 4
