package checks

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/analyze/explain"
	"github.com/edgexray/edgexray/analyze/inputs"
)

// aspect makes a check of the ways in which inputs can differ.
func aspect(aspects ...explain.Aspect) func(s *Subject, _ arguments) Outcome {
	return ofInput(func(j *inputs.Judged) Outcome { return judgedIn(j, aspects) })
}

// preprocessing asks whether inputs are what the reference makes, whatever differs.
var preprocessing = ofInput(preprocessingOf)

// order is which verdict counts of several inputs.
var order = map[Verdict]int{Fail: 0, NotChecked: 1, Pass: 2}

// ofInput makes a check of one that looks at an input. The worst outcome is that of all inputs.
func ofInput(look func(j *inputs.Judged) Outcome) func(s *Subject, _ arguments) Outcome {
	return func(s *Subject, _ arguments) Outcome {
		var list []Outcome
		for _, j := range s.Judged() {
			list = append(list, look(j))
		}
		if len(list) == 0 {
			return notChecked("there is no frame of the edge (--edge)")
		}
		return slices.MinFunc(list, func(a, b Outcome) int { return cmp.Compare(order[a.Verdict], order[b.Verdict]) })
	}
}

func judgedIn(j *inputs.Judged, aspects []explain.Aspect) Outcome {
	named, _ := j.Named()
	i := slices.IndexFunc(named, func(t inputs.Tally) bool { return slices.Contains(aspects, t.Aspect) })
	switch {
	case j.By == inputs.ByNothing:
		return notChecked("%s", j.Why)
	case i >= 0:
		return differing("", &named[i], j)
	case j.By == inputs.ByItself:
		return notChecked("the tensors alone prove nothing against it; %s", j.Why).over(j.Frames, 0, 0)
	case j.Unexplained == j.Frames:
		return notChecked("nothing explains what was fed in %d of %d frames", j.Unexplained, j.Frames).over(j.Frames, 0, 0)
	}
	return pass("as the reference's in %d of %d frames (by %s)", j.Frames-j.Unexplained, j.Frames, j.By).over(j.Frames, 0, 0)
}

// differing fails by a way in which an input differs.
func differing(prefix string, t *inputs.Tally, j *inputs.Judged) Outcome {
	what := prefix + t.App
	if t.Reference != "" {
		what += ", where the reference has " + t.Reference
	}
	o := failed("%s, in %d of %d frames (by %s)", what, t.Frames, j.Frames, j.By)
	o.Advice = t.Advice
	return o.over(j.Frames, t.Frames, t.First)
}

func preprocessingOf(j *inputs.Judged) Outcome {
	wrong := j.Frames - j.Healthy
	named, _ := j.Named()
	switch {
	case j.By == inputs.ByNothing:
		return notChecked("%s", j.Why)
	case j.By == inputs.ByItself && len(named) == 0:
		return notChecked("the tensors alone prove nothing against it; %s", j.Why).over(j.Frames, 0, 0)
	case j.By == inputs.ByItself:
		return differing(string(named[0].Aspect)+": ", &named[0], j)
	case float64(wrong) <= inputs.Tolerated*float64(j.Frames):
		return pass("what the app feeds is what the reference makes, in %d of %d frames (by %s)", j.Healthy, j.Frames, j.By).over(j.Frames, wrong, j.First)
	}
	o := failed("what the app feeds differs from what the reference makes, in %d of %d frames (by %s)", wrong, j.Frames, j.By)
	switch {
	case j.Explanation != "":
		o.Evidence += "; the app does: " + j.Explanation
	case j.Unexplained > 0 && j.Nearest != "":
		o.Evidence += fmt.Sprintf("; nothing explains it in %d of them, the nearest is: %s", j.Unexplained, j.Nearest)
	case j.Unexplained > 0:
		o.Evidence += fmt.Sprintf("; nothing explains it in %d of them", j.Unexplained)
	}
	if len(j.Differences) > 0 {
		o.Advice = j.Differences[0].Advice
	}
	return o.over(j.Frames, wrong, j.First)
}
