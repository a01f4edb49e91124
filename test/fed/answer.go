package fed

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/edgexray/edgexray/analyze/explain"
	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/step"
)

// Answer is what is said about a case.
type Answer struct {
	Case
	Truth       []string // lines of a pipeline
	Explanation explain.Explanation
	Wrong       []explain.Difference // between the truth and what is said: of what can't be told apart, the nearest to the truth
	Accused     string               // why a judge who knows the truth says that it isn't; empty when he is content
	Took, Used  time.Duration        // to explain it; of all processors
}

// Exact says whether a case was named, in every aspect.
func (a *Answer) Exact() bool { return a.Explanation.Explained && len(a.Wrong) == 0 }

// Resized is the method that was named: the right one when it is among those that can't be told apart.
func (a *Answer) Resized() string {
	for _, d := range a.Wrong {
		if d.Aspect == explain.Resize {
			name, _, _ := strings.Cut(d.App, " (")
			return name
		}
	}
	return a.Resize
}

func (a *Answer) String() string {
	return fmt.Sprintf("%s of %s by %s: explained %v, %.3f left, by %s", a.ID, a.Photo, strings.Join(a.Truth, ", "),
		a.Explanation.Explained, a.Explanation.Residual, pipeline.Words(a.Explanation.Steps))
}

// Ask asks what was done in a case and, where a pipeline says that, judges it by the truth.
func (m *Made) Ask(c Case) (*Answer, error) {
	a := &Answer{Case: c, Truth: c.Lines(m.Photos[c.Photo])}
	raw, err := m.Raw(c)
	if err != nil {
		return nil, err
	}
	tensor, err := m.Tensor(c)
	if err != nil {
		return nil, err
	}
	began, used := time.Now(), processorTime()
	if a.Explanation, err = explain.Explain(raw, tensor); err != nil {
		return nil, fmt.Errorf("explain %s: %w", c.ID, err)
	}
	a.Took, a.Used = time.Since(began), processorTime()-used
	truth, err := stepsOf(a.Truth)
	if err != nil {
		return nil, err
	}
	if err := a.compare(truth, raw.Array.Shape[0], raw.Array.Shape[1]); err != nil || c.Outside != "" {
		return a, err
	}
	verdict, err := explain.Judge(raw, tensor, truth)
	if !verdict.Healthy {
		a.Accused = fmt.Sprintf("%.3f apart: %+v", verdict.Distance, verdict.Differences)
	}
	return a, err
}

func (a *Answer) compare(truth []step.Step, height, width int) error {
	for i, said := range append([][]step.Step{a.Explanation.Steps}, a.Explanation.Same...) {
		wrong, err := explain.Compare(said, truth, height, width)
		if err != nil {
			return fmt.Errorf("compare %s: %w", a.ID, err)
		}
		if i == 0 || len(wrong) < len(a.Wrong) {
			a.Wrong = wrong
		}
	}
	return nil
}

func stepsOf(lines []string) ([]step.Step, error) {
	var out []step.Step
	for _, line := range lines {
		s, err := pipeline.Step(strings.Fields(line))
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func processorTime() time.Duration {
	var u unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
