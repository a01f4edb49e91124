package pprofexport

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/google/pprof/profile"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/trace"
)

type memoryType struct{ name, unit, meaning string }

// memoryTypes are the sample types of a memory profile, and what each adds up to.
var memoryTypes = []memoryType{
	{"peak_live", "bytes", "tensors that are live at an interpreter's peak, by the op that made them"},
	{"weights", "bytes", "constants that an interpreter's ops read, by the op that is first"},
	{"read", "bytes", "ops' inputs over the recording"},
	{"written", "bytes", "ops' outputs over the recording"},
}

// residentType comes after those if it was recorded.
var residentType = memoryType{"resident", "bytes", "by which processes' resident memory grew while ops ran"}

// Memory reads a whole trace and returns what ops' tensors take as a profile of bytes, with the frames that Profile has. It has
// one sample for each place in a model where ops ran, and one for each tensor that is live at a model's peak; its first
// comments say what each sample type adds up to. If allocations were recorded it has those, too, by the stack that asked. The caller keeps r and closes it.
func Memory(r *trace.Reader) (*profile.Profile, error) {
	ops, err := analyze.Ops(r, analyze.Options{})
	if err != nil {
		return nil, err
	}
	b := newBuilder()
	types := memoryTypes
	if ops.Recording.Follows(analyze.ResidentPart) {
		types = append(slices.Clip(types), residentType)
	}
	if ops.Recording.Follows(analyze.HeapPart) {
		types = slices.Concat(types, heapTypes)
	}
	for _, t := range types {
		b.p.SampleType = append(b.p.SampleType, &profile.ValueType{Type: t.name, Unit: t.unit})
		b.p.Comments = append(b.p.Comments, t.name+": "+t.meaning)
	}
	b.p.DefaultSampleType = memoryTypes[0].name
	m := memoryBuilder{b, make(map[*analyze.Op]analyze.Stack), ops.Recording.Follows(analyze.ResidentPart)}
	m.addTraffic(ops.Stacks())
	for _, model := range ops.Models {
		if model.Memory == nil {
			b.p.Comments = append(b.p.Comments, report.Printable(model.Name+": its memory is not known"))
			continue
		}
		m.addModel(model)
	}
	m.addHeap(ops.HeapSites())
	return b.finish(ops)
}

type memoryBuilder struct {
	*builder
	places   map[*analyze.Op]analyze.Stack // the first one of each op
	resident bool                          // was recorded
}

// addTraffic adds what ops read and wrote. What threads have in common is one sample.
func (b memoryBuilder) addTraffic(stacks []analyze.Stack) {
	samples := make(map[string]*profile.Sample)
	for _, s := range stacks {
		op := s.Ops[len(s.Ops)-1]
		if _, known := b.places[op]; !known {
			b.places[op] = s
		}
		if op.Memory == nil && !b.resident {
			continue
		}
		key := path(s.Ops)
		if samples[key] == nil {
			b.sample(b.stack(s), labels(s), make([]int64, len(b.p.SampleType))...)
			samples[key] = b.p.Sample[len(b.p.Sample)-1]
		}
		values := samples[key].Value
		if op.Memory != nil {
			values[2] = plus(values[2], op.Memory.Read, s.Count)
			values[3] = plus(values[3], op.Memory.Written, s.Count)
		}
		if b.resident {
			values[len(memoryTypes)] += s.SelfResident
		}
	}
}

// path identifies a stack of ops.
func path(ops []*analyze.Op) string {
	var b strings.Builder
	for _, op := range ops {
		fmt.Fprintf(&b, "%p/", op)
	}
	return b.String()
}

// plus returns sum + bytes*count, or the largest number if it is larger.
func plus(sum int64, bytes, count uint64) int64 {
	if count != 0 && bytes > uint64(math.MaxInt64-sum)/count {
		return math.MaxInt64
	}
	return sum + int64(bytes*count)
}

func (b memoryBuilder) addModel(m *analyze.Model) {
	for _, part := range m.Memory.PeakParts {
		b.addPart(m, part, 0)
	}
	for _, part := range m.Memory.WeightParts {
		b.addPart(m, part, 1)
	}
	for _, note := range m.Memory.Notes {
		b.p.Comments = append(b.p.Comments, report.Printable(fmt.Sprintf("not known of %s: %s", m.Name, note)))
	}
}

// addPart adds a tensor's share in a sample type. What no op made stands under "inputs" instead of an op.
func (b memoryBuilder) addPart(m *analyze.Model, part analyze.MemoryPart, sampleType int) {
	values := make([]int64, len(b.p.SampleType))
	values[sampleType] = plus(0, part.Bytes, 1)
	s, known := b.places[part.Op]
	frames := []*profile.Location{b.frame(m.Name), b.frame("inputs")}
	all := map[string][]string{"process": {report.Printable(fmt.Sprintf("%s (%d)", m.Process, m.PID))}}
	if known {
		frames, all = b.stack(s), labels(s)
	}
	all["tensor"] = []string{report.Printable(part.Tensor.Name)}
	all["kind"] = []string{string(part.Tensor.Kind)}
	b.sample(frames, all, values...)
}
