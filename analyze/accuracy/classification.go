package accuracy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/script"
)

// answer is what one side says: classes, the most probable first, with their scores.
type answer struct {
	classes []int
	scores  []float32 // nil when the model says the class itself
}

// maxRank is how many classes of an answer are kept.
const maxRank = 100

// answerOf reads a classifier's output: a score for each class, one probability of the second of two classes, or the index of the
// class.
func answerOf(f *frames.Frame) (answer, int, error) {
	if len(f.Outputs) == 0 {
		return answer{}, 0, fmt.Errorf("the model has no output")
	}
	a, err := f.Outputs[0].Array()
	if err != nil {
		return answer{}, 0, err
	}
	scores := a.Reals()
	switch {
	case len(scores) == 0:
		return answer{}, 0, fmt.Errorf("output %q is empty", f.Outputs[0].GetName())
	case len(scores) == 1 && a.Int32 != nil:
		return answer{classes: []int{int(a.Int32[0])}}, 0, nil
	case len(scores) == 1:
		p := scores[0]
		if p >= 0.5 {
			return answer{[]int{1, 0}, []float32{1 - p, p}}, 2, nil
		}
		return answer{[]int{0, 1}, []float32{1 - p, p}}, 2, nil
	}
	return answer{script.Top(scores, maxRank), scores}, len(scores), nil
}

// within tells whether a class is among the first k.
func (a answer) within(class, k int) bool {
	i := slices.Index(a.classes, class)
	return i >= 0 && i < k
}

// sample is one with a right answer.
type sample struct {
	frames.Pair
	label           string
	class           int
	edge, reference answer
}

// classification measures top-k accuracy.
func (m *measurement) classification() error {
	for _, k := range m.options.Top {
		if k < 1 || k > maxRank {
			return fmt.Errorf("top-%d is no metric: k is from 1 to %d", k, maxRank)
		}
	}
	samples, classes, err := m.answers()
	if err != nil {
		return err
	}
	names, err := m.classNames(samples, classes)
	if err != nil {
		return err
	}
	indices := make(map[string]int)
	for i, name := range names {
		indices[fold(name)] = i
	}
	kept := samples[:0]
	for _, s := range samples {
		class, ok := indices[fold(s.label)]
		if !ok {
			if class, err = strconv.Atoi(s.label); err != nil || class < 0 || classes > 0 && class >= classes {
				m.note("label %q is none of the model's classes: its samples are left out", s.label)
				continue
			}
		}
		s.class = class
		kept = append(kept, s)
	}
	if len(kept) == 0 {
		return fmt.Errorf("%w: no label is one of the model's classes (name these with --classes, a line each)", ErrNoTruth)
	}
	m.result.Samples = len(kept)
	if m.tops(kept, classes); len(m.result.Metrics) == 0 {
		return fmt.Errorf("top-%d says nothing of %d classes (name a smaller k with --top)", slices.Min(m.options.Top), classes)
	}
	m.perClass(kept, names)
	m.flips(kept, names)
	return nil
}

// fold makes labels alike that differ in case, blanks and underscores only.
func fold(label string) string {
	return strings.ToLower(strings.NewReplacer("_", " ", "-", " ").Replace(strings.TrimSpace(label)))
}

// answers are the samples with what both sides say, and how many classes there are: 0 when the outputs don't tell.
func (m *measurement) answers() (samples []*sample, classes int, err error) {
	labelled := 0
	for _, p := range m.pairs {
		label, ok := m.options.Truth.Label(p.Edge)
		if !ok {
			continue
		}
		labelled++
		if !m.usable(p) {
			continue
		}
		s := &sample{Pair: p, label: label}
		if s.edge, classes, err = answerOf(p.Edge); err != nil {
			m.note("frame %d: %v", p.Edge.Number, err)
			continue
		}
		if p.Reference != nil {
			if s.reference, _, err = answerOf(p.Reference); err != nil {
				m.note("frame %d of the reference: %v", p.Reference.Number, err)
				continue
			}
		}
		samples = append(samples, s)
	}
	switch {
	case labelled == 0:
		return nil, 0, fmt.Errorf("%w (mark labels in the app, or name a file or folder with --labels)", ErrNoTruth)
	case len(samples) == 0:
		return nil, 0, fmt.Errorf("none of %d labelled frames has outputs on both sides: %s", labelled, strings.Join(m.result.Notes, "; "))
	}
	return samples, classes, nil
}

// classNames are the names of classes by their index. When nobody gave them, and labels are no numbers, they are the labels in the order of
// the alphabet, as Keras and torchvision number the folders of a data set; that takes as many labels as classes.
func (m *measurement) classNames(samples []*sample, classes int) ([]string, error) {
	if m.options.Classes != nil {
		return m.options.Classes, nil
	}
	labels := make(map[string]bool)
	numbers := true
	for _, s := range samples {
		labels[s.label] = true
		_, err := strconv.Atoi(s.label)
		numbers = numbers && err == nil
	}
	switch {
	case numbers:
		return nil, nil
	case len(labels) == classes:
		m.note("the model's classes were taken for the labels in the order of the alphabet (name them with --classes)")
		return slices.Sorted(maps.Keys(labels)), nil
	}
	return nil, fmt.Errorf("%d different labels and %d classes: which is which? (name the model's classes with --classes, a line each)", len(labels), classes)
}

// tops adds top-k accuracies.
func (m *measurement) tops(samples []*sample, classes int) {
	for _, k := range m.options.Top {
		if k > 1 && (k >= classes && classes > 0 || classes == 0) {
			continue // it says nothing
		}
		var p paired
		for _, s := range samples {
			p.add(s.edge.within(s.class, k), s.reference.within(s.class, k))
		}
		m.add(p.metric(fmt.Sprintf("top-%d", k)))
	}
}

// add adds a metric; without a reference there is nothing to compare.
func (m *measurement) add(x Metric) {
	if !m.result.Reference {
		x = Metric{Name: x.Name, Edge: x.Edge, P: 1}
	}
	m.result.Metrics = append(m.result.Metrics, x)
}

func className(names []string, class int) string {
	if class >= 0 && class < len(names) {
		return names[class]
	}
	return strconv.Itoa(class)
}

func (m *measurement) perClass(samples []*sample, names []string) {
	byClass := make(map[int]*paired)
	for _, s := range samples {
		if byClass[s.class] == nil {
			byClass[s.class] = &paired{}
		}
		byClass[s.class].add(s.edge.within(s.class, 1), s.reference.within(s.class, 1))
	}
	for _, class := range slices.Sorted(maps.Keys(byClass)) {
		x := byClass[class].metric("")
		c := Class{Class: className(names, class), Samples: byClass[class].n(), Edge: x.Edge}
		if m.result.Reference {
			c.Reference, c.Difference = x.Reference, x.Difference
		}
		m.result.Classes = append(m.result.Classes, c)
	}
	slices.SortStableFunc(m.result.Classes, func(a, b Class) int { return cmp.Compare(a.Difference, b.Difference) })
}

func (m *measurement) flips(samples []*sample, names []string) {
	if !m.result.Reference {
		return
	}
	for _, s := range samples {
		edge, reference := s.edge.within(s.class, 1), s.reference.within(s.class, 1)
		if edge != reference {
			m.result.flip(Flip{s.Edge.Number, nameOf(s.Edge), s.label, s.edge.text(names), s.reference.text(names), reference})
		}
	}
}

func (a answer) text(names []string) string {
	text := className(names, a.classes[0])
	if a.scores != nil && a.classes[0] < len(a.scores) {
		text += fmt.Sprintf(" %.2f", a.scores[a.classes[0]])
	}
	return text
}
