package image_test

import (
	"slices"
	"testing"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/image"
	"github.com/edgexray/edgexray/pipeline/step"
)

func TestPicture(t *testing.T) {
	rgb := []uint8{1, 2, 3, 4, 5, 6}
	for format, pixels := range map[string][]uint8{
		"rgb": {1, 2, 3, 4, 5, 6}, "bgr": {3, 2, 1, 6, 5, 4}, "rgba": {1, 2, 3, 9, 4, 5, 6, 9}, "bgra": {3, 2, 1, 9, 6, 5, 4, 9}, "argb": {9, 1, 2, 3, 9, 4, 5, 6},
	} {
		made, err := image.Picture(format, &step.Array{Shape: []int{1, 2, len(pixels) / 2}, Uint8: pixels})
		if err != nil || !slices.Equal(made.Uint8, rgb) || !slices.Equal(made.Shape, []int{1, 2, 3}) {
			t.Errorf("%s: %v, %v", format, made, err)
		}
	}
	gray := &step.Array{Shape: []int{1, 2, 1}, Uint8: []uint8{7, 8}}
	if made, err := image.Picture("gray", gray); err != nil || made != gray {
		t.Errorf("gray: %v, %v", made, err)
	}
}

// A marked frame of a camera is what the step yuv makes of its bytes.
func TestPictureOfCamera(t *testing.T) {
	bytes := make([]uint8, 8*6*2)
	for i := range bytes {
		bytes[i] = uint8(i*37 + 11)
	}
	for format, shape := range map[string][]int{"nv12": {9, 8, 1}, "nv21": {9, 8, 1}, "i420": {9, 8, 1}, "yuyv": {6, 8, 2}} {
		a := &step.Array{Shape: shape, Uint8: bytes[:shape[0]*shape[1]*shape[2]]}
		s, err := pipeline.Step([]string{"yuv", "8x6", format})
		if err != nil {
			t.Fatal(err)
		}
		want, err := s.Apply(step.Value{Bytes: a.Uint8})
		if err != nil {
			t.Fatal(err)
		}
		made, err := image.Picture(format, a)
		if err != nil || !slices.Equal(made.Uint8, want.Array.Uint8) || !slices.Equal(made.Shape, []int{6, 8, 3}) {
			t.Errorf("%s: %v, %v", format, made, err)
		}
	}
}

func TestPictureThatCannotBe(t *testing.T) {
	for format, a := range map[string]*step.Array{
		"rgb":  {Shape: []int{2, 2}, Uint8: make([]uint8, 4)},
		"bgr":  {Shape: []int{1, 2, 2}, Uint8: make([]uint8, 4)},
		"bgra": {Shape: []int{1, 1, 4}, Float32: make([]float32, 4)},
		"nv12": {Shape: []int{3, 3, 1}, Uint8: make([]uint8, 9)},
		"nv21": {Shape: []int{0, 0, 1}, Uint8: []uint8{}},
		"yuyv": {Shape: []int{1, 2, 1}, Uint8: make([]uint8, 2)},
		"mjpg": {Shape: []int{2, 2, 3}, Uint8: make([]uint8, 12)},
	} {
		if made, err := image.Picture(format, a); err == nil {
			t.Errorf("%s: %v", format, made)
		}
	}
}

func TestMisreadings(t *testing.T) {
	for format, want := range map[string][]string{
		"nv21": {"nv12", "i420", "yv12", "nv12 full", "nv21 full", "i420 full", "yv12 full"}, "yuyv": {"uyvy", "yuyv full", "uyvy full"},
		"argb": {"rgba"}, "bgra": {"argb"}, "rgb": nil, "gray": nil, "unheard of": nil,
	} {
		shape := map[string][]int{"nv21": {6, 4, 1}, "yuyv": {4, 4, 2}, "argb": {4, 4, 4}, "bgra": {4, 4, 4}}[format]
		if shape == nil {
			shape = []int{4, 4, 3}
		}
		a := &step.Array{Shape: shape, Uint8: make([]uint8, shape[0]*shape[1]*shape[2])}
		var got []string
		for _, r := range image.Misreadings(format, a) {
			name := r.Format
			if r.Full {
				name += " full"
			}
			got = append(got, name)
			if p, err := r.Picture(); err != nil || !slices.Equal(p.Shape, []int{4, 4, 3}) {
				t.Errorf("%s as %s: %v, %v", format, name, p, err)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", format, got, want)
		}
	}
}
