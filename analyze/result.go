package analyze

import (
	"slices"

	"github.com/edgexray/edgexray/trace"
)

// TrustFactor is how many times the cost of its probe an op must last (median) for its times to be trusted. The part of
// that cost that falls within the op can be nearly all of it (at single-stepped sites), so up to a third of a trusted
// op's time may be the probe's.
const TrustFactor = 3

// OpsResult is what `edgexray ops --json` prints; docs/ops-json.md is its contract.
type OpsResult struct {
	DurationNS  uint64            `json:"duration_ns"`
	Lost        map[string]uint64 `json:"lost"`
	ProbeCostNS uint64            `json:"probe_cost_ns"`
	Truncated   string            `json:"truncated"`
	Recording   Recording         `json:"recording"`
	Notes       []Note            `json:"notes"`
	Processes   []*Process        `json:"processes"`
	Models      []*Model          `json:"models"`
	By          By                `json:"by,omitempty"`
	Groups      []*Group          `json:"groups,omitempty"`

	stacks    []Stack
	heapSites []HeapSite
	samples   []SampledStack
	ids       ids
}

// Recording says how the trace was made.
type Recording struct {
	Recorder     string      `json:"recorder"`
	CommandLine  []string    `json:"command_line"`
	Linux        string      `json:"linux"`
	Architecture string      `json:"architecture"`
	Hostname     string      `json:"hostname"`
	StartUnixNS  int64       `json:"start_unix_ns"`
	StartNS      uint64      `json:"-"` // the same moment, CLOCK_MONOTONIC, as executions have it
	AttachMethod string      `json:"attach_method"`
	Followed     []Followed  `json:"followed"`
	Cores        []Core      `json:"cores"`
	ProbeCosts   []ProbeCost `json:"probe_costs"`
	EndReason    string      `json:"end_reason"`
	Ops          uint64      `json:"ops"` // op records read

	// How the recording was restricted.
	EntryOnly      bool     `json:"entry_only"`       // kernels have no return probes where they can do without
	Only           []string `json:"only"`             // as the user said it
	Budget         float64  `json:"budget"`           // share of the app's time; 0: any
	CostNS         uint64   `json:"cost_ns"`          // that it took of the app's time by estimate, with a budget
	Gaps           int      `json:"gaps"`             // how often nothing was recorded for a while
	GapsNS         uint64   `json:"gaps_ns"`          // and for how long in all
	AggregateError float64  `json:"aggregate_error"`  // of quantiles, as a share, when ops were summed up as they ran; else 0
	SamplePeriodNS uint64   `json:"sample_period_ns"` // of a core's time; 0 when none were taken
	MinorFaultNS   uint64   `json:"minor_fault_ns"`   // what one takes at the least on the device; 0 when that wasn't measured
	SamplesOutside uint64   `json:"samples_outside"`  // of any op, on threads that ran ops or worked for such
}

// ProbeCost is what an op pays for being recorded, by the class of the probed instruction.
type ProbeCost struct {
	InstructionClass string `json:"instruction_class"`
	TotalNS          uint64 `json:"total_ns"`
	InsideNS         uint64 `json:"inside_ns"`
}

// Followed is a part of what ops paid for; Missing says why it isn't told.
type Followed struct {
	Part    string `json:"part"`
	Missing string `json:"missing"`
}

// The parts of what ops pay for, as recorders name them.
const (
	SchedulingPart  = "scheduling" // time off the CPU; migrations
	PreemptionPart  = "preemption" // why
	WorkersPart     = "workers"
	MinorFaultsPart = "minor faults"
	MajorFaultsPart = "major faults"
	ResidentPart    = "resident"
	HeapPart        = "heap"
)

// Follows tells whether the recorder could follow a part.
func (r *Recording) Follows(part string) bool {
	return slices.Contains(r.Followed, Followed{Part: part})
}

// Core is a processor core; what isn't known is 0.
type Core struct {
	Capacity uint32 `json:"capacity"` // of 1024, the fastest one's
	MaxKHz   uint64 `json:"max_khz"`
	KHz      uint64 `json:"khz"` // when the recording began
}

// Note is something the recorder wants its reader to know.
type Note struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// Process is a process whose ops were recorded.
type Process struct {
	PID       int32  `json:"pid"`
	Name      string `json:"process"`
	Exited    bool   `json:"exited"`
	LastWords string `json:"last_words"`
	Received  uint64 `json:"received"`
}

// Model is a model as one process runs it: all its interpreters together.
type Model struct {
	PID            int32         `json:"pid"`
	Process        string        `json:"process"`
	Path           string        `json:"model"` // empty when no file was found for it
	SHA256         string        `json:"model_sha256"`
	Name           string        `json:"name"` // to show: the file's base name, or the process's
	Runtime        Runtime       `json:"runtime"`
	Interpreters   int           `json:"interpreters"`
	Threads        int           `json:"threads"`
	Invokes        uint64        `json:"invokes"`
	InvokesPartial uint64        `json:"invokes_partial"`
	OpsPerInvoke   int           `json:"ops_per_invoke"`
	StartUnixNS    int64         `json:"-"` // of its first op, by CLOCK_REALTIME; 0 when not known
	InvokeWall     *Distribution `json:"invoke_wall_ns"`
	InvokeClean    *Clean        `json:"-"` // of whole invokes
	Ops            []*Op         `json:"ops"`
	Memory         *ModelMemory  `json:"memory,omitempty"` // nil when nothing is known of its tensors
}

