package tflite

import "strconv"

// Type is a TfLiteType, the element type of a tensor at run time. A .tflite file numbers types differently; Model
// holds them converted.
// Source: tflite/converter/core/c/tflite_types.h (older: tensorflow/lite/core/c/c_api_types.h).
type Type int32

// The element types.
const (
	NoType Type = iota
	Float32
	Int32
	UInt8
	Int64
	String
	Bool
	Int16
	Complex64
	Int8
	Float16
	Float64
	Complex128
	UInt64
	Resource
	Variant
	UInt32
	UInt16
	Int4
	BFloat16
	Int2
	UInt4
	Float8E4M3FN
	Float8E5M2
)

// bits is the size of one element, 0 where elements have no fixed size.
var types = [...]struct {
	name string
	bits int
}{
	NoType:       {"NOTYPE", 0},
	Float32:      {"FLOAT32", 32},
	Int32:        {"INT32", 32},
	UInt8:        {"UINT8", 8},
	Int64:        {"INT64", 64},
	String:       {"STRING", 0},
	Bool:         {"BOOL", 8},
	Int16:        {"INT16", 16},
	Complex64:    {"COMPLEX64", 64},
	Int8:         {"INT8", 8},
	Float16:      {"FLOAT16", 16},
	Float64:      {"FLOAT64", 64},
	Complex128:   {"COMPLEX128", 128},
	UInt64:       {"UINT64", 64},
	Resource:     {"RESOURCE", 0},
	Variant:      {"VARIANT", 0},
	UInt32:       {"UINT32", 32},
	UInt16:       {"UINT16", 16},
	Int4:         {"INT4", 4},
	BFloat16:     {"BFLOAT16", 16},
	Int2:         {"INT2", 2},
	UInt4:        {"UINT4", 4},
	Float8E4M3FN: {"FLOAT8_E4M3FN", 8},
	Float8E5M2:   {"FLOAT8_E5M2", 8},
}

// String returns the type's name, such as "FLOAT32", and "TYPE_40" for a type newer than this table.
func (t Type) String() string {
	if t < 0 || int(t) >= len(types) {
		return "TYPE_" + strconv.Itoa(int(t))
	}
	return types[t].name
}

// Bits returns the size of one element in bits, 0 for types without a fixed size and for unknown ones.
func (t Type) Bits() int {
	if t < 0 || int(t) >= len(types) {
		return 0
	}
	return types[t].bits
}

// The schema's enum TensorType in order; the index is the number in a file.
var schemaTypes = [...]Type{
	Float32, Float16, Int32, UInt8, Int64, String, Bool, Int16, Complex64, Int8, Float64, Complex128, UInt64,
	Resource, Variant, UInt32, UInt16, Int4, BFloat16, Int2, UInt4, Float8E4M3FN, Float8E5M2,
}

// AllocationType is a TfLiteAllocationType: where a tensor's data lives.
// Source: tflite/core/c/common.h.
type AllocationType int32

// The allocation types.
const (
	AllocationNone    AllocationType = iota
	MmapRo                           // constant, in the model
	ArenaRw                          // in the arena that ops share
	ArenaRwPersistent                // kept between invokes
	Dynamic                          // allocated by its kernel during an invoke
	PersistentRo                     // computed once, in prepare
	CustomAllocation                 // the app's own memory
	VariantObject
	NonCPU
)

var allocationNames = [...]string{
	"NONE", "MMAP_RO", "ARENA_RW", "ARENA_RW_PERSISTENT", "DYNAMIC", "PERSISTENT_RO", "CUSTOM", "VARIANT_OBJECT",
	"NON_CPU",
}

// String returns the allocation type's name, such as "ARENA_RW".
func (a AllocationType) String() string { return enumName(allocationNames[:], int(a), "ALLOCATION_") }

// QuantizationKind is a TfLiteQuantizationType.
// Source: tflite/core/c/common.h.
type QuantizationKind int32

// The kinds of quantization. Only Affine comes with scales and zero points; the others keep theirs in tensors.
const (
	NotQuantized QuantizationKind = iota
	Affine
	Blockwise
	MultiAxis
)

var quantizationNames = [...]string{"NONE", "AFFINE", "BLOCKWISE", "MULTI_AXIS"}

// String returns the kind's name, such as "AFFINE".
func (k QuantizationKind) String() string {
	return enumName(quantizationNames[:], int(k), "QUANTIZATION_")
}

func enumName(names []string, value int, unknown string) string {
	if value < 0 || value >= len(names) {
		return unknown + strconv.Itoa(value)
	}
	return names[value]
}
