package explain

import (
	"slices"
	"strings"

	"github.com/edgexray/edgexray/pipeline/step"
)

// elementSteps are the steps that make a model's elements of features, and nothing else of what they say.
var elementSteps = []string{"quantize", "cast", "layout", "batch"}

// featureScales are the steps that scale features by themselves, instead of as the reference does or in addition.
var featureScales = []string{"standardize", "min-max"}

// scaledAlone are the pipelines that scale the finished features of each sound by themselves.
func scaledAlone(h *hypothesis) (out []variant) {
	at := len(h.steps)
	for at > 0 && slices.Contains(elementSteps, nameOf(h.steps[at-1])) {
		at--
	}
	if at == 0 || at > len(h.values) || h.values[at-1].Array == nil || len(h.values[at-1].Array.Shape) < 2 {
		return nil
	}
	n := 0
	if nameOf(h.steps[at-1]) == "normalize" || slices.Contains(featureScales, nameOf(h.steps[at-1])) {
		n = 1
		out = append(out, otherwise(h.steps, at-1, n, audioAlternatives{slot: "scale", aspect: Normalization}, nil))
	}
	for _, line := range featureScales {
		if by, err := steps([]string{line}); err == nil && (n == 0 || by[0].String() != h.steps[at-1].String()) {
			out = append(out, otherwise(h.steps, at-n, n, audioAlternatives{slot: "scale", aspect: Normalization}, by))
		}
	}
	return out
}

func nameOf(s step.Step) string {
	name, _, _ := strings.Cut(s.String(), " ")
	return name
}
