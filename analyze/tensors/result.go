// Package tensors says what is in a snapshot.
package tensors

import (
	"math"
	"strconv"

	"github.com/edgexray/edgexray/analyze"
)

// Result is what `edgexray tensors --json` prints; docs/tensors-json.md is its contract.
type Result struct {
	Snapshot  Snapshot          `json:"snapshot"`
	Cut       string            `json:"cut"` // why the file ends early, or empty
	Lost      map[string]uint64 `json:"lost"`
	Notes     []analyze.Note    `json:"notes"`
	Captures  uint64            `json:"captures"`
	Missing   uint64            `json:"missing"` // of captures: there is no data although there should be
	Bytes     uint64            `json:"bytes"`   // of data
	Markers   uint64            `json:"markers"` // of the app itself: `edgexray markers` lists them
	Subgraphs []*Subgraph       `json:"subgraphs"`
	Shown     []*Shown          `json:"shown,omitempty"` // with --show
}

// Snapshot says how the snapshot was taken.
type Snapshot struct {
	Recorder       string   `json:"recorder"`
	CommandLine    []string `json:"command_line"`
	Linux          string   `json:"linux"`
	Architecture   string   `json:"architecture"`
	Hostname       string   `json:"hostname"`
	StartUnixNS    int64    `json:"start_unix_ns"`
	DurationNS     uint64   `json:"duration_ns"`
	EndReason      string   `json:"end_reason"`
	ExitStatus     *int32   `json:"exit_status"` // of the command; null when it isn't known
	Selection      []string `json:"selection"`   // what was asked for, as the user said it
	StatisticsOnly bool     `json:"statistics_only"`
	WhenFull       string   `json:"when_full"`
	Kernels        string   `json:"kernels"`
}

// Subgraph is a subgraph of a model in one process: all interpreters that run it.
type Subgraph struct {
	PID          int32           `json:"pid"`
	Process      string          `json:"process"`
	Path         string          `json:"model"` // empty when no file was found for it
	SHA256       string          `json:"model_sha256"`
	Name         string          `json:"name"` // to show: the file's base name, or the process's
	Runtime      analyze.Runtime `json:"runtime"`
	Index        int32           `json:"subgraph"` // in the model, -1 when not known
	SubgraphName string          `json:"subgraph_name"`
	Interpreters int             `json:"interpreters"`
	Tensors      []*Tensor       `json:"tensors"` // in the order in which they were captured first

	rows map[rowKey]*Tensor
}

// Tensor is a captured tensor of a node: what its captures have in common, and their sums.
type Tensor struct {
	Described
	Captures    uint64            `json:"captures"`
	FirstInvoke uint64            `json:"first_invoke"`
	LastInvoke  uint64            `json:"last_invoke"`
	Bytes       uint64            `json:"bytes"`      // of data, all captures together
	Statistics  uint64            `json:"statistics"` // captures that have them instead of data
	Failed      uint64            `json:"failed"`     // captures whose kernel returned an error
	Missing     map[string]uint64 `json:"missing"`    // captures without data although there should be, by reason
}

// Described is a captured tensor and its node, as they are described.
type Described struct {
	Node               int32   `json:"node"` // of a model's input, the first that ran
	Op                 string  `json:"op"`
	Custom             bool    `json:"custom"`
	Delegate           string  `json:"delegate"`
	Role               string  `json:"role"` // "output", "input" or "state"
	Tensor             int32   `json:"tensor"`
	Name               string  `json:"name"`
	Type               string  `json:"type"`
	Shape              []int32 `json:"shape"`
	Scale              Number  `json:"scale"`
	ZeroPoint          int64   `json:"zero_point"`
	Channels           uint32  `json:"channels"`
	QuantizedDimension int32   `json:"quantized_dimension"`
}

// Shown is a tensor in one invoke, looked into.
type Shown struct {
	Described
	Subgraph   int         `json:"subgraph"` // index in Result.Subgraphs
	Invoke     uint64      `json:"invoke"`
	Others     uint64      `json:"others"` // captures of the same tensor that aren't shown
	TID        int32       `json:"tid"`
	StartNS    uint64      `json:"start_ns"`
	DurationNS uint64      `json:"duration_ns"`
	Status     int32       `json:"status"`
	Missing    string      `json:"missing"` // why there are no statistics, or empty
	Bytes      uint64      `json:"bytes"`
	Stored     *Statistics `json:"stored"`      // of elements as they are stored; null when there are none
	Real       *Statistics `json:"dequantized"` // of the numbers that they stand for; null when that is the same, or not known
}

// Statistics are those of snapshot.proto.
type Statistics struct {
	Elements  uint64     `json:"elements"`
	NaNs      uint64     `json:"nans"`
	Infs      uint64     `json:"infs"`
	Min       Number     `json:"min"`
	Max       Number     `json:"max"`
	Mean      Number     `json:"mean"`
	RMS       Number     `json:"rms"`
	Histogram *Histogram `json:"histogram"` // null for dequantised per-tensor quantization: it is that of what is stored
}

// Histogram is that of snapshot.proto.
type Histogram struct {
	Buckets  []uint32 `json:"buckets"`
	Elements uint64   `json:"elements"`
	Exponent int32    `json:"exponent"`
	Low      Number   `json:"low"`
	Width    Number   `json:"width"`
}

// Number is a float64 that is null in JSON when it is NaN or an infinity.
type Number float64

// MarshalJSON writes the number.
func (n Number) MarshalJSON() ([]byte, error) {
	if v := float64(n); !math.IsNaN(v) && !math.IsInf(v, 0) {
		return strconv.AppendFloat(nil, v, 'g', -1, 64), nil
	}
	return []byte("null"), nil
}
