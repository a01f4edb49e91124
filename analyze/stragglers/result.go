// Package stragglers finds the ops of a trace that are slower than their work explains, and says why as far as the trace tells.
// docs/stragglers.md describes what it learns, its rules and their limits.
package stragglers

// Result is what `edgexray stragglers --json` prints; docs/stragglers-json.md is its contract.
type Result struct {
	Stragglers []*Straggler      `json:"stragglers"` // the largest excess first
	Findings   []*Finding        `json:"findings"`   // what concerns a whole model, the largest excess first
	Models     []*Model          `json:"models"`
	Classes    []*Class          `json:"classes"` // what was learned
	Against    []*Against        `json:"against"` // one for each trace to compare with, in the order given
	Lost       map[string]uint64 `json:"lost"`
	Truncated  string            `json:"truncated"`
	Problems   []string          `json:"problems"` // what was not judged, or not as it should be
}

// Place names a node of a model in a process.
type Place struct {
	Model    string `json:"model"`
	PID      int32  `json:"pid"`
	Subgraph int32  `json:"subgraph"`
	Node     int32  `json:"node"` // -1 when not known
	Op       string `json:"op"`   // of a fused operator all of its nodes': "PAD+CONV_2D"
	Kernel   string `json:"kernel"`
	// Of an operator within a delegate node; -1 of nodes.
	DelegateNode  int32 `json:"delegate_node"`
	OperatorIndex int   `json:"operator_index"`
}

// Straggler is an op that takes longer than it should. Times are of one run.
type Straggler struct {
	Place
	ExcessNS   uint64  `json:"excess_ns"` // per invoke: what it would give back
	Share      float64 `json:"share"`     // of the invoke
	ActualNS   uint64  `json:"actual_ns"`
	ExpectedNS uint64  `json:"expected_ns"`
	Basis      Basis   `json:"basis"`
	Peers      int     `json:"peers"`  // ops of the same class that the expectation rests on
	Sigmas     float64 `json:"sigmas"` // how far it is off, in standard deviations of its class
	Verdict
	Others []Verdict `json:"other_causes"` // those that apply as well, the best supported first
}

// Basis is what an op is judged by.
type Basis string

// The bases, the one that is preferred first.
const (
	ByHistory Basis = "history" // what the same op took in the traces of the profile
	ByPeers   Basis = "peers"   // what ops of its kind reach in this trace
	ByItself  Basis = "itself"  // its own faster runs
)

// Finding is a cause that concerns more than one op.
type Finding struct {
	Model    string  `json:"model"`
	PID      int32   `json:"pid"`
	ExcessNS uint64  `json:"excess_ns"` // per invoke, by estimate; 0 when it can't be estimated
	Share    float64 `json:"share"`
	Nodes    []int32 `json:"nodes"` // of the first subgraph that are concerned; empty: all
	Verdict
}

// Verdict is a cause and what speaks for it.
type Verdict struct {
	Cause      Cause    `json:"cause"`
	Confidence float64  `json:"confidence"` // 0 to 1
	Why        string   `json:"why"`        // in words; it holds names from the device
	Evidence   Evidence `json:"evidence"`
}

// Evidence is numbers by name; docs/stragglers-json.md has their units.
type Evidence map[string]float64

// Model says how a model's ops were judged.
type Model struct {
	Model     string  `json:"model"`
	PID       int32   `json:"pid"`
	Process   string  `json:"process"`
	SHA256    string  `json:"model_sha256"`
	InvokeNS  uint64  `json:"invoke_ns"` // the median
	Invokes   uint64  `json:"invokes"`
	Ops       int     `json:"ops"` // that ran, delegate nodes and control flow apart
	ByPeers   int     `json:"by_peers"`
	ByHistory int     `json:"by_history"`
	NoPeers   []Place `json:"no_peers"` // too few peers to tell, and no history
	Unknown   []Place `json:"unknown_work"`
	Speed     float64 `json:"speed"` // of this run relative to the profile: 0.9 is slower; 0 without one
}

// Class is what ops of one kind reach on this device, in the trace.
type Class struct {
	Class      string  `json:"class"`
	Ops        int     `json:"ops"`
	MACsPerNS  float64 `json:"macs_per_ns"`  // median; 0 when they have no MACs
	BytesPerNS float64 `json:"bytes_per_ns"` // median
	Dispersion float64 `json:"dispersion"`   // of actual over expected time: 0.05 is 5 %
}

// Against compares a model with its form in another trace. Times are of one invoke.
type Against struct {
	Trace       string  `json:"trace"`
	Model       string  `json:"model"` // here
	PID         int32   `json:"pid"`
	Other       string  `json:"other_model"` // there
	InvokeNS    uint64  `json:"invoke_ns"`
	OtherNS     uint64  `json:"other_invoke_ns"`
	Speedup     float64 `json:"speedup"` // other over this: 2 when this trace takes half the time
	Losses      []*Loss `json:"losses"`  // losers summed up by op and cause, the largest loss first
	Losers      []*Pair `json:"losers"`  // what takes longer here, the largest loss first
	Pairs       []*Pair `json:"pairs"`   // all, in the order of nodes
	Only        []Place `json:"only_here"`
	OnlyNS      uint64  `json:"only_here_ns"`
	OtherOnly   []Place `json:"only_there"`
	OtherOnlyNS uint64  `json:"only_there_ns"`
}

// Loss sums up ops that take longer here for the same reason.
type Loss struct {
	Op        string `json:"op"`
	Type      string `json:"type"`
	OtherType string `json:"other_type"`
	Ops       int    `json:"ops"`
	NS        uint64 `json:"ns"`
	OtherNS   uint64 `json:"other_ns"`
	LossNS    uint64 `json:"loss_ns"`
	Cause     Cause  `json:"cause"`
	Why       string `json:"why"` // of the worst of them
}

// Pair is what does the same in both traces: mostly one op each.
type Pair struct {
	Place               // of the first op here
	Here      []Place   `json:"here"` // more than one where an op there does the work of several here
	Other     []Place   `json:"there"`
	NS        uint64    `json:"ns"`
	OtherNS   uint64    `json:"other_ns"`
	LossNS    int64     `json:"loss_ns"`
	Speedup   float64   `json:"speedup"`
	Type      string    `json:"type"`
	OtherType string    `json:"other_type"`
	Verdict             // empty unless it takes longer here
	Others    []Verdict `json:"other_causes"`
}
