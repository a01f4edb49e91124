package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/edgexray/edgexray/tflite"
)

const (
	// minMedian takes the place of smaller medians of NRMSE: behind layers without an error any error would be a jump.
	minMedian = 1e-3
	// maxJumps are listed.
	maxJumps = 5
	// minJump is the smallest that is worth a look.
	minJump = 2
)

// judge gives every op its status and sums them up.
func (r *Result) judge() {
	v := &r.Verdict
	v.Guilty, v.Suspects, v.Jumps = []Finding{}, []Finding{}, []Finding{}
	var jumps []*Op
	for _, m := range r.Models {
		m.jumps()
		v.inputs(m)
		for _, op := range m.Ops {
			op.judge()
			if op.differsInReference() {
				r.problem("the reference run itself is off at %s (node %d) of %s: from the inputs that the edge had it made something else, and alone the edge's op is right",
					op.Op, op.Node, m.Edge)
			}
			if j := op.jump(); j != nil && op.Status != Guilty && op.Status != Suspect && j.Jump >= minJump && j.Accumulated.Worst.NRMSE > minMedian && !j.rounding() {
				jumps = append(jumps, op)
			}
		}
		for _, op := range m.ended() {
			v.count(op)
		}
	}
	slices.SortStableFunc(jumps, func(a, b *Op) int { return cmp.Compare(b.jump().Jump, a.jump().Jump) })
	for _, op := range jumps[:min(len(jumps), maxJumps)] {
		v.Jumps = append(v.Jumps, Finding{op.Place, op.jump().jumpText()})
	}
	switch {
	case len(v.Guilty) > 0:
		v.Status = PastTolerance
	case len(v.Suspects) > 0:
		v.Status = Suspicious
	default:
		v.Status = WithinTolerance
	}
}

// inputs adds what the app put in where the reference got something else: errors that follow from it are no op's fault.
func (v *Verdict) inputs(m *Model) {
	for _, o := range m.Inputs {
		if !o.Entry || o.Accumulated == nil || o.rounding() {
			continue
		}
		if worst := o.Accumulated.Worst; worst.NRMSE > o.limits.NRMSE || worst.NonfiniteDiffers > 0 {
			v.Suspects = append(v.Suspects, Finding{Place{Model: m.Edge, Subgraph: o.Subgraph, Node: -1, Op: "input", Tensor: o.Name},
				fmt.Sprintf("nRMSE %.2g: the reference got other inputs (other preprocessing?)", worst.NRMSE)})
		}
	}
}

// ended returns the ops in the order in which they ended: one that runs subgraphs comes after the ops in these, which may be
// why it is wrong.
func (m *Model) ended() []*Op {
	return slices.SortedStableFunc(slices.Values(m.Ops), func(a, b *Op) int { return cmp.Compare(uint(a.node.order), uint(b.node.order)) })
}

func (v *Verdict) count(op *Op) {
	switch op.Status {
	case Guilty:
		v.Guilty = append(v.Guilty, Finding{op.Place, op.Why})
	case Suspect:
		v.Suspects = append(v.Suspects, Finding{op.Place, op.Why})
		v.NotAlone++
	case Downstream:
		v.Downstream++
		v.Right++
	case Right:
		v.Right++
	case NotJudged:
		v.NotJudged++
		v.NotAlone++
	case NoData:
	default:
		v.NotAlone++
	}
	if op.Status != Guilty && slices.ContainsFunc(op.Outputs, func(o *Output) bool { return o.Local != nil && o.Local.Worst.Constant }) {
		v.NothingSeen++
	}
}

// jumps sets each output's: how many times the median NRMSE of the ops before its own is. Inputs that differ are among these.
func (m *Model) jumps() {
	var before []float64 // ascending
	for _, o := range m.Inputs {
		if o.Entry && o.Accumulated != nil && o.Accumulated.Worst.NRMSE > minMedian {
			before = append(before, o.Accumulated.Worst.NRMSE)
		}
	}
	slices.Sort(before)
	for _, op := range m.Ops {
		var own []float64
		for _, o := range op.Outputs {
			if o.Accumulated == nil {
				continue
			}
			nrmse := o.Accumulated.Worst.NRMSE
			o.Jump = finite(nrmse / max(median(before), minMedian))
			own = append(own, nrmse)
		}
		for _, nrmse := range own {
			at, _ := slices.BinarySearch(before, nrmse)
			before = slices.Insert(before, at, nrmse)
		}
	}
}

func median(ascending []float64) float64 {
	n := len(ascending)
	if n == 0 {
		return 0
	}
	return (ascending[(n-1)/2] + ascending[n/2]) / 2
}

// jump returns the output with the largest jump, nil when none was compared.
func (op *Op) jump() *Output {
	var largest *Output
	for _, o := range op.Outputs {
		if o.Accumulated != nil && (largest == nil || o.Jump > largest.Jump) {
			largest = o
		}
	}
	return largest
}

