package text

import (
	"errors"
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/pipeline/step"
)

func tokenValue(tokens []int32) (step.Value, error) {
	if tokens == nil {
		tokens = []int32{}
	}
	return step.Value{Array: &step.Array{Shape: []int{len(tokens)}, Int32: tokens}}, nil
}

func tokensOf(v step.Value) ([]int32, error) {
	if v.Array == nil || v.Array.Int32 == nil || len(v.Array.Shape) != 1 {
		return nil, fmt.Errorf("it takes tokens, not %s (put a tokenizer before it)", v.Describe())
	}
	return v.Array.Int32, nil
}

// Surround puts a token before the others and one behind.
type Surround struct{ Begin, End int } // -1: none

func makeSurround(a *step.Arguments) (step.Step, error) {
	s := Surround{a.Whole("begin", -1, -1, maxToken), a.Whole("end", -1, -1, maxToken)}
	if s.Begin < 0 && s.End < 0 {
		return nil, errors.New("begin= and end= are missing")
	}
	return s, nil
}

func (s Surround) String() string {
	line := "surround"
	if s.Begin >= 0 {
		line += fmt.Sprintf(" begin=%d", s.Begin)
	}
	if s.End >= 0 {
		line += fmt.Sprintf(" end=%d", s.End)
	}
	return line
}

// Apply takes and returns INT32 [tokens].
func (s Surround) Apply(v step.Value) (step.Value, error) {
	tokens, err := tokensOf(v)
	if err != nil {
		return v, err
	}
	tokens = slices.Clone(tokens)
	if s.Begin >= 0 {
		tokens = slices.Insert(tokens, 0, int32(s.Begin))
	}
	if s.End >= 0 {
		tokens = append(tokens, int32(s.End))
	}
	return tokenValue(tokens)
}

// Add adds a number to each token.
type Add struct{ N int }

func makeAdd(a *step.Arguments) (step.Step, error) {
	return Add{a.WholeWord("what is added", -maxToken, maxToken)}, nil
}

func (s Add) String() string { return fmt.Sprintf("add %d", s.N) }

// Apply takes and returns INT32 [tokens].
func (s Add) Apply(v step.Value) (step.Value, error) {
	tokens, err := tokensOf(v)
	if err != nil {
		return v, err
	}
	tokens = slices.Clone(tokens)
	for i := range tokens {
		tokens[i] += int32(s.N)
	}
	return tokenValue(tokens)
}

// Truncate cuts tokens down to N.
type Truncate struct {
	N     int
	Front bool // those at the front are cut off; else those behind
}

func makeTruncate(a *step.Arguments) (step.Step, error) {
	front := a.Flag("front")
	return Truncate{a.WholeWord("the number of tokens", 1, maxToken), front}, nil
}

func (s Truncate) String() string {
	if s.Front {
		return fmt.Sprintf("truncate %d front", s.N)
	}
	return fmt.Sprintf("truncate %d", s.N)
}

// Apply takes and returns INT32 [tokens].
func (s Truncate) Apply(v step.Value) (step.Value, error) {
	tokens, err := tokensOf(v)
	if err != nil {
		return v, err
	}
	n := min(s.N, len(tokens))
	if s.Front {
		return tokenValue(tokens[len(tokens)-n:])
	}
	return tokenValue(tokens[:n])
}

// Mask says which tokens are padding.
type Mask struct{ Pad int }

func makeMask(a *step.Arguments) (step.Step, error) {
	return Mask{a.Whole("pad", 0, -maxToken, maxToken)}, nil
}

func (s Mask) String() string {
	if s.Pad == 0 {
		return "mask"
	}
	return fmt.Sprintf("mask pad=%d", s.Pad)
}

// Apply takes INT32 [tokens] and returns as many, each 0 or 1.
func (s Mask) Apply(v step.Value) (step.Value, error) {
	tokens, err := tokensOf(v)
	if err != nil {
		return v, err
	}
	out := make([]int32, len(tokens))
	for i, token := range tokens {
		if token != int32(s.Pad) {
			out[i] = 1
		}
	}
	return tokenValue(out)
}

// Segments are those of a single sentence.
type Segments struct{}

func makeSegments(*step.Arguments) (step.Step, error) { return Segments{}, nil }

func (Segments) String() string { return "segments" }

// Apply takes INT32 [tokens] and returns as many zeros.
func (Segments) Apply(v step.Value) (step.Value, error) {
	tokens, err := tokensOf(v)
	if err != nil {
		return v, err
	}
	return tokenValue(make([]int32, len(tokens)))
}
