// Package text has the steps of pipelines that make a model's input of text: first steps on the text, then a tokenizer that
// makes INT32 [n] of it, then steps on tokens (`length` of package audio pads and cuts them).
package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Makers are the steps of this package.
var Makers = []step.Maker{
	{Name: "lowercase", About: "makes letters lower case", Make: makeLowercase},
	{Name: "unicode", Usage: "nfc|nfd|nfkc|nfkd", About: "normalizes characters that can be written in several ways", Make: makeUnicode},
	{Name: "strip-accents", About: "decomposes letters and drops their marks", Make: makeStripAccents},
	{Name: "wordpiece", Usage: "vocab=FILE [cased] [accents] [unknown=[UNK]]", About: "tokens of BERT", Make: makeWordPiece},
	{Name: "words", Usage: "vocab=FILE [split=REGEX] [unicode] [offset=0] [start=ID] [unknown=ID]", About: "a token a word, as TFLite's regex tokenizer makes them", Make: makeWords},
	{Name: "characters", Usage: "[vocab=FILE]", About: "a token a character: its code point, or its line in a file", Make: makeCharacters},
	{Name: "bytes", Usage: "[offset=0]", About: "a token a byte of UTF-8", Make: makeBytes},
	{Name: "surround", Usage: "begin=ID end=ID", About: "puts a token before and one behind, as [CLS] and [SEP]", Make: makeSurround},
	{Name: "add", Usage: "N", About: "adds N to each token, as a vocabulary does that begins elsewhere", Make: makeAdd},
	{Name: "truncate", Usage: "N [front]", About: "cuts tokens down to N, from behind or from the front", Make: makeTruncate},
	{Name: "mask", Usage: "[pad=0]", About: "1 for each token, 0 for padding", Make: makeMask},
	{Name: "segments", About: "0 for each token: the text is one sentence", Make: makeSegments},
}

// maxText is how long a text may be: far more than a model takes.
const maxText = 16 << 20

// onText is a step that makes another text of a text.
type onText struct {
	line string
	make func(string) string
}

func (s onText) String() string { return s.line }

// Apply takes UTF-8; what is none of it becomes U+FFFD, as decoders that go on do.
func (s onText) Apply(v step.Value) (step.Value, error) {
	text, err := textOf(v)
	if err != nil {
		return v, err
	}
	return step.Value{Bytes: []byte(s.make(text))}, nil
}

func textOf(v step.Value) (string, error) {
	switch {
	case v.Array != nil:
		return "", fmt.Errorf("it takes a text, not %s", v.Describe())
	case len(v.Bytes) > maxText:
		return "", fmt.Errorf("it takes a text of at most %d bytes, not %d", maxText, len(v.Bytes))
	case utf8.Valid(v.Bytes):
		return string(v.Bytes), nil
	}
	return strings.ToValidUTF8(string(v.Bytes), "\uFFFD"), nil
}

// Lowercase makes letters lower case.
var Lowercase step.Step = onText{"lowercase", strings.ToLower}

func makeLowercase(*step.Arguments) (step.Step, error) { return Lowercase, nil }

var forms = map[string]norm.Form{"nfc": norm.NFC, "nfd": norm.NFD, "nfkc": norm.NFKC, "nfkd": norm.NFKD}

func makeUnicode(a *step.Arguments) (step.Step, error) {
	name := a.Word("a form")
	form, ok := forms[name]
	if !ok && name != "" {
		return nil, fmt.Errorf("%q is no form (known: nfc, nfd, nfkc, nfkd)", name)
	}
	return onText{"unicode " + name, form.String}, nil
}

// StripAccents decomposes letters and drops their marks.
var StripAccents step.Step = onText{"strip-accents", stripAccents}

func makeStripAccents(*step.Arguments) (step.Step, error) { return StripAccents, nil }

func stripAccents(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(text))
}
