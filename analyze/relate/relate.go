// Package relate finds out how what an app fed its model stands to what a reference pipeline fed it for the same data, from
// the two tensors alone: which order of channels, turn, layout and scale make one of the other. Package explain does the same with
// the raw data at hand and can tell more; this is for when there is none.
package relate

import (
	"fmt"
	"math"
	"slices"

	"github.com/edgexray/edgexray/analyze/explain"
	"github.com/edgexray/edgexray/pipeline/step"
)

const (
	// exact is up to which residual two tensors are the same but for rounding: the root mean square in steps of 8 bits over the
	// reference's range. Rounding both to 8 bits leaves 0.41 (sqrt(2/12)), and clipping or a decoder's rounding some more.
	exact = 1.0
	// better is how much smaller the residual of a transformation must be than that of doing nothing to be believed without being
	// exact: a transformation next to another resize.
	better = 0.5
	// similar is the share of the variance that must be explained for two tensors to be of the same data.
	similar = 0.8
	// offScale and offset are from which on a normalization is another one, of the slope and over the reference's range.
	offScale, offOffset = 0.01, 0.01
	// sampled is how many elements are looked at, at the most, to find the transformation; all are for its residual.
	sampled = 1 << 14
)

// Relation is what makes the edge's tensor of the reference's.
type Relation struct {
	Same        bool    // without any transformation, but for rounding
	Related     bool    // they are of the same data
	Residual    float64 // that is left, in steps of 8 bits over the reference's range
	Differences []explain.Difference
}

// candidate is a rearrangement of the reference's elements.
type candidate struct {
	layout   bool // channels first where the reference has them last, or the reverse
	turn     int  // index of turns
	channels []int
}

// fit is what a candidate leaves of the edge's tensor.
type fit struct {
	candidate
	slopes, offsets []float64 // a channel
	residual        float64   // root mean square, in real numbers
	explained       float64   // share of the edge's variance
}

// Find relates two tensors.
func Find(edge, reference *step.Array) (Relation, error) {
	e, r, err := views(edge, reference)
	if err != nil {
		return Relation{}, err
	}
	if e.len() == 0 || r.len() == 0 {
		return Relation{}, fmt.Errorf("there is nothing to compare in %s", step.Value{Array: edge}.Describe())
	}
	unit := r.span() / 255
	if unit == 0 {
		return Relation{}, fmt.Errorf("the reference's tensor is constant")
	}
	for _, v := range []*view{e, r} {
		if v.nonfinite() {
			return Relation{}, fmt.Errorf("there are NaN or infinite elements")
		}
	}
	if sameShape(e, r) {
		if left := plain(e, r) / unit; left <= exact {
			return Relation{Same: true, Related: true, Residual: left}, nil
		}
	}
	best := search(e, r)
	if best == nil {
		return Relation{}, fmt.Errorf("%s can't be made %s by turning or transposing", step.Value{Array: reference}.Describe(), step.Value{Array: edge}.Describe())
	}
	out := Relation{Residual: best.residual / (unit * best.scale()), Related: best.explained >= similar}
	if out.Related {
		out.Differences = best.differences(e, r, out.Residual)
	}
	return out, nil
}

// scale is how much larger the edge's numbers are than the reference's.
func (f *fit) scale() float64 {
	sum := 0.0
	for _, s := range f.slopes {
		sum += math.Abs(s)
	}
	return max(sum/float64(len(f.slopes)), math.SmallestNonzeroFloat64)
}

// search returns the simplest candidate that leaves nothing, or else the one that leaves the least: the identity unless another
// one is clearly better.
func search(e, r *view) *fit {
	unit := r.span() / 255
	var best, identity *fit
	for i, c := range candidates(e, r) {
		f := fitOf(e, r, c, sampled)
		if i == 0 && sameShape(e, r) {
			identity = f
		}
		if left := f.residual / (unit * f.scale()); left <= exact && f.explained >= similar {
			best = f
			break
		}
		if best == nil || f.residual < best.residual {
			best = f
		}
	}
	if best == nil {
		return nil
	}
	if identity != nil && best != identity && best.residual > better*identity.residual && best.residual/(unit*best.scale()) > exact {
		best = identity
	}
	return fitOf(e, r, best.candidate, math.MaxInt)
}

