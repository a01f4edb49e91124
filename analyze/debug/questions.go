package debug

import (
	"fmt"
	"strings"

	"github.com/edgexray/edgexray/analyze/inputs"
	"github.com/edgexray/edgexray/checks"
)

// certain is how sure a finding is by what an input was judged by.
var certain = map[inputs.Basis]float64{inputs.ByRaw: 1, inputs.ByReference: 0.9, inputs.ByItself: 0.8}

const (
	unnamed     = "preprocessing" // the check of such a finding
	unexplained = 0.5             // the confidence of an input that differs, and nobody knows how
	suspected   = 0.6             // that of an op that could not be run alone
)

// preprocessing asks whether the app feeds the model what the reference would.
func (d *debugger) preprocessing() {
	const question = "Does it feed its model what the reference would?"
	d.result.Inputs = d.Subject.Judged()
	var answers, unknown []string
	wrong := false
	for _, j := range d.result.Inputs {
		answer, is, known := d.input(j)
		wrong = wrong || is
		if known {
			answers = append(answers, answer)
		} else {
			unknown = append(unknown, answer)
		}
	}
	d.check(Data, "type", "nan", "constant", "saturated", "input_order", "quantization")
	d.outputs(len(answers) > 0 && !wrong)
	if len(answers) == 0 {
		if d.Subject.Pipeline != nil {
			d.unjudged = strings.Join(unknown, "; ")
		}
		d.ask(question, "that can't be told: "+strings.Join(unknown, "; "), false, false)
		return
	}
	d.ask(question, strings.Join(answers, "; "), true, wrong)
}

// input says what is found of one input.
func (d *debugger) input(j *inputs.Judged) (answer string, wrong, known bool) {
	name := ""
	if len(d.result.Inputs) > 1 {
		name = fmt.Sprintf("input %d, %q: ", j.Input, j.Name)
	}
	named, doubtful := j.Named()
	for _, t := range doubtful {
		d.problem("%ssome frames (%d of %d, the first is %d) look as if the app differed in %s, and not in one way: %s", name, t.Frames, j.Frames, t.First, t.Aspect, t.App)
	}
	for _, t := range named {
		what := fmt.Sprintf("%s%s: the app has %s", name, t.Aspect, t.App)
		if t.Reference != "" {
			what += ", the reference " + t.Reference
		}
		d.find(Finding{Preprocessing, fmt.Sprintf("%s, in %d of %d frames (by %s)", what, t.Frames, j.Frames, j.By), t.Advice,
			certain[j.By] * float64(t.Frames) / float64(j.Frames), string(t.Aspect)})
	}
	switch off := j.Frames - j.Healthy; {
	case j.By == inputs.ByNothing:
		return name + j.Why, false, false
	case len(named) > 0:
		if 2*j.Unexplained > off {
			d.unexplained(name, j)
		}
		return fmt.Sprintf("%sno, in %d of %d frames (by %s)", name, off, j.Frames, j.By), true, true
	case j.By == inputs.ByItself:
		return fmt.Sprintf("%sits values alone prove nothing against it; %s", name, j.Why), false, false
	case float64(j.Unexplained) > inputs.Tolerated*float64(j.Frames):
		d.unexplained(name, j)
		return fmt.Sprintf("%sno, in %d of %d frames, and nothing explains how", name, off, j.Frames), true, true
	}
	return fmt.Sprintf("%syes, in %d of %d frames (by %s)", name, j.Healthy, j.Frames, j.By), false, true
}

// unexplained finds that an input differs, and nobody knows how.
func (d *debugger) unexplained(name string, j *inputs.Judged) {
	what := fmt.Sprintf("%swhat the app feeds differs from what the reference makes, and nothing explains it, in %d of %d frames", name, j.Unexplained, j.Frames)
	if j.Nearest != "" {
		what += "; the nearest is: " + j.Nearest
	}
	d.find(Finding{Preprocessing, what, "compare the app's steps with the pipeline's one by one, with markers between them", unexplained, unnamed})
}

// symptoms are the checks that say little where they fail in few frames, with the confidence of failing in all: a frame may really be
// black. The less of it the more they only show that something is wrong.
var symptoms = map[string]float64{"outputs": 0.3, "saturated": 0.4, "constant": 1}

