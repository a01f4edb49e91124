package shim

import (
	"cmp"
	"crypto/sha256"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// subgraph is one TfLiteContext of one interpreter.
type subgraph struct {
	number    uint32 // in its process
	described *trace.Subgraph
	tensors   map[int32]*trace.Tensor // as last described
	latest    map[int32]*node         // as last described, by their index
	known     map[[16]byte]uint32     // ids of descriptions in the file, by a hash of their content
	facts     app.Facts               // of its model
	invoke    uint64                  // that was last seen
}

// node is one description of a node.
type node struct {
	number   uint32 // in its process
	id       uint32 // in the file
	subgraph *subgraph
	index    int32
	op       string
	delegate bool
	replaced []uint32
	inputs   []int32
	outputs  []int32
	ran      bool
}

// Bounds on what one process can make us remember.
const (
	maxSubgraphs = 1 << 20
	maxTensors   = 1 << 20 // of a subgraph
)

func (p *process) addSubgraph(b []byte) bool {
	r, l, ok := described[subgraphRecord](b)
	inputs, outputs := l.ints(uint32(max(r.inputs, 0))), l.ints(uint32(max(r.outputs, 0)))
	if !ok || l.cut || len(p.subgraphs) >= maxSubgraphs {
		return false
	}
	p.meet()
	if before := p.contexts[r.context]; before != nil {
		p.forgetSubgraph(before)
	}
	s := p.session
	s.nextID.subgraph++
	g := &subgraph{
		number: r.id,
		described: &trace.Subgraph{
			Id: s.nextID.subgraph, Process: p.described.Id, Interpreter: p.interpreterOf(&r), Index: r.index,
			Context: r.context, Nodes: r.nodes, Tensors: r.tensors,
		},
		tensors: make(map[int32]*trace.Tensor),
		latest:  make(map[int32]*node),
		known:   make(map[[16]byte]uint32),
	}
	strange := func(index int32) bool { return index < -1 || int64(index) >= int64(r.tensors) }
	if r.inputs >= 0 && r.outputs >= 0 && !slices.ContainsFunc(slices.Concat(inputs, outputs), strange) {
		g.described.EndsKnown, g.described.Inputs, g.described.Outputs = true, inputs, outputs
	}
	p.subgraphs[r.id], p.contexts[r.context] = g, g
	s.describe(proto.CloneOf(g.described))
	s.models.Look(&p.Process) // it may end right after its next invoke
	return true
}

// interpreterOf returns the id of a subgraph's interpreter. One whose element was another subgraph before is another
// interpreter at the same address.
func (p *process) interpreterOf(r *subgraphRecord) uint32 {
	i := p.interpreters[r.interpreter]
	if i == nil || r.interpreter == 0 || i.seen[r.index] {
		p.session.nextID.interpreter++
		i = &interpreter{p.session.nextID.interpreter, make(map[int32]bool)}
		p.interpreters[r.interpreter] = i
	}
	i.seen[r.index] = true
	return i.id
}

// forgetSubgraph forgets a subgraph that is gone, after the last that can be said about it.
func (p *process) forgetSubgraph(g *subgraph) {
	p.session.identify(p, g)
	p.session.noteDelegates(g)
	for _, n := range g.latest {
		delete(p.nodes, n.number)
	}
	delete(p.subgraphs, g.number)
	delete(p.contexts, g.described.Context)
}

func (p *process) addTensor(b []byte) bool {
	r, l, ok := described[tensorRecord](b)
	g := p.subgraphs[r.subgraph]
	if !ok || g == nil || r.index < 0 || len(g.tensors) >= maxTensors {
		return false
	}
	t := &trace.Tensor{
		Index: r.index, Type: r.type_, Allocation: r.allocation, Bytes: r.bytes, Variable: r.variable != 0,
		Shape: l.ints(r.dims),
	}
	p.session.sink.quantize(t, r.quantizedDimension, l.floats(r.scales), l.longs(r.zeroPoints))
	t.Name = l.text(r.nameBytes)
	if l.cut {
		return false
	}
	// Where the others are changes from invoke to invoke: each time would be another description.
	switch tflite.AllocationType(r.allocation) {
	case tflite.MmapRo, tflite.ArenaRw, tflite.ArenaRwPersistent:
		t.Address = r.address
	}
	g.tensors[r.index] = t
	return true
}

func (p *process) addNode(b []byte) bool {
	r, l, ok := described[nodeRecord](b)
	g := p.subgraphs[r.subgraph]
	inputs, outputs, temporaries := l.ints(r.inputs), l.ints(r.outputs), l.ints(r.temporaries)
	replaced, name := l.indices(r.replaced), l.text(r.nameBytes)
	if !ok || l.cut || g == nil || len(g.latest) >= maxTensors {
		return false
	}
	d := &trace.Node{
		Subgraph: g.described.Id, Index: r.index, OpCode: r.code, Version: r.opVersion, Replaced: replaced,
		Kernel: p.session.files.kernelOf(p, &r),
		Custom: tflite.OpCode(r.code) == tflite.OpCustom,
		Op:     tflite.OpName(tflite.OpCode(r.code), name),
	}
	if r.delegate != 0 {
		d.Delegate = cmp.Or(name, "delegate")
		d.Op = d.Delegate
	}
	d.Inputs, d.Outputs, d.Temporaries = g.listed(inputs, d), g.listed(outputs, d), g.listed(temporaries, d)
	n := &node{number: r.id, subgraph: g, index: r.index, op: d.Op, delegate: r.delegate != 0, replaced: replaced, inputs: inputs, outputs: outputs}
	n.id = p.session.describeNode(g, d)
	if before := g.latest[r.index]; before != nil { // nothing more refers to it
		delete(p.nodes, before.number)
	}
	p.nodes[r.id], g.latest[r.index] = n, n
	return true
}

// listed returns a node's tensors. Without a description of one, that of the node isn't complete.
func (g *subgraph) listed(indices []int32, d *trace.Node) []*trace.Tensor {
	list := make([]*trace.Tensor, len(indices))
	for i, index := range indices {
		list[i] = g.tensors[index]
		if list[i] == nil {
			list[i] = &trace.Tensor{Index: max(index, -1)}
			d.Incomplete = d.Incomplete || index >= 0
		}
	}
	return list
}

// describeNode writes a description to the file unless that has it already, and returns its id.
func (s *session) describeNode(g *subgraph, d *trace.Node) uint32 {
	content, err := encoded(d)
	if len(content) > maxContent {
		s.shorten(d)
		content, err = encoded(d)
	}
	if err != nil {
		s.note("describe", "encode %s (node %d): %v", d.Op, d.Index, err)
	}
	sum := sha256.Sum256(content)
	key := [16]byte(sum[:16])
	if id := g.known[key]; id != 0 {
		return id
	}
	s.nextID.node++
	d.Id = s.nextID.node
	g.known[key] = d.Id
	g.facts.Add(g.described, d)
	s.describe(d)
	return d.Id
}

func encoded(d *trace.Node) ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(d)
}

// shorten leaves out of a description what makes it too long for the file.
func (s *session) shorten(d *trace.Node) {
	s.note("describe", "the description of %s (node %d) is too long: it has no channels' scales in the file", d.Op, d.Index)
	for _, list := range [][]*trace.Tensor{d.Inputs, d.Outputs, d.Temporaries} {
		for i, t := range list {
			list[i] = proto.CloneOf(t)
			list[i].Scales, list[i].ZeroPoints = nil, nil
		}
	}
	if proto.Size(d) > maxContent {
		d.Inputs, d.Outputs, d.Temporaries, d.Incomplete = nil, nil, nil, true
	}
}

// identifyModels matches subgraphs that were described further since the last time.
func (s *session) identifyModels() {
	for _, p := range s.processes {
		for _, g := range p.contexts {
			s.identify(p, g)
		}
	}
}

func (s *session) identify(p *process, g *subgraph) {
	s.models.Identify(g.described, &g.facts, &p.Process)
}
