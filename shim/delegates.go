package shim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/tflite"
)

// noteDelegates tells which of a subgraph's nodes were not run by their kernels, and what is missing therefore.
func (s *session) noteDelegates(g *subgraph) {
	byName := make(map[string][]*node)
	for _, n := range g.latest {
		if n.delegate && n.ran {
			byName[n.op] = append(byName[n.op], n)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		s.noteDelegate(g, name, byName[name])
	}
}

func (s *session) noteDelegate(g *subgraph, name string, nodes []*node) {
	var replaced, places []uint32
	for _, n := range nodes {
		replaced = append(replaced, n.replaced...)
		places = append(places, uint32(n.index))
	}
	text := fmt.Sprintf("%s ran nodes %s of subgraph %d as node %s", name, ranges(replaced), max(g.described.Index, 0), ranges(places))
	path, model := s.models.Get(g.described.Model)
	if model != nil {
		text += " of " + path
	}
	if _, tensors := s.sink.(tensorSink); tensors && model != nil {
		text += saidHidden(hiddenTensors(&model.Subgraphs[g.described.Index], nodes))
	} else if tensors {
		text += ": of their tensors only those that go into it and come out of it are there"
	}
	advice := s.withoutDelegate()
	if model != nil && allCustom(model, &model.Subgraphs[g.described.Index], replaced) {
		advice = "They are custom ops, which only it may have kernels for"
	}
	s.note("delegate", "%s. %s", text, advice)
}

// allCustom tells whether nodes of a model are all of custom ops.
func allCustom(model *tflite.Model, g *tflite.Subgraph, nodes []uint32) bool {
	return !slices.ContainsFunc(nodes, func(index uint32) bool {
		return int64(index) >= int64(len(g.Operators)) || model.OperatorCodes[g.Operators[index].Opcode].Code != tflite.OpCustom
	})
}

func saidHidden(hidden []uint32) string {
	if len(hidden) == 0 {
		return ": no tensor is missing"
	}
	return fmt.Sprintf(": the %d tensors that only it sees are missing (%s)", len(hidden), shortened(ranges(hidden)))
}

// withoutDelegate says how to see the nodes that a delegate took.
func (s *session) withoutDelegate() string {
	if s.selection.keepDelegatesOut == 0 {
		return "--kernels builtin keeps delegates out"
	}
	return "It can't be kept out of this runtime from the outside. In the app: C++ BuiltinOpResolverWithoutDefaultDelegates; " +
		"Python experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES; Java setUseXNNPACK(false); " +
		"C leave TfLiteInterpreterOptionsAddDelegate away"
}

// hiddenTensors returns what a model's nodes make that delegate nodes took over, and don't give out.
func hiddenTensors(model *tflite.Subgraph, delegates []*node) []uint32 {
	var hidden []uint32
	for _, d := range delegates {
		for _, index := range d.replaced {
			if int64(index) >= int64(len(model.Operators)) {
				continue
			}
			for _, output := range model.Operators[index].Outputs {
				if output >= 0 && !slices.Contains(d.outputs, output) {
					hidden = append(hidden, uint32(output))
				}
			}
		}
	}
	return hidden
}

// ranges writes numbers as "3-7, 9".
func ranges(numbers []uint32) string {
	numbers = slices.Clone(numbers)
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	var parts []string
	for len(numbers) > 0 {
		n := 1
		for n < len(numbers) && numbers[n] == numbers[0]+uint32(n) {
			n++
		}
		part := fmt.Sprint(numbers[0])
		if n > 1 {
			part += fmt.Sprintf("-%d", numbers[n-1])
		}
		parts, numbers = append(parts, part), numbers[n:]
	}
	return strings.Join(parts, ", ")
}

// shortened cuts a list that nobody would read.
func shortened(list string) string {
	const most = 80
	if len(list) <= most {
		return list
	}
	return list[:strings.LastIndex(list[:most], ",")] + ", ..."
}
