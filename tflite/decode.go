package tflite

import (
	"encoding/binary"
	"math"
)

var le = binary.LittleEndian

// RawContext is the part of a TfLiteContext that leads elsewhere. Pointers are addresses in the process it came from,
// here and in every other Raw type.
type RawContext struct {
	TensorsSize uint64 // number of tensors
	Tensors     uint64 // TfLiteTensor*
	Impl        uint64 // tflite::Subgraph*
}

// DecodeContext reads a TfLiteContext. It reports false when raw holds fewer than ContextPrefix bytes.
func DecodeContext(raw []byte) (RawContext, bool) {
	if len(raw) < ContextPrefix {
		return RawContext{}, false
	}
	return RawContext{
		TensorsSize: le.Uint64(raw[ContextTensorsSize:]),
		Tensors:     le.Uint64(raw[ContextTensors:]),
		Impl:        le.Uint64(raw[ContextImpl:]),
	}, true
}

// ContextValid reports whether rawContext, read from address, may be the context of a tflite::Subgraph: the context lies
// inside the subgraph that it points to. That is proof enough for the first argument of a kernel; scanned memory holds
// many such pairs by chance, there use SubgraphValid.
func ContextValid(address uint64, rawContext []byte) bool {
	context, ok := DecodeContext(rawContext)
	return ok && plausiblePointer(context.Impl) && context.Impl+ContextInSubgraph == address
}

// SubgraphValid reports whether subgraph, read from address, begins a tflite::Subgraph: its context is valid, and says
// the same of the tensors as the subgraph's own vector.
func SubgraphValid(address uint64, subgraph []byte) bool {
	if len(subgraph) < ContextInSubgraph || !ContextValid(address+ContextInSubgraph, subgraph[ContextInSubgraph:]) {
		return false
	}
	context, _ := DecodeContext(subgraph[ContextInSubgraph:])
	begin, end, ok := vector(subgraph[SubgraphTensors:], TensorSize)
	bytes := end - begin
	return ok && plausiblePointer(begin) && begin == context.Tensors && end > begin && bytes%TensorSize == 0 &&
		bytes/TensorSize == context.TensorsSize
}

// RawNode is a TfLiteNode. Inputs to Temporaries are TfLiteIntArray*.
type RawNode struct {
	Inputs, Outputs, Intermediates, Temporaries uint64

	UserData              uint64 // what the kernel's init returned
	BuiltinData           uint64 // the op's parameters; TfLiteDelegateParams* when Delegate is set
	CustomInitialData     uint64
	CustomInitialDataSize int32
	Delegate              uint64 // TfLiteDelegate* of a node that stands for others, else 0
}

// DecodeNode reads a TfLiteNode. It reports false when raw holds fewer than NodeSize bytes.
func DecodeNode(raw []byte) (RawNode, bool) {
	if len(raw) < NodeSize {
		return RawNode{}, false
	}
	return RawNode{
		Inputs:                le.Uint64(raw[NodeInputs:]),
		Outputs:               le.Uint64(raw[NodeOutputs:]),
		Intermediates:         le.Uint64(raw[NodeIntermediates:]),
		Temporaries:           le.Uint64(raw[NodeTemporaries:]),
		UserData:              le.Uint64(raw[NodeUserData:]),
		BuiltinData:           le.Uint64(raw[NodeBuiltinData:]),
		CustomInitialData:     le.Uint64(raw[NodeCustomInitialData:]),
		CustomInitialDataSize: int32(le.Uint32(raw[NodeCustomInitialDataSize:])),
		Delegate:              le.Uint64(raw[NodeDelegate:]),
	}, true
}

// RawRegistration is the part of a TfLiteRegistration that every version has.
type RawRegistration struct {
	Init, Free, Prepare, Invoke, ProfilingString uint64 // functions

	BuiltinCode OpCode
	CustomName  uint64 // char*
	Version     int32

	WithData bool // the functions take user data before the context; only of a TfLiteOperator
}

// DecodeRegistration reads a TfLiteRegistration. It reports false when raw holds fewer than RegistrationSize bytes.
func DecodeRegistration(raw []byte) (RawRegistration, bool) {
	if len(raw) < RegistrationSize {
		return RawRegistration{}, false
	}
	return RawRegistration{
		Init:            le.Uint64(raw[RegistrationInit:]),
		Free:            le.Uint64(raw[RegistrationFree:]),
		Prepare:         le.Uint64(raw[RegistrationPrepare:]),
		Invoke:          le.Uint64(raw[RegistrationInvoke:]),
		ProfilingString: le.Uint64(raw[RegistrationProfilingString:]),
		BuiltinCode:     OpCode(le.Uint32(raw[RegistrationBuiltinCode:])),
		CustomName:      le.Uint64(raw[RegistrationCustomName:]),
		Version:         int32(le.Uint32(raw[RegistrationVersion:])),
	}, true
}

