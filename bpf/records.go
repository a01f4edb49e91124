package bpf

import (
	"fmt"
	"unsafe"
)

// The records that the programs write into the ring buffer; records.h says what their fields mean.
type (
	OpRecord           = programsOpRecord
	NodeRecord         = programsNodeRecord
	IndicesRecord      = programsIndicesRecord
	TensorRecord       = programsTensorRecord
	SubgraphRecord     = programsSubgraphRecord
	ExitRecord         = programsExitRecord
	MappedRecord       = programsMappedRecord
	OperatorRecord     = programsOperatorRecord
	NodeKey            = programsNodeKey
	HeapRecord         = programsHeapRecord
	HeapSiteRecord     = programsHeapSiteRecord
	SampleRecord       = programsSampleRecord // a copy of the stack follows: Copied
	OperatorsRanRecord = programsOperatorsRanRecord
	MarkerRecord       = programsMarkerRecord
)

// Sizes that records.h asserts, too: a difference doesn't compile.
const (
	opBytes       = 80
	nodeBytes     = 440
	tensorBytes   = 712
	subgraphBytes = 1472
	sampleBytes   = 456
	markerBytes   = 536
)

var (
	_ [opBytes]byte       = [unsafe.Sizeof(OpRecord{})]byte{}
	_ [nodeBytes]byte     = [unsafe.Sizeof(NodeRecord{})]byte{}
	_ [tensorBytes]byte   = [unsafe.Sizeof(TensorRecord{})]byte{}
	_ [subgraphBytes]byte = [unsafe.Sizeof(SubgraphRecord{})]byte{}
	_ [sampleBytes]byte   = [unsafe.Sizeof(SampleRecord{})]byte{}
	_ [markerBytes]byte   = [unsafe.Sizeof(MarkerRecord{})]byte{}
)

// WithData is set in the attach cookie of a function that takes user data before its context. A probe without a cookie
// tells by the arguments.
const WithData = 1 << 63

// Lists of a node, as in TensorRecord.List.
const (
	ListInputs      = 0
	ListOutputs     = 1
	ListTemporaries = 2
	Lists           = 3
)

// TypeShift is where the attach cookie of XNNPACK's run function has the offset of an operator's type.
const TypeShift = 32

// OperatorTypeUnknown stands in OperatorRecord.Type when the offset of an operator's type isn't known.
const OperatorTypeUnknown = 0xffffffff

// MaxDims is how many dimensions of a tensor a record holds, MaxTensors how many tensors of one list are sent.
const (
	MaxDims    = 8
	MaxTensors = 64
)

// Decode returns a ring-buffer sample as a pointer to one of the record types above, without copying it:
// it is valid as long as the sample is.
func Decode(sample []byte) (any, error) {
	if len(sample) < 8 {
		return nil, fmt.Errorf("decode ring-buffer record: %d bytes", len(sample))
	}
	switch kind := *(*programsRecordType)(unsafe.Pointer(&sample[0])); kind {
	case programsRecordTypeRECORD_OP, opToNext:
		return view[OpRecord](sample)
	case programsRecordTypeRECORD_NODE:
		return view[NodeRecord](sample)
	case programsRecordTypeRECORD_INDICES:
		return view[IndicesRecord](sample)
	case programsRecordTypeRECORD_TENSOR:
		return view[TensorRecord](sample)
	case programsRecordTypeRECORD_SUBGRAPH:
		return view[SubgraphRecord](sample)
	case programsRecordTypeRECORD_EXIT:
		return view[ExitRecord](sample)
	case programsRecordTypeRECORD_MAPPED:
		return view[MappedRecord](sample)
	case programsRecordTypeRECORD_OPERATOR:
		return view[OperatorRecord](sample)
	case programsRecordTypeRECORD_HEAP:
		return view[HeapRecord](sample)
	case programsRecordTypeRECORD_HEAP_SITE:
		return view[HeapSiteRecord](sample)
	case programsRecordTypeRECORD_SAMPLE:
		return view[SampleRecord](sample)
	case programsRecordTypeRECORD_OPERATORS_RAN:
		return view[OperatorsRanRecord](sample)
	case programsRecordTypeRECORD_MARKER:
		return view[MarkerRecord](sample)
	default:
		return nil, fmt.Errorf("decode ring-buffer record: unknown type %d", kind)
	}
}

func view[T any](sample []byte) (*T, error) {
	var record T
	if uintptr(len(sample)) < unsafe.Sizeof(record) {
		return nil, fmt.Errorf("decode ring-buffer record: %d bytes for a %T of %d", len(sample), record, unsafe.Sizeof(record))
	}
	return (*T)(unsafe.Pointer(&sample[0])), nil
}

const opToNext = programsRecordTypeRECORD_OP_TO_NEXT

// ToNext tells whether the op's end is the start of the next one.
func ToNext(r *OpRecord) bool { return r.Header.Type == opToNext }

// Cause is a way to lose ops: its counter, and its name in a trace.
type Cause struct {
	Counter programsCounter
	Name    string
}

// EndsNotSeen counts ops of kernels without a return probe after which no op of the same subgraph began.
var EndsNotSeen = Cause{programsCounterLOST_ENDS, "end_not_seen"}

// Causes are all of them.
var Causes = []Cause{
	{programsCounterLOST_RING_FULL, "ring_full"},
	{programsCounterLOST_UNDESCRIBED, "undescribed"},
	{programsCounterLOST_NO_THREAD, "thread_table_full"},
	{programsCounterLOST_TOO_DEEP, "nested_too_deep"},
	{programsCounterLOST_NO_ENTRY, "start_not_seen"},
	{programsCounterLOST_UNFINISHED, "never_returned"},
	{programsCounterLOST_OPERATORS, "operators"},
	EndsNotSeen,
	{programsCounterLOST_NO_AGGREGATE, "aggregates_full"},
}

// HeapCauses are the ways to lose allocations, which lose no op.
var HeapCauses = []Cause{
	{programsCounterHEAP_RING_FULL, "heap_ring_full"},
	{programsCounterHEAP_NO_THREAD, "heap_thread_table_full"},
	{programsCounterHEAP_UNRETURNED, "heap_return_not_seen"},
	{programsCounterHEAP_NOT_HELD, "heap_blocks_not_held"},
	{programsCounterHEAP_NO_SITE, "heap_without_stack"},
}

// MarkerCauses are the ways to lose markers, which lose no op.
var MarkerCauses = []Cause{
	{programsCounterMARKERS_RING_FULL, "markers_ring_full"},
	{programsCounterMARKERS_UNREADABLE, "markers_unreadable"},
}

// Remarks are counters of what lost no op but should be known, and what each counts.
var Remarks = []struct {
	Counter programsCounter
	Text    string
}{
	{programsCounterBEGAN_BEFORE, "ops began before all probes were in place: they are not in the trace"},
	{programsCounterCUT_OFF, "ops were open when the recording paused or ended: they are not in the trace"},
	{programsCounterALIASES, "times a kernel handed its node on to another kernel: counted as one op"},
	{programsCounterNODES_FORGOTTEN, "times there was no room to remember a node or subgraph: it was described again"},
}

// DescriptionsLost counts description records that found the ring buffer full: the ops concerned lack details.
const DescriptionsLost = programsCounterDESCRIPTIONS_LOST
