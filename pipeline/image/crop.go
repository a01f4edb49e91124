package image

import (
	"errors"
	"fmt"
	"math"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Rectangle is a part of a picture, in pixels.
type Rectangle struct{ X, Y, Width, Height int }

// Crop is a part of a picture, all of which must be within it.
func Crop(m Image, r Rectangle) (Image, error) {
	if r.X < 0 || r.Y < 0 || r.Width < 1 || r.Height < 1 || r.X > m.Width-r.Width || r.Y > m.Height-r.Height {
		return m, fmt.Errorf("%dx%d at %d,%d is not within a picture of %dx%d", r.Width, r.Height, r.X, r.Y, m.Width, m.Height)
	}
	if r.Width == m.Width && r.Height == m.Height {
		return m, nil
	}
	along := func(from, n, input int) []int { return positions(n, input, func(i int) int { return from + i }) }
	return pick(m, along(r.X, r.Width, m.Width), along(r.Y, r.Height, m.Height)), nil
}

// Central is the middle part of a picture of a size, as tf.image.central_crop takes it: the offsets are rounded down.
func Central(width, height int, fraction float64) Rectangle {
	x := int((float64(width) - float64(width)*fraction) / 2)
	y := int((float64(height) - float64(height)*fraction) / 2)
	return Rectangle{x, y, width - 2*x, height - 2*y}
}

// Square is the middle square of a picture of a size; fraction is how much of the shorter side it takes. The offsets are
// rounded down, or up as EfficientNet's training code does it: (side+1)/2.
func Square(width, height int, fraction float64, up bool) Rectangle {
	side, more := int(float64(min(width, height))*fraction), 0
	if up {
		more = 1
	}
	return Rectangle{(width - side + more) / 2, (height - side + more) / 2, side, side}
}

// Middle is a part of a size in the middle of a picture, as torchvision's center_crop takes it: halves of a pixel are rounded to
// an even offset, as by Python's round.
func Middle(width, height, partWidth, partHeight int) Rectangle {
	offset := func(side, part int) int { return int(math.RoundToEven(float64(side-part) / 2)) }
	return Rectangle{offset(width, partWidth), offset(height, partHeight), partWidth, partHeight}
}

// crop is a step; of says which part of a picture it takes.
type crop struct {
	words string
	of    func(width, height int) Rectangle
}

func (c crop) Apply(v step.Value) (step.Value, error) {
	return apply(v, func(m Image) (Image, error) { return Crop(m, c.of(m.Width, m.Height)) })
}

func (c crop) String() string { return c.words }

func makeCrop(args *step.Arguments) (step.Step, error) {
	const unset = -1
	if central := args.Number("central", unset); central != unset {
		if !isFraction(central) {
			return nil, fmt.Errorf("central=%v: it takes a part of the picture, more than 0 and at most 1", central)
		}
		return crop{fmt.Sprintf("crop central=%v", central), func(w, h int) Rectangle { return Central(w, h, central) }}, nil
	}
	square := args.Number("square", unset)
	if square == unset && args.Flag("square") {
		square = 1
	}
	if square == unset {
		return makeCropOfSize(args)
	}
	if !isFraction(square) {
		return nil, fmt.Errorf("square=%v: it takes a part of the shorter side, more than 0 and at most 1", square)
	}
	up := args.Flag("round-up")
	return crop{squareWords(square, up), func(w, h int) Rectangle { return Square(w, h, square, up) }}, nil
}

// isFraction is false of NaN, too.
func isFraction(v float64) bool { return v > 0 && v <= 1 }

func squareWords(fraction float64, up bool) string {
	words := "crop square"
	if fraction != 1 {
		words += fmt.Sprintf("=%v", fraction)
	}
	if up {
		words += " round-up"
	}
	return words
}

func makeCropOfSize(args *step.Arguments) (step.Step, error) {
	if width := args.Whole("width", 0, 1, maxSide); width != 0 {
		r := Rectangle{args.Whole("x", 0, 0, maxSide), args.Whole("y", 0, 0, maxSide), width, args.Whole("height", 0, 1, maxSide)}
		if r.Height == 0 {
			return nil, errors.New("height= is missing")
		}
		words := fmt.Sprintf("crop x=%d y=%d width=%d height=%d", r.X, r.Y, r.Width, r.Height)
		return crop{words, func(int, int) Rectangle { return r }}, nil
	}
	width, height := args.Size(maxSide)
	words := fmt.Sprintf("crop %dx%d", width, height)
	if args.Flag("round-even") {
		return crop{words + " round-even", func(w, h int) Rectangle { return Middle(w, h, width, height) }}, nil
	}
	return crop{words, func(w, h int) Rectangle {
		return Rectangle{(w - width) / 2, (h - height) / 2, width, height}
	}}, nil
}