// check makes built-in checks, and finds what fails.
func (d *debugger) check(where Verdict, names ...string) (answers, unknown []string, wrong bool) {
	for _, name := range names {
		o, ok := checks.One(&d.Subject, name)
		if !ok {
			continue
		}
		d.result.Checks = append(d.result.Checks, o)
		if o.Verdict == checks.Fail && !(name == "quantization" && d.found("quantization")) {
			wrong = true
			d.find(Finding{where, o.Evidence, o.Advice, confidence(&o), name})
		}
		if o.Verdict == checks.NotChecked {
			unknown = append(unknown, o.Evidence)
		} else {
			answers = append(answers, o.Evidence)
		}
	}
	return answers, unknown, wrong
}

// confidence is higher the more frames a check fails in. Only symptoms that are seen in few frames mean little.
func confidence(o *checks.Outcome) float64 {
	often := 1.0
	if o.Frames > 0 {
		often = float64(o.Failed) / float64(o.Frames)
	}
	if c, ok := symptoms[o.Check]; ok {
		return c * often
	}
	return 0.5 + 0.5*often
}

// found tells whether a check, or an aspect of that name, has a finding already.
func (d *debugger) found(name string) bool {
	for _, f := range d.result.Findings {
		if f.Check == name {
			return true
		}
	}
	return false
}

// least is the confidence from which on something is a finding, and not a problem among others.
const least = 0.1

func (d *debugger) find(f Finding) {
	if f.Confidence < least {
		d.problem("%s: %s", f.Where, f.What)
		return
	}
	d.result.Findings = append(d.result.Findings, f)
}

// outputs asks whether what comes out follows what is fed. A model that makes the same of everything is nothing that the app does:
// trusted kernels show it on what the reference feeds, or on what the app feeds where that is right.
func (d *debugger) outputs(right bool) {
	before := len(d.result.Findings)
	d.check(Data, "outputs")
	by, what := d.played, "what the reference makes"
	if by == nil && right {
		by, what = d.same, "what the app feeds, which is right"
	}
	if len(d.result.Findings) == before || by == nil {
		return
	}
	if o, ok := checks.One(&checks.Subject{Edge: by.Log}, "outputs"); ok && o.Verdict == checks.Fail {
		d.problem("%s; that is the model's doing: trusted kernels make the same of %s", d.result.Findings[before].What, what)
		d.result.Findings = d.result.Findings[:before]
	}
}

// layers asks whether ops do what they should with what the app fed.
func (d *debugger) layers() {
	const question = "Do the ops compute what they should of it?"
	if d.same == nil {
		d.ask(question, "that can't be told: "+d.NoSame, false, false)
		return
	}
	r, err := d.Subject.Compared()
	if err != nil {
		d.ask(question, "that can't be told: "+err.Error(), false, false)
		return
	}
	before := len(d.result.Findings)
	answers, unknown, wrong := d.check(Kernels, "kernels")
	if wrong && len(r.Verdict.Guilty) == 0 {
		d.result.Findings[before].Confidence = suspected
	}
	if len(answers) == 0 {
		d.ask(question, "that can't be told: "+strings.Join(unknown, "; "), false, false)
		return
	}
	d.ask(question, strings.Join(answers, "; "), true, wrong)
}

// quantization asks what the model lost by being quantized.
func (d *debugger) quantization() {
	if d.float == nil {
		return
	}
	const question = "Did the model lose by being quantized?"
	twin := checks.Subject{Edge: d.Subject.Edge, Reference: d.float.Log, Compare: d.float.Compare}
	o, ok := checks.One(&twin, "quantization_error")
	if !ok {
		return
	}
	d.result.Checks = append(d.result.Checks, o)
	loss := d.result.lost(Quantization)
	switch {
	case loss != nil:
		d.find(Finding{Quantization, fmt.Sprintf("in floating point the model is more accurate on the same inputs (%s %.3f, quantized %.3f); %s", loss.Metric, loss.From, loss.To, o.Evidence), o.Advice, 0.9, o.Check})
	case o.Verdict == checks.Fail && len(d.result.Losses) == 0:
		d.find(Finding{Quantization, o.Evidence, o.Advice, 0.4, o.Check})
	}
	d.ask(question, o.Evidence, o.Verdict != checks.NotChecked, loss != nil)
}

// latency asks what is slower than it need be.
func (d *debugger) latency() {
	const question = "Is it slower than it need be?"
	if d.Subject.Trace == nil {
		d.ask(question, "that can't be told: there is no trace (--trace)", false, false)
		return
	}
	answers, unknown, wrong := d.check(Latency, "stragglers", "delegates")
	if len(answers) == 0 {
		d.ask(question, "that can't be told: "+strings.Join(unknown, "; "), false, false)
		return
	}
	d.ask(question, strings.Join(answers, "; "), true, wrong)
}
