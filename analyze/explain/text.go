package explain

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"github.com/edgexray/edgexray/pipeline/step"
)

var errText = errors.New("explain: what was made of text is not searched for yet")

// isText says whether bytes are text rather than an encoded file.
func isText(b []byte) bool { return len(b) > 0 && utf8.Valid(b) && !bytes.ContainsRune(b, 0) }

func explainText(raw step.Value, fed *step.Array) (Explanation, error) {
	return Explanation{}, errText
}

func judgeText(raw step.Value, fed *step.Array, reference []step.Step) (Verdict, error) {
	return Verdict{}, errText
}
