package text

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/edgexray/edgexray/pipeline/step"
)

// WordPiece makes BERT's tokens: words apart by blanks, punctuation and ideographs, each cut into the longest pieces that the
// vocabulary has, those behind the first with ## before them. Source: Devlin et al., bert/tokenization.py.
type WordPiece struct {
	Vocab   string // path
	Cased   bool   // letters keep their case
	Accents bool   // and their accents; else they lose them unless Cased
	Unknown string // the word that stands for those that aren't known
	words   vocabulary
}

// longestWord is from how many characters on a word is unknown without looking.
const longestWord = 100

func makeWordPiece(a *step.Arguments) (step.Step, error) {
	s := WordPiece{Vocab: a.File("vocab"), Cased: a.Flag("cased"), Accents: a.Flag("accents"), Unknown: a.Text("unknown", "[UNK]")}
	return s.open()
}

func (s WordPiece) open() (step.Step, error) {
	if s.Vocab == "" {
		return nil, errors.New("vocab= is missing: the file with a word a line that belongs to the model")
	}
	var err error
	if s.words, err = readVocabulary(s.Vocab); err != nil {
		return nil, err
	}
	if _, ok := s.words[s.Unknown]; !ok {
		return nil, fmt.Errorf("%s has no %s (set unknown= to the word for those that aren't known)", s.Vocab, s.Unknown)
	}
	return s, nil
}

func (s WordPiece) String() string {
	words := []string{"wordpiece", "vocab=" + s.Vocab}
	if s.Cased {
		words = append(words, "cased")
	}
	if s.Accents {
		words = append(words, "accents")
	}
	if s.Unknown != "[UNK]" {
		words = append(words, "unknown="+s.Unknown)
	}
	return strings.Join(words, " ")
}

// With is the step with letters' case and accents treated in another way.
func (s WordPiece) With(cased, accents bool) WordPiece {
	s.Cased, s.Accents = cased, accents
	return s
}

// Apply returns INT32 [tokens].
func (s WordPiece) Apply(v step.Value) (step.Value, error) {
	text, err := textOf(v)
	if err != nil {
		return v, err
	}
	text = clean(text)
	if !s.Cased { // the dotted I is the only letter that becomes two characters
		text = strings.ToLower(strings.ReplaceAll(text, "\u0130", "i\u0307"))
	}
	if !s.Cased && !s.Accents {
		text = stripAccents(text)
	}
	var tokens []int32
	for _, word := range strings.Fields(apart(text)) {
		tokens = append(tokens, s.pieces(word)...)
	}
	return tokenValue(tokens)
}

// clean drops control characters and makes each blank a space.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r' || unicode.Is(unicode.Zs, r):
			return ' '
		case r == 0 || r == 0xFFFD || unicode.Is(unicode.C, r):
			return -1
		}
		return r
	}, text)
}

// apart puts blanks around punctuation and ideographs.
func apart(text string) string {
	var b strings.Builder
	for _, r := range text {
		if punctuation(r) || ideograph(r) {
			b.WriteByte(' ')
			b.WriteRune(r)
			b.WriteByte(' ')
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// punctuation counts all that is no letter or digit in ASCII to it, $ and ^ too.
func punctuation(r rune) bool {
	if r < utf8.RuneSelf {
		return r > ' ' && r != 0x7F && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}
	return unicode.Is(unicode.P, r)
}

// ideographs are the blocks of CJK Unified Ideographs that BERT takes for words.
var ideographs = [][2]rune{{0x4E00, 0x9FFF}, {0x3400, 0x4DBF}, {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F},
	{0x2B820, 0x2CEAF}, {0xF900, 0xFAFF}, {0x2F800, 0x2FA1F}}

func ideograph(r rune) bool {
	for _, block := range ideographs {
		if block[0] <= r && r <= block[1] {
			return true
		}
	}
	return false
}

func (s WordPiece) pieces(word string) []int32 {
	unknown := []int32{s.words[s.Unknown]}
	if utf8.RuneCountInString(word) > longestWord {
		return unknown
	}
	var tokens []int32
	for prefix := ""; word != ""; prefix = "##" {
		n := len(word)
		for ; n > 0; n -= lastRune(word[:n]) {
			if token, ok := s.words[prefix+word[:n]]; ok {
				tokens = append(tokens, token)
				break
			}
		}
		if n == 0 {
			return unknown
		}
		word = word[n:]
	}
	return tokens
}

func lastRune(s string) int {
	_, n := utf8.DecodeLastRuneInString(s)
	return n
}
