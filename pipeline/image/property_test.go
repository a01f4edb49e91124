package image

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestInverse undoes what steps do.
func TestInverse(t *testing.T) {
	m := noise(rand.New(rand.NewPCG(3, 4)), 13, 7, 3)
	swap := func(m Image) Image { out, _ := Channels(m, []int{2, 1, 0}); return out }
	quarter := func(m Image) Image { return Rotate(m, 90) }
	for name, steps := range map[string][]func(Image) Image{
		"four quarters":        {quarter, quarter, quarter, quarter},
		"two halves":           {func(m Image) Image { return Rotate(m, 180) }, quarter, quarter},
		"back a quarter":       {quarter, func(m Image) Image { return Rotate(m, 270) }},
		"both flips, a half":   {FlipHorizontal, FlipVertical, func(m Image) Image { return Rotate(m, 180) }},
		"bgr twice":            {swap, swap},
		"padded, then cropped": {func(m Image) Image { m, _ = Pad(m, 20, 20, 3, 6, 9); return m }, func(m Image) Image { m, _ = Crop(m, Rectangle{3, 6, 13, 7}); return m }},
	} {
		got := m
		for _, s := range steps {
			got = s(got)
		}
		if got.Width != m.Width || got.Height != m.Height || !slices.Equal(got.Uint8, m.Uint8) {
			t.Errorf("%s: it isn't what it was", name)
		}
	}
	if once := quarter(m); once.Width != m.Height || slices.Equal(once.Uint8, m.Uint8) {
		t.Error("a quarter turns nothing")
	}
	// Clockwise: what was at the left of the bottom comes to the left of the top.
	if turned := quarter(m); !slices.Equal(turned.Uint8[:3], m.Uint8[(m.Height-1)*m.Width*3:][:3]) {
		t.Error("a quarter turns the other way")
	}
}

// TestConstant resizes a picture of one colour: no method makes another of it.
func TestConstant(t *testing.T) {
	m, _ := Pad(Image{Width: 1, Height: 1, Channels: 3, Uint8: []uint8{77, 77, 77}}, 31, 17, 0, 0, 77)
	for _, method := range Methods {
		for _, size := range [][2]int{{12, 12}, {64, 50}, {31, 17}, {1, 1}} {
			for i, v := range Resize(m, size[0], size[1], method).floats().Float32 {
				if !(v >= 76.999 && v <= 77.001) { // not NaN, either
					t.Fatalf("%v to %v: element %d is %g", method, size, i, v)
				}
			}
		}
	}
}
