package debug

import (
	"fmt"

	"github.com/edgexray/edgexray/analyze/accuracy"
	"github.com/edgexray/edgexray/analyze/frames"
)

const isItLessAccurate = "Is it less accurate than its reference?"

// accuracy measures the edge against the best reference there is, then what each step between the two costs.
func (d *debugger) accuracy() {
	if d.Accuracy == nil {
		d.ask(isItLessAccurate, "that can't be told: "+d.NoAccuracy, false, false)
		return
	}
	best, what := d.reference()
	r, err := accuracy.Measure(pairUp(d.Subject.Edge, best), *d.Accuracy)
	if err != nil {
		d.ask(isItLessAccurate, "that can't be told: "+err.Error(), false, false)
		return
	}
	d.result.Accuracy = r
	m := r.Metrics[0]
	switch r.Verdict {
	case accuracy.OneSide:
		d.ask(isItLessAccurate, fmt.Sprintf("%s is %.3f over %d samples; there is no reference to set it against", m.Name, m.Edge, r.Samples), false, false)
		return
	case accuracy.Worse:
		d.ask(isItLessAccurate, fmt.Sprintf("yes: %s is %s", m.Name, between(&m, r.Samples, what)), true, true)
	case accuracy.Better:
		d.ask(isItLessAccurate, fmt.Sprintf("no, it is better: %s is %s", m.Name, between(&m, r.Samples, what)), true, false)
	default:
		d.ask(isItLessAccurate, fmt.Sprintf("not by more than chance: %s is %s", m.Name, between(&m, r.Samples, what)), true, false)
	}
	d.losses()
}

func between(m *accuracy.Metric, samples int, what string) string {
	return fmt.Sprintf("%.3f, with %s %.3f: a difference of %+.3f (95 %% interval %+.3f to %+.3f) over %d samples",
		m.Edge, what, m.Reference, m.Difference, m.Low, m.High, samples)
}

// reference is the run to set the app against: the one that got its own inputs, if there is one.
func (d *debugger) reference() (log *frames.Log, what string) {
	switch {
	case d.played != nil:
		return d.played.Log, "the reference pipeline"
	case d.float != nil:
		return d.float.Log, "the model in floating point"
	case d.same != nil:
		return d.same.Log, "trusted kernels"
	}
	return nil, ""
}

func pairUp(edge, reference *frames.Log) []frames.Pair {
	pairs, _ := frames.PairUp(edge, reference)
	return pairs
}

// losses measures what is lost between one run and the next: the app, trusted kernels on its inputs, the reference's inputs, floating point.
func (d *debugger) losses() {
	if d.same != nil {
		d.loss(Kernels, nil, d.same)
	}
	if d.same != nil && d.played != nil {
		d.loss(Preprocessing, d.same, d.played)
	}
	if d.same != nil && d.float != nil {
		d.loss(Quantization, d.same, d.float)
	}
}

// loss measures a run against another one; nil is the app's. Right answers are known of the app's frames.
func (d *debugger) loss(where Verdict, run, against *Run) {
	of := make(map[*frames.Frame]*frames.Frame) // the app's frame of a run's
	ran := make(map[*frames.Frame]*frames.Frame)
	for _, f := range d.Subject.Edge.Frames {
		of[f], ran[f] = f, f
	}
	if run != nil {
		clear(ran)
		for _, p := range pairUp(d.Subject.Edge, run.Log) {
			if p.Reference != nil {
				of[p.Reference], ran[p.Edge] = p.Edge, p.Reference
			}
		}
	}
	var pairs []frames.Pair
	for _, p := range pairUp(d.Subject.Edge, against.Log) {
		if f := ran[p.Edge]; f != nil && p.Reference != nil {
			pairs = append(pairs, frames.Pair{Edge: f, Reference: p.Reference})
		}
	}
	r, err := accuracy.Measure(pairs, relabelled(*d.Accuracy, of))
	if err != nil {
		d.problem("what %s costs was not measured: %v", where, err)
		return
	}
	m := r.Metrics[0]
	d.result.Losses = append(d.result.Losses, Loss{where, m.Name, m.Reference, m.Edge, m.Low, m.High})
}

// relabelled asks for the right answers of other frames.
func relabelled(o accuracy.Options, of map[*frames.Frame]*frames.Frame) accuracy.Options {
	truth := o.Truth
	label := truth.Label
	if label == nil {
		label = (*frames.Frame).Label
	}
	o.Truth.Label = func(f *frames.Frame) (string, bool) { return label(of[f]) }
	if truth.Boxes != nil {
		o.Truth.Boxes = func(f *frames.Frame) ([]accuracy.Box, bool) { return truth.Boxes(of[f]) }
	}
	if truth.Mask != nil {
		o.Truth.Mask = func(f *frames.Frame) (*accuracy.Mask, bool, error) { return truth.Mask(of[f]) }
	}
	return o
}

// lost is the significant loss at a place, nil when there is none.
func (r *Result) lost(where Verdict) *Loss {
	for i := range r.Losses {
		if r.Losses[i].Where == where && r.Losses[i].significant() {
			return &r.Losses[i]
		}
	}
	return nil
}
