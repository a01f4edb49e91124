package relate_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/edgexray/edgexray/analyze/explain"
	"github.com/edgexray/edgexray/analyze/frames/framestest"
	"github.com/edgexray/edgexray/analyze/relate"
	"github.com/edgexray/edgexray/pipeline/step"
)

const side = 32

// photo is a picture with texture whose channels differ, in [0, 1].
func photo(seed uint64) []float32 { return framestest.Photo(seed, side) }

func nhwc(values []float32) *step.Array {
	return &step.Array{Shape: []int{1, side, side, 3}, Float32: values}
}

func each(values []float32, f func(i int, v float64) float64) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(f(i, float64(v)))
	}
	return out
}

// moved puts the pixel that is at from(y, x, c) to y, x, c.
func moved(values []float32, from func(y, x, c int) (int, int, int)) []float32 {
	return each(values, func(i int, _ float64) float64 {
		y, x, c := from(i/3/side, i/3%side, i%3)
		return float64(values[(y*side+x)*3+c])
	})
}

func bgr(values []float32) []float32 {
	return moved(values, func(y, x, c int) (int, int, int) { return y, x, 2 - c })
}

func clockwise(values []float32) []float32 {
	return moved(values, func(y, x, c int) (int, int, int) { return side - 1 - x, y, c })
}

func rounded(values []float32) []float32 {
	return each(values, func(_ int, v float64) float64 { return math.Round(v*255) / 255 })
}

func first(values []float32) *step.Array {
	out := make([]float32, 0, len(values))
	for c := range 3 {
		for i := c; i < len(values); i += 3 {
			out = append(out, values[i])
		}
	}
	return &step.Array{Shape: []int{1, 3, side, side}, Float32: out}
}

func TestFind(t *testing.T) {
	p := photo(1)
	centred := func(_ int, v float64) float64 { return 2*v - 1 }
	blurred := moved(p, func(y, x, c int) (int, int, int) { return y, min(x+1, side-1), c })
	imagenet := each(p, func(i int, v float64) float64 {
		return (v - []float64{0.485, 0.456, 0.406}[i%3]) / []float64{0.229, 0.224, 0.225}[i%3]
	})
	stored := &step.Array{Shape: []int{1, side, side, 3}, Uint8: make([]uint8, len(p)), Scale: 1. / 255}
	for i, v := range p {
		stored.Uint8[i] = uint8(math.Round(float64(v) * 255))
	}
	for name, c := range map[string]struct {
		edge, reference *step.Array
		want            []explain.Aspect
		app             string // of the first
	}{
		"the same":                     {nhwc(p), nhwc(p), nil, ""},
		"8-bit rounding":               {nhwc(rounded(p)), nhwc(p), nil, ""},
		"uint8":                        {stored, nhwc(p), nil, ""},
		"without the batch":            {&step.Array{Shape: []int{side, side, 3}, Float32: p}, nhwc(p), nil, ""},
		"bgr":                          {nhwc(bgr(p)), nhwc(p), []explain.Aspect{explain.Channels}, "BGR"},
		"bgr, rounded":                 {nhwc(rounded(bgr(p))), nhwc(p), []explain.Aspect{explain.Channels}, "BGR"},
		"[-1, 1]":                      {nhwc(each(p, centred)), nhwc(p), []explain.Aspect{explain.Normalization}, "[-1, 1]"},
		"[0, 255]":                     {nhwc(each(p, func(_ int, v float64) float64 { return 255 * v })), nhwc(p), []explain.Aspect{explain.Normalization}, "[0, 255]"},
		"[0, 1] for [-1, 1]":           {nhwc(p), nhwc(each(p, centred)), []explain.Aspect{explain.Normalization}, "[0, 1]"},
		"channels scaled apart":        {nhwc(imagenet), nhwc(p), []explain.Aspect{explain.Normalization}, ""},
		"rotated":                      {nhwc(clockwise(p)), nhwc(p), []explain.Aspect{explain.Orientation}, "rotated by 90 degrees clockwise"},
		"rotated, rounded":             {nhwc(rounded(clockwise(p))), nhwc(p), []explain.Aspect{explain.Orientation}, "rotated by 90 degrees clockwise"},
		"upside down":                  {nhwc(clockwise(clockwise(p))), nhwc(p), []explain.Aspect{explain.Orientation}, "rotated by 180 degrees"},
		"channels first":               {first(p), nhwc(p), []explain.Aspect{explain.Layout}, "channels first (NCHW)"},
		"another resize":               {nhwc(blurred), nhwc(p), []explain.Aspect{explain.Resize}, ""},
		"bgr, rotated, [-1, 1]":        {nhwc(each(bgr(clockwise(p)), centred)), nhwc(p), []explain.Aspect{explain.Channels, explain.Orientation, explain.Normalization}, "BGR"},
		"bgr, channels first, resized": {first(bgr(blurred)), nhwc(p), []explain.Aspect{explain.Channels, explain.Layout, explain.Resize}, "BGR"},
		"features at half the level":   {&step.Array{Shape: []int{len(p)}, Float32: each(p, func(_ int, v float64) float64 { return v / 2 })}, &step.Array{Shape: []int{1, len(p)}, Float32: p}, []explain.Aspect{explain.Normalization}, "0.5 times the reference"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := relate.Find(c.edge, c.reference)
			if err != nil {
				t.Fatal(err)
			}
			got := []explain.Aspect(nil)
			for _, d := range r.Differences {
				got = append(got, d.Aspect)
			}
			if !slices.Equal(got, c.want) || !r.Related || r.Same != (c.want == nil) {
				t.Errorf("found %+v, not %v", r, c.want)
			}
			if c.app != "" && len(r.Differences) > 0 && r.Differences[0].App != c.app {
				t.Errorf("the app does %q, not %q", r.Differences[0].App, c.app)
			}
		})
	}
}

func TestOfSomethingElse(t *testing.T) {
	wrong := 0
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 2))
		noise := each(photo(seed), func(int, float64) float64 { return random.Float64() })
		for _, other := range [][]float32{photo(seed + 1000), noise} {
			if r, err := relate.Find(nhwc(other), nhwc(photo(seed))); err != nil {
				t.Fatal(err)
			} else if r.Related {
				wrong++
				t.Logf("seed %d: %+v", seed, r)
			}
		}
	}
	if wrong > 5 {
		t.Errorf("%d of 100 pictures are taken for another one", wrong)
	}
}

func TestErrors(t *testing.T) {
	flat := make([]float32, side*side*3)
	nan := slices.Clone(photo(1))
	nan[7] = float32(math.NaN())
	for name, c := range map[string]struct{ edge, reference *step.Array }{
		"constant":   {nhwc(photo(1)), nhwc(flat)},
		"NaN":        {nhwc(nan), nhwc(photo(1))},
		"other size": {nhwc(photo(1)), &step.Array{Shape: []int{7}, Float32: make([]float32, 7)}},
		"empty":      {&step.Array{Shape: []int{0}, Float32: []float32{}}, &step.Array{Shape: []int{0}, Float32: []float32{}}},
		"other side": {nhwc(photo(1)), &step.Array{Shape: []int{1, side / 2, side, 3}, Float32: photo(1)[:side*side/2*3]}},
	} {
		if r, err := relate.Find(c.edge, c.reference); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
