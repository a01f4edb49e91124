package xnnpack

import (
	"errors"
	"fmt"
)

// Layout is where a library's runtimes have what is needed of them, in bytes. It differs between releases, so it is learned
// from memory: from as many delegate nodes as there are, as one with few operators tells too little.
type Layout struct {
	Slots  SlotLayout
	Values ValueLayout
}

// Sample is a delegate node from which layouts are learned, and whose operators are mapped.
type Sample struct {
	Runtime *Runtime
	Graph   *Graph
	Names   []string // XNNPACK's, of the operators; empty where it isn't known
}

// What has to be seen before a layout is believed.
const (
	minTaught     = 3 // slots that read what an earlier one wrote
	minRecognised = 2 // values with the data of a tensor
	minTold       = 3 // steps whose nodes are found
	maxCandidates = 32
)

// Certain is how many steps have to be told under a layout so that nothing that is seen later changes it.
const Certain = 16

// ErrFew says that there were too few operators to learn from. With more it may be told.
var ErrFew = errors.New("too few of XNNPACK's operators ran together")

// Learn returns the layout under which slots read what earlier ones wrote, values have the data of tensors, and most operators
// fit nodes. The error says what leaves a doubt: with more samples it may be told.
func Learn(samples []Sample) (Layout, error) {
	together := 0
	for _, s := range samples {
		together = max(together, len(s.Runtime.slots))
	}
	slots, values := learnSlots(samples), learnValues(samples)
	switch n := len(slots) * len(values); {
	case len(slots) == 0 && together <= minTaught:
		return Layout{}, fmt.Errorf("%w: %d at most", ErrFew, together)
	case len(slots) == 0:
		return Layout{}, errors.New("nothing in XNNPACK's runtime looks like the values that its operators hand each other")
	case len(values) == 0:
		return Layout{}, errors.New("hardly a value in XNNPACK's runtime has the data of a tensor")
	case n > maxCandidates:
		return Layout{}, fmt.Errorf("XNNPACK's runtime may be laid out in %d ways", n)
	}
	var best Layout
	most, ties := 0, 0
	for _, l := range slots {
		for _, v := range values {
			switch n := Told(samples, Layout{l, v}); {
			case n > most:
				best, most, ties = Layout{l, v}, n, 1
			case n == most:
				ties++
			}
		}
	}
	switch {
	case most < minTold:
		return Layout{}, errors.New("what XNNPACK's operators read and write fits no nodes")
	case ties > 1:
		return Layout{}, fmt.Errorf("what XNNPACK's operators read and write fits nodes in %d ways", ties)
	}
	return best, nil
}

// Told returns how many steps' nodes are found. Samples of which not even half of them are don't count: what fits then may do
// so by chance.
func Told(samples []Sample, l Layout) (n int) {
	for _, s := range samples {
		steps := make(map[string]bool)
		for _, m := range s.told(newGraph(s.Graph), l) {
			if m.Confidence != Unknown {
				steps[fmt.Sprint(m.Nodes)] = true
			}
		}
		if 2*len(steps) >= min(len(s.Runtime.slots), len(s.Graph.Nodes)) {
			n += len(steps)
		}
	}
	return n
}

// learnSlots returns the layouts under which most slots read what an earlier one of their runtime wrote, while no two write
// the same.
func learnSlots(samples []Sample) (best []SlotLayout) {
	most := minTaught
	for inputs := wordBytes; inputs < maxSlotBytes; inputs += wordBytes {
		for outputs := inputs + 2*wordBytes; outputs <= inputs+(maxInputs+1)*wordBytes; outputs += wordBytes {
			for _, counted := range []bool{true, false} {
				l := SlotLayout{inputs, outputs, counted}
				score := l.score(samples)
				if score > most {
					best, most = nil, score
				}
				if score == most {
					best = append(best, l)
				}
			}
		}
	}
	return best
}

// score is how many slots read what an earlier one wrote, twice that when all have counts; 0 when these are not even half of
// them. A sample in which a slot contradicts the layout has none: it may hold something else.
func (l SlotLayout) score(samples []Sample) int {
	chained, slots := 0, 0
	for _, sample := range samples {
		chained += l.chained(sample.Runtime)
		slots += len(sample.Runtime.slots) - 1
	}
	if 2*chained < slots {
		return 0
	}
	if l.Counted {
		chained *= 2
	}
	return chained
}

// chained is how many slots of a runtime read what an earlier one wrote, 0 when a slot contradicts the layout.
func (l SlotLayout) chained(r *Runtime) (n int) {
	written := make(map[uint32]bool)
	for _, s := range r.slots {
		inputs, ok1 := l.inputs(s, r.count)
		outputs, ok2 := l.outputs(s, r.count)
		if !ok1 || !ok2 || len(outputs) == 0 || len(inputs) == 0 {
			return 0
		}
		for _, id := range inputs {
			if written[id] {
				n++
				break
			}
		}
		for _, id := range outputs {
			if written[id] {
				return 0
			}
			written[id] = true
		}
	}
	return n
}

// learnValues returns the layouts under which most values have the data of a tensor.
func learnValues(samples []Sample) (best []ValueLayout) {
	hits := make([][]int, len(samples))
	for i, s := range samples {
		addresses := newGraph(s.Graph).addresses(true)
		for at := 0; at+8 <= len(s.Runtime.values); at += 8 {
			if addresses[le.Uint64(s.Runtime.values[at:])] != nil {
				hits[i] = append(hits[i], at)
			}
		}
	}
	most := minRecognised
	for stride := minValueBytes; stride <= valueBytes; stride += 8 {
		counts := make([]int, stride)
		for i, s := range samples {
			for _, at := range hits[i] {
				if at < stride*s.Runtime.count {
					counts[at%stride]++
				}
			}
		}
		for data, n := range counts {
			if n > most {
				best, most = nil, n
			}
			if n == most {
				best = append(best, ValueLayout{stride, data})
			}
		}
	}
	return best
}
