// Package tflite knows TensorFlow Lite and LiteRT: op codes, tensor types, how its objects lie in memory, and the
// .tflite file.
//
// Memory and files come from elsewhere and may hold anything: no function here panics or allocates more than a small
// multiple of its input, whatever the bytes.
package tflite

// How TFLite's objects lie in the memory of a 64-bit process (LP64; all the Linux targets are little-endian): offsets
// in bytes. Structs only ever grew at their end, so what is named here holds from TFLite 2.3 to LiteRT 2.3.
// Source: tflite/core/c/common.h (older: tensorflow/lite/core/c/common.h, tensorflow/lite/c/common.h), compiled.

// TfLiteContext, and its place in the tflite::Subgraph that TfLiteContext.impl_ points to.
const (
	ContextTensorsSize = 0
	ContextTensors     = 16 // TfLiteTensor*, the subgraph's tensors
	ContextImpl        = 24
	ContextPrefix      = 32 // bytes that DecodeContext needs

	// Subgraph's members before its context: vtable, tensors_ (a std::vector<TfLiteTensor>), state_.
	SubgraphTensors   = 8
	ContextInSubgraph = 40
	minContextSize    = 160 // 2.3; it grew to 200
)

// TfLiteNode.
const (
	NodeInputs                = 0 // TfLiteIntArray*, as are the next three
	NodeOutputs               = 8
	NodeIntermediates         = 16
	NodeTemporaries           = 24
	NodeUserData              = 32
	NodeBuiltinData           = 40 // of a delegate node: TfLiteDelegateParams*
	NodeCustomInitialData     = 48
	NodeCustomInitialDataSize = 56
	NodeDelegate              = 64
	NodeSize                  = 72 // up to 2.5; might_have_side_effect made it 80
)

// TfLiteRegistration. It follows its node in std::pair<TfLiteNode, TfLiteRegistration>.
const (
	RegistrationInit            = 0
	RegistrationFree            = 8
	RegistrationPrepare         = 16
	RegistrationInvoke          = 24
	RegistrationProfilingString = 32
	RegistrationBuiltinCode     = 40
	RegistrationCustomName      = 48
	RegistrationVersion         = 56
	RegistrationSize            = 64 // up to 2.9
	RegistrationExternal        = 64 // since 2.10: TfLiteOperator*, whose functions run instead when it is set
)

// TfLiteOperator (TfLiteRegistrationExternal before 2.17), in which apps register custom ops through the opaque C API. The
// header is private; these members have kept their places since 2.10. The functions that take user data first, as LiteRT
// registers custom ops, are younger: their places are those that 2.17.1's TfLiteOperatorSetInvokeWithData and its kin write.
const (
	OperatorInit            = 16
	OperatorFree            = 24
	OperatorPrepare         = 32
	OperatorInvoke          = 40
	OperatorPrefix          = 48 // bytes that WithOperator needs
	OperatorInitWithData    = 80
	OperatorFreeWithData    = 88
	OperatorPrepareWithData = 96
	OperatorInvokeWithData  = 104
	OperatorBytes           = 112
)

// Where the registration begins, counted from the node, the newest layout first: since 2.6, and before.
var registrationOffsets = [...]int{80, 72}

// PairSize is how much memory, from a node on, FindRegistration needs to look at every place.
const PairSize = 80 + RegistrationSize

// TfLiteTensor.
const (
	TensorType               = 0
	TensorData               = 8
	TensorDims               = 16 // TfLiteIntArray*
	TensorScale              = 24 // legacy parameters: set when there is one scale for the whole tensor, else 0
	TensorZeroPoint          = 28
	TensorAllocationType     = 32
	TensorBytes              = 40
	TensorAllocation         = 48
	TensorName               = 56
	TensorDelegate           = 64
	TensorBufferHandle       = 72
	TensorDataIsStale        = 76
	TensorIsVariable         = 77
	TensorQuantizationType   = 80
	TensorQuantizationParams = 88
	TensorSparsity           = 96
	TensorDimsSignature      = 104 // TfLiteIntArray*, NULL when no dimension is unknown
	TensorSize               = 112
)

// TfLiteAffineQuantization: what TensorQuantizationParams points to when the quantization type is Affine.
const (
	AffineScale     = 0  // TfLiteFloatArray*
	AffineZeroPoint = 8  // TfLiteIntArray*; LiteRT can store one element for many identical ones
	AffineDimension = 16 // quantized_dimension
	AffineSize      = 24
)

// TfLiteDelegateParams, and the extra word that TfLiteOpaqueDelegateParams has before its lists.
const (
	DelegateParamsDelegate = 0
	DelegateParamsNodes    = 8 // TfLiteIntArray*, as are the next two: the nodes replaced
	DelegateParamsInputs   = 16
	DelegateParamsOutputs  = 24
	DelegateParamsSize     = 32
	opaqueDelegateExtra    = 8
)

// TfLiteIntArray and TfLiteFloatArray: a 32-bit count, then that many 32-bit elements.
const (
	ArraySize = 0
	ArrayData = 4
)
