package debug_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze/accuracy"
	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/analyze/debug"
	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/analyze/frames/framestest"
	"github.com/edgexray/edgexray/checks"
	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

const side = 16

// always is a class that comes out with the same scores each time.
const always = 'x'

// ran is a run of a classifier of two classes: what each frame's input is made of the photo, and the class that came out. Labels, one a
// frame, may be empty.
func ran(t *testing.T, feed func(photo []float32) []float32, classes, labels string) *frames.Log {
	t.Helper()
	app := framestest.App{
		Model:   "/data/net.tflite",
		Inputs:  []*trace.Tensor{{Name: "image", Type: int32(tflite.Float32), Shape: []int32{1, side, side, 3}}},
		Outputs: []*trace.Tensor{{Name: "scores", Type: int32(tflite.Float32), Shape: []int32{1, 2}}},
	}
	for i, c := range classes {
		scores := []float32{0.25 - float32(i)/1000, 0.25}
		if c == always {
			scores = []float32{0.25, 0.75}
		} else {
			scores[c-'0'] = 0.75
		}
		f := framestest.Frame{Inputs: []any{feed(framestest.Photo(uint64(i), side))}, Outputs: []any{scores}}
		if labels != "" {
			f.Before = []framestest.Marker{framestest.Label(string(labels[i]))}
		}
		app.Frames = append(app.Frames, f)
	}
	log, err := frames.Read(app.Open(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func plain(photo []float32) []float32 { return photo }

func bgr(photo []float32) []float32 {
	out := make([]float32, len(photo))
	for i := range photo {
		out[i] = photo[i-i%3+2-i%3]
	}
	return out
}

func dark(photo []float32) []float32 { return make([]float32, len(photo)) }

// scrambled is nothing that the photo could be turned into.
func scrambled(photo []float32) []float32 {
	out := make([]float32, len(photo))
	for i := range photo {
		out[i] = photo[(i*617)%len(photo)]
	}
	return out
}

// run is a run to compare with.
func run(log *frames.Log, verdict compare.Verdict) func() (*debug.Run, error) {
	return func() (*debug.Run, error) {
		return &debug.Run{Log: log, Compare: func() (*compare.Result, error) {
			return &compare.Result{Verdict: verdict, Models: []*compare.Model{{Ops: []*compare.Op{{Outputs: []*compare.Output{{Accumulated: &compare.Error{MeanNRMSE: 0.2}}}}}}}}, nil
		}}, nil
	}
}

func TestDebug(t *testing.T) {
	const truth, wrong, same = "0101010101", "1111111111", "xxxxxxxxxx"
	fine := compare.Verdict{Right: 12}
	guilty := compare.Verdict{Guilty: []compare.Finding{{Place: compare.Place{Op: "CONV_2D", Node: 3}, Why: "half of it is off"}}}
	suspect := compare.Verdict{Suspects: []compare.Finding{{Place: compare.Place{Op: "delegate", Node: 3}, Why: "the error jumps"}}}
	for name, c := range map[string]struct {
		feed                func([]float32) []float32
		edge, same, played  string // classes that come out; empty: there is no such run
		labels              string
		kernels             compare.Verdict
		float               string
		verdict             debug.Verdict
		says                string
		lost                debug.Verdict // where accuracy is lost; empty: nowhere
		question            int           // of which the answer is looked at
		answer              string
		findings, atTheMost int
		problem             string
	}{
		"healthy": {feed: plain, edge: truth, same: truth, played: truth, labels: truth, kernels: fine,
			verdict: debug.Healthy, question: 0, answer: "not by more than chance"},
		"BGR": {feed: bgr, edge: wrong, same: wrong, played: truth, labels: truth, kernels: fine,
			verdict: debug.Preprocessing, says: "channel order: the app has BGR, the reference RGB, in 10 of 10 frames (by the reference's inputs); that costs top-1 0.500 (0.500 instead of 1.000)",
			lost: debug.Preprocessing, findings: 1, answer: "yes: top-1 is 0.500, with the reference pipeline 1.000"},
		"BGR, without labels": {feed: bgr, edge: wrong, same: wrong, played: truth, kernels: fine,
			verdict: debug.Preprocessing, says: "BGR", findings: 1, answer: "that can't be told: no right answers are known"},
		"a wrong kernel": {feed: plain, edge: wrong, same: truth, played: truth, labels: truth, kernels: guilty,
			verdict: debug.Kernels, says: "CONV_2D (node 3, \"\") is wrong by itself: half of it is off; that costs top-1 0.500", lost: debug.Kernels, findings: 1},
		"a suspect": {feed: plain, edge: truth, same: truth, labels: truth, kernels: suspect,
			verdict: debug.Kernels, says: "is suspect", findings: 1},
		"both, the kernel costs more": {feed: bgr, edge: wrong, same: truth, played: truth, labels: truth, kernels: guilty,
			verdict: debug.Kernels, says: "CONV_2D", lost: debug.Kernels, findings: 2},
		"no name for it": {feed: scrambled, edge: wrong, same: wrong, played: truth, labels: truth, kernels: fine,
			verdict: debug.Preprocessing, says: "nothing explains it, in 10 of 10 frames", lost: debug.Preprocessing, findings: 1},
		"a covered lens": {feed: dark, edge: wrong, same: wrong, played: truth, labels: truth, kernels: fine,
			verdict: debug.Data, says: `every element of input "image" is 0`, lost: debug.Preprocessing, findings: 1, atTheMost: 2},
		"lost by quantization": {feed: plain, edge: wrong, same: wrong, labels: truth, kernels: fine, float: truth,
			verdict: debug.Quantization, says: "in floating point the model is more accurate on the same inputs (top-1 1.000, quantized 0.500)", lost: debug.Quantization, findings: 1},
		"a model that says the same of everything": {feed: plain, edge: same, same: same, played: same, kernels: fine,
			verdict: debug.Healthy, problem: "that is the model's doing"},
		"the same of everything, by the app alone": {feed: plain, edge: same, same: truth, played: truth, kernels: fine,
			verdict: debug.Data, says: "the outputs are the same in all 10 frames", findings: 1},
		"nobody knows": {feed: plain, edge: wrong, same: truth, labels: truth, kernels: fine,
			verdict: debug.Unknown, says: "nothing that could be checked says why", lost: debug.Kernels},
		"alone": {feed: plain, edge: wrong, labels: truth, verdict: debug.Nothing, answer: "top-1 is 0.500 over 10 samples; there is no reference"},
	} {
		t.Run(name, func(t *testing.T) {
			s := debug.Sources{Subject: checks.Subject{Edge: ran(t, c.feed, c.edge, c.labels)}, NoSame: "no model was named", NoPlayed: "no raw data",
				Accuracy: &accuracy.Options{Task: accuracy.Classification}}
			if c.same != "" {
				s.Same = run(ran(t, c.feed, c.same, ""), c.kernels)
			}
			if c.played != "" {
				s.Played = run(ran(t, plain, c.played, ""), compare.Verdict{})
			}
			if c.float != "" {
				s.Float = run(ran(t, c.feed, c.float, ""), compare.Verdict{})
			}
			r, err := debug.Debug(s)
			if err != nil {
				t.Fatal(err)
			}
			if r.Verdict != c.verdict || !strings.Contains(r.Summary, c.says) {
				t.Errorf("%s: %s, not %s: %s", r.Verdict, r.Summary, c.verdict, c.says)
			}
			if len(r.Findings) < c.findings || len(r.Findings) > max(c.findings, c.atTheMost) {
				t.Errorf("findings: %+v", r.Findings)
			}
			if !strings.Contains(r.Questions[c.question].Answer, c.answer) {
				t.Errorf("%+v, without %q", r.Questions[c.question], c.answer)
			}
			if !strings.Contains(strings.Join(r.Problems, "\n"), c.problem) {
				t.Errorf("problems %q, without %q", r.Problems, c.problem)
			}
			for _, l := range r.Losses {
				if (l.High < 0) != (l.Where == c.lost) {
					t.Errorf("%s is lost %s: %+v, not %s", c.labels, l.Where, l, c.lost)
				}
			}
		})
	}
}

func TestWhatFails(t *testing.T) {
	if _, err := debug.Debug(debug.Sources{}); !errors.Is(err, debug.ErrNothing) {
		t.Errorf("nothing: %v", err)
	}
	s := debug.Sources{Subject: checks.Subject{Edge: ran(t, plain, "01", "01")}, NoAccuracy: "no labels"}
	s.Same = func() (*debug.Run, error) { return nil, errors.New("nothing here can run the model") }
	r, err := debug.Debug(s)
	if err != nil || r.Verdict != debug.Nothing || len(r.Problems) == 0 || !strings.Contains(r.Problems[0], "nothing here can run") {
		t.Errorf("%+v, %v", r, err)
	}
	for _, q := range r.Questions {
		if q.Known || !strings.Contains(q.Answer, "can't be told: ") {
			t.Errorf("%+v", q)
		}
	}
}

// An app of which no input could be judged isn't called healthy.
func TestUnjudged(t *testing.T) {
	s := debug.Sources{
		Subject: checks.Subject{Edge: ran(t, plain, "0101", ""), Pipeline: &pipeline.Pipeline{Inputs: []pipeline.Input{{Index: 0}}}},
		NoSame:  "no model was named", NoPlayed: "no raw data", NoAccuracy: "no labels",
	}
	for _, same := range []bool{false, true} {
		if same {
			s.Same = run(ran(t, plain, "0101", ""), compare.Verdict{Right: 12})
		}
		result, err := debug.Debug(s)
		if err != nil || result.Verdict == debug.Healthy || same && (result.Verdict != debug.Unjudged || !strings.Contains(result.Summary, "there is no raw data")) {
			t.Errorf("%+v, %v", result, err)
		}
	}
}
