package checks

import (
	"fmt"
	"math"
	"slices"

	"github.com/edgexray/edgexray/analyze/explain"
	"github.com/edgexray/edgexray/analyze/inputs"
)

// aspect makes a check of the ways in which inputs can differ.
func aspect(aspects ...explain.Aspect) func(s *Subject, _ arguments) Outcome {
	return func(s *Subject, _ arguments) Outcome {
		list := s.Judged()
		if len(list) == 0 {
			return notChecked("there is no snapshot of the edge (--edge)")
		}
		var best *Outcome
		for _, j := range list {
			o := judgedIn(j, aspects)
			if best == nil || order[o.Verdict] < order[best.Verdict] {
				best = &o
			}
		}
		return *best
	}
}

// order is which verdict counts of several inputs.
var order = map[Verdict]int{Fail: 0, Broken: 1, NotChecked: 2, Pass: 3}

func judgedIn(j *inputs.Judged, aspects []explain.Aspect) Outcome {
	named, _ := j.Named()
	i := slices.IndexFunc(named, func(t inputs.Tally) bool { return slices.Contains(aspects, t.Aspect) })
	t, n := inputs.Tally{}, 0
	if i >= 0 {
		t, n = named[i], named[i].Frames
	}
	switch {
	case j.By == inputs.ByNothing:
		return notChecked("%s", j.Why)
	case n > 0:
		o := failed("%s, where the reference has %s, in %d of %d frames (by %s)", t.App, t.Reference, n, j.Frames, j.By)
		if t.Reference == "" {
			o = failed("%s, in %d of %d frames (by %s)", t.App, n, j.Frames, j.By)
		}
		o.Advice = t.Advice
		return o.over(j.Frames, n, t.First)
	case j.By == inputs.ByItself:
		return notChecked("the tensors alone prove nothing against it; %s", j.Why).over(j.Frames, 0, 0)
	case j.Unexplained == j.Frames:
		return notChecked("nothing explains what was fed in %d of %d frames", j.Unexplained, j.Frames).over(j.Frames, 0, 0)
	}
	return pass("as the reference's in %d of %d frames (by %s)", j.Frames-j.Unexplained-n, j.Frames, j.By).over(j.Frames, n, 0)
}

// preprocessing asks whether inputs are what the reference makes, whatever differs.
func preprocessing(s *Subject, _ arguments) Outcome {
	list := s.Judged()
	if len(list) == 0 {
		return notChecked("there is no snapshot of the edge (--edge)")
	}
	var best *Outcome
	for _, j := range list {
		o := preprocessingOf(j)
		if best == nil || order[o.Verdict] < order[best.Verdict] {
			best = &o
		}
	}
	return *best
}

func preprocessingOf(j *inputs.Judged) Outcome {
	wrong := j.Frames - j.Healthy
	switch {
	case j.By == inputs.ByNothing:
		return notChecked("%s", j.Why)
	case j.By == inputs.ByItself && len(j.Differences) == 0:
		return notChecked("the tensors alone prove nothing against it; %s", j.Why).over(j.Frames, 0, 0)
	case j.By == inputs.ByItself:
		t := j.Differences[0]
		o := failed("%s: %s, where the reference has %s, in %d of %d frames", t.Aspect, t.App, t.Reference, t.Frames, j.Frames)
		o.Advice = t.Advice
		return o.over(j.Frames, t.Frames, t.First)
	case float64(wrong) <= inputs.Tolerated*float64(j.Frames):
		return pass("what the app feeds is what the reference makes, in %d of %d frames (by %s)", j.Healthy, j.Frames, j.By).over(j.Frames, wrong, 0)
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
	return o.over(j.Frames, wrong, first(j))
}

func first(j *inputs.Judged) int {
	n := math.MaxInt
	for _, t := range j.Differences {
		n = min(n, t.First)
	}
	if n == math.MaxInt {
		return 0
	}
	return n
}
