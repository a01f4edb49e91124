package image

import (
	"errors"
	"fmt"
	"math"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Pad puts a picture on a larger one whose elements are all fill, with its corner at x, y. A fill beyond
// what UINT8 holds is the nearest that it does.
func Pad(m Image, width, height, x, y int, fill float64) (Image, error) {
	if x < 0 || y < 0 || x > width-m.Width || y > height-m.Height {
		return m, fmt.Errorf("a picture of %dx%d at %d,%d is not within %dx%d", m.Width, m.Height, x, y, width, height)
	}
	if err := tooLarge(width, height, m.Channels); err != nil {
		return m, err
	}
	out := m.sized(width, height)
	if m.Uint8 != nil {
		place(out.Uint8, m.Uint8, out, m, x, y, uint8(max(0, min(fill, 255))))
	} else {
		place(out.Float32, m.Float32, out, m, x, y, float32(fill))
	}
	return out, nil
}

func place[E number](to, from []E, out, m Image, x, y int, fill E) {
	for i := range to {
		to[i] = fill
	}
	stride := m.Width * m.Channels
	for row := range m.Height {
		copy(to[((y+row)*out.Width+x)*m.Channels:], from[row*stride:][:stride])
	}
}

// Letterbox makes a picture as large as fits, its sides in proportion, and pads it around its middle. Sizes and offsets are
// rounded down as tf.image.resize_with_pad does it, or else to the nearest, as YOLO's preprocessing does it.
func Letterbox(m Image, width, height int, method Method, fill float64, nearest bool) (Image, error) {
	if err := tooLarge(width, height, m.Channels); err != nil {
		return m, err
	}
	w, h, x, y := fitFloor(m, width, height)
	if nearest {
		w, h, x, y = fitNearest(m, width, height)
	}
	return Pad(Resize(m, w, h, method), width, height, x, y, fill)
}

// Source: tensorflow/python/ops/image_ops_impl.py, _resize_image_with_pad_common.
func fitFloor(m Image, width, height int) (w, h, x, y int) {
	ratio := max(float32(m.Width)/float32(width), float32(m.Height)/float32(height))
	exactW, exactH := float32(m.Width)/ratio, float32(m.Height)/ratio
	offset := func(size int, exact float32) int { return int(max(0, floor((float32(size)-exact)/2))) }
	return max(1, int(floor(exactW))), max(1, int(floor(exactH))), offset(width, exactW), offset(height, exactH)
}

// Source: ultralytics/data/augment.py, LetterBox.
func fitNearest(m Image, width, height int) (w, h, x, y int) {
	ratio := min(float64(width)/float64(m.Width), float64(height)/float64(m.Height))
	w = max(1, int(math.RoundToEven(float64(m.Width)*ratio)))
	h = max(1, int(math.RoundToEven(float64(m.Height)*ratio)))
	offset := func(space int) int { return max(0, int(math.RoundToEven(float64(space)/2-0.1))) }
	return w, h, offset(width - w), offset(height - h)
}

type pad struct {
	width, height int // 0: the longer side's
	x, y          int // of the picture's corner; below 0: in the middle
	fill          float64
}

func makePad(args *step.Arguments) (step.Step, error) {
	p := pad{fill: args.Number("fill", 0), x: args.Whole("x", middle, 0, maxSide), y: args.Whole("y", middle, 0, maxSide)}
	if !args.Flag("square") {
		p.width, p.height = args.Size(maxSide)
	}
	return p, checkFill(p.fill)
}

// middle, as a corner, leaves as much at both sides; the half is rounded down.
const middle = -1

func checkFill(fill float64) error {
	if math.IsNaN(fill) || math.IsInf(fill, 0) {
		return errors.New("fill= takes a number")
	}
	return nil
}

func (p pad) Apply(v step.Value) (step.Value, error) {
	return apply(v, func(m Image) (Image, error) {
		width, height := p.width, p.height
		if width == 0 {
			width = max(m.Width, m.Height)
			height = width
		}
		x, y := p.x, p.y
		if x == middle {
			x = (width - m.Width) / 2
		}
		if y == middle {
			y = (height - m.Height) / 2
		}
		return Pad(m, width, height, x, y, p.fill)
	})
}

func (p pad) String() string {
	words := "pad square"
	if p.width != 0 {
		words = fmt.Sprintf("pad %dx%d", p.width, p.height)
	}
	if p.x != middle {
		words += fmt.Sprintf(" x=%d", p.x)
	}
	if p.y != middle {
		words += fmt.Sprintf(" y=%d", p.y)
	}
	return words + fillWords(p.fill)
}

func fillWords(fill float64) string {
	if fill == 0 {
		return ""
	}
	return fmt.Sprintf(" fill=%v", fill)
}

type letterbox struct {
	resizeStep
	fill    float64
	nearest bool
}

func makeLetterbox(args *step.Arguments) (step.Step, error) {
	s := letterbox{fill: args.Number("fill", 0), nearest: args.Flag("round")}
	resize, err := makeResize(args)
	if err != nil {
		return nil, err
	}
	s.resizeStep = resize.(resizeStep)
	if s.short != 0 {
		return nil, errors.New("it takes a size (WIDTHxHEIGHT)")
	}
	return s, checkFill(s.fill)
}

func (s letterbox) Apply(v step.Value) (step.Value, error) {
	return apply(v, func(m Image) (Image, error) {
		return Letterbox(m, s.width, s.height, s.method, s.fill, s.nearest)
	})
}

func (s letterbox) String() string {
	words := fmt.Sprintf("letterbox %dx%d %v", s.width, s.height, s.method)
	if s.nearest {
		words += " round"
	}
	return words + fillWords(s.fill)
}
