package image

import (
	"errors"
	"fmt"

	"github.com/edgexray/edgexray/pipeline/step"
)

type resizeStep struct {
	width, height int
	method        Method
}

func makeResize(args *step.Arguments) (step.Step, error) {
	var s resizeStep
	s.width, s.height = args.Size(maxSide)
	name, option := args.Word("a method"), ""
	for _, o := range []string{"align-corners", "antialias"} {
		if args.Flag(o) {
			option = o
		}
	}
	if err := args.Err(); err != nil {
		return nil, err
	}
	var err error
	if s.method, err = MethodNamed(name, option); err == nil && s.width*s.height > maxPixels {
		err = errors.New("that is more pixels than any model takes")
	}
	return s, err
}

func (s resizeStep) Apply(v step.Value) (step.Value, error) {
	return apply(v, func(m Image) (Image, error) { return Resize(m, s.width, s.height, s.method), nil })
}

func (s resizeStep) String() string {
	return fmt.Sprintf("resize %dx%d %v", s.width, s.height, s.method)
}
