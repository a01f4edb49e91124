package analyze

import (
	"fmt"

	"github.com/edgexray/edgexray/trace"
)

// OpMemory is the memory of an op's tensors, in bytes. An op may touch less of a tensor than all of it.
type OpMemory struct {
	Read      uint64 `json:"read_bytes"`    // its inputs, weights included
	Written   uint64 `json:"written_bytes"` // its outputs, and the variables among its inputs
	Weights   uint64 `json:"weights_bytes"`
	Temporary uint64 `json:"temporary_bytes"` // its kernel's scratch memory
	// What the model's tensors take while it runs, without weights; nil when no run of its subgraph was seen from one end
	// to the other.
	Live    *uint64 `json:"live_bytes,omitempty"`
	Unknown int     `json:"unknown_tensors"` // live, but in none of these numbers: their size or place isn't known
}

// ModelMemory is the memory of one interpreter's tensors, in bytes, in that run which takes the most.
type ModelMemory struct {
	Peak         uint64 `json:"peak_bytes"` // of what is live at once, without weights
	PeakSubgraph int32  `json:"peak_subgraph"`
	PeakNode     int32  `json:"peak_node"` // while it ran
	PeakOp       string `json:"peak_op"`
	// What the tensors take that are not live all the time, shared memory counted once, and those that are.
	Arena      uint64 `json:"arena_bytes"`
	Dynamic    uint64 `json:"dynamic_bytes"`
	Custom     uint64 `json:"custom_bytes"`
	Persistent uint64 `json:"persistent_bytes"`
	Weights    uint64 `json:"weights_bytes"` // those that ops read
	Unknown    int    `json:"unknown_tensors"`
	Delegates  int    `json:"delegate_nodes"`
	// Complete tells that nothing is missing: whole runs were seen, with the place and size of every tensor.
	Complete bool         `json:"complete"`
	Notes    []string     `json:"notes"`
	Runs     []*MemoryRun `json:"runs"`

	PeakParts   []MemoryPart `json:"-"` // add up to Peak
	WeightParts []MemoryPart `json:"-"` // add up to Weights
}

// MemoryRun is one run of a subgraph, with the data for a chart of its tensors' lifetimes.
type MemoryRun struct {
	Subgraph int32            `json:"subgraph"`
	Nodes    []int32          `json:"nodes"`      // in run order
	Live     []uint64         `json:"live_bytes"` // of the whole interpreter, while the node at the same place ran
	Tensors  []TensorLifetime `json:"tensors"`
}

// TensorLifetime is a tensor with the ops during which its memory is in use. A tensor that is in use from the first op to
// the last one may be so before and after, too.
type TensorLifetime struct {
	Index   int32  `json:"index"`
	Name    string `json:"name"`
	Kind    Kind   `json:"kind"`
	Address string `json:"address"` // hex; empty when it has none
	Bytes   uint64 `json:"bytes"`
	First   int    `json:"first"` // places in MemoryRun.Nodes
	Last    int    `json:"last"`
	Known   bool   `json:"known"` // size and place are, so it is in the sums
}

// MemoryPart is a tensor's share in a sum. Of tensors that share memory the earlier one has it.
type MemoryPart struct {
	Op     *Op // that made it; of persistent tensors and weights, that has it first; nil for what the app put in
	Tensor TensorLifetime
	Bytes  uint64
}

// opMemory sums up the tensors of the row's node.
func opMemory(r *row) *OpMemory {
	if r.desc.Operator != nil {
		return nil // what it reads and writes is within its delegate node
	}
	m := &OpMemory{}
	if r.live.known {
		m.Live, m.Unknown = &r.live.bytes, r.live.unknown
	}
	seen := make(map[int32]bool)
	distinct := func(tensors []*trace.Tensor, add func(*trace.Tensor)) {
		clear(seen)
		for _, t := range tensors {
			if t.Index >= 0 && !seen[t.Index] {
				seen[t.Index] = true
				add(t)
			}
		}
	}
	distinct(r.desc.Inputs, func(t *trace.Tensor) {
		m.Read += t.Bytes
		if kindOf(t) == Weights {
			m.Weights += t.Bytes
		}
		if t.Variable {
			m.Written += t.Bytes
		}
	})
	distinct(r.desc.Outputs, func(t *trace.Tensor) { m.Written += t.Bytes })
	distinct(r.desc.Temporaries, func(t *trace.Tensor) { m.Temporary += t.Bytes })
	return m
}

func (b *builder) modelMemory(m *memory) *ModelMemory {
	if m == nil {
		return nil
	}
	at := m.at.row.resolve()
	result := &ModelMemory{
		Peak:         m.peak,
		PeakSubgraph: at.subgraph.resolve().desc.Index,
		PeakNode:     at.desc.Index,
		PeakOp:       at.desc.Op,
		Arena:        m.bytes[Arena],
		Dynamic:      m.bytes[Dynamic],
		Custom:       m.bytes[Custom],
		Persistent:   m.bytes[Persistent],
		Weights:      m.bytes[Weights],
		Unknown:      m.unknown,
		Delegates:    m.delegates,
		Notes:        m.notes(),
	}
	result.Complete = len(result.Notes) == 0
	for _, run := range m.runs {
		result.Runs = append(result.Runs, run.result())
	}
	result.PeakParts, result.WeightParts = b.parts(m.parts), b.parts(m.weights)
	return result
}

func (b *builder) parts(from []part) []MemoryPart {
	var to []MemoryPart
	for _, p := range from {
		part := MemoryPart{Tensor: p.life.result(), Bytes: p.bytes}
		if p.op != nil {
			part.Op = b.ops[p.op.row.resolve()]
		}
		to = append(to, part)
	}
	return to
}

func (r memoryRun) result() *MemoryRun {
	run := &MemoryRun{Subgraph: r.order.subgraph.desc.Index, Live: r.live}
	for _, n := range r.nodes {
		run.Nodes = append(run.Nodes, n.row.resolve().desc.Index)
	}
	for _, v := range r.lives {
		run.Tensors = append(run.Tensors, v.result())
	}
	return run
}

func (v *life) result() TensorLifetime {
	t := TensorLifetime{Index: v.tensor.Index, Name: v.tensor.Name, Kind: v.kind, Bytes: v.tensor.Bytes, First: v.first, Last: v.last, Known: v.known()}
	if v.address != 0 {
		t.Address = fmt.Sprintf("%#x", v.address)
	}
	return t
}

// notes says what is missing.
func (m *memory) notes() []string {
	notes := []string{}
	add := func(missing bool, format string, args ...any) {
		if missing {
			notes = append(notes, fmt.Sprintf(format, args...))
		}
	}
	add(!m.ends, "which tensors the app puts in and takes out is not known: what no op made counts from the first op to the last, and what no op reads to the last")
	add(m.ends && !m.whole, "no whole invoke was recorded: tensors' lifetimes are those in the longest part of one")
	count := func(n int, format string) { add(n > 0, format, n) }
	count(m.unknown, "tensors whose size or place is not known, and which are in no sum: %d")
	count(m.clashes, "tensors that lie across others, because they moved and it was not seen how: %d")
	count(m.incomplete, "nodes of which parts could not be read: %d")
	count(m.orphans, "subgraphs that ran within ops which were not seen, and are in no sum: %d")
	count(m.delegates, "delegate nodes, of whose memory only inputs and outputs are seen: %d")
	count(m.resources, "ops on resources, such as variables, whose own memory is in no tensor: %d")
	count(m.skipped, "runs of subgraphs whose order or shapes are not among those evaluated: %d")
	return notes
}
