package accuracy

import (
	"fmt"
	"strings"

	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/trace"
)

// resultOf is the text that an app marked as what came out.
func resultOf(f *frames.Frame) (string, bool) {
	for _, m := range f.Markers {
		if m.GetKind() == trace.MarkerKind_AFTER && m.GetText() != "" {
			return m.GetText(), true
		}
	}
	return "", false
}

// text compares the texts that apps mark as results with the labels: whole, and word by word.
func (m *measurement) text() error {
	var whole paired
	edgeWords, referenceWords, words := []int{}, []int{}, []int{}
	labelled, results := 0, 0
	for _, p := range m.pairs {
		label, ok := m.options.Truth.Label(p.Edge)
		if !ok {
			continue
		}
		labelled++
		edge, ok := resultOf(p.Edge)
		if !ok {
			continue
		}
		results++
		if !m.usable(p) {
			continue
		}
		reference := ""
		if p.Reference != nil {
			if reference, ok = resultOf(p.Reference); !ok {
				continue
			}
		}
		right, its := spoken(edge) == spoken(label), spoken(reference) == spoken(label)
		whole.add(right, its)
		edgeWords, referenceWords = append(edgeWords, wordErrors(edge, label)), append(referenceWords, wordErrors(reference, label))
		words = append(words, len(strings.Fields(spoken(label))))
		if right != its && m.result.Reference {
			m.result.flip(Flip{p.Edge.Number, nameOf(p.Edge), label, edge, reference, its})
		}
	}
	switch {
	case labelled == 0:
		return fmt.Errorf("%w (mark labels in the app, or name a file with --labels)", ErrNoTruth)
	case results == 0:
		return fmt.Errorf("no frame has a text that the app marked as its result (edgexray_result)")
	case whole.n() == 0:
		return fmt.Errorf("no frame of the reference has a text that was marked as its result: the app has to be run as the reference, or be judged without --ref")
	}
	m.result.Samples = whole.n()
	m.add(whole.metric("exact texts"))
	m.add(m.words(edgeWords, referenceWords, words))
	return nil
}

// words is the share of words that are right: one minus the word error rate.
func (m *measurement) words(edge, reference, words []int) Metric {
	share := func(errors []int, drawn []int) float64 {
		wrong, all := 0, 0
		for i, e := range errors {
			n := 1
			if drawn != nil {
				n = drawn[i]
			}
			wrong, all = wrong+n*e, all+n*words[i]
		}
		if all == 0 {
			return 0
		}
		return 1 - float64(wrong)/float64(all)
	}
	x := Metric{Name: "words", Edge: share(edge, nil), Reference: share(reference, nil), P: 1}
	x.Difference = x.Edge - x.Reference
	x.Low, x.High = bootstrap(len(words), func(drawn []int) float64 { return share(edge, drawn) - share(reference, drawn) })
	return x
}

// spoken is a text without what can't be heard.
func spoken(text string) string {
	return strings.Join(strings.Fields(strings.ToLower(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`.,;:!?"`, r) {
			return -1
		}
		return r
	}, text))), " ")
}

// maxWords bounds the texts whose words are compared.
const maxWords = 2000

// wordErrors counts the words to change, insert or leave out to make one text the other: their edit distance.
func wordErrors(text, label string) int {
	a, b := strings.Fields(spoken(text)), strings.Fields(spoken(label))
	a, b = a[:min(len(a), maxWords)], b[:min(len(b), maxWords)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, word := range a {
		before := row[0]
		row[0] = i + 1
		for j, other := range b {
			cost := before
			if word != other {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
