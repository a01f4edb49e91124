package compare

import (
	"math"
	"strings"
	"testing"
)

func TestTolerances(t *testing.T) {
	own := "CONV_2D INT8 share=0.5 # mine\n\nADD,MUL * off=7\nRESHAPE * relative=inf\n"
	table, err := ParseTolerances(strings.NewReader(own))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		op      string
		classes []string
		want    func(Limits) bool
	}{
		{"CONV_2D", []string{"INT8", "quantized"}, func(l Limits) bool { return l.Off == 1 && l.Share == 0.5 && l.NRMSE == 0.1 }},
		{"CONV_2D", []string{"UINT8", "quantized"}, func(l Limits) bool { return l.Off == 1 && l.Share == 0.05 }},
		{"MUL", []string{"INT8", "quantized"}, func(l Limits) bool { return l.Off == 7 && l.Share == 0.05 }},
		{"MAX_POOL_2D", []string{"INT8", "quantized"}, func(l Limits) bool { return l.Off == 0 && l.Share == 0 }},
		{"CAST", []string{"INT32", "integer"}, func(l Limits) bool { return l.Off == 0 }},
		{"CONV_2D", []string{"FLOAT32"}, func(l Limits) bool { return l.Relative == 7.6e-6 }},
		{"CONV_2D", []string{"FLOAT32", "hybrid"}, func(l Limits) bool { return l.Relative == 0.2 }},
		{"RESHAPE", []string{"FLOAT32"}, func(l Limits) bool { return math.IsInf(l.Relative, 1) }},
		{"RANDOM_UNIFORM", []string{"FLOAT32"}, func(l Limits) bool { return math.IsInf(l.NRMSE, 1) }},
	} {
		if l := table.limits(c.op, c.classes...); !c.want(l) {
			t.Errorf("%s %v: %+v", c.op, c.classes, l)
		}
	}
	for text, want := range map[string]string{
		"CONV_2D INT8":             "line 1: want OPS TYPES",
		"\nCONV_2D INT8 bias=1":    `line 2: there is no limit "bias"`,
		"CONV_2D INT8 off":         `off=""`,
		"CONV_2D INT8 off=-1":      "not negative",
		"CONV_2D INT8 share=NaN":   "not negative",
		strings.Repeat("x", 1<<17): "token too long",
	} {
		if _, err := ParseTolerances(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

func FuzzTolerances(f *testing.F) {
	f.Add(DefaultTolerances)
	f.Add("CONV_2D INT8 off=1 share=0.05")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := ParseTolerances(strings.NewReader(text))
		if err == nil {
			table.limits("CONV_2D", "INT8", "quantized")
		}
	})
}

func TestJudge(t *testing.T) {
	quantized := Limits{Off: 1, Share: 0.05, Relative: math.Inf(1)}
	exact := Limits{}
	float := Limits{Relative: 1e-5}
	for _, c := range []struct {
		name   string
		m      Metrics
		limits Limits
		terms  float64
		via    bool // float
		guilty bool
		why    string
	}{
		{"a few off by one", Metrics{Off: &Off{By0: 960, By1: 40}}, quantized, 1, false, false, ""},
		{"two of eight", Metrics{Off: &Off{By0: 6, By1: 2, Max: 1}}, quantized, 1, false, false, ""},
		{"all upwards", Metrics{Off: &Off{By1: 1000, Up: 1000, Max: 1}}, quantized, 1, false, true, "100.0% of the elements are off, all upwards, 5.0% allowed"},
		{"half of the unsaturated", Metrics{Off: &Off{By0: 950, By1: 50, Down: 50, Max: 1, Saturated: 900}}, quantized, 1, false, true, "50.0% of the unsaturated elements are off, all downwards"},
		{"one far off", Metrics{Off: &Off{By0: 999, ByMore: 1, Max: 9}}, quantized, 1, false, true, "off by up to 9, 1 allowed, in 1 elements"},
		{"by way of float, two off", Metrics{Off: &Off{By0: 900, By1: 99, By2: 1, Max: 2}}, quantized, 1, true, false, ""},
		{"by way of float, all off", Metrics{Off: &Off{By1: 1000, Max: 1}}, quantized, 1, true, true, "25.0% allowed"},
		{"moved", Metrics{Off: &Off{By0: 999, By1: 1, Max: 1}}, exact, 1, false, true, "off by up to 1, 0 allowed"},
		{"float", Metrics{MaxRelative: 9e-5}, float, 100, false, false, ""},
		{"float of few terms", Metrics{MaxRelative: 9e-5}, float, 1, false, true, "an element is off by 9e-05 of its size, 1e-05 is allowed"},
		{"float moved", Metrics{MaxRelative: 1e-9}, exact, 1, false, true, "0 is allowed"},
		{"negative zero", Metrics{}, exact, 1, false, false, ""},
		{"NaN", Metrics{Elements: 9, NonfiniteDiffers: 1}, float, 1, false, true, "in 1 of 9 elements"},
	} {
		over, why := judge(&c.m, c.limits, c.terms, !c.via)
		if (over > 1) != c.guilty || (c.guilty && !strings.Contains(why, c.why)) {
			t.Errorf("%s: %v, %q", c.name, over, why)
		}
	}
}
