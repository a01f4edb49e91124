package reference

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// ErrNoInputs is the error when a snapshot has no inputs that the model could be run on.
var ErrNoInputs = errors.New("no inputs to run the model on")

// given is an input of the edge's model in one invoke.
type given struct {
	*trace.Tensor
	data []byte
}

// edgeInvoke is an invoke of the edge's model.
type edgeInvoke struct {
	number uint64 // counted from 1 by the edge
	inputs []given
}

// edgeRun is what one interpreter was given.
type edgeRun struct {
	subgraph *trace.Subgraph
	model    *trace.Model // nil when no file was found
	invokes  []edgeInvoke // in their order
	skipped  int          // invokes of which an input has no data
}

// edgeRuns returns what a snapshot has for the main subgraph of each interpreter, in the order of their descriptions.
func edgeRuns(f *snapshot.File) []*edgeRun {
	type key struct {
		subgraph uint32
		invoke   uint64
	}
	captured := make(map[key][]snapshot.Captured)
	for _, c := range f.Captures {
		if id := f.Nodes[c.Node].GetSubgraph(); c.Role == snapshot.Role_INPUT && f.Subgraphs[id].GetIndex() <= 0 && c.Around == 0 {
			captured[key{id, c.Invoke}] = append(captured[key{id, c.Invoke}], c)
		}
	}
	runs := make(map[uint32]*edgeRun)
	for _, k := range slices.SortedFunc(maps.Keys(captured), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.subgraph, b.subgraph), cmp.Compare(a.invoke, b.invoke))
	}) {
		r := runs[k.subgraph]
		if r == nil {
			s := f.Subgraphs[k.subgraph]
			r = &edgeRun{subgraph: s, model: f.Models[s.GetModel()]}
			runs[k.subgraph] = r
		}
		if inputs, ok := orderedInputs(f, r.subgraph, captured[k]); ok {
			r.invokes = append(r.invokes, edgeInvoke{k.invoke, inputs})
		} else {
			r.skipped++
		}
	}
	return slices.SortedFunc(maps.Values(runs), func(a, b *edgeRun) int {
		return cmp.Compare(a.subgraph.GetId(), b.subgraph.GetId())
	})
}

// orderedInputs returns the inputs of an invoke in the order of its model's, as far as that is known. It reports false when
// one has no data.
func orderedInputs(f *snapshot.File, s *trace.Subgraph, captures []snapshot.Captured) ([]given, bool) {
	byIndex := make(map[int32]given)
	for _, c := range captures {
		if c.Data == nil {
			return nil, false
		}
		byIndex[c.Tensor] = given{f.Tensor(c.Capture), c.Data}
	}
	order := slices.Sorted(maps.Keys(byIndex))
	if s.GetEndsKnown() {
		order = s.GetInputs()
	}
	var inputs []given
	for _, index := range order {
		g, ok := byIndex[index]
		if !ok {
			return nil, false
		}
		inputs = append(inputs, g)
	}
	return inputs, true
}

// choose returns the run to give to a model: that of an interpreter, or, with 0, the first one of the same model file, or
// else the first one whose inputs fit.
func choose(runs []*edgeRun, interpreter uint32, model *tflite.Model, sha256 string) (*edgeRun, error) {
	var misfits []error
	var fitting *edgeRun
	for _, r := range runs {
		number := r.subgraph.GetInterpreter()
		if interpreter != 0 && interpreter != number || len(r.invokes) == 0 {
			continue
		}
		if _, _, err := match(r.invokes[0].inputs, model, r.same(sha256)); err != nil {
			misfits = append(misfits, fmt.Errorf("interpreter %d: %w", number, err))
			continue
		}
		if r.same(sha256) {
			return r, nil
		}
		if fitting == nil {
			fitting = r
		}
	}
	switch {
	case fitting != nil:
		return fitting, nil
	case len(misfits) > 0:
		return nil, fmt.Errorf("%w: %w", ErrNoInputs, errors.Join(misfits...))
	}
	var numbers []string
	for _, r := range runs {
		if len(r.invokes) > 0 {
			numbers = append(numbers, fmt.Sprint(r.subgraph.GetInterpreter()))
		}
	}
	if len(numbers) == 0 {
		return nil, fmt.Errorf("%w: no invoke has the data of all of its model's inputs (was all of it left out when the snapshot was taken?)", ErrNoInputs)
	}
	return nil, fmt.Errorf("%w: those in it are of the interpreters %s", ErrNoInputs, strings.Join(numbers, ", "))
}

// same tells whether the edge ran the model file with a hash.
func (r *edgeRun) same(sha256 string) bool {
	return r.model.GetSha256() != "" && r.model.GetSha256() == sha256
}
