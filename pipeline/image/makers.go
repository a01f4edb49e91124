package image

import "github.com/edgexray/edgexray/pipeline/step"

// Makers are the steps of this package.
var Makers = []step.Maker{
	{Name: "resize", Usage: "WIDTHxHEIGHT METHOD [align-corners|antialias]", About: "make it as large as the model takes it; METHOD is a library's: tf2.bilinear, opencv.area", Make: makeResize},
}
