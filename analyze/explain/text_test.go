package explain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/step"
)

func TestJudgeText(t *testing.T) {
	dir := t.TempDir()
	bert := filepath.Join(dir, "bert.txt")
	words := filepath.Join(dir, "words.txt")
	for path, lines := range map[string]string{
		bert:  "[PAD] [UNK] [CLS] [SEP] the film was n ##ot bad cafe Café The good film ##s , . ! very Very it",
		words: "<PAD> <START> <UNKNOWN> the film was not bad good very it",
	} {
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(lines, " ", "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	pieces := "wordpiece vocab=" + bert + ", truncate 14, surround begin=2 end=3, length 16"
	regex := "lowercase, words vocab=" + words + ", length 12"
	const said = "The film was not bad, the Café was good. Very good films! It was the film it was."
	for _, c := range []struct {
		reference, app, want string
	}{
		{pieces, "", ""},
		{pieces, "vocab>cased vocab", "case"},
		{pieces, "surround begin=2 end=3, >", "tokens"},
		{pieces, "begin=2 end=3>end=3", "tokens"},
		{pieces, "truncate 14>truncate 14 front", "tokens"},
		{pieces, "length 16>add 1, length 16", "tokens"},
		{regex, "", ""},
		{regex, "lowercase, >", "case"},
		{regex, "words.txt>words.txt start=-1", "tokens"},
		{regex, "length 12>length 12 front", "tokens"},
		{regex, "lowercase, >|length 12>length 12 front", "case, tokens"},
		{"lowercase, characters, length 100", "", ""},
		{"lowercase, characters, length 100", "lowercase, >", "case"},
		{"lowercase, characters, length 100", "characters>bytes", "tokens"},
		{"lowercase, characters, length 100", "length 100>length 100 front", "tokens"},
		{"lowercase, characters, length 100", "length 100>length 100 value=32", "tokens"},
	} {
		app := c.reference
		for _, change := range strings.Split(c.app, "|") {
			old, by, _ := strings.Cut(change, ">")
			app = strings.Replace(app, old, by, 1)
		}
		app = strings.Replace(app, "wordpiece cased vocab="+bert, "wordpiece vocab="+bert+" cased", 1)
		raw := step.Value{Bytes: []byte(said)}
		v, err := Judge(raw, made(t, app, raw), stepsOf(t, c.reference))
		if err != nil {
			t.Fatal(err)
		}
		var aspects []string
		for _, d := range v.Differences {
			aspects = append(aspects, string(d.Aspect))
		}
		if got := joinedSorted(aspects); got != c.want || !v.Explanation.Explained || v.Healthy != (c.want == "") {
			t.Errorf("%s for %s: named %q, want %q; %s, residual %.3g", app, c.reference, got, c.want, pipeline.Words(v.Explanation.Steps), v.Explanation.Residual)
		}
	}
	// Another text, another tokenizer, tokens in another order.
	raw := step.Value{Bytes: []byte(said)}
	for _, other := range []string{"it was a very long and very boring evening", "THE FILM"} {
		v, err := Judge(raw, made(t, pieces, step.Value{Bytes: []byte(other)}), stepsOf(t, pieces))
		if err != nil || v.Explanation.Explained {
			t.Errorf("%q is explained by %q: %v, %v", other, said, v, err)
		}
	}
	e, err := Explain(raw, made(t, "bytes, length 100", raw))
	if err != nil || !e.Explained || pipeline.Words(e.Steps) != "bytes, length 100" {
		t.Errorf("bytes: %+v, %v", e, err)
	}
}
