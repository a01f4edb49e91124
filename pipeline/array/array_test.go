package array

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/pipeline/step"
)

func apply(t *testing.T, line string, v step.Value) (step.Value, error) {
	t.Helper()
	fields := strings.Fields(line)
	for _, m := range Makers {
		if m.Name != fields[0] {
			continue
		}
		args, err := step.Split(fields[1:])
		if err != nil {
			t.Fatal(err)
		}
		s, err := m.Make(args)
		if err == nil {
			err = args.Err()
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return s.Apply(v)
	}
	t.Fatalf("there is no step %s", line)
	return v, nil
}

func TestSteps(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	floats := func(values ...float32) *step.Array { return &step.Array{Shape: []int{len(values)}, Float32: values} }
	picture := &step.Array{Shape: []int{1, 2, 3}, Uint8: []uint8{1, 2, 3, 4, 5, 6}}
	for _, c := range []struct {
		line     string
		in, want *step.Array
	}{
		{"normalize mean=1 std=2", floats(1, 3, -3), floats(0, 1, -2)},
		{"normalize mean=1,2,3 std=1", picture, &step.Array{Shape: []int{1, 2, 3}, Float32: []float32{0, 0, 0, 3, 3, 3}}},
		{"standardize", floats(1, 3, 1, 3), floats(-1, 1, -1, 1)},
		{"standardize", floats(5, 5.5, 5, 5.5), floats(-0.5, 0.5, -0.5, 0.5)}, // the deviation is below 1/sqrt(4)
		{"min-max", picture, &step.Array{Shape: []int{1, 2, 3}, Float32: []float32{0, 0.2, 0.4, 0.6, 0.8, 1}}},
		{"min-max", floats(7, 7), floats(0, 0)},
		// Half away from zero, before the zero point is added.
		{"quantize scale=0.5 zero-point=-1 type=int8", floats(0.25, -0.25, 0.75, 100, -100, nan, inf), &step.Array{Shape: []int{7},
			Int8: []int8{0, -2, 1, 127, -128, 0, 127}, Scale: 0.5, ZeroPoint: -1}},
		{"quantize scale=0.5 zero-point=10 type=uint8 truncate", floats(0.4, -0.4, 0.9, -9), &step.Array{Shape: []int{4},
			Uint8: []uint8{10, 9, 11, 0}, Scale: 0.5, ZeroPoint: 10}},
		{"cast type=uint8", floats(1.9, -0.5, 300), &step.Array{Shape: []int{3}, Uint8: []uint8{1, 0, 255}}},
		{"cast type=uint8 wrap", floats(-1, 256, 300.9, nan, inf), &step.Array{Shape: []int{5}, Uint8: []uint8{255, 0, 44, 0, 255}}},
		{"cast type=int8 round wrap", floats(127.5, -129, 3), &step.Array{Shape: []int{3}, Int8: []int8{-128, 127, 3}}},
		{"cast type=int32 round", floats(0.5, 1.5, -2.5), &step.Array{Shape: []int{3}, Int32: []int32{0, 2, -2}}},
		{"cast type=float32", &step.Array{Shape: []int{2}, Int8: []int8{-128, 3}, Scale: 0.5, ZeroPoint: -128}, floats(0, 65.5)},
		{"layout nchw", picture, &step.Array{Shape: []int{3, 1, 2}, Uint8: []uint8{1, 4, 2, 5, 3, 6}}},
		{"layout nhwc", &step.Array{Shape: []int{1, 3, 1, 2}, Uint8: []uint8{1, 4, 2, 5, 3, 6}}, &step.Array{Shape: []int{1, 1, 2, 3}, Uint8: picture.Uint8}},
		{"batch", picture, &step.Array{Shape: []int{1, 1, 2, 3}, Uint8: picture.Uint8}},
	} {
		got, err := apply(t, c.line, step.Value{Array: c.in})
		if err != nil {
			t.Errorf("%s: %v", c.line, err)
		} else if diff := cmp.Diff(c.want, got.Array); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.line, diff)
		}
	}
}

func TestRefuses(t *testing.T) {
	for line, v := range map[string]step.Value{
		"normalize mean=1,2 std=1": {Array: &step.Array{Shape: []int{3, 1}, Float32: make([]float32, 3)}},
		"layout nchw":              {Array: &step.Array{Shape: []int{3, 1}, Float32: make([]float32, 3)}},
		"batch":                    {Bytes: []byte("raw")},
		"cast type=int8":           {Bytes: []byte("raw")},
	} {
		if _, err := apply(t, line, v); err == nil || !strings.Contains(err.Error(), "it was given") {
			t.Errorf("%s: %v", line, err)
		}
	}
}
