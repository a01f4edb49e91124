package image

import (
	"fmt"

	"github.com/edgexray/edgexray/pipeline/step"
)

// resizeStep has either a size, or the length of the shorter side.
type resizeStep struct {
	width, height int
	short         int
	method        Method
}

func makeResize(args *step.Arguments) (step.Step, error) {
	var s resizeStep
	if s.short = args.Whole("short", 0, 1, maxSide); s.short == 0 {
		s.width, s.height = args.Size(maxSide)
	}
	name, option := args.Word("a method"), args.Choice("align-corners", "antialias")
	if err := args.Err(); err != nil {
		return nil, err
	}
	var err error
	if s.method, err = MethodNamed(name, option); err == nil {
		err = tooLarge(s.width, s.height, 1)
	}
	return s, err
}

func (s resizeStep) Apply(v step.Value) (step.Value, error) {
	return apply(v, func(m Image) (Image, error) {
		width, height := s.width, s.height
		if s.short != 0 {
			width, height = inProportion(m, s.short)
		}
		if err := tooLarge(width, height, m.Channels); err != nil {
			return m, err
		}
		return Resize(m, width, height, s.method), nil
	})
}

// inProportion is the size of a picture whose shorter side gets a length: the other is rounded down, as torchvision's
// Resize does it.
func inProportion(m Image, short int) (width, height int) {
	if m.Width < m.Height {
		return short, short * m.Height / m.Width
	}
	return short * m.Width / m.Height, short
}

func (s resizeStep) String() string {
	if s.short != 0 {
		return fmt.Sprintf("resize short=%d %v", s.short, s.method)
	}
	return fmt.Sprintf("resize %dx%d %v", s.width, s.height, s.method)
}
