package explain

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/audio"
	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/pipeline/text"
)

// How far the search goes among ways to make tokens.
const (
	textDepth  = 3
	textWidth  = 8
	textBudget = 4000
)

// isText says whether bytes are text rather than an encoded file.
func isText(b []byte) bool { return len(b) > 0 && utf8.Valid(b) && !bytes.ContainsRune(b, 0) }

// judgeText searches around a reference that makes tokens.
func judgeText(raw step.Value, fed *step.Array, reference []step.Step) (Verdict, error) {
	made, err := pipeline.Run(reference, raw)
	if err != nil {
		return Verdict{}, fmt.Errorf("run the reference: %w", err)
	}
	if made.Array == nil {
		return Verdict{}, fmt.Errorf("run the reference: it makes no tokens (its last step is %v: put a tokenizer behind it)", reference[len(reference)-1])
	}
	f := tokensFed(fed.Reals())
	s := &variantSearch{raw: raw, measure: f.measure, variants: f.variants, depth: textDepth, width: textWidth, budget: textBudget}
	base, best := s.run(reference)
	v := s.verdict(base, best)
	if v.Explanation.Explained && slices.Max(f) == slices.Min(f) {
		v.Explanation.Notes = append(v.Explanation.Notes, "all tokens are the same: little can be told of them")
	}
	return v, nil
}

// explainText searches around characters and bytes. Words need a vocabulary, which only a reference has.
func explainText(raw step.Value, fed *step.Array) (Explanation, error) {
	nearest := Explanation{Residual: math.Inf(1)}
	for _, lines := range [][]string{{"characters"}, {"bytes"}} {
		reference, err := steps(append(lines, fmt.Sprintf("length %d", fed.Len())))
		if err != nil {
			return nearest, err
		}
		v, err := judgeText(raw, fed, reference)
		if err != nil {
			return nearest, err
		}
		if v.Explanation.Explained {
			return v.Explanation, nil
		}
		if v.Explanation.Residual < nearest.Residual {
			nearest = v.Explanation
		}
	}
	nearest.Notes = append(nearest.Notes, "only characters and bytes were tried: words need a vocabulary (give a pipeline that names one)")
	return nearest, nil
}

// tokensFed are the tokens that were fed, with padding.
type tokensFed []float32

// measure counts tokens that differ: a residual of 255 means all do.
func (f tokensFed) measure(v step.Value) fit {
	if v.Array == nil {
		return noFit
	}
	made := v.Array.Reals()
	n := max(len(made), len(f))
	if n == 0 {
		return noFit
	}
	differ := n
	for i := range min(len(made), len(f)) {
		if made[i] == f[i] {
			differ--
		}
	}
	residual := 255 * math.Sqrt(float64(differ)/float64(n))
	return fit{residual: residual, bent: residual, scale: 1}
}

// textAdvice is what to do about an aspect of text.
var textAdvice = map[Aspect]string{
	Case:   "Change the case of letters, and their accents, only as the model's training did.",
	Tokens: "Make tokens as the model's training did: with its vocabulary, its special tokens, cut and padded at the same end.",
}

// variants are the pipelines that differ by one step that apps get wrong.
func (f tokensFed) variants(h *hypothesis, s *variantSearch) (out []variant) {
	add := func(slot string, aspect Aspect, at, n int, by ...step.Step) {
		v := otherwise(h.steps, at, n, audioAlternatives{slot: slot, aspect: aspect}, by)
		v.Advice = textAdvice[aspect]
		out = append(out, v)
	}
	add("lowercase", Case, 0, 0, text.Lowercase)
	add("accents", Case, 0, 0, text.StripAccents)
	for at, each := range h.steps[:len(h.values)] {
		switch each := each.(type) {
		case text.WordPiece:
			for i := range 4 {
				add("case", Case, at, 1, each.With(i%2 == 1, i/2 == 1))
			}
		case text.Words:
			without := each
			without.Start = -1
			add("start", Tokens, at, 1, without)
			without = each
			without.Unknown = -1
			add("unknown", Tokens, at, 1, without)
			for _, split := range []string{each.Split, `\s+`, `\W+`, `[^\w']+`} {
				add("split", Tokens, at, 1, each.WithSplit(split, false))
				add("split", Tokens, at, 1, each.WithSplit(split, true))
			}
		case text.Characters, text.Bytes:
			add("tokenizer", Tokens, at, 1, text.Characters{})
			add("tokenizer", Tokens, at, 1, text.Bytes{})
		case text.Surround:
			add("surround", Tokens, at, 1)
			add("surround", Tokens, at, 1, text.Surround{Begin: each.Begin, End: -1})
			add("surround", Tokens, at, 1, text.Surround{Begin: -1, End: each.End})
		case text.Truncate:
			add("truncate", Tokens, at, 1, text.Truncate{N: each.N, Front: !each.Front})
			add("truncate", Tokens, at, 1)
		case audio.Length:
			f.lengths(each, func(l audio.Length) { add("padding", Tokens, at, 1, l) })
			if k := f.shift(h, at); k != 0 {
				add("vocabulary", Tokens, at, 0, text.Add{N: k})
			}
		default:
			switch each.String() {
			case "lowercase":
				add("lowercase", Case, at, 1)
			case "strip-accents":
				add("accents", Case, at, 1)
			}
		}
	}
	return out
}

// lengths are other ways to cut and pad to as many tokens as were fed.
func (f tokensFed) lengths(l audio.Length, add func(audio.Length)) {
	for _, at := range []string{"", "front"} {
		for _, value := range []float64{l.Value, 0, 1, float64(f[0]), float64(f[len(f)-1])} {
			add(audio.Length{N: len(f), At: at, Value: value})
		}
	}
}

// shift is by how much most tokens that aren't padding differ from those that were fed.
func (f tokensFed) shift(h *hypothesis, at int) int {
	made := h.values[at].Array.Reals()
	counts := make(map[int]int)
	best := 0
	tokens := h.values[at].Array.Shape[0]
	if at > 0 && h.values[at-1].Array != nil {
		tokens = h.values[at-1].Array.Shape[0]
	}
	for i := range min(tokens, len(made), len(f)) {
		k := int(f[i]) - int(made[i])
		if counts[k]++; counts[k] > counts[best] {
			best = k
		}
	}
	return best
}
