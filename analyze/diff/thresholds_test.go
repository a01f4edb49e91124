package diff

import (
	"math"
	"strings"
	"testing"
)

func TestThresholds(t *testing.T) {
	table, err := ParseThresholds(0.05, strings.NewReader(`
# ours
net*.tflite  CONV_2D,conv::*  change=10%
*            12,1:3           time=1ms  # two nodes
*            whole            change=inf
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		model string
		names []string
		want  limits
	}{
		{"net.tflite", []string{"ADD"}, limits{0.05, 20_000}},
		{"net.tflite", []string{"CONV_2D"}, limits{0.1, 20_000}},
		{"other.tflite", []string{"CONV_2D"}, limits{0.05, 20_000}},
		{"net.tflite", []string{"UNKNOWN", "conv::Eval<(a/b)2>", "7"}, limits{0.1, 20_000}},
		{"net.tflite", []string{"ADD", "1:3"}, limits{0.05, 1e6}},
		{"net.tflite", []string{"whole"}, limits{math.Inf(1), 20_000}},
	} {
		if got := table.limits(c.model, c.names...); got != c.want {
			t.Errorf("%s %q: %+v, want %+v", c.model, c.names, got, c.want)
		}
	}
}

func TestThresholdsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"* *":               "line 1: want MODEL WHAT LIMIT=VALUE",
		"\n* * size=3":      `line 2: there is no limit "size": use change or time`,
		"* * change=-3%":    `change="-3%": want a share such as 3% or 0.03, or inf`,
		"* * change=NaN":    "want a share",
		"* * time=20":       `time="20": want a time such as 20us`,
		"[ * change=3%":     `pattern "["`,
		"* CONV[ change=3%": `pattern "CONV["`,
	} {
		if _, err := ParseThresholds(0, strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func FuzzThresholds(f *testing.F) {
	f.Add(DefaultThresholds)
	f.Add("net* CONV_2D,1:2 change=inf time=1h")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := ParseThresholds(0, strings.NewReader(text))
		if err != nil {
			return
		}
		if l := table.limits("a", "b"); !(l.change > 0) || l.time < 0 || math.IsNaN(l.time) {
			t.Errorf("limits %+v", l)
		}
	})
}
