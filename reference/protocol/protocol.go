// Package protocol is how programs that run models, the runners, are spoken to.
//
// A runner's arguments are two files, either of which may be a pipe: it reads requests from the first and writes reports to
// the second, JSON values, one a line. A report is written before what it announces begins: when the runner dies, the last
// one says in what.
package protocol

// Request asks for runs of a model.
type Request struct {
	Model   string      `json:"model"`   // path
	Kernels Kernels     `json:"kernels"` // those of the op resolver
	Invokes [][][]int32 `json:"invokes"` // for each invoke, the shape of each of the model's inputs
	Inputs  string      `json:"inputs"`  // file with the data of these, one after the other
	Outputs string      `json:"outputs"` // file for the data of all outputs, one after the other; empty: it isn't wanted
}

// Kernels are those that a runtime runs, without delegates.
type Kernels string

// The kernels.
const (
	Reference Kernels = "reference" // as simple as can be, those that TFLite's own tests trust
	Builtin   Kernels = "builtin"   // optimized ones
)

// Report is how far a runner is. The first one, before any request is read, has Runtime only.
type Report struct {
	Runtime string  `json:"runtime,omitempty"` // what runs the models, for a person: "LiteRT (ai_edge_litert 2.3.0)"
	Stage   Stage   `json:"stage,omitempty"`
	Invoke  int     `json:"invoke,omitempty"` // counted from 1
	Sizes   []int64 `json:"sizes,omitempty"`  // with Done: bytes of each output of each invoke, when they were wanted
	Error   string  `json:"error,omitempty"`  // what the runtime said; the request has failed, the next one may not
}

// Stage is what a runner does next.
type Stage string

// The stages of a request.
const (
	Loading   Stage = "loading"
	Preparing Stage = "preparing" // allocating tensors, within which every op is prepared
	Invoking  Stage = "invoking"
	Done      Stage = "done"
)
