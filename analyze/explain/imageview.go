package explain

import (
	"errors"
	"fmt"

	"github.com/edgexray/edgexray/pipeline/step"
)

// view is what was fed, read as a picture in one of the ways that its shape allows: planes of height*width numbers.
type view struct {
	layout        string // nhwc or nchw: how the elements lie in memory
	wrapped       bool   // elements of int8 are read as if they were uint8: bytes of a picture that nobody moved to int8
	height, width int
	planes        [][]float32
}

// views are the ways to read what was fed as a picture, the one that its shape suggests first.
func views(fed *step.Array) ([]view, error) {
	shape := fed.Squeezed()
	var height, width, channels int
	suggested := "nhwc"
	switch {
	case len(shape) == 2:
		height, width, channels = shape[0], shape[1], 1
	case len(shape) == 3 && shape[2] == 3:
		height, width, channels = shape[0], shape[1], 3
	case len(shape) == 3 && shape[0] == 3:
		suggested = "nchw"
		height, width, channels = shape[1], shape[2], 3
	default:
		return nil, fmt.Errorf("explain: what was fed is %s: no picture of 1 or 3 channels", step.Value{Array: fed}.Describe())
	}
	if height < leastSide || width < leastSide {
		return nil, fmt.Errorf("explain: what was fed is %s: a picture of less than %d pixels a side shows nothing", step.Value{Array: fed}.Describe(), leastSide)
	}
	reals := fed.Reals()
	if len(reals) != height*width*channels {
		return nil, errors.New("explain: what was fed has another number of elements than its shape says")
	}
	layouts := []string{suggested}
	if channels > 1 {
		layouts = []string{suggested, map[string]string{"nhwc": "nchw", "nchw": "nhwc"}[suggested]}
	}
	var all []view
	for _, layout := range layouts {
		all = append(all, view{layout: layout, height: height, width: width, planes: planes(reals, height*width, channels, layout)})
	}
	if bytes := unwrapped(fed); bytes != nil {
		for _, layout := range layouts {
			all = append(all, view{layout: layout, wrapped: true, height: height, width: width, planes: planes(bytes, height*width, channels, layout)})
		}
	}
	return all, nil
}

// leastSide is the least side of a picture that is searched for.
const leastSide = 8

func planes(elements []float32, size, channels int, layout string) [][]float32 {
	out := make([][]float32, channels)
	for c := range out {
		if layout == "nchw" {
			out[c] = elements[c*size : (c+1)*size]
			continue
		}
		out[c] = make([]float32, size)
		for i := range out[c] {
			out[c][i] = elements[i*channels+c]
		}
	}
	return out
}

// unwrapped are the elements of int8 as uint8, if that makes a difference.
func unwrapped(fed *step.Array) []float32 {
	if fed.Int8 == nil {
		return nil
	}
	out := make([]float32, len(fed.Int8))
	for i, e := range fed.Int8 {
		out[i] = float32(uint8(e))
	}
	return out
}

// turned is the view before it was turned by o.
func (v view) turned(o orientation) view {
	back := o.inverse()
	out := v
	out.planes = make([][]float32, len(v.planes))
	if back.transposed {
		out.height, out.width = v.width, v.height
	}
	for c, plane := range v.planes {
		out.planes[c] = turn(plane, v.height, v.width, back)
	}
	return out
}