// RawTensor is a TfLiteTensor. Dims and DimsSignature are TfLiteIntArray*, Name is char*.
type RawTensor struct {
	Type               Type
	Data, Dims         uint64
	Scale              float32 // 0 when the tensor is not quantized or has one scale per channel
	ZeroPoint          int32
	Allocation         AllocationType
	Bytes              uint64 // size of Data
	Name               uint64
	Delegate           uint64 // TfLiteDelegate* that holds newer data than Data when DataIsStale, else 0
	BufferHandle       int32
	DataIsStale        bool
	IsVariable         bool
	Quantization       QuantizationKind
	QuantizationParams uint64 // TfLiteAffineQuantization* when Quantization is Affine
	Sparsity           uint64
	DimsSignature      uint64
}

// DecodeTensor reads a TfLiteTensor. It reports false when raw holds fewer than TensorSize bytes.
func DecodeTensor(raw []byte) (RawTensor, bool) {
	if len(raw) < TensorSize {
		return RawTensor{}, false
	}
	return RawTensor{
		Type:               Type(le.Uint32(raw[TensorType:])),
		Data:               le.Uint64(raw[TensorData:]),
		Dims:               le.Uint64(raw[TensorDims:]),
		Scale:              math.Float32frombits(le.Uint32(raw[TensorScale:])),
		ZeroPoint:          int32(le.Uint32(raw[TensorZeroPoint:])),
		Allocation:         AllocationType(le.Uint32(raw[TensorAllocationType:])),
		Bytes:              le.Uint64(raw[TensorBytes:]),
		Name:               le.Uint64(raw[TensorName:]),
		Delegate:           le.Uint64(raw[TensorDelegate:]),
		BufferHandle:       int32(le.Uint32(raw[TensorBufferHandle:])),
		DataIsStale:        raw[TensorDataIsStale] != 0,
		IsVariable:         raw[TensorIsVariable] != 0,
		Quantization:       QuantizationKind(le.Uint32(raw[TensorQuantizationType:])),
		QuantizationParams: le.Uint64(raw[TensorQuantizationParams:]),
		Sparsity:           le.Uint64(raw[TensorSparsity:]),
		DimsSignature:      le.Uint64(raw[TensorDimsSignature:]),
	}, true
}

// RawAffine is a TfLiteAffineQuantization.
type RawAffine struct {
	Scale     uint64 // TfLiteFloatArray*
	ZeroPoint uint64 // TfLiteIntArray*
	Dimension int32  // the scales are one for each index of this dimension
}

// DecodeAffine reads a TfLiteAffineQuantization. It reports false when raw holds fewer than AffineSize bytes.
func DecodeAffine(raw []byte) (RawAffine, bool) {
	if len(raw) < AffineSize {
		return RawAffine{}, false
	}
	return RawAffine{
		Scale:     le.Uint64(raw[AffineScale:]),
		ZeroPoint: le.Uint64(raw[AffineZeroPoint:]),
		Dimension: int32(le.Uint32(raw[AffineDimension:])),
	}, true
}

// RawDelegateParams is a TfLiteDelegateParams or TfLiteOpaqueDelegateParams; its lists are TfLiteIntArray*.
type RawDelegateParams struct {
	Delegate               uint64
	Nodes, Inputs, Outputs uint64 // nodes replaced, and the tensors going in and out of them
}

// DecodeDelegateParams reads what a delegate node's BuiltinData points to; opaque says that its delegate is an opaque
// one (TfLiteDelegate.Prepare is NULL). It reports false when raw holds fewer than DelegateParamsSize bytes, 8 more
// when opaque.
func DecodeDelegateParams(raw []byte, opaque bool) (RawDelegateParams, bool) {
	lists := raw
	if opaque && len(raw) >= opaqueDelegateExtra {
		lists = raw[opaqueDelegateExtra:]
	}
	if len(lists) < DelegateParamsSize || opaque && len(raw) < DelegateParamsSize+opaqueDelegateExtra {
		return RawDelegateParams{}, false
	}
	return RawDelegateParams{
		Delegate: le.Uint64(raw[DelegateParamsDelegate:]),
		Nodes:    le.Uint64(lists[DelegateParamsNodes:]),
		Inputs:   le.Uint64(lists[DelegateParamsInputs:]),
		Outputs:  le.Uint64(lists[DelegateParamsOutputs:]),
	}, true
}

// DecodeInts reads a TfLiteIntArray. When raw ends before the array does, values holds the elements that are there;
// size is always what the array says. It reports false when raw has no size or the size is negative.
func DecodeInts(raw []byte) (values []int32, size int, ok bool) {
	if len(raw) < ArrayData {
		return nil, 0, false
	}
	size = int(int32(le.Uint32(raw[ArraySize:])))
	if size < 0 {
		return nil, 0, false
	}
	values = make([]int32, min(size, (len(raw)-ArrayData)/4))
	for i := range values {
		values[i] = int32(le.Uint32(raw[ArrayData+4*i:]))
	}
	return values, size, true
}
