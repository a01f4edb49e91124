package pprofexport

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/pprof/profile"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/trace"
)

// ErrNoSamples says that a trace was recorded without samples.
var ErrNoSamples = errors.New("no samples in this trace (edgexray record --sample 999 takes them)")

// Frames of a sample that aren't functions.
const (
	kernelFrame = "[kernel]"
	brokenFrame = "[unwinding broke here: %s]"
)

// Samples reads a whole trace and returns its samples as a profile: how often a core's clock found an op at work, and the
// CPU time that stands for. The frames are those of Profile, then those of native code from the op's kernel, or a worker
// thread's first function, inwards. Frames that are missing stand there as one that says why. The caller keeps r and closes it.
func Samples(r *trace.Reader) (*profile.Profile, error) {
	ops, err := analyze.Ops(r, analyze.Options{})
	if err != nil {
		return nil, err
	}
	if ops.Recording.SamplePeriodNS == 0 {
		return nil, ErrNoSamples
	}
	cpu := &profile.ValueType{Type: "cpu", Unit: "nanoseconds"}
	b := sampleBuilder{
		builder:   newBuilder(&profile.ValueType{Type: "samples", Unit: "count"}, cpu),
		places:    make(map[analyze.Frame]*profile.Location),
		functions: make(map[analyze.Frame]*profile.Function),
	}
	b.p.DefaultSampleType = cpu.Type
	b.p.PeriodType, b.p.Period = cpu, int64(ops.Recording.SamplePeriodNS)
	broken := make(map[string]uint64)
	var total uint64
	for _, s := range ops.Samples() {
		b.addSample(s)
		total += s.Count
		if s.Broken != "" {
			broken[s.Broken] += s.Count
		}
	}
	b.p.Comments = append(b.p.Comments, fmt.Sprintf("%d samples in ops, %d outside of any", total, ops.Recording.SamplesOutside))
	for _, reason := range slices.Sorted(maps.Keys(broken)) {
		b.p.Comments = append(b.p.Comments, report.Printable(fmt.Sprintf("unwinding broke in %d samples: %s", broken[reason], reason)))
	}
	return b.finish(ops)
}

type sampleBuilder struct {
	*builder
	places    map[analyze.Frame]*profile.Location
	functions map[analyze.Frame]*profile.Function // by a frame without its address
}

func (b sampleBuilder) addSample(s analyze.SampledStack) {
	op := s.Ops[len(s.Ops)-1]
	frames := b.stack(s.Stack)
	if op.KernelAt != nil && op.Mapping == "" && len(s.Frames) > 0 && inKernel(s.Frames[0], op) && s.Broken == "" {
		frames = frames[:len(frames)-1] // that frame is the kernel's
	}
	if s.Broken != "" {
		frames = append(frames, b.frame(fmt.Sprintf(brokenFrame, s.Broken)))
	}
	for _, f := range s.Frames {
		if inKernel(f, op) {
			f.Name = op.Kernel
		}
		frames = append(frames, b.native(f))
	}
	if s.Kernel {
		frames = append(frames, b.frame(kernelFrame))
	}
	all := labels(s.Stack)
	all["thread"] = []string{report.Printable(fmt.Sprintf("%s (%d)", s.Thread, s.TID))}
	if s.Worker {
		all["worker"] = []string{"true"}
	}
	if s.Search {
		all["unwinding"] = []string{"search"}
	}
	b.sample(frames, all, int64(s.Count), int64(s.SelfNS))
}

// inKernel tells whether a frame is one of the op's kernel. A file has one place in a trace.
func inKernel(f analyze.Frame, op *analyze.Op) bool {
	return op.KernelAt != nil && op.In == f.In && op.KernelAt.Address == f.Function
}

// native returns the location of a frame. Those of one function share it.
func (b sampleBuilder) native(f analyze.Frame) *profile.Location {
	if l := b.places[f]; l != nil {
		return l
	}
	function := f
	function.Address = 0
	known := b.functions[function]
	if known == nil {
		known = &profile.Function{ID: uint64(len(b.p.Function) + 1), Name: report.Printable(strings.TrimSpace(f.Name))}
		b.p.Function = append(b.p.Function, known)
		b.functions[function] = known
	}
	l := &profile.Location{ID: uint64(len(b.p.Location) + 1), Address: f.Address, Mapping: b.mapping(f.In), Line: []profile.Line{{Function: known}}}
	b.p.Location = append(b.p.Location, l)
	b.places[f] = l
	return l
}
