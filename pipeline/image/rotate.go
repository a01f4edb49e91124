package image

import (
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Rotate turns a picture clockwise by 90, 180 or 270 degrees; by 0 it is shared.
func Rotate(m Image, degrees int) Image {
	switch degrees {
	case 90:
		return transposed(FlipVertical(m))
	case 180:
		return FlipVertical(FlipHorizontal(m))
	case 270:
		return transposed(FlipHorizontal(m))
	}
	return m
}

// FlipHorizontal makes left right.
func FlipHorizontal(m Image) Image {
	return pick(m, backwards(m.Width), positions(m.Height, m.Height, func(y int) int { return y }))
}

// FlipVertical makes up down.
func FlipVertical(m Image) Image {
	return pick(m, positions(m.Width, m.Width, func(x int) int { return x }), backwards(m.Height))
}

func backwards(n int) []int { return positions(n, n, func(i int) int { return n - 1 - i }) }

// transposed makes rows columns.
func transposed(m Image) Image {
	out := m.sized(m.Height, m.Width)
	if m.Uint8 != nil {
		transpose(out.Uint8, m.Uint8, m)
	} else {
		transpose(out.Float32, m.Float32, m)
	}
	return out
}

func transpose[E number](out, in []E, m Image) {
	for y := range m.Height {
		for x := range m.Width {
			copy(out[(x*m.Height+y)*m.Channels:][:m.Channels], in[(y*m.Width+x)*m.Channels:])
		}
	}
}

func makeRotate(args *step.Arguments) (step.Step, error) {
	degrees := args.Word("how far: 90, 180 or 270")
	i := slices.Index([]string{"90", "180", "270"}, degrees)
	if i < 0 {
		return nil, fmt.Errorf("%q: it turns by 90, 180 or 270 degrees, clockwise", degrees)
	}
	return simple{"rotate " + degrees, func(m Image) Image { return Rotate(m, 90*(i+1)) }}, nil
}

func makeFlip(args *step.Arguments) (step.Step, error) {
	switch way := args.Word("which way: horizontal or vertical"); way {
	case "horizontal":
		return simple{"flip horizontal", FlipHorizontal}, nil
	case "vertical":
		return simple{"flip vertical", FlipVertical}, nil
	default:
		return nil, fmt.Errorf("%q: it flips horizontal or vertical", way)
	}
}
