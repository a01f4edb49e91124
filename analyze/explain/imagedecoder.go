package explain

import (
	"strings"

	"github.com/edgexray/edgexray/pipeline/image"
	"github.com/edgexray/edgexray/pipeline/step"
)

// Decoders of JPEG differ by a step or two, TensorFlow's most (image.DecodeFast). Which of them an app has is no mistake: where one
// leaves something, the other is tried.

// clearly is by which factor one decoder must leave less than the other to be believed.
const clearly = 0.7

const fastNote = "the app decodes JPEG files with libjpeg's fast transform, as TensorFlow does by default (`decode fast`)"

// mayBeFast says whether so much is left of a JPEG file that another decoder may leave less.
func mayBeFast(raw step.Value, left float64) bool {
	return raw.Array == nil && image.IsJPEG(raw.Bytes) && left > nearly
}

// better says whether a verdict by another decoder of JPEG is to be believed: it leaves clearly less, or less with less to say.
func (v Verdict) better(than Verdict) bool {
	left, before := v.Explanation.Residual, than.Explanation.Residual
	return left < clearly*before ||
		left < before && (v.Healthy && !than.Healthy || v.Explanation.Explained && !than.Explanation.Explained || len(v.Differences) < len(than.Differences))
}

// decodeLine is how a reference decodes a file into the pixels of a photo, in colour.
func decodeLine(reference []step.Step) string {
	line := "decode"
	if len(reference) == 0 || nameOf(reference[0]) != line {
		return line
	}
	for _, word := range strings.Fields(reference[0].String())[1:] {
		if word != "gray" {
			line += " " + word
		}
	}
	return line
}

// otherDecoder is the line of the other decoder of JPEG, and the steps of a reference behind it.
func otherDecoder(reference []step.Step) (line string, behind []step.Step) {
	if len(reference) == 0 || nameOf(reference[0]) != "decode" {
		return "decode fast", reference
	}
	line = reference[0].String()
	if without, is := strings.CutSuffix(line, " fast"); is {
		return without, reference[1:]
	}
	return line + " fast", reference[1:]
}
