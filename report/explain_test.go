package report

import (
	"testing"

	"github.com/edgexray/edgexray/analyze/explain"
)

func TestExplainVerdict(t *testing.T) {
	yes, no, half := true, false, 0.5
	for _, c := range []struct {
		result explain.Result
		want   string
	}{
		{explain.Result{}, "Input 0 of m, frame 1: its values prove nothing wrong. Without raw data (--raw), no more can be said."},
		{explain.Result{Differences: []explain.Difference{{Aspect: explain.Data}}}, "Input 0 of m, frame 1: its values prove that something is wrong."},
		{explain.Result{Raw: "a.wav"}, "Input 0 of m, frame 1: unexplained."},
		{explain.Result{Raw: "a.wav", Healthy: &no, Residual: &half}, "Input 0 of m, frame 1: unexplained. What comes nearest leaves 0.50 steps of 8 bits."},
		{explain.Result{Raw: "a.wav", Explained: true, Residual: &half}, "Input 0 of m, frame 1: explained, but for 0.50 steps of 8 bits."},
		{explain.Result{Raw: "a.wav", Pipeline: "p", Explained: true, Healthy: &yes, Distance: &half}, "Input 0 of m, frame 1: healthy. p makes it of a.wav, but for 0.50 steps of 8 bits."},
		{explain.Result{Raw: "a.wav", Pipeline: "p", Explained: true, Healthy: &yes, Residual: &half}, "Input 0 of m, frame 1: healthy. p makes it of a.wav, but for 0.50 steps of 8 bits."},
	} {
		c.result.Model, c.result.Frame = "m", 1
		if got := ExplainVerdict(&c.result); got != c.want {
			t.Errorf("%+v: %q, want %q", c.result, got, c.want)
		}
	}
}
