package test

import (
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/edgexray/edgexray/test/examples"
	"github.com/edgexray/edgexray/test/parts"
)

var buildExamples = sync.OnceValues(func() (*examples.Set, error) {
	return examples.Build(filepath.Join(builds.Dir, "examples"))
})

func exampleSet(t *testing.T) *examples.Set {
	t.Helper()
	s, err := buildExamples()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func exampleData(t *testing.T, s *examples.Set, a examples.App, count int) string {
	t.Helper()
	folder, err := s.Make(a.Data, count)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// Without a mistake the example apps are right, each with each of its models.
func TestExamplesAreRight(t *testing.T) {
	s := exampleSet(t)
	for _, a := range examples.Apps {
		folder := exampleData(t, s, a, 30)
		for _, m := range a.Models {
			score, err := s.Run(a, m, "int8", "none", folder)
			if err != nil {
				t.Error(err)
				continue
			}
			if score.Count != 30 || score.Value < 0.85 {
				t.Errorf("%s with %s: %s %.3f of %d, want at least 0.85 of 30", a.Name, m.Name, score.Metric, score.Value, score.Count)
			}
		}
	}
}

// A mistake that an app makes is named with nobody's help, and an app without one is not accused.
func TestMistakesOfExamplesAreNamed(t *testing.T) {
	s := exampleSet(t)
	for _, c := range []struct{ app, mistake string }{
		{"classify", "none"}, {"classify", "bgr"}, {"classify", "kernel"}, {"detect", "scale"}, {"listen", "none"}, {"review", "case"},
		{"classify", "raw"}, {"classify-java", "sign"}, {"segment", "quantization"},
	} {
		a := examples.Find(c.app)
		m, folder := a.Models[0], exampleData(t, s, a, 15)
		file := filepath.Join(t.TempDir(), "edge.tensors")
		app := s.Command(a, m, "int8", c.mistake, folder)
		take := edgexray(t, append([]string{"snapshot", "-o", file, "--kernels", "builtin", "--"}, app.Args...)...)
		take.Env = append(take.Env, app.Env...)
		finish(t, take)

		ask := edgexray(t, "debug", "--json", "--frames", "2", "--python", parts.Python(t), "--edge", file, "--model", s.Model(m, "int8"),
			"--pipeline", s.Pipeline(m, "int8"), "--classes", s.Labels(a))
		ask.Dir = s.Root()
		said, err := ask.Output()
		var result struct {
			Verdict, Summary string
			Findings         []struct{ Check string }
		}
		decode(t, string(said), &result)
		if c.mistake == "none" {
			if result.Verdict != "healthy" || err != nil {
				t.Errorf("%s without a mistake: %s (%v)", c.app, result.Summary, err)
			}
			continue
		}
		mistake := a.Bugs[slices.IndexFunc(a.Bugs, func(b examples.Bug) bool { return b.Name == c.mistake })]
		if len(result.Findings) == 0 || !slices.Contains(mistake.Checks(), result.Findings[0].Check) {
			t.Errorf("%s with %s: %s, want what %v finds", c.app, c.mistake, result.Summary, mistake.Checks())
		}
	}
}
