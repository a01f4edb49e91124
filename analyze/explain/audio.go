package explain

import (
	"errors"

	"github.com/edgexray/edgexray/pipeline/step"
)

var errAudio = errors.New("explain: what was made of sounds is not searched for yet")

func explainAudio(raw step.Value, fed *step.Array) (Explanation, error) {
	return Explanation{}, errAudio
}

func judgeAudio(raw step.Value, fed *step.Array, reference []step.Step) (Verdict, error) {
	return Verdict{}, errAudio
}
