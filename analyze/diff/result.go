package diff

import (
	"errors"

	"github.com/edgexray/edgexray/analyze"
)

var (
	// ErrNoOps means that a side has no op to compare.
	ErrNoOps = errors.New("no op was recorded")
	// ErrDifferent means that the two sides can't be compared.
	ErrDifferent = errors.New("the two sides can't be compared")
)

// Result is what `edgexray diff --json` prints; docs/diff-json.md is its contract.
type Result struct {
	Verdict    Verdict  `json:"verdict"`
	Alpha      float64  `json:"alpha"`
	Quantile   float64  `json:"quantile"`
	Confidence float64  `json:"confidence"`
	Problems   []string `json:"problems"` // that a reader must know of
	Models     []*Model `json:"models"`
	// Models that ran on one side only.
	BaseOnly []ModelName `json:"base_only"`
	NewOnly  []ModelName `json:"new_only"`
}

// Status is a verdict of the whole, or of a model.
type Status string

// The verdicts. A regression fails the check, the others don't.
const (
	Regression    Status = "regression"
	NoRegression  Status = "no regression"
	NotEnoughData Status = "not enough data"
)

// Verdict sums up a result.
type Verdict struct {
	Status Status `json:"status"`
	Slower int    `json:"slower"` // changes
	Faster int    `json:"faster"`
	Why    string `json:"why"` // there is not enough data; empty otherwise
}

// ModelName is a model as one side knows it.
type ModelName struct {
	Name    string          `json:"name"`
	Path    string          `json:"model"`
	SHA256  string          `json:"model_sha256"`
	Runtime analyze.Runtime `json:"runtime"`
}

// Model is one that ran on both sides.
type Model struct {
	Name      string    `json:"name"`
	MatchedBy string    `json:"matched_by"` // "sha256", "name" or "structure"
	Base      ModelName `json:"base"`
	New       ModelName `json:"new"`
	BaseRuns  []*Run    `json:"base_runs"`
	NewRuns   []*Run    `json:"new_runs"`
	Verdict   Verdict   `json:"verdict"`
	Order     string    `json:"order"` // empty when base and new were recorded in turns; else which was first, and what that means, in words
	// What the test could tell: how many things it was about, the smallest p that so many runs can give, how many runs a side
	// it takes at the least, and how many so that a change of the threshold's size is found 9 times of 10, of half of the ops
	// and of nine tenths. 0 when not known.
	Tests         int     `json:"tests"`
	LeastP        float64 `json:"least_p"`
	LeastRuns     int     `json:"least_runs"`
	Covers        float64 `json:"interval_covers"` // probability that an interval holds the change; 0 when it is from one run a side
	RunsForHalf   int     `json:"runs_for_half"`
	RunsForMost   int     `json:"runs_for_most"`
	CommonRemoved bool    `json:"common_removed"` // changes of ops are those beside the common one

	Invoke   *Change   `json:"invoke"`
	AllOps   *Change   `json:"all_ops"`          // the sum of all ops
	Common   *Change   `json:"common,omitempty"` // what ops have in common; nil when they are too few to tell
	Ops      []*Change `json:"ops"`
	ByOp     []*Change `json:"by_op"`
	ByKernel []*Change `json:"by_kernel"`
	BaseOnly []Op      `json:"base_only"`
	NewOnly  []Op      `json:"new_only"`
}

// ChangeStatus is the verdict of one change.
type ChangeStatus string

// The verdicts.
const (
	Slower    ChangeStatus = "slower"
	Faster    ChangeStatus = "faster"
	Same      ChangeStatus = "same"       // the interval is within the threshold
	Unclear   ChangeStatus = "unclear"    // it is not
	NotJudged ChangeStatus = "not judged" // Why says why
)

// Change is what became of something from base to new.
type Change struct {
	Name      string       `json:"name"` // op, kernel or "invoke", ...
	Subgraph  int32        `json:"subgraph"`
	Node      int32        `json:"node"`
	Base      []Op         `json:"base"` // the ops that it is about; several where a delegate took them over
	New       []Op         `json:"new"`
	How       string       `json:"how"` // they differ; empty when they don't
	Status    ChangeStatus `json:"status"`
	Why       string       `json:"why"`
	Threshold float64      `json:"threshold"`

	BaseNS       float64 `json:"base_ns"` // median over the runs of what stands for a run
	NewNS        float64 `json:"new_ns"`
	BaseMedianNS float64 `json:"base_median_ns"` // of the runs' medians
	NewMedianNS  float64 `json:"new_median_ns"`
	Total        float64 `json:"total"` // change, as a share, of what was measured
	Change       float64 `json:"change"`
	Low          float64 `json:"low"`
	High         float64 `json:"high"`
	P            float64 `json:"p"` // that anything of the model differs so much by chance; 1 when not tested
	MannWhitneyP float64 `json:"mann_whitney_p"`
	ProbeNS      float64 `json:"probe_ns"`    // by which its probes cost more in new; the threshold is wider by that
	RunsNeeded   int     `json:"runs_needed"` // a side, to find a change of the threshold's size 9 times of 10
	Count        int     `json:"count"`       // of ops that it sums up

	column                             column // logarithms of what each run took
	columnWithout                      column // the same without what ops have in common
	tested                             bool
	spread                             float64 // standard deviation
	baseLow, baseHigh, newLow, newHigh float64 // of the interval within the only run
}

// Compared tells whether both sides have it in every run.
func (c *Change) Compared() bool { return c.column != nil }

// Op is a node or operator of one side.
type Op struct {
	Subgraph int32   `json:"subgraph"`
	Node     int32   `json:"node"`
	Nodes    []int32 `json:"nodes"` // whose work it does
	Op       string  `json:"op"`
	Kernel   string  `json:"kernel"`
	Delegate string  `json:"delegate"`
	Types    string  `json:"types"`
	NS       float64 `json:"ns"` // an execution, in the median run
}
