package analyze

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/edgexray/edgexray/trace"
)

// samplePlace sums up samples that found a thread at the same place.
type samplePlace struct {
	desc  *trace.SampleStack // its nodes are in rows, its count is in count
	rows  []*row
	count uint64
}

// samples are those of a recording. What is kept of them grows with the places where they were taken.
type samples struct {
	frames  map[uint32]*trace.Frame
	places  map[string]*samplePlace
	outside uint64 // of any op
}

func newSamples() samples {
	return samples{frames: make(map[uint32]*trace.Frame), places: make(map[string]*samplePlace)}
}

// addSamples takes in a block's samples. Those whose op isn't described count as outside of any.
func (rec *recording) addSamples(b *trace.Block) {
	for _, f := range b.Frames {
		rec.samples.frames[f.Id] = f
	}
	for _, s := range b.Samples {
		rows := rec.rowsOf(s.Nodes)
		if len(rows) == 0 {
			rec.samples.outside += s.Count
			continue
		}
		rec.samples.add(&samplePlace{s, rows, s.Count})
	}
}

func (rec *recording) rowsOf(nodes []uint32) []*row {
	rows := make([]*row, len(nodes))
	for i, id := range nodes {
		n := rec.nodes[id]
		if n == nil {
			return nil
		}
		rows[i] = n.row.resolve()
	}
	return rows
}

func (s *samples) add(place *samplePlace) {
	key := place.key()
	if same := s.places[key]; same != nil {
		same.count += place.count
		return
	}
	s.places[key] = place
}

func (s *samplePlace) key() string {
	key := s.where()
	for _, r := range s.rows {
		key += fmt.Sprintf(" %p", r)
	}
	return key
}

// where is the place without its ops.
func (s *samplePlace) where() string {
	d := s.desc
	return fmt.Sprintf("%d %v %t %t %d %s", d.Thread, d.Frames, d.Kernel, d.Worker, d.Guessed, d.Broken)
}

// fold merges places in rows that were merged.
func (s *samples) fold() {
	places := s.places
	s.places = make(map[string]*samplePlace)
	for _, place := range places {
		for i, r := range place.rows {
			place.rows[i] = r.resolve()
		}
		s.add(place)
	}
}

// SampledStack is samples that found a thread at the same place.
type SampledStack struct {
	Stack          // what ran; Count is the samples', SelfNS the time that they stand for
	Frames []Frame // outermost first
	Broken string  // why frames are missing between the op and these; empty when none are
	Search bool    // some frames' callers were found by search
	Kernel bool    // Linux was at work for the thread
	Worker bool    // the thread worked for the one that ran the ops
}

// Frame is a place in native code.
type Frame struct {
	Name     string // the function's; the file's name and an offset when it has none
	Address  uint64 // virtual, in the ELF image
	Function uint64 // of the function; 0 when not known
	In       *trace.Runtime
}

// Samples returns the samples taken during ops, in a stable order.
func (r *OpsResult) Samples() []SampledStack { return r.samples }

// sampled makes the result's samples, and counts them in its ops.
func (b *builder) sampled() []SampledStack {
	rec := b.rec
	list := slices.SortedFunc(maps.Values(rec.samples.places), func(x, y *samplePlace) int {
		return cmp.Or(cmp.Compare(x.desc.Thread, y.desc.Thread), cmp.Compare(y.count, x.count), slices.Compare(x.desc.Nodes, y.desc.Nodes), cmp.Compare(x.where(), y.where()))
	})
	frames := make(map[uint32]Frame)
	var stacks []SampledStack
	for _, s := range list {
		t := rec.thread(s.desc.Thread)
		stack := SampledStack{
			Stack: Stack{
				Process: rec.processName(t.desc.Process),
				PID:     rec.processes[t.desc.Process].GetPid(),
				Thread:  t.desc.Name,
				TID:     t.desc.Tid,
				Count:   s.count,
				SelfNS:  s.count * rec.header.GetSamplePeriodNs(),
			},
			Broken: s.desc.Broken, Search: s.desc.Guessed > 0, Kernel: s.desc.Kernel, Worker: s.desc.Worker,
		}
		for _, r := range s.rows {
			op, model := b.sampledOp(r)
			stack.Models, stack.Ops = append(stack.Models, model), append(stack.Ops, op)
		}
		stack.Ops[len(stack.Ops)-1].Samples += s.count
		for _, id := range slices.Backward(s.desc.Frames) {
			f, known := frames[id]
			if !known {
				f = rec.frame(id)
				frames[id] = f
			}
			stack.Frames = append(stack.Frames, f)
		}
		stacks = append(stacks, stack)
	}
	return stacks
}

// sampledOp returns the op and model of a row. One that never ended while it was recorded is in no table.
func (b *builder) sampledOp(r *row) (*Op, *Model) {
	r = r.resolve()
	g := r.subgraph.resolve().graph.resolve()
	if b.models[g] == nil {
		m := b.model(g)
		m.Name = cmp.Or(m.Name, m.Process)
		b.models[g] = m
	}
	if b.ops[r] == nil {
		b.op(r)
	}
	return b.ops[r], b.models[g]
}

// frame describes a frame. One that the trace doesn't describe has no name but "unknown".
func (rec *recording) frame(id uint32) Frame {
	d := rec.samples.frames[id]
	f := Frame{Name: d.GetSymbol(), Address: d.GetAddress(), Function: d.GetFunction(), In: rec.runtimes[d.GetRuntime()]}
	if f.Name == "" && f.In != nil {
		file := cmp.Or(f.In.Entry, f.In.Path)
		f.Name = fmt.Sprintf("%s+%#x", path.Base(file), cmp.Or(f.Function, f.Address)-f.In.TextStart+f.In.TextOffset)
	}
	f.Name = cmp.Or(f.Name, "unknown")
	return f
}