func (o *Output) jumpText() string {
	return fmt.Sprintf("nRMSE %.2g, %.1f times the median of the ops before", o.Accumulated.Worst.NRMSE, o.Jump)
}

// alarming tells whether the accumulated error alone is a reason to look here.
func (o *Output) alarming() bool {
	if o.Accumulated == nil {
		return false
	}
	m := o.Accumulated.Worst
	if m.NonfiniteDiffers > 0 && !math.IsInf(o.limits.NRMSE, 1) {
		return true
	}
	return m.NRMSE > o.limits.NRMSE && o.Jump >= o.limits.Jump && !o.rounding()
}

// rounding tells whether an accumulated error is one of a few quantization steps, which a tensor of few values shows as a
// large NRMSE.
func (o *Output) rounding() bool {
	scale := o.Accumulated.Worst.RMSEScale
	return scale != 0 && scale <= o.limits.Steps
}

// judge gives an op its status by its worst output.
func (op *Op) judge() {
	ran, right := 0, 0
	for _, o := range op.Outputs {
		if o.Local == nil {
			continue
		}
		ran++
		if o.Local.Failed > 0 {
			op.Status, op.Why = Guilty, o.Local.guiltText()
			return
		}
		right++
	}
	compared := op.jump() != nil
	passed := slices.ContainsFunc(op.Outputs, func(o *Output) bool {
		return o.Accumulated != nil && (o.Accumulated.Worst.NRMSE > o.limits.NRMSE || o.Accumulated.Worst.NonfiniteDiffers > 0)
	})
	suspect := slices.IndexFunc(op.Outputs, (*Output).alarming)
	switch {
	case ran > 0 && right == ran && passed && op.differsInReference():
		op.Status, op.Why = Right, "the reference run itself is off"
	case ran > 0 && right == ran && passed:
		op.Status, op.Why = Downstream, "alone it is right"
	case ran > 0 && right == ran:
		op.Status = Right
	case suspect >= 0:
		op.Status, op.Why = Suspect, join(op.Outputs[suspect].suspicion(), op.whyNotAlone())
	case compared:
		op.Status, op.Why = Unclear, op.whyNotAlone()
	case !slices.ContainsFunc(op.Outputs, func(o *Output) bool { return !o.handle() }):
		op.Status = NoData
		for _, o := range op.Outputs {
			o.NotAccumulated, o.NotLocal = "", ""
		}
	default:
		op.Status, op.Why = NotJudged, op.whyNothing()
	}
}

// differsInReference tells whether an error that no input has begins at an op that is right alone. Quantized models differ
// from their float twins so, but in type as well.
func (op *Op) differsInReference() bool {
	alike := func(o *Output) bool {
		return o.Accumulated != nil && o.Accumulated.Worst.NRMSE <= minMedian && o.Accumulated.Worst.NonfiniteDiffers == 0
	}
	wrong := func(o *Output) bool {
		return o.Local != nil && o.Local.Failed == 0 && o.Accumulated != nil && o.Type == o.ReferenceType &&
			o.Accumulated.Worst.NRMSE > o.limits.NRMSE && !o.rounding()
	}
	return len(op.inputs) > 0 && slices.ContainsFunc(op.Outputs, wrong) && !slices.ContainsFunc(op.inputs, func(o *Output) bool { return !alike(o) })
}

// handle tells whether the output only refers to an object of the runtime.
func (o *Output) handle() bool {
	return o.Type == tflite.Resource.String() || o.Type == tflite.Variant.String()
}

func (e *Error) guiltText() string {
	text := e.Why
	if e.Failed < e.Invokes {
		text += fmt.Sprintf(" (in %d of %d invokes)", e.Failed, e.Invokes)
	}
	return text + "; alone against " + e.Kernel
}

func (o *Output) suspicion() string {
	if n := o.Accumulated.Worst.NonfiniteDiffers; n > 0 {
		return fmt.Sprintf("NaN or infinite on one side only in %d of %d elements", n, o.Accumulated.Worst.Elements)
	}
	return o.jumpText()
}

func (op *Op) whyNotAlone() string {
	if op.Delegate != "" {
		return fmt.Sprintf("%s ran %s as one: which of them an error comes from can't be told", op.Delegate, plural(len(op.Replaced), "node"))
	}
	if by := op.node.within(); by != nil {
		return fmt.Sprintf("it ran within node %d, %s", by.Index, by.Op)
	}
	for _, o := range op.Outputs {
		if o.NotLocal != "" {
			return "not run alone: " + o.NotLocal
		}
	}
	return ""
}

func (op *Op) whyNothing() string {
	if why := op.whyNotAlone(); why != "" {
		return why
	}
	for _, o := range op.Outputs {
		if o.NotAccumulated != "" {
			return o.NotAccumulated
		}
	}
	return "no output could be compared"
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
