package work

import "github.com/edgexray/edgexray/analyze"

// Result is what `edgexray ops --work --json` prints; docs/work.md is its contract.
type Result struct {
	Models []*ModelWork `json:"models"`
}

// ModelWork is the work of a model as one process runs it.
type ModelWork struct {
	Model   string    `json:"model"` // its name, to show
	SHA256  string    `json:"model_sha256"`
	PID     int32     `json:"pid"`
	Process string    `json:"process"`
	MACs    uint64    `json:"macs"`    // of an invoke on average, as far as ops' work is known
	Unknown int       `json:"unknown"` // ops of which it isn't
	Ops     []*OpWork `json:"ops"`     // as analyze.Model.Ops
}

// OpWork is the work of one run of an op. Without Known all of it is 0.
type OpWork struct {
	Subgraph      int32    `json:"subgraph"`
	Node          int32    `json:"node"`
	Op            string   `json:"op"`
	OperatorIndex int      `json:"operator_index"` // -1 for nodes
	DelegateNode  int32    `json:"delegate_node"`  // -1 for nodes
	Known         bool     `json:"known"`
	MACs          uint64   `json:"macs"`
	Operations    uint64   `json:"operations"`
	Read          uint64   `json:"read_bytes"`
	Written       uint64   `json:"written_bytes"`
	Weights       uint64   `json:"weights_bytes"`
	P50NS         uint64   `json:"p50_ns"` // what it took, its probe's part included
	Formula       string   `json:"formula"`
	Assumed       []string `json:"assumed"`

	Of *analyze.Op `json:"-"`
}

// List returns the work of all ops of a result.
func List(r *analyze.OpsResult) *Result {
	all := &Result{Models: []*ModelWork{}}
	for _, m := range r.Models {
		model := &ModelWork{Model: m.Name, SHA256: m.SHA256, PID: m.PID, Process: m.Process, Ops: []*OpWork{}}
		var macs float64
		for _, op := range m.Ops {
			o := listed(op)
			model.Ops = append(model.Ops, o)
			if len(op.Operators) > 0 { // they are listed themselves
				continue
			}
			if !o.Known {
				model.Unknown++
			}
			macs += float64(o.MACs) * float64(op.Count) / float64(max(m.Invokes, 1))
		}
		model.MACs = uint64(macs + 0.5)
		all.Models = append(all.Models, model)
	}
	return all
}

func listed(op *analyze.Op) *OpWork {
	o := &OpWork{Subgraph: op.Subgraph, Node: op.Node, Op: op.FusedOp(), OperatorIndex: op.OperatorIndex, DelegateNode: op.DelegateNode,
		P50NS: op.Wall.Quantile(0.5), Assumed: []string{}, Of: op}
	w, known := Of(op)
	if !known {
		return o
	}
	o.Known, o.MACs, o.Operations, o.Read, o.Written, o.Weights = true, w.MACs, w.Ops, w.Read, w.Written, w.Weights
	o.Formula, o.Assumed = w.Formula, append(o.Assumed, w.Assumed...)
	return o
}
