package stragglers

import "github.com/edgexray/edgexray/analyze"

// models says how each model's ops were judged.
func (f *finder) models(speeds map[*analyze.Model]float64) {
	for _, m := range f.ops.Models {
		model := &Model{
			Model: m.Name, PID: m.PID, Process: m.Process, SHA256: m.SHA256, InvokeNS: invokeNS(m), Invokes: m.Invokes,
			NoPeers: []Place{}, Unknown: []Place{}, Speed: rounded(speeds[m]),
		}
		for _, s := range f.all {
			if s.model != m {
				continue
			}
			model.Ops++
			switch {
			case s.outcome.basis == ByHistory:
				model.ByHistory++
			case !s.known:
				model.Unknown = append(model.Unknown, s.place())
			case s.outcome.peers == 0:
				model.NoPeers = append(model.NoPeers, s.place())
			default:
				model.ByPeers++
			}
		}
		f.result.Models = append(f.result.Models, model)
	}
}

// invokeNS is what an invoke of the model typically takes.
func invokeNS(m *analyze.Model) uint64 {
	if m.InvokeWall.Count == 0 {
		return 0
	}
	if p50 := m.InvokeWall.Quantile(0.5); p50 != 0 {
		return p50
	}
	return uint64(m.InvokeWall.Mean()) // invokes that were summed up have no quantiles
}

func (s *subject) place() Place {
	return Place{
		Model: s.model.Name, PID: s.model.PID, Subgraph: s.Subgraph, Node: s.Node, Op: s.FusedOp(), Kernel: s.RunBy(),
		DelegateNode: s.DelegateNode, OperatorIndex: s.OperatorIndex,
	}
}
