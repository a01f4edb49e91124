package shim

// These are the layouts of lib/records.h, field by field and with its names; TestLayout compares both. A name that Go
// keeps for itself has an underscore behind it.

const (
	sharedMagic   = 0x6d6968737865
	sharedVersion = 1
	sharedBytes   = 65536
	line          = 64
	maxOps        = 64
	maxRanges     = 64
	patternBytes  = 4096
	openOps       = 256
	buckets       = 64
	keyBytes      = 64
	textBytes     = 65536

	markerCapture = 1 << 63
	unreadable    = 1<<64 - 1
	replayMagic   = 0x79616c70657278

	modeTiming     = 1
	modeData       = 2
	modeStatistics = 3

	fullBlock  = 0
	fullDrop   = 1
	fullSample = 2

	phaseNone    = 0
	phaseInvoke  = 1
	phasePrepare = 2
	phaseInit    = 3

	recordProcess    = 1
	recordModule     = 2
	recordSubgraph   = 3
	recordTensor     = 4
	recordNode       = 5
	recordOp         = 6
	recordCapture    = 7
	recordMore       = 8
	recordStatistics = 9
	recordMarker     = 10

	stateReserved = 1
	stateComplete = 2

	missingNothing    = 0
	missingNoMemory   = 1
	missingDelegate   = 2
	missingType       = 3
	missingDropped    = 4
	missingBudget     = 5
	missingUnreadable = 6
	missingShape      = 7
	missingStatistics = 8
)

// The counters, in the order of enum counter.
const (
	lostTensors = iota
	lostTensorBytes
	skippedInvokes
	overBudget
	noData
	earlierInterpreters
	noThunk
	notKernels
	unknownNodes
	noMemory
	waitedNs
	lostOps
	gaveUp
	lostMarkers
	framesNotBegun
	counters
)

type nodeRange struct {
	subgraph    int32
	first, last int32
}

type selection struct {
	mode             uint32
	whenFull         uint32
	endsOnly         uint32
	keepDelegatesOut uint32
	every            uint64
	first, last      uint64
	budget           uint64
	ops, ranges      uint32
	op               [maxOps]int32
	range_           [maxRanges]nodeRange
	opPatterns       uint32
	tensorPatterns   uint32
	opPattern        [patternBytes]byte
	tensorPattern    [patternBytes]byte
}

type openOp struct {
	pid, tid uint32
	phase    uint32
	index    int32
	code     int32
	subgraph uint32
	name     [40]byte
}

type shared struct {
	magic     uint64
	version   uint32
	bytes     uint32
	ringBytes uint64
	heartbeat uint32
	stop      uint32
	_         [32]byte
	tail      uint64
	freed     uint32
	_         [52]byte
	head      uint64
	lock      uint32
	waiting   uint32
	captured  uint64
	_         [40]byte
	counters  [16]uint64
	open      [openOps]openOp
	selection selection
}

type recordHeader struct {
	state    uint32
	type_    uint32
	bytes    uint64
	pid, tid uint32
}

type processRecord struct {
	header       recordHeader
	parent       uint32
	pointerBytes uint32
	timeNs       uint64
}

type moduleRecord struct {
	header             recordHeader
	id                 uint32
	records            uint32
	base               uint64
	textStart, textEnd uint64
	pathBytes          uint32
	_                  uint32
}

type subgraphRecord struct {
	header          recordHeader
	id              uint32
	index           int32
	context         uint64
	interpreter     uint64
	nodes, tensors  uint32
	inputs, outputs int32
}

type tensorRecord struct {
	header             recordHeader
	subgraph           uint32
	index              int32
	type_              int32
	allocation         int32
	bytes              uint64
	address            uint64
	variable           uint32
	quantizedDimension int32
	dims, scales       uint32
	zeroPoints         uint32
	nameBytes          uint32
}

type nodeRecord struct {
	header          recordHeader
	id              uint32
	subgraph        uint32
	index           int32
	code            int32
	opVersion       int32
	delegate        uint32
	kernel          uint64
	module          uint32
	inputs, outputs uint32
	temporaries     uint32
	replaced        uint32
	nameBytes       uint32
}

type opRecord struct {
	header     recordHeader
	node       uint32
	depth      uint32
	invoke     uint64
	startNs    uint64
	durationNs uint64
}

type captureRecord struct {
	header     recordHeader
	node       uint32
	tensor     int32
	role       uint32
	status     int32
	invoke     uint64
	around     uint64
	startNs    uint64
	durationNs uint64
	capture    uint64
	dataBytes  uint64
	pieceBytes uint32
	dims       int32
	type_      int32
	missing    uint32
	dim        [8]int32
	_          [56]byte
}

type moreRecord struct {
	header     recordHeader
	capture    uint64
	offset     uint64
	pieceBytes uint32
	_          [20]byte
}

type statisticsRecord struct {
	capture           captureRecord
	elements          uint64
	nans, infs        uint64
	min, max          float64
	mean, rms         float64
	histogramElements uint64
	histogramExponent int32
	_                 uint32
	histogramLow      float64
	histogramWidth    float64
	histogram         [buckets]uint32
}

type markerRecord struct {
	header     recordHeader
	kind       uint32
	type_      uint32
	format     uint32
	rate       uint32
	timeNs     uint64
	frame      uint64
	capture    uint64
	dataBytes  uint64
	number     [3]float64
	dim        [8]int64
	rank       uint32
	numbers    uint32
	keyBytes   uint32
	textBytes  uint32
	pieceBytes uint32
	missing    uint32
	cut        uint32
	_          uint32
}

type replayHead struct {
	magic   uint64
	bytes   uint64
	version uint32
	keys    uint32
	_       [40]byte
}

type replayKey struct {
	name            [keyBytes]byte
	stream          uint32
	first, pieces   uint32
	failed          uint32
	next            uint64
	given           uint64
	refused         uint64
	asked, recorded uint64
	over            uint64
}

type replayPiece struct {
	path   uint64
	offset uint64
	bytes  uint64
	_      uint64
}
