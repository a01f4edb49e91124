// Package pprofexport turns a trace into a profile for `go tool pprof`.
//
// A sample's frames, from the root: model, subgraph, op type, node, kernel function. The frames of a nested op (in the
// body of an IF or WHILE) follow those of the op it ran within, whose time doesn't include it again.
package pprofexport

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/google/pprof/profile"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/trace"
)

// Profile reads a whole trace and returns it as a profile with sample types count, wall (ns) and per_invoke: wall over the invokes of
// the outermost op's model, so that recordings of different lengths can be compared (`go tool pprof -diff_base`). It has one
// sample for each place in a model and thread where ops ran. The caller keeps r and closes it.
func Profile(r *trace.Reader) (*profile.Profile, error) {
	ops, err := analyze.Ops(r, analyze.Options{})
	if err != nil {
		return nil, err
	}
	b := newBuilder(
		&profile.ValueType{Type: "count", Unit: "count"},
		&profile.ValueType{Type: "wall", Unit: "nanoseconds"},
		&profile.ValueType{Type: "per_invoke", Unit: "nanoseconds"})
	b.p.DefaultSampleType = "wall"
	for _, s := range ops.Stacks() {
		b.add(s)
	}
	return b.finish(ops)
}

// finish completes the profile with what holds for the whole recording.
func (b *builder) finish(ops *analyze.OpsResult) (*profile.Profile, error) {
	b.p.TimeNanos = ops.Recording.StartUnixNS
	b.p.DurationNanos = int64(ops.DurationNS)
	b.p.Comments = append(b.p.Comments, comments(ops)...)
	if err := b.p.CheckValid(); err != nil {
		return nil, fmt.Errorf("make profile: %w", err)
	}
	return b.p.Compact(), nil
}

// builder collects a profile's parts. Everything is made once and shared.
type builder struct {
	p        *profile.Profile
	frames   map[string]*profile.Location // without an address, by function name
	kernels  map[*trace.Kernel]*profile.Location
	mappings map[*trace.Runtime]*profile.Mapping
}

func newBuilder(types ...*profile.ValueType) *builder {
	return &builder{
		p: &profile.Profile{
			SampleType: types,
			PeriodType: &profile.ValueType{Type: "op", Unit: "count"}, // every op is a sample
			Period:     1,
		},
		frames:   make(map[string]*profile.Location),
		kernels:  make(map[*trace.Kernel]*profile.Location),
		mappings: make(map[*trace.Runtime]*profile.Mapping),
	}
}

func (b *builder) add(s analyze.Stack) {
	all := labels(s)
	all["thread"] = []string{report.Printable(fmt.Sprintf("%s (%d)", s.Thread, s.TID))}
	perInvoke := math.Round(float64(s.SelfNS) / float64(max(s.Models[0].Invokes, 1)))
	b.sample(b.stack(s), all, int64(s.Count), int64(s.SelfNS), int64(perInvoke))
}

// sample adds a sample whose frames come from the root.
func (b *builder) sample(frames []*profile.Location, labels map[string][]string, values ...int64) {
	slices.Reverse(frames)
	b.p.Sample = append(b.p.Sample, &profile.Sample{Location: frames, Value: values, Label: labels})
}

// stack returns the stack's frames from the root.
func (b *builder) stack(s analyze.Stack) []*profile.Location {
	var frames []*profile.Location
	for i, op := range s.Ops {
		if i == 0 || s.Models[i] != s.Models[i-1] {
			frames = append(frames, b.frame(s.Models[i].Name))
		}
		names := op.Frames()
		if op.Mapping == "" && op.KernelAt != nil {
			names = names[:len(names)-1] // it is code
		}
		for _, name := range names {
			frames = append(frames, b.frame(name))
		}
		if op.Mapping == "" && op.KernelAt != nil {
			frames = append(frames, b.kernel(op))
		}
	}
	return frames
}

