package frames

import (
	"fmt"

	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/trace"
)

// packed are the formats of images that have all of a pixel in one place: where in it red, green and blue are.
var packed = map[string]struct{ bytes, red, green, blue int }{
	"rgb":  {3, 0, 1, 2},
	"bgr":  {3, 2, 1, 0},
	"rgba": {4, 0, 1, 2},
	"bgra": {4, 2, 1, 0},
	"argb": {4, 1, 2, 3},
}

// RawValue returns raw data as pipelines take it: an image is made RGB, whatever the order in memory is that its marker tells. Images whose
// planes are apart (NV12 and the like), and what isn't an image, are returned as they are.
func (l *Log) RawValue(m *trace.Marker) (step.Value, error) {
	v, err := l.Value(m)
	if err != nil || v.Array == nil {
		return v, err
	}
	a := v.Array
	if m.GetFormat() == "gray" && len(a.Shape) == 2 && a.Uint8 != nil {
		v.Array = &step.Array{Shape: []int{a.Shape[0], a.Shape[1], 1}, Uint8: a.Uint8}
		return v, nil
	}
	from, ok := packed[m.GetFormat()]
	if !ok || m.GetFormat() == "rgb" {
		return v, nil
	}
	if len(a.Shape) != 3 || a.Shape[2] != from.bytes || a.Uint8 == nil {
		return v, fmt.Errorf("marker %q: %s is no image of format %s", m.GetKey(), v.Describe(), m.GetFormat())
	}
	out := make([]uint8, 3*a.Shape[0]*a.Shape[1])
	for i := range a.Shape[0] * a.Shape[1] {
		pixel := a.Uint8[i*from.bytes:]
		out[3*i], out[3*i+1], out[3*i+2] = pixel[from.red], pixel[from.green], pixel[from.blue]
	}
	v.Array = &step.Array{Shape: []int{a.Shape[0], a.Shape[1], 3}, Uint8: out}
	return v, nil
}
