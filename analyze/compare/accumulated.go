package compare

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/edgexray/edgexray/shim/snapshot"
)

// invokePair is an invoke of the edge and the one of the reference that had the same inputs.
type invokePair struct{ edge, reference *invoke }

// accumulated measures all tensors that have a counterpart.
func (c *comparison) accumulated() {
	for i, s := range c.edge.subgraphs {
		there := c.reference.subgraph(s.index)
		if there == nil {
			if len(s.invokes) > 0 {
				c.result.problem("subgraph %d of %s did not run in the reference", s.index, c.edge.name)
			}
			continue
		}
		pairs := c.pairs(s, there)
		if i == 0 {
			c.model.Invokes = len(pairs)
		}
		for _, p := range pairs {
			c.measureInvoke(s, p)
		}
	}
	for v, o := range c.outputs {
		switch {
		case c.to[v] == nil:
			o.NotAccumulated = "it has no counterpart in the reference"
		case o.Accumulated == nil && o.NotAccumulated == "":
			o.NotAccumulated = "no invoke has it on both sides"
		}
	}
}

func (g *graph) subgraph(index int32) *subgraph {
	for _, s := range g.subgraphs {
		if s.index == index {
			return s
		}
	}
	return nil
}

// pairs finds out which invokes had the same inputs.
func (c *comparison) pairs(edge, reference *subgraph) []invokePair {
	var pairs []invokePair
	if nested(edge) {
		pairs = nestedPairs(edge.invokes, reference.invokes)
	} else {
		pairs = c.pairsByInput(edge.invokes, reference.invokes)
	}
	if len(pairs) < len(edge.invokes) || len(pairs) < len(reference.invokes) {
		c.result.problem("subgraph %d of %s ran %d times in the edge's snapshot, %d times in the reference's: the %d that had the same inputs, or else the same place, were compared",
			edge.index, c.edge.name, len(edge.invokes), len(reference.invokes), len(pairs))
	}
	if limit := c.options.Invokes; limit > 0 && len(pairs) > limit {
		pairs = pairs[:limit]
	}
	return pairs
}

func nested(s *subgraph) bool {
	return slices.ContainsFunc(s.invokes, func(run *invoke) bool { return run.around != 0 })
}

// nestedPairs goes by order within the invoke around, so that a loop that turns more often on one side shifts no others.
func nestedPairs(edge, reference []*invoke) []invokePair {
	groups := func(runs []*invoke) (groups [][]*invoke) {
		for i, run := range runs {
			if i == 0 || run.around != runs[i-1].around {
				groups = append(groups, nil)
			}
			groups[len(groups)-1] = append(groups[len(groups)-1], run)
		}
		return groups
	}
	var pairs []invokePair
	there := groups(reference)
	for i, here := range groups(edge) {
		if i < len(there) {
			pairs = append(pairs, inOrder(here, there[i])...)
		}
	}
	return pairs
}

func inOrder(edge, reference []*invoke) []invokePair {
	var pairs []invokePair
	for i := range min(len(edge), len(reference)) {
		pairs = append(pairs, invokePair{edge[i], reference[i]})
	}
	return pairs
}

// pairsByInput gives each invoke of the edge the next one of the reference that had the same inputs, so that it doesn't
// matter which invokes were captured. Where none had, as with another type of input, they go by order.
func (c *comparison) pairsByInput(edge, reference []*invoke) []invokePair {
	seed := maphash.MakeSeed()
	waiting := make(map[uint64][]*invoke)
	for _, run := range reference {
		if sum, ok := c.reference.inputSum(run, seed); ok {
			waiting[sum] = append(waiting[sum], run)
		}
	}
	var pairs []invokePair
	for _, run := range edge {
		sum, ok := c.edge.inputSum(run, seed)
		if list := waiting[sum]; ok && len(list) > 0 {
			pairs = append(pairs, invokePair{run, list[0]})
			waiting[sum] = list[1:]
		}
	}
	if len(pairs) > 0 {
		return pairs
	}
	return inOrder(edge, reference)
}

// inputSum is equal for invokes with the same inputs. It returns false when they weren't captured.
func (g *graph) inputSum(run *invoke, seed maphash.Seed) (uint64, bool) {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, i := range run.inputs {
		data := g.file.Captures[i].Data
		if data == nil {
			return 0, false
		}
		fmt.Fprintf(&h, "%d:", len(data))
		h.Write(data)
	}
	return h.Sum64(), len(run.inputs) > 0
}

// measureInvoke compares what was captured in one invoke, in the order of the edge's file.
func (c *comparison) measureInvoke(s *subgraph, p invokePair) {
	for _, i := range p.edge.captures {
		edge := &c.edge.file.Captures[i]
		v := s.values[edge.Tensor]
		o := c.outputs[v]
		if o == nil || c.to[v] == nil || edge.Role == snapshot.Role_STATE || (edge.Role == snapshot.Role_INPUT) != (v.from == nil) {
			continue
		}
		reference := c.reference.find(p.reference, c.to[v])
		m, err := c.measureCaptures(edge, reference)
		if err != nil {
			o.NotAccumulated = join(o.NotAccumulated, err.Error())
			continue
		}
		if o.Accumulated == nil {
			o.Accumulated = new(Error)
		}
		o.Accumulated.add(m, p.edge.number, m.badness())
	}
}

// find returns what was captured of a tensor.
func (g *graph) find(run *invoke, v *value) *snapshot.Captured {
	if v.from != nil {
		return g.captured(run, v.GetIndex())
	}
	for _, i := range run.inputs {
		if c := &g.file.Captures[i]; c.Tensor == v.GetIndex() {
			return c
		}
	}
	return nil
}

// badness orders invokes by their accumulated error.
func (m *Metrics) badness() float64 { return m.NRMSE + float64(m.NonfiniteDiffers) }

func (c *comparison) measureCaptures(edge, reference *snapshot.Captured) (*Metrics, error) {
	if err := hasData(edge); err != nil {
		return nil, fmt.Errorf("on the edge it %w", err)
	}
	if err := hasData(reference); err != nil {
		return nil, fmt.Errorf("in the reference it %w", err)
	}
	a, err := c.edge.view(edge)
	if err != nil {
		return nil, fmt.Errorf("on the edge it %w; both sides have %s bytes", err, sameOrOther(edge, reference))
	}
	b, err := c.reference.view(reference)
	if err != nil {
		return nil, fmt.Errorf("in the reference it %w; both sides have %s bytes", err, sameOrOther(edge, reference))
	}
	return measure(a, b)
}

// hasData returns why there is no data of a captured tensor.
func hasData(c *snapshot.Captured) error {
	switch {
	case c == nil:
		return errors.New("was not captured")
	case c.Missing != "":
		return fmt.Errorf("has no data: %s", c.Missing)
	case c.Statistics != nil:
		return errors.New("has statistics only")
	}
	return nil
}

func (g *graph) view(c *snapshot.Captured) (*view, error) {
	v, err := newView(g.file.Tensor(c.Capture), c.Data)
	if err != nil {
		return nil, fmt.Errorf("can't be measured: %w", err)
	}
	return v, nil
}

func sameOrOther(a, b *snapshot.Captured) string {
	if bytes.Equal(a.Data, b.Data) {
		return "the same"
	}
	return "other"
}
