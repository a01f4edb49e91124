package snapshot

import (
	"cmp"

	"github.com/edgexray/edgexray/trace"
)

// Invoke is an invoke of a subgraph, none around it, of which something was captured.
type Invoke struct {
	Subgraph *trace.Subgraph
	Number   uint64 // as Capture.invoke
	Thread   uint32
	StartNS  uint64 // of the first of its kernels, CLOCK_MONOTONIC; 0 when that isn't known
	Captures []Captured
}

// Invokes returns the invokes in the order in which the file has them first.
func (f *File) Invokes() []*Invoke {
	type key struct {
		subgraph uint32
		number   uint64
	}
	seen := make(map[key]*Invoke)
	var all []*Invoke
	for _, c := range f.Captures {
		s := f.Subgraphs[f.Nodes[c.Node].GetSubgraph()]
		if s == nil || c.Around != 0 {
			continue
		}
		k := key{s.GetId(), c.Invoke}
		v := seen[k]
		if v == nil {
			v = &Invoke{Subgraph: s, Number: c.Invoke, Thread: c.Thread}
			seen[k] = v
			all = append(all, v)
		}
		if c.StartNs != 0 {
			v.StartNS = min(cmp.Or(v.StartNS, c.StartNs), c.StartNs)
		}
		v.Captures = append(v.Captures, c)
	}
	return all
}