// Runtime is the library that holds a model's kernels.
type Runtime struct {
	Path    string `json:"path"`
	Entry   string `json:"entry"` // within the APK at path
	BuildID string `json:"build_id"`
}

// Op is a node of a model, with one set of shapes, and the ops that it ran.
type Op struct {
	Subgraph     int32    `json:"subgraph"`
	SubgraphName string   `json:"subgraph_name"`
	Node         int32    `json:"node"`
	Op           string   `json:"op"`
	Custom       bool     `json:"custom"`
	Kernel       string   `json:"kernel"`
	Delegate     string   `json:"delegate"`
	Replaced     []uint32 `json:"replaced"`
	// Of an operator within a delegate node; Mapping is empty for nodes.
	Operator      string   `json:"operator"`       // XNNPACK's name, or empty
	OperatorIndex int      `json:"operator_index"` // in the order in which the delegate node runs them; -1 for nodes
	DelegateNode  int32    `json:"delegate_node"`  // that it runs in; -1 for nodes
	Mapping       string   `json:"mapping"`        // "exact", "fused", "inferred" or "unknown"
	MappedNodes   []int32  `json:"mapped_nodes"`   // whose work it does, Node first
	MappedOps     []string `json:"mapped_ops"`     // theirs
	Inputs        []Tensor `json:"inputs"`
	Outputs       []Tensor `json:"outputs"`
	// Params is what the op's options in the model's file say, by their names in TFLite's schema, as far as its work depends
	// on them; empty when the file isn't known, or has none of them.
	Params       map[string]int64 `json:"params"`
	Count        uint64           `json:"count"`
	Wall         *Distribution    `json:"wall_ns"`
	Clean        *Clean           `json:"-"` // wall times that tell what it takes
	SelfNS       uint64           `json:"self_ns"`
	FirstNS      uint64           `json:"first_ns"`
	EndsInferred uint64           `json:"ends_inferred"` // ops whose end was taken from the next one's start
	Samples      uint64           `json:"samples"`       // taken while it was the innermost op
	Paid         *Paid            `json:"paid"`
	Causes       []Cause          `json:"causes"`
	Share        float64          `json:"share"`
	RunOrder     int              `json:"run_order"`
	ProbeCostNS  uint64           `json:"probe_cost_ns"`
	Trusted      bool             `json:"trusted"`
	model        *Model
	OpGuessed    bool      `json:"op_guessed"`
	Incomplete   bool      `json:"incomplete"`
	Memory       *OpMemory `json:"memory,omitempty"` // nil when nothing is known of its tensors
	Heap         *OpHeap   `json:"heap,omitempty"`   // nil when it was not recorded

	// Parts is the nodes whose work it does: of an operator MappedNodes, of a delegate node Replaced. Other nodes have none. What the
	// trace doesn't tell of one has no tensors.
	Parts []Part `json:"-"`
	// Operators is what a delegate node ran, in its order.
	Operators []*Op `json:"-"`

	// KernelAt and In are the kernel and the library it is in; nil when not known.
	KernelAt *trace.Kernel  `json:"-"`
	In       *trace.Runtime `json:"-"`

	// Running is the wall time of all runs but the first of each interpreter, without that for which their thread was preempted;
	// Course is how it went over the recording. FirstPaid is what the first run paid for. Ops that were summed up as they ran have none of the three.
	Running   *Distribution `json:"-"`
	Course    *Course       `json:"-"`
	FirstPaid trace.Paid    `json:"-"`
}

// Tensor is an input or output of an op.
type Tensor struct {
	Index     int32   `json:"index"` // -1: an optional input that is absent
	Name      string  `json:"name"`
	Type      string  `json:"type"`
	Shape     []int32 `json:"shape"`
	Scale     float64 `json:"scale"`
	ZeroPoint int64   `json:"zero_point"`
	Channels  uint32  `json:"channels"`
	Constant  bool    `json:"constant"` // in the model's file, or computed once: weights
	Variable  bool    `json:"variable"` // kept between invokes, and written by the op that has it as an input
	// Unshaped says that its shape isn't known: an empty one is otherwise that of a scalar.
	Unshaped bool `json:"-"`
}

// Part is a node whose work an operator or a delegate node does.
type Part struct {
	Node            int32
	Op              string
	Custom          bool
	Inputs, Outputs []Tensor
	Params          map[string]int64
	// Sharing is how many operators of the delegate node compute it together; 0 when none is known to.
	Sharing int
	// Helps says that this operator computes nothing of it, but moves data for those that do, or finishes what they made.
	Helps Help
	// Resized says that its shapes are those of the model's file, although the app chose others for some.
	Resized bool
}

// Help is when an operator that helps others with a node runs.
type Help int

// Before moves the node's inputs, After its outputs.
const (
	NoHelp Help = iota
	Before
	After
)

// Stack is what ops that ran within the same other ops, on the same thread, have in common.
type Stack struct {
	Process string
	PID     int32
	Thread  string
	TID     int32
	Models  []*Model // of each op: a nested op may belong to another model
	Ops     []*Op    // outermost first; the count and time are the last one's
	Count   uint64
	SelfNS  uint64
	// SelfResident is by how many bytes its process's resident memory grew, ops within it left out; 0 unless it was recorded.
	SelfResident int64
}

// Stacks returns one Stack for each distinct place where ops ran. Their SelfNS add up to the time of the outermost ops.
func (r *OpsResult) Stacks() []Stack { return r.stacks }