func labels(s analyze.Stack) map[string][]string {
	op := s.Ops[len(s.Ops)-1]
	all := map[string][]string{
		"op":      {op.FusedOp()},
		"node":    {report.Place(op)},
		"process": {fmt.Sprintf("%s (%d)", s.Process, s.PID)},
	}
	if len(op.Outputs) > 0 {
		all["type"] = []string{op.Outputs[0].Type}
		if shape := report.Shape(op.Outputs[0].Shape); shape != "" {
			all["shape"] = []string{shape}
		}
	}
	for _, values := range all {
		values[0] = report.Printable(values[0])
	}
	return all
}

// frame returns the location of something that isn't code. Without a mapping, pprof doesn't try to symbolize it.
func (b *builder) frame(name string) *profile.Location {
	l := b.frames[name]
	if l == nil {
		l = b.location(&profile.Location{}, name)
		b.frames[name] = l
	}
	return l
}

func (b *builder) kernel(op *analyze.Op) *profile.Location {
	l := b.kernels[op.KernelAt]
	if l == nil {
		l = b.location(&profile.Location{Address: op.KernelAt.Address, Mapping: b.mapping(op.In)}, op.Kernel)
		b.kernels[op.KernelAt] = l
	}
	return l
}

// location completes l with an id and a function. Function.SystemName stays empty: pprof takes the name for demangled then, and leaves it as it is.
func (b *builder) location(l *profile.Location, name string) *profile.Location {
	f := &profile.Function{ID: uint64(len(b.p.Function) + 1), Name: report.Printable(name)}
	b.p.Function = append(b.p.Function, f)
	l.ID = uint64(len(b.p.Location) + 1)
	l.Line = []profile.Line{{Function: f}}
	b.p.Location = append(b.p.Location, l)
	return l
}

func (b *builder) mapping(in *trace.Runtime) *profile.Mapping {
	if in == nil {
		return nil
	}
	m := b.mappings[in]
	if m == nil {
		m = &profile.Mapping{
			ID:              uint64(len(b.p.Mapping) + 1),
			Start:           in.TextStart,
			Limit:           in.TextEnd,
			Offset:          in.TextOffset,
			File:            report.Printable(file(in)),
			BuildID:         report.Printable(in.BuildId),
			HasFunctions:    true,
			HasFilenames:    true, // both untrue, but all three keep pprof from looking for the file
			HasLineNumbers:  true,
			HasInlineFrames: true,
		}
		b.mappings[in] = m
		b.p.Mapping = append(b.p.Mapping, m)
	}
	return m
}

func file(in *trace.Runtime) string {
	if in.Entry != "" {
		return in.Path + "!" + in.Entry
	}
	return in.Path
}

func comments(r *analyze.OpsResult) []string {
	rec := r.Recording
	all := []string{
		fmt.Sprintf("recorded by %s on Linux %s (%s), attached with %s", rec.Recorder, rec.Linux, rec.Architecture, rec.AttachMethod),
	}
	if len(rec.ProbeCosts) == 0 {
		all = append(all, "probe cost: not measured")
	}
	for _, c := range rec.ProbeCosts {
		all = append(all, fmt.Sprintf("probe cost (%s): %d ns an op, %d ns of them in its times", c.InstructionClass, c.TotalNS, c.InsideNS))
	}
	if len(r.Lost) == 0 {
		all = append(all, "lost: nothing")
	}
	for _, cause := range slices.Sorted(maps.Keys(r.Lost)) {
		all = append(all, fmt.Sprintf("lost: %s: %d", cause, r.Lost[cause]))
	}
	if r.Truncated != "" {
		all = append(all, r.Truncated)
	}
	for _, n := range r.Notes {
		all = append(all, fmt.Sprintf("note (%s): %s", n.Kind, n.Text))
	}
	for i := range all {
		all[i] = report.Printable(all[i])
	}
	return all
}
