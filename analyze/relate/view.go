package relate

import (
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/pipeline/step"
)

// view is a tensor as rows, columns and channels. What is no image is one row with one channel.
type view struct {
	values           []float32
	rows, cols, chs  int
	first            bool // channels first
	low, high        float64
	finite, measured bool
}

// views looks at two tensors in the same way.
func views(edge, reference *step.Array) (e, r *view, err error) {
	if e, r = imageOf(edge), imageOf(reference); e != nil && r != nil {
		return e, r, nil
	}
	if edge.Len() != reference.Len() {
		return nil, nil, fmt.Errorf("%s can't be compared with %s", step.Value{Array: edge}.Describe(), step.Value{Array: reference}.Describe())
	}
	return rowOf(edge), rowOf(reference), nil
}

func rowOf(a *step.Array) *view { return &view{values: a.Reals(), rows: 1, cols: a.Len(), chs: 1} }

// maxChannels is how many an image has at the most.
const maxChannels = 4

// minSide is how many rows and columns an image has at the least.
const minSide = 2

// imageOf returns a tensor as an image, nil when it is none: [1, h, w, c], [1, c, h, w], [h, w, c] or [h, w].
func imageOf(a *step.Array) *view {
	shape := a.Shape
	if len(shape) == 4 {
		if shape[0] != 1 {
			return nil
		}
		shape = shape[1:]
	}
	v := &view{values: a.Reals()}
	switch {
	case len(shape) == 2:
		v.rows, v.cols, v.chs = shape[0], shape[1], 1
	case len(shape) == 3 && shape[2] <= maxChannels && shape[0] >= minSide && shape[1] >= minSide:
		v.rows, v.cols, v.chs = shape[0], shape[1], shape[2]
	case len(shape) == 3 && shape[0] <= maxChannels && shape[1] >= minSide && shape[2] >= minSide:
		v.rows, v.cols, v.chs, v.first = shape[1], shape[2], shape[0], true
	default:
		return nil
	}
	if v.rows < minSide || v.cols < minSide || v.chs < 1 {
		return nil
	}
	return v
}

func (v *view) image() bool { return v.rows > 1 }

func (v *view) len() int { return v.rows * v.cols * v.chs }

// at returns the element of a channel at a place.
func (v *view) at(y, x, c int) float64 {
	if v.first {
		return float64(v.values[(c*v.rows+y)*v.cols+x])
	}
	return float64(v.values[(y*v.cols+x)*v.chs+c])
}

func (v *view) layoutName() string {
	if v.first {
		return "channels first (NCHW)"
	}
	return "channels last (NHWC)"
}

func (v *view) measure() {
	if v.measured {
		return
	}
	v.measured, v.finite = true, true
	for i, f := range v.values {
		x := float64(f)
		if x-x != 0 {
			v.finite = false
			continue
		}
		if i == 0 {
			v.low, v.high = x, x
		}
		v.low, v.high = min(v.low, x), max(v.high, x)
	}
}

func (v *view) limits() (low, high float64) { v.measure(); return v.low, v.high }

func (v *view) span() float64 { v.measure(); return v.high - v.low }

func (v *view) nonfinite() bool { v.measure(); return !v.finite }

func sameShape(e, r *view) bool {
	return e.rows == r.rows && e.cols == r.cols && e.chs == r.chs && e.first == r.first
}

// turns are the ways to turn an image, the plain one first. Of the turned one's row and column they tell where the original
// has that pixel; rows and columns are the original's numbers.
var turns = []struct {
	name, back string
	swaps      bool // rows become columns
	from       func(y, x, rows, cols int) (int, int)
}{
	{"upright", "", false, func(y, x, _, _ int) (int, int) { return y, x }},
	{"rotated by 180 degrees", "by 180 degrees", false, func(y, x, rows, cols int) (int, int) { return rows - 1 - y, cols - 1 - x }},
	{"rotated by 90 degrees clockwise", "by 90 degrees counter-clockwise", true, func(y, x, rows, _ int) (int, int) { return rows - 1 - x, y }},
	{"rotated by 90 degrees counter-clockwise", "by 90 degrees clockwise", true, func(y, x, _, cols int) (int, int) { return x, cols - 1 - y }},
	{"mirrored left to right", "mirror it left to right", false, func(y, x, _, cols int) (int, int) { return y, cols - 1 - x }},
	{"mirrored top to bottom", "mirror it top to bottom", false, func(y, x, rows, _ int) (int, int) { return rows - 1 - y, x }},
	{"with rows and columns exchanged", "exchange them", true, func(y, x, _, _ int) (int, int) { return x, y }},
	{"mirrored along the other diagonal", "mirror it along that", true, func(y, x, rows, cols int) (int, int) { return rows - 1 - x, cols - 1 - y }},
}

// candidates are all rearrangements that give the edge's shape, simple ones first.
func candidates(e, r *view) []candidate {
	if e.chs != r.chs {
		return nil
	}
	var list []candidate
	orders := orders(e.chs)
	for turn, t := range turns {
		rows, cols := r.rows, r.cols
		if t.swaps {
			rows, cols = cols, rows
		}
		if rows != e.rows || cols != e.cols || turn > 0 && !e.image() {
			continue
		}
		for _, order := range orders {
			list = append(list, candidate{layout: e.first != r.first && e.chs > 1, turn: turn, channels: order})
		}
	}
	return list
}

// orders are the permutations of channels, the plain one first, then the reverse.
func orders(n int) [][]int {
	plain := make([]int, n)
	for i := range plain {
		plain[i] = i
	}
	reverse := slices.Clone(plain)
	slices.Reverse(reverse)
	list := [][]int{plain}
	if n < 2 {
		return list
	}
	list = append(list, reverse)
	permute(plain, nil, func(order []int) {
		if !slices.Equal(order, plain) && !slices.Equal(order, reverse) {
			list = append(list, slices.Clone(order))
		}
	})
	return list
}

func permute(rest, chosen []int, visit func([]int)) {
	if len(rest) == 0 {
		visit(chosen)
		return
	}
	for i, v := range rest {
		permute(slices.Concat(rest[:i], rest[i+1:]), append(chosen[:len(chosen):len(chosen)], v), visit)
	}
}
