package work

const moves = "moves data only"

// movementRows compute nothing: what they do is in bytes.
var movementRows = map[string]row{
	"RESHAPE": moved(1), "SQUEEZE": moved(), "EXPAND_DIMS": moved(1), "BITCAST": moved(),
	"TRANSPOSE": moved(1), "CONCATENATION": moved(), "PACK": moved(), "UNPACK": moved(),
	"PAD": moved(), "PADV2": moved(), "MIRROR_PAD": moved(), "DILATE": moved(),
	"SPLIT": moved(0), "SPLIT_V": moved(1, 2), "TILE": moved(1), "BROADCAST_TO": moved(1), "BROADCAST_ARGS": moved(),
	"DEPTH_TO_SPACE": moved(), "SPACE_TO_DEPTH": moved(), "BATCH_TO_SPACE_ND": moved(1, 2), "SPACE_TO_BATCH_ND": moved(1, 2),
	"REVERSE_V2": moved(1), "REVERSE_SEQUENCE": moved(), "MATRIX_DIAG": moved(), "MATRIX_SET_DIAG": moved(),
	"FILL": moved(0), "RANGE": moved(), "ONE_HOT": moved(), "ZEROS_LIKE": moved(0), "SHAPE": moved(0), "RANK": moved(0),
	"SCATTER_ND": moved(2), "SPARSE_TO_DENSE": moved(1), "DYNAMIC_UPDATE_SLICE": moved(), "DENSIFY": moved(),
	"REAL": moved(), "IMAG": moved(),

	// Only what is picked out is read.
	"SLICE":            {formula: moves, sampled: []int{0}, unread: []int{1, 2}},
	"STRIDED_SLICE":    {formula: moves, sampled: []int{0}, unread: []int{1, 2, 3}},
	"GATHER":           {formula: moves, sampled: []int{0}},
	"GATHER_ND":        {formula: moves, sampled: []int{0}},
	"EMBEDDING_LOOKUP": {formula: moves, sampled: []int{1}},

	"STABLEHLO_RESHAPE": moved(), "STABLEHLO_TRANSPOSE": moved(), "STABLEHLO_CONCATENATE": moved(), "STABLEHLO_PAD": moved(),
	"STABLEHLO_BROADCAST_IN_DIM": moved(), "STABLEHLO_IOTA": moved(),
	"STABLEHLO_SLICE":         {formula: moves, sampled: []int{0}},
	"STABLEHLO_DYNAMIC_SLICE": {formula: moves, sampled: []int{0}},
	"STABLEHLO_GATHER":        {formula: moves, sampled: []int{0}},

	// A variable's own size is not in its handle's shape, but in what is read of it or assigned to it.
	"VAR_HANDLE":      moved(),
	"READ_VARIABLE":   {formula: moves, read: (*node).made},
	"ASSIGN_VARIABLE": {formula: moves, written: func(n *node) uint64 { return n.inputBytes(1) }},
}

// moved is data that is copied; of the given inputs only the shape matters, or numbers that say where to.
func moved(unread ...int) row { return row{formula: moves, unread: unread} }
