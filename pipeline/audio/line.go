package audio

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/pipeline/step"
)

// line is a step as a line of a pipeline file, while it is put together.
type line []string

func (l line) word(words ...string) line { return append(l, words...) }

// flag adds a word when it is set.
func (l line) flag(set bool, word string) line {
	if !set {
		return l
	}
	return append(l, word)
}

// key adds an argument unless it has its default value.
func (l line) key(key string, value, otherwise float64) line {
	if value == otherwise {
		return l
	}
	return append(l, key+"="+number(value))
}

func (l line) text(key, value, otherwise string) line {
	if value == otherwise {
		return l
	}
	return append(l, key+"="+value)
}

func (l line) String() string { return strings.Join(l, " ") }

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// oneOf takes the next word, which must be one of those known.
func oneOf(a *step.Arguments, what string, known ...string) (string, error) {
	word := a.Word(what)
	if word != "" && !slices.Contains(known, word) {
		return "", fmt.Errorf("%q is no %s (known: %s)", word, what, strings.Join(known, ", "))
	}
	return word, nil
}

// decimal takes the next word as a number.
func decimal(a *step.Arguments, what string) (float64, error) {
	word := a.Word(what)
	if word == "" {
		return 0, nil // the arguments keep the error
	}
	over, under, fraction := strings.Cut(word, "/")
	n, err := strconv.ParseFloat(over, 64)
	if err == nil && fraction {
		var d float64
		if d, err = strconv.ParseFloat(under, 64); d == 0 && err == nil {
			err = strconv.ErrRange
		}
		n /= d
	}
	if err != nil {
		return 0, fmt.Errorf("%q is no number (%s)", word, what)
	}
	return n, nil
}

// whole takes the next word as a whole number from least to most.
func whole(a *step.Arguments, what string, least, most int) (int, error) {
	word := a.Word(what)
	if word == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(word)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%q: %s is a whole number from %d to %d", word, what, least, most)
	}
	return n, nil
}
