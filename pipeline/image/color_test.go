package image

import (
	"bytes"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/test/parts"
)

// TestColor compares frames of cameras, and gray, with OpenCV's and Pillow's.
func TestColor(t *testing.T) {
	frame := noise(rand.New(rand.NewPCG(5, 6)), 12, 4, 3).Uint8
	python := exec.Command(parts.Path(t, "python-imaging/bin/python"), "-W", "ignore", "testdata/color.py")
	python.Stdin = bytes.NewReader(frame)
	want, err := python.Output()
	if err != nil {
		t.Fatalf("color.py: %v", err)
	}
	rgb := Image{Width: 8, Height: 6, Channels: 3, Uint8: frame}
	for _, c := range []struct {
		line  string
		bytes int
		most  float64
	}{
		{"yuv 8x6 nv12", 72, 0}, {"yuv 8x6 nv21", 72, 0}, {"yuv 8x6 i420", 72, 0}, {"yuv 8x6 yv12", 72, 0},
		{"yuv 8x6 yuyv", 96, 0}, {"yuv 8x6 uyvy", 96, 0},
		{"yuv 8x6 nv12 full", 72, 1}, // Pillow rounds to 6 bits
		{"color gray opencv", 0, 0}, {"color gray", 0, 0},
	} {
		v := step.Value{Bytes: frame[:c.bytes]}
		if c.bytes == 0 {
			v = step.Value{Array: rgb.Array()}
		}
		m, err := Of(applied(t, c.line, v))
		if err != nil {
			t.Fatal(err)
		}
		n := 8 * 6 * m.Channels
		sameAs(t, c.line, m, 8, 6, want[:n], limit{c.most, c.most})
		want = want[n:]
	}
}

// applied is what a step's line makes.
func applied(t *testing.T, line string, v step.Value) *step.Array {
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
		if s.String() != line {
			t.Errorf("%s reads %s", line, s)
		}
		if v, err = s.Apply(v); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return v.Array
	}
	t.Fatalf("there is no step %s", line)
	return nil
}

// TestMiddle rounds halves as Python does.
func TestMiddle(t *testing.T) {
	for width, x := range map[int]int{378: 77, 377: 76, 379: 78, 381: 78} {
		if got, want := Middle(width, 256, 224, 224), (Rectangle{x, 16, 224, 224}); got != want {
			t.Errorf("of %d: %v, want %v", width, got, want)
		}
	}
}

// TestLines reads steps as they are written, and refuses what is none.
func TestLines(t *testing.T) {
	photo := noise(rand.New(rand.NewPCG(7, 8)), 40, 30, 3).Array()
	for line, shape := range map[string][2]int{
		"crop 20x10":                                      {10, 20},
		"crop 20x10 round-even":                           {10, 20},
		"crop central=0.875":                              {28, 36},
		"crop square":                                     {30, 30},
		"crop square=0.875 round-up":                      {26, 26},
		"crop x=3 y=4 width=5 height=6":                   {6, 5},
		"resize 7x9 tf1.bilinear align-corners":           {9, 7},
		"resize short=15 pillow.bicubic":                  {15, 20},
		"letterbox 20x20 opencv.linear round fill=114":    {20, 20},
		"letterbox 64x32 tf2.bilinear antialias fill=0.5": {32, 64},
		"pad square":                                      {40, 40},
		"pad 50x60 fill=3":                                {60, 50},
		"rotate 90":                                       {40, 30},
		"flip vertical":                                   {30, 40},
		"color bgr":                                       {30, 40},
	} {
		if got := applied(t, line, step.Value{Array: photo}); got.Shape[0] != shape[0] || got.Shape[1] != shape[1] {
			t.Errorf("%s makes %v", line, got.Shape)
		}
	}
	for _, line := range []string{
		"crop", "crop central=0", "crop central=NaN", "crop square=2", "crop width=3", "resize 0x9 tf2.bilinear", "resize 7x9", "resize 7x9 bilinear",
		"resize 7x9 pillow.box antialias", "resize 32768x32768 tf2.bilinear", "letterbox short=3 tf2.area", "pad 5x5 fill=NaN", "rotate 45", "flip", "color xyz",
		"color rgb tf", "yuv 8x6", "yuv 7x6 nv12", "yuv 8x6 rgb", "decode jpeg",
	} {
		fields := strings.Fields(line)
		i := slices.IndexFunc(Makers, func(m step.Maker) bool { return m.Name == fields[0] })
		if i < 0 {
			t.Fatalf("there is no step %s", fields[0])
		}
		args, err := step.Split(fields[1:])
		if err == nil {
			if _, err = Makers[i].Make(args); err == nil {
				err = args.Err()
			}
		}
		if err == nil {
			t.Errorf("%s is a step", line)
		}
	}
}
