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
