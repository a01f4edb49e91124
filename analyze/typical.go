package analyze

import (
	"errors"
	"slices"

	"github.com/edgexray/edgexray/trace"
)

// Typical returns of each model the whole invoke of its primary subgraph whose time is nearest the median, and after it
// what the process's other threads ran meanwhile, as far as it overlaps. It reads the trace again that r was made of. A
// model without a whole invoke has none; nor has any when ops were summed up as they ran.
func (r *OpsResult) Typical(t *trace.Reader) (map[*Model][]*Invoke, error) {
	typical := make(map[*Model][]*Invoke)
	err := r.Executions(t, Visitor{Invoke: func(v *Invoke) error {
		if v.Model == nil || v.Partial || v.Subgraph != v.Model.Ops[0].Subgraph {
			return nil
		}
		best := typical[v.Model]
		if median := v.Model.InvokeWall.Quantile(0.5); best == nil || apart(v.wall(), median) < apart(best[0].wall(), median) {
			typical[v.Model] = []*Invoke{v.clone()}
		}
		return nil
	}})
	switch {
	case errors.Is(err, ErrSummedUp):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if !r.parallel() {
		return typical, nil
	}
	return typical, r.Executions(t, Visitor{Invoke: func(v *Invoke) error {
		for m, chosen := range typical {
			if v.beside(chosen[0]) && len(chosen) <= maxBeside {
				typical[m] = append(chosen, v.clone())
			}
		}
		return nil
	}})
}

// maxBeside bounds the invokes that are kept beside a typical one.
const maxBeside = 256

// parallel tells whether ops ran on several threads of a process.
func (r *OpsResult) parallel() bool {
	seen := make(map[int32]int32)
	for _, s := range r.stacks {
		if tid, ok := seen[s.PID]; ok && tid != s.TID {
			return true
		}
		seen[s.PID] = s.TID
	}
	return false
}

func (v *Invoke) wall() uint64 { return v.EndNS - v.StartNS }

// beside tells whether v ran at the same time on another thread of the process.
func (v *Invoke) beside(other *Invoke) bool {
	return v.Thread.PID == other.Thread.PID && v.Thread.TID != other.Thread.TID && v.StartNS < other.EndNS && other.StartNS < v.EndNS
}

func (v *Invoke) clone() *Invoke {
	c := *v
	c.Executions = slices.Clone(v.Executions)
	return &c
}

func apart(a, b uint64) uint64 {
	return max(a, b) - min(a, b)
}
