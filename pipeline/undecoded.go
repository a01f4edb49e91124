package pipeline

import (
	"strings"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Undecoded leaves out a pipeline's first step when that decodes a file and the raw data is an array already, as an app marks it.
func Undecoded(steps []step.Step, raw step.Value) []step.Step {
	if raw.Array != nil && len(steps) > 0 {
		if name, _, _ := strings.Cut(steps[0].String(), " "); name == "decode" {
			return steps[1:]
		}
	}
	return steps
}
