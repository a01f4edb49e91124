package checks

import (
	"fmt"
	"math"
	"slices"

	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/tflite"
)

// layersOf is in how many frames all layers are looked at: inputs and outputs are in every one.
const layersOf = 16

// finding gathers the frames in which something is wrong.
type finding struct {
	frames, failed, first int
	evidence              string // of the first
}

// add counts a frame; evidence is empty when nothing is wrong in it.
func (x *finding) add(f *frames.Frame, evidence string) {
	x.frames++
	if evidence == "" {
		return
	}
	if x.failed++; x.failed == 1 {
		x.first, x.evidence = f.Number, evidence
	}
}

// outcome fails when something was wrong in any frame.
func (x *finding) outcome(right string) Outcome {
	switch {
	case x.failed > 0:
		return failed("%s, in %d of %d frames", x.evidence, x.failed, x.frames).over(x.frames, x.failed, x.first)
	case x.frames == 0:
		return notChecked("no tensor of it was captured")
	}
	return pass("%s, in %d frames", right, x.frames).over(x.frames, 0, 0)
}

func checkNaN(s *Subject, _ arguments) Outcome {
	var x finding
	for i, f := range s.Edge.Frames {
		tensors := slices.Clone(f.Inputs)
		if i < layersOf {
			for _, name := range f.Layers() {
				if t, err := f.Layer(name); err == nil {
					tensors = append(tensors, t)
				}
			}
		}
		looked, evidence := 0, ""
		for _, t := range append(tensors, f.Outputs...) {
			a, err := t.Array()
			if err != nil || a.Float32 == nil {
				continue
			}
			looked++
			if n := notFinite(a.Float32); n > 0 && evidence == "" {
				evidence = fmt.Sprintf("%d of %d elements of %q are NaN or infinite", n, len(a.Float32), t.GetName())
			}
		}
		if looked > 0 {
			x.add(f, evidence)
		}
	}
	if x.frames == 0 {
		return notChecked("no tensor of real numbers was captured")
	}
	return x.outcome("all numbers are finite")
}

func notFinite(values []float32) int {
	n := 0
	for _, v := range values {
		if v-v != 0 {
			n++
		}
	}
	return n
}

func checkConstant(s *Subject, _ arguments) Outcome {
	var x finding
	differs := false
	for i, f := range s.Edge.Frames {
		evidence, looked := "", false
		for _, t := range f.Inputs {
			a, err := t.Array()
			if err != nil {
				continue
			}
			looked = true
			if a.Len() > 1 && constantArray(a) {
				evidence = fmt.Sprintf("every element of input %q is %g", t.GetName(), a.Reals()[0])
			}
		}
		if looked {
			x.add(f, evidence)
		}
		differs = differs || i > 0 && differ(s.Edge.Frames[i-1].Inputs, f.Inputs)
	}
	o := x.outcome("no input is constant")
	if o.Verdict == Pass && x.frames >= minRuns && !differs {
		o.Evidence += "; every frame has the same input"
	}
	return o
}

// minRuns is how many frames with other inputs must have the same outputs before that counts.
const minRuns = 3

// checkOutputs looks at outputs of real numbers: what is quantized to a few steps may well come out the same.
func checkOutputs(s *Subject, _ arguments) Outcome {
	inputs, outputs, n := false, false, 0
	var before *frames.Frame
	for _, f := range s.Edge.Frames {
		if len(f.Outputs) == 0 || slices.ContainsFunc(f.Outputs, func(t *frames.Tensor) bool {
			return t.Data() == nil || tflite.Type(t.GetType()) != tflite.Float32
		}) {
			continue
		}
		n++
		if before != nil {
			inputs, outputs = inputs || differ(before.Inputs, f.Inputs), outputs || differ(before.Outputs, f.Outputs)
		}
		before = f
	}
	switch {
	case n < minRuns:
		return notChecked("it takes %d frames with outputs of real numbers", minRuns)
	case !inputs:
		return notChecked("every frame has the same input")
	case !outputs:
		return failed("the outputs are the same in all %d frames, although the inputs differ", n).over(n, n, 1)
	}
	return pass("outputs change with the inputs, in %d frames", n).over(n, 0, 0)
}

func differ(a, b []*frames.Tensor) bool {
	return !slices.EqualFunc(a, b, func(x, y *frames.Tensor) bool { return slices.Equal(x.Data(), y.Data()) })
}

func constantArray(a *step.Array) bool {
	v := a.Reals()
	for _, x := range v {
		if x != v[0] {
			return false
		}
	}
	return len(v) > 0
}

// limits are the ends of integer types.
var limits = map[tflite.Type][2]float64{
	tflite.UInt8: {0, math.MaxUint8}, tflite.Int8: {math.MinInt8, math.MaxInt8}, tflite.Int16: {math.MinInt16, math.MaxInt16},
}

// checkSaturated compares how much is at the ends of the type with the same in the reference: a picture may well be white.
func checkSaturated(s *Subject, a arguments) Outcome {
	allowed := a.get("share", 0.1)
	var x finding
	unpaired := 0
	for _, p := range s.Pairs() {
		if p.Reference == nil {
			unpaired++
			continue
		}
		evidence, looked := "", false
		edge, reference := slices.Concat(p.Edge.Inputs, p.Edge.Outputs), slices.Concat(p.Reference.Inputs, p.Reference.Outputs)
		for i, t := range edge {
			if i >= len(reference) {
				break
			}
			share, ok := atEnds(t)
			if !ok {
				continue
			}
			looked = true
			its, ok := atEnds(reference[i])
			if ok && share > its+allowed {
				evidence = fmt.Sprintf("%.0f %% of %q is at the ends of %v, %.0f %% in the reference", 100*share, t.GetName(), tflite.Type(t.GetType()), 100*its)
			}
		}
		if looked {
			x.add(p.Edge, evidence)
		}
	}
	switch {
	case x.frames > 0:
		return x.outcome("no more is at the ends of its type than in the reference")
	case unpaired == 0:
		return notChecked("no input or output is quantized")
	}
	return notChecked("without a reference nobody knows how much may be at the ends of a type (--ref)")
}

// atEnds is the share of a quantized tensor that is at the ends of its type; false for what isn't quantized.
func atEnds(t *frames.Tensor) (float64, bool) {
	ends, ok := limits[tflite.Type(t.GetType())]
	if !ok || t.GetScale() == 0 {
		return 0, false
	}
	a, err := t.Array()
	if err != nil || a.Len() == 0 {
		return 0, false
	}
	plain := *a
	plain.Scale = 0
	n := 0
	for _, v := range plain.Reals() {
		if float64(v) == ends[0] || float64(v) == ends[1] {
			n++
		}
	}
	return float64(n) / float64(a.Len()), true
}
