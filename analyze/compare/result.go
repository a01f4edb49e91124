package compare

import "strings"

// Result is what a comparison found. docs/compare-json.md describes its JSON.
type Result struct {
	Verdict   Verdict  `json:"verdict"`
	Edge      Side     `json:"edge"`
	Reference Side     `json:"reference"`
	Models    []*Model `json:"models"`
	Problems  []string `json:"problems"` // what was not compared, or not as it should be
}

// Side is a snapshot.
type Side struct {
	Runtimes []string          `json:"runtimes"`
	Captures int               `json:"captures"`
	Lost     map[string]uint64 `json:"lost"`
	Cut      string            `json:"cut"` // why it ends early; empty when it doesn't
}

// Model is a model of the edge with its counterpart.
type Model struct {
	Edge          string    `json:"edge"`
	Reference     string    `json:"reference"`
	Invokes       int       `json:"invokes"` // of the first subgraph that were compared
	Local         bool      `json:"local"`   // ops were run alone
	Inputs        []*Output `json:"inputs"`  // what the app put in
	Ops           []*Op     `json:"ops"`     // of the edge, in the order in which they ran
	EdgeOnly      []Place   `json:"edge_only"`
	ReferenceOnly []Place   `json:"reference_only"`
}

// Place names a node, or an input.
type Place struct {
	Model    string `json:"model"`
	Subgraph int32  `json:"subgraph"`
	Node     int32  `json:"node"`   // -1 of an input
	Op       string `json:"op"`     // "input" of an input
	Tensor   string `json:"tensor"` // the first output's name
}

// Status is what is found of an op.
type Status string

// The statuses.
const (
	Guilty     Status = "guilty"     // alone, with the inputs it had, it gives something else than a trusted kernel
	Suspect    Status = "suspect"    // the error jumps here; it wasn't run alone
	Downstream Status = "downstream" // alone it is right: its error came in
	Right      Status = "right"      // alone it is right, and so is its output
	Unclear    Status = "unclear"    // it wasn't run alone, and its error doesn't jump
	NotJudged  Status = "not judged" // nothing of it could be compared
	NoData     Status = "no data"    // there is nothing to compare: it has no outputs, or only handles
)

// Op is a node of the edge.
type Op struct {
	Place
	Delegate  string    `json:"delegate"` // of a delegate node
	Replaced  []uint32  `json:"replaced"` // nodes that it stands for, which can't be judged one by one
	Reference *Place    `json:"reference,omitempty"`
	Status    Status    `json:"status"`
	Why       string    `json:"why"` // of the status
	Outputs   []*Output `json:"outputs"`

	node   *node
	inputs []*Output // those that aren't constants
}

// Output is a tensor that an op made, or that the app put in.
type Output struct {
	Subgraph      int32   `json:"subgraph"`
	Tensor        int32   `json:"tensor"` // index in the subgraph
	Name          string  `json:"name"`
	Type          string  `json:"type"`
	Shape         []int32 `json:"shape"`
	Aligned       string  `json:"aligned"`        // "name", "structure", or empty: it has no counterpart
	ReferenceName string  `json:"reference_name"` // and type
	ReferenceType string  `json:"reference_type"`

	Accumulated    *Error `json:"accumulated,omitempty"`
	NotAccumulated string `json:"not_accumulated"` // why it, or some of it, could not be compared
	Local          *Error `json:"local,omitempty"`
	NotLocal       string `json:"not_local"`

	// Entry is set of what the app put in, not of what a subgraph is given by an op such as WHILE.
	Entry bool `json:"entry"`
	// Jump is the accumulated NRMSE over the median of the ops before.
	Jump float64 `json:"jump"`

	limits Limits
	terms  float64
}

// Error is what one output is off, over several invokes.
type Error struct {
	Invokes     int      `json:"invokes"`
	MeanNRMSE   float64  `json:"mean_nrmse"`
	WorstInvoke uint64   `json:"worst_invoke"` // of its subgraph on the edge
	Worst       *Metrics `json:"worst"`        // in that invoke

	// Of a local error only.
	Failed int     `json:"failed,omitempty"` // invokes that were past the tolerance
	Over   float64 `json:"over,omitempty"`   // of the worst: error over tolerance
	Why    string  `json:"why,omitempty"`    // of the worst, when it is past the tolerance
	Kernel string  `json:"kernel,omitempty"` // that was trusted
	Exact  bool    `json:"exact,omitempty"`  // of the op's own type, rather than in float

	rank float64 // of the worst
}

// add takes in one more invoke; rank is how bad it is compared with others.
func (e *Error) add(m *Metrics, invoke uint64, rank float64) (worst bool) {
	e.MeanNRMSE += (m.NRMSE - e.MeanNRMSE) / float64(e.Invokes+1)
	e.Invokes++
	worst = e.Worst == nil || rank > e.rank
	if worst {
		e.Worst, e.WorstInvoke, e.rank = m, invoke, rank
	}
	return worst
}

// Verdict is the answer.
type Verdict struct {
	Status      VerdictStatus `json:"status"`
	Guilty      []Finding     `json:"guilty"`     // in the order in which they ran; the first is the one to look at
	Suspects    []Finding     `json:"suspects"`   // the same
	Jumps       []Finding     `json:"jumps"`      // the largest of the accumulated error, the largest one first
	Downstream  int           `json:"downstream"` // ops that only pass on what came in
	Right       int           `json:"right"`      // ops that alone are right, those included
	NotAlone    int           `json:"not_alone"`  // ops that could not be run alone
	NotJudged   int           `json:"not_judged"` // of these, ops of which nothing could be compared
	NothingSeen int           `json:"masked"`     // right ops whose outputs are constant: a wrong kernel may not show
}

// VerdictStatus sums up a comparison.
type VerdictStatus string

// The verdicts.
const (
	WithinTolerance VerdictStatus = "within tolerance"
	PastTolerance   VerdictStatus = "past tolerance" // an op is guilty
	Suspicious      VerdictStatus = "suspicious"     // none is proved guilty, but an error jumps, or the inputs differ
)

// Finding is an op and what was found.
type Finding struct {
	Place
	Why string `json:"why"`
}

// join adds a reason that isn't among the others yet.
func join(reasons, reason string) string {
	switch {
	case reasons == "":
		return reason
	case strings.Contains(reasons, reason):
		return reasons
	}
	return reasons + "; " + reason
}