// differences are the ways in which the edge differs, by aspect.
func (f *fit) differences(e, r *view, left float64) []explain.Difference {
	var list []explain.Difference
	add := func(a explain.Aspect, app, reference, advice string) {
		list = append(list, explain.Difference{Aspect: a, App: app, Reference: reference, Advice: advice})
	}
	if !slices.IsSorted(f.channels) {
		app, reference := channelNames(f.channels)
		add(explain.Channels, app, reference, fmt.Sprintf("feed the channels in the order %s", reference))
	}
	if f.turn != 0 {
		add(explain.Orientation, turns[f.turn].name, "upright", "turn the image back before it is fed: "+turns[f.turn].back)
	}
	if f.layout {
		app, reference := e.layoutName(), r.layoutName()
		add(explain.Layout, app, reference, fmt.Sprintf("feed the tensor as %s", reference))
	}
	if app, reference, ok := f.normalization(e, r); ok {
		add(explain.Normalization, app, reference, fmt.Sprintf("normalize as the reference does, to %s", reference))
	}
	if left > exact && e.image() {
		add(explain.Resize, fmt.Sprintf("pixels that are off by %.1f of 255 beside that", left), "the reference's resize", "resize with the reference's method, from the same part of the image")
	} else if left > exact {
		add(explain.Data, fmt.Sprintf("elements that are off by %.1f of 255 beside that", left), "the reference's", "compare the steps before the model one by one")
	}
	return list
}

func channelNames(order []int) (app, reference string) {
	names := []string{"R", "G", "B"}
	if len(order) != len(names) {
		return fmt.Sprint(order), "in order"
	}
	for _, c := range order {
		app += names[c]
	}
	return app, "RGB"
}

// bounds are a range of numbers.
type bounds struct {
	low, high float64
	name      string
}

// ranges are how pixels are commonly normalized: the numbers that 0 and 255 become.
var ranges = []bounds{
	{0, 1, "[0, 1]"}, {-1, 1, "[-1, 1]"}, {0, 255, "[0, 255]"}, {-128, 127, "[-128, 127]"}, {-0.5, 0.5, "[-0.5, 0.5]"},
}

// ranges are those that the tensor may have: none when it is no image.
func (v *view) ranges() []bounds {
	if v.image() {
		return ranges
	}
	return nil
}

// normalization names how the numbers are scaled when that isn't as in the reference.
func (f *fit) normalization(e, r *view) (app, reference string, other bool) {
	blur := 2 * (1 - f.explained) // what isn't explained flattens the line
	for i := range f.slopes {
		if math.Abs(f.slopes[i]-1) > offScale+blur || math.Abs(f.offsets[i]) > (offOffset+blur)*r.span() {
			other = true
		}
	}
	if !other {
		return "", "", false
	}
	low, high := r.limits()
	one := true
	for i := range f.slopes {
		one = one && math.Abs(f.slopes[i]-f.slopes[0]) < offScale*math.Abs(f.slopes[0]) && math.Abs(f.offsets[i]-f.offsets[0]) < offOffset*e.span()
	}
	if one {
		for _, from := range e.ranges() {
			if low < from.low-offOffset*(from.high-from.low) || high > from.high+offOffset*(from.high-from.low) || (high-low) < 0.4*(from.high-from.low) {
				continue
			}
			for _, to := range ranges {
				slope := (to.high - to.low) / (from.high - from.low)
				if math.Abs(slope/f.slopes[0]-1) < offScale && math.Abs(to.low-slope*from.low-f.offsets[0]) < offOffset*(to.high-to.low) {
					return to.name, from.name, true
				}
			}
		}
		app := fmt.Sprintf("%.4g times the reference", f.slopes[0])
		if math.Abs(f.offsets[0]) > offOffset*e.span() {
			app += fmt.Sprintf(" %+.4g", f.offsets[0])
		}
		return app, span(low, high), true
	}
	elow, ehigh := e.limits()
	return "channels scaled apart, " + span(elow, ehigh), span(low, high), true
}

func span(low, high float64) string { return fmt.Sprintf("%.4g to %.4g", low, high) }
