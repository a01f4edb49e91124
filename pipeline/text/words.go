package text

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Words makes a token of each word, as RegexTokenizer of the TFLite Task Library does: the text is split where a regular
// expression matches; <START> comes first and <UNKNOWN> stands for words that the vocabulary hasn't, if it has these.
type Words struct {
	Vocab   string // path
	Split   string // what is between words
	Unicode bool   // \w and \W in Split know all scripts' letters and digits, as Python's re does; else only those of ASCII, as RE2 and Java do
	Offset  int    // is added to each word's token, as Keras' index_from is
	Start   int    // the token that comes first; none: -1
	Unknown int    // that for other words; none, so that they are left out: -1
	words   vocabulary
	split   *regexp.Regexp
}

// usualSplit is that of the models of TFLite Model Maker.
const usualSplit = `[^\w']+`

const maxToken = 1 << 30

func makeWords(a *step.Arguments) (step.Step, error) {
	s := Words{Vocab: a.File("vocab"), Split: a.Text("split", usualSplit), Offset: a.Whole("offset", 0, -maxToken, maxToken)}
	if s.Vocab == "" {
		return nil, errors.New("vocab= is missing: the file with a word a line that belongs to the model")
	}
	var err error
	if s.words, err = readVocabulary(s.Vocab); err != nil {
		return nil, err
	}
	s.Unicode = a.Flag("unicode")
	if s.split, err = regexp.Compile(s.pattern()); err != nil {
		return nil, fmt.Errorf("split=%s: %w", s.Split, err)
	}
	s.Start = a.Whole("start", s.words.token("<START>"), -1, maxToken)
	s.Unknown = a.Whole("unknown", s.words.token("<UNKNOWN>"), -1, maxToken)
	return s, nil
}

// pattern is Split for Go's regular expressions, whose \w is of ASCII.
func (s Words) pattern() string {
	if !s.Unicode {
		return s.Split
	}
	const letters = `\p{L}\p{N}_` // Source: str.isalnum() or the underscore, of Python's re
	var out strings.Builder
	inClass := false
	for i := 0; i < len(s.Split); i++ {
		next := s.Split[i : i+1]
		if next == `\` && i+1 < len(s.Split) {
			i++
			next = s.Split[i-1 : i+1]
		}
		switch {
		case next == `\w` && inClass:
			next = letters
		case next == `\w`:
			next = "[" + letters + "]"
		case next == `\W` && !inClass:
			next = "[^" + letters + "]"
		case next == "[":
			inClass = true
		case next == "]":
			inClass = false
		}
		out.WriteString(next)
	}
	return out.String()
}

// token is that of a word, -1 if there is none.
func (v vocabulary) token(word string) int {
	if token, ok := v[word]; ok {
		return int(token)
	}
	return -1
}

func (s Words) String() string {
	words := []string{"words", "vocab=" + s.Vocab}
	if s.Split != usualSplit {
		words = append(words, "split="+s.Split)
	}
	if s.Unicode {
		words = append(words, "unicode")
	}
	if s.Offset != 0 {
		words = append(words, fmt.Sprintf("offset=%d", s.Offset))
	}
	if s.Start != s.words.token("<START>") {
		words = append(words, fmt.Sprintf("start=%d", s.Start))
	}
	if s.Unknown != s.words.token("<UNKNOWN>") {
		words = append(words, fmt.Sprintf("unknown=%d", s.Unknown))
	}
	return strings.Join(words, " ")
}

// Apply returns INT32 [tokens].
func (s Words) Apply(v step.Value) (step.Value, error) {
	text, err := textOf(v)
	if err != nil {
		return v, err
	}
	var tokens []int32
	if s.Start >= 0 {
		tokens = append(tokens, int32(s.Start))
	}
	for _, word := range s.split.Split(text, -1) {
		token, known := s.words[word]
		switch {
		case word == "":
		case known:
			tokens = append(tokens, token+int32(s.Offset))
		case s.Unknown >= 0:
			tokens = append(tokens, int32(s.Unknown))
		}
	}
	return tokenValue(tokens)
}

// Characters makes a token of each character.
type Characters struct {
	Vocab string // path; "": the token is the code point
	words vocabulary
}

func makeCharacters(a *step.Arguments) (step.Step, error) {
	s := Characters{Vocab: a.File("vocab")}
	var err error
	if s.Vocab != "" {
		s.words, err = readVocabulary(s.Vocab)
	}
	return s, err
}

func (s Characters) String() string {
	if s.Vocab == "" {
		return "characters"
	}
	return "characters vocab=" + s.Vocab
}

// Apply returns INT32 [tokens]. Characters that a vocabulary hasn't are <UNKNOWN>, or left out if it hasn't that.
func (s Characters) Apply(v step.Value) (step.Value, error) {
	text, err := textOf(v)
	if err != nil {
		return v, err
	}
	var tokens []int32
	for _, r := range text {
		if s.Vocab == "" {
			tokens = append(tokens, int32(r))
		} else if token := s.words.token(string(r)); token >= 0 {
			tokens = append(tokens, int32(token))
		} else if unknown := s.words.token("<UNKNOWN>"); unknown >= 0 {
			tokens = append(tokens, int32(unknown))
		}
	}
	return tokenValue(tokens)
}

// Bytes makes a token of each byte.
type Bytes struct{ Offset int }

func makeBytes(a *step.Arguments) (step.Step, error) {
	return Bytes{a.Whole("offset", 0, -maxToken, maxToken)}, nil
}

func (s Bytes) String() string {
	if s.Offset == 0 {
		return "bytes"
	}
	return fmt.Sprintf("bytes offset=%d", s.Offset)
}

// Apply returns INT32 [tokens].
func (s Bytes) Apply(v step.Value) (step.Value, error) {
	text, err := textOf(v)
	if err != nil {
		return v, err
	}
	tokens := make([]int32, len(text))
	for i := range tokens {
		tokens[i] = int32(text[i]) + int32(s.Offset)
	}
	return tokenValue(tokens)
}

// WithSplit is the step with another expression between words, which must compile.
func (s Words) WithSplit(split string, unicode bool) Words {
	s.Split, s.Unicode = split, unicode
	s.split = regexp.MustCompile(s.pattern())
	return s
}
