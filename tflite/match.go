package tflite

import (
	"cmp"
	"slices"
	"strings"
)

// LiveSubgraph is what is known so far of a subgraph in a running process.
type LiveSubgraph struct {
	TensorCount int // TfLiteContext.tensors_size, 0 when unknown
	NodeCount   int // length of the node vector, 0 when unknown
	Nodes       []LiveNode
	Tensors     []LiveTensor
}

// LiveNode is a node in a running process. A node whose lists could not be read says nothing: leave it out.
type LiveNode struct {
	Index           int
	Code            OpCode   // OpUnknown when it isn't known
	Delegate        bool     // TfLiteNode.delegate is set, or Code is OpDelegate: not a node of any file
	Replaced        []uint32 // of a delegate node: indices of the nodes it stands for
	Inputs, Outputs []int32
}

// LiveTensor is a tensor in a running process.
type LiveTensor struct {
	Index int32
	Type  Type
	Shape []int32
	Name  string // "" when it isn't known; what isn't UTF-8 in it replaced by U+FFFD
	Cut   bool   // Name is only the beginning of the name
}

// Match is how well a live subgraph fits one subgraph of a model. Matches of the same subgraph add up: one can be made
// from the first nodes seen, and further ones from later nodes only.
type Match struct {
	Model    *Model
	Subgraph int // index of Model.Subgraphs

	Nodes, Tensors int // that agree; a delegate node agrees when it can stand for what it replaced
	Renamed        int // agreeing tensors of another name: kernels rename some, LiteRT can name a signature's so
	Reshaped       int // agreeing tensors of another shape: resized by the app, or another model of the same family
	Contradicting  int // nodes, tensors and counts that the model can't have; with any, the subgraph is another one
	Ignored        int // nodes and tensors that the runtime added, of which no file can tell
}

// Add adds what o found to m.
func (m *Match) Add(o Match) {
	m.Nodes += o.Nodes
	m.Tensors += o.Tensors
	m.Renamed += o.Renamed
	m.Reshaped += o.Reshaped
	m.Contradicting += o.Contradicting
	m.Ignored += o.Ignored
}

// Match compares a live subgraph with each subgraph of the model, and returns their matches in the model's order.
func (m *Model) Match(live LiveSubgraph) []Match {
	matches := make([]Match, len(m.Subgraphs))
	for i := range m.Subgraphs {
		matches[i] = m.match(i, live)
	}
	return matches
}

func (m *Model) match(subgraph int, live LiveSubgraph) Match {
	s := &m.Subgraphs[subgraph]
	match := Match{Model: m, Subgraph: subgraph}
	// A runtime adds tensors and nodes, but never removes any.
	if live.TensorCount != 0 && live.TensorCount < len(s.Tensors) {
		match.Contradicting++
	}
	if live.NodeCount != 0 && live.NodeCount < len(s.Operators) {
		match.Contradicting++
	}
	for _, node := range live.Nodes {
		match.addNode(s, node)
	}
	for _, tensor := range live.Tensors {
		match.addTensor(s, tensor)
	}
	return match
}

func (m *Match) addNode(s *Subgraph, node LiveNode) {
	switch {
	case standsFor(s, node):
		m.Nodes++
	case m.Model.addedAtRunTime(s, node):
		m.Ignored++
	case m.Model.sameNode(s, node):
		m.Nodes++
	default:
		m.Contradicting++
	}
}

func (m *Match) addTensor(s *Subgraph, live LiveTensor) {
	if int(live.Index) >= len(s.Tensors) {
		m.Ignored++
		return
	}
	if live.Index < 0 {
		m.Contradicting++
		return
	}
	tensor := &s.Tensors[live.Index]
	if tensor.Type != NoType && live.Type != tensor.Type {
		m.Contradicting++
		return
	}
	m.Tensors++
	if !sameName(tensor.Name, live) {
		m.Renamed++
	}
	if !slices.Equal(tensor.Shape, live.Shape) {
		m.Reshaped++
	}
}

// standsFor reports whether a delegate node's outputs are among those of the operators it replaced. That is how a model
// is known of which a delegate took everything. Inputs tell nothing: a delegate may reach through a DEQUANTIZE.
func standsFor(s *Subgraph, node LiveNode) bool {
	made := make(map[int32]bool)
	for _, index := range node.Replaced {
		if int64(index) >= int64(len(s.Operators)) {
			return false
		}
		for _, output := range s.Operators[index].Outputs {
			made[output] = true
		}
	}
	for _, output := range node.Outputs {
		if !made[output] {
			return false
		}
	}
	return len(node.Replaced) > 0 && len(node.Outputs) > 0
}

// addedAtRunTime reports whether a node comes after the model's own: for a delegate, or to replace a composite
// operator by its decomposition (LiteRT's SetShloCompositeInlining).
func (m *Model) addedAtRunTime(s *Subgraph, node LiveNode) bool {
	if node.Delegate || node.Code == OpDelegate {
		return true
	}
	return node.Index >= len(s.Operators) && slices.ContainsFunc(s.Operators, func(o Operator) bool {
		return m.OperatorCodes[o.Opcode].Code == OpComposite
	})
}

func (m *Model) sameNode(s *Subgraph, node LiveNode) bool {
	if node.Index < 0 || node.Index >= len(s.Operators) {
		return false
	}
	op := &s.Operators[node.Index]
	return (node.Code == OpUnknown || node.Code == m.OperatorCodes[op.Opcode].Code) &&
		slices.Equal(node.Inputs, op.Inputs) && slices.EqualFunc(node.Outputs, op.Outputs, sameOutput)
}

// sameOutput compares an output with the file's: WHILE takes away those that nothing else uses
// (tensorflow/lite/kernels/while.cc).
func sameOutput(live, file int32) bool { return live == file || live == -1 }

func sameName(name string, live LiveTensor) bool {
	if live.Cut || live.Name == "" {
		return strings.HasPrefix(name, strings.TrimRight(live.Name, "\uFFFD")) // a cut can split a character
	}
	return live.Name == name
}

// Identify returns the match that is right: without contradictions, most tensors under their own names, and better than
// every other one. It reports false when there is none yet, or when two are equally good, as with two subgraphs or files
// that say the same.
func Identify(matches []Match) (Match, bool) {
	var best Match
	ties := 0
	for _, m := range matches {
		if m.Nodes == 0 || m.Contradicting > 0 || 2*m.Renamed > m.Tensors {
			continue
		}
		switch order := compare(m, best); {
		case ties == 0 || order > 0:
			best, ties = m, 1
		case order == 0:
			ties++
		}
	}
	return best, ties == 1
}

// compare orders matches without contradictions, the better one last.
func compare(a, b Match) int {
	return cmp.Or(
		cmp.Compare(a.Nodes, b.Nodes),
		cmp.Compare(a.Tensors-a.Renamed, b.Tensors-b.Renamed),
		cmp.Compare(b.Reshaped, a.Reshaped),
	)
}
