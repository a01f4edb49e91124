package step

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Arguments are those of a step's line: words, each either alone or as key=value. What a Maker doesn't ask for is an error.
type Arguments struct {
	Folder string // in which files are that arguments name; empty: the working directory

	fields []string // as they are written
	words  []string
	keys   map[string]string
	bad    error
}

// Split reads arguments. A key may be given once.
func Split(fields []string) (*Arguments, error) {
	a := &Arguments{fields: fields, keys: make(map[string]string)}
	for _, f := range fields {
		key, value, named := strings.Cut(f, "=")
		_, twice := a.keys[key]
		switch {
		case !named:
			a.words = append(a.words, f)
		case key == "" || value == "":
			return nil, fmt.Errorf("%q is half an argument (write key=value)", f)
		case twice:
			return nil, fmt.Errorf("%s= is given twice", key)
		default:
			a.keys[key] = value
		}
	}
	return a, nil
}

// Word takes the next word that is alone; what says what it should have been, for the error when there is none.
func (a *Arguments) Word(what string) string {
	if len(a.words) == 0 {
		a.fail(fmt.Errorf("%s is missing", what))
		return ""
	}
	w := a.words[0]
	a.words = a.words[1:]
	return w
}

// WholeWord takes the next word as a whole number from least to most.
func (a *Arguments) WholeWord(what string, least, most int) int {
	word := a.Word(what)
	n, err := strconv.Atoi(word)
	if err != nil || n < least || n > most {
		a.fail(fmt.Errorf("%q: %s is a whole number from %d to %d", word, what, least, most))
		return 0
	}
	return n
}

// NumberWord takes the next word as a number, which may be a fraction.
func (a *Arguments) NumberWord(what string) float64 {
	word := a.Word(what)
	n, err := number(word)
	if err != nil {
		a.fail(fmt.Errorf("%q is no number (%s)", word, what))
		return 0
	}
	return n
}

// Rest takes all that is left, as it is written. It is for steps whose arguments are another's: nothing may be taken before it.
func (a *Arguments) Rest() []string {
	a.words, a.keys = nil, nil
	return a.fields
}

// Flag takes a word if it is among those alone.
func (a *Arguments) Flag(word string) bool {
	i := slices.Index(a.words, word)
	if i < 0 {
		return false
	}
	a.words = slices.Delete(a.words, i, i+1)
	return true
}

// Choice takes that of these words that is among those alone, "" when none is. A second one of them stays, and is an error.
func (a *Arguments) Choice(words ...string) string {
	for _, word := range words {
		if a.Flag(word) {
			return word
		}
	}
	return ""
}

// Text takes the value of a key, else is otherwise.
func (a *Arguments) Text(key, otherwise string) string {
	value, ok := a.keys[key]
	if !ok {
		return otherwise
	}
	delete(a.keys, key)
	return value
}

// File takes the value of a key as the path of a file, empty without one.
func (a *Arguments) File(key string) string { return a.InFolder(a.Text(key, "")) }

// InFolder is the path of a file that an argument names.
func (a *Arguments) InFolder(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(a.Folder, path)
}

// Number takes the value of a key as a number.
func (a *Arguments) Number(key string, otherwise float64) float64 {
	if n := a.Numbers(key, otherwise); len(n) == 1 {
		return n[0]
	}
	a.fail(fmt.Errorf("%s= takes one number", key))
	return otherwise
}

// Whole takes the value of a key as a whole number from least to most.
func (a *Arguments) Whole(key string, otherwise, least, most int) int {
	text, ok := a.keys[key]
	if !ok {
		return otherwise
	}
	delete(a.keys, key)
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		a.fail(fmt.Errorf("%s=%s: it takes a whole number from %d to %d", key, text, least, most))
		return otherwise
	}
	return n
}

// Numbers takes the value of a key as numbers with commas between them. A number may be a fraction: 1/255.
func (a *Arguments) Numbers(key string, otherwise ...float64) []float64 {
	text, ok := a.keys[key]
	if !ok {
		return otherwise
	}
	delete(a.keys, key)
	var out []float64
	for part := range strings.SplitSeq(text, ",") {
		n, err := number(part)
		if err != nil {
			a.fail(fmt.Errorf("%s=%s: %q is no number", key, text, part))
			return otherwise
		}
		out = append(out, n)
	}
	return out
}

func number(text string) (float64, error) {
	over, under, fraction := strings.Cut(text, "/")
	n, err := strconv.ParseFloat(over, 64)
	if err != nil || !fraction {
		return n, err
	}
	d, err := strconv.ParseFloat(under, 64)
	if err == nil && d == 0 {
		err = strconv.ErrRange
	}
	return n / d, err
}

// Size takes the next word as WIDTHxHEIGHT.
func (a *Arguments) Size(most int) (width, height int) {
	word := a.Word("a size (WIDTHxHEIGHT)")
	w, h, _ := strings.Cut(word, "x")
	width, errW := strconv.Atoi(w)
	height, errH := strconv.Atoi(h)
	if errW != nil || errH != nil || width < 1 || height < 1 || width > most || height > most {
		a.fail(fmt.Errorf("%q is no size (write WIDTHxHEIGHT, each from 1 to %d)", word, most))
	}
	return width, height
}

func (a *Arguments) fail(err error) {
	if a.bad == nil {
		a.bad = err
	}
}

// Err tells the first thing that was wrong with what was asked for, then what nobody asked for.
func (a *Arguments) Err() error {
	if a.bad != nil {
		return a.bad
	}
	for _, w := range a.words {
		return fmt.Errorf("it takes no %q", w)
	}
	for key := range a.keys {
		return fmt.Errorf("it takes no %s=", key)
	}
	return nil
}
