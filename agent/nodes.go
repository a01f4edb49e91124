package agent

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// subgraph is one TfLiteContext of one interpreter.
type subgraph struct {
	bpfID       uint64
	described   *trace.Subgraph
	process     *process
	interpreter *interpreter
	vector      uint64              // address of the interpreter's vector of subgraphs
	begin, end  uint64              // its vector of nodes
	stride      int                 // of that vector, 0 when not certain yet
	head        []byte              // the vector's first bytes
	nodes       map[uint64]*node    // by their address
	known       map[[16]byte]uint32 // ids of descriptions in the trace, by a hash of their content
	before      *subgraph           // what was at its address, until all of its nodes were described again
	superseded  *subgraph           // what took its place
	runs        bool                // some node of it ran
	first       *node               // of an invoke, for the live line
	taken       map[int32][][]int32 // by index: shapes of delegate nodes' inputs when they were seen first
	planned     []bool              // by index: nodes that run in an invoke; nil when that isn't known
	last        int32               // of them, the one that runs last
	planAt      int                 // how many nodes were known when that was last looked for

	facts app.Facts // of its model
}

// node is one description of a node that BPF sent, first in pieces, then, once settled, as the trace has it.
type node struct {
	id       uint32 // in the trace; 0 until settled
	bpfID    uint64
	subgraph *subgraph
	op       string // with index, what a person calls it
	index    int32
	delegate bool    // a delegate node
	cost     uint64  // ns that one of its ops costs, with a budget
	pieces   *pieces // nil once settled and not needed any more

	operator  *operator // nil for a node
	operators []*node   // that a delegate node runs, in order
	ran       bool      // a delegate node has, once, so what its operators stand for is known as far as it will be
	held      []bpf.OpRecord
}

// pieces is what BPF sent of a node.
type pieces struct {
	raw      bpf.NodeRecord
	tensors  [bpf.Lists][]*trace.Tensor // by list
	replaced []uint32
	missing  bool // a piece was lost or unreadable
}

func (s *Session) addSubgraph(r *bpf.SubgraphRecord) {
	p := s.processWithID(r.Process, int(r.Tgid), cString(r.Comm[:]))
	s.heap.follow(p)
	g := s.subgraphs[r.Subgraph]
	if g == nil || g.differs(r) {
		s.nextID.subgraph++
		g = &subgraph{
			bpfID:     r.Subgraph,
			process:   p,
			nodes:     make(map[uint64]*node),
			known:     make(map[[16]byte]uint32),
			taken:     make(map[int32][][]int32),
			described: &trace.Subgraph{Id: s.nextID.subgraph, Process: p.described.Id, Context: r.Context},
			vector:    r.Interpreter,
		}
		g.interpreter = s.interpreterOf(p, r)
		if before := p.contexts[r.Context]; before != nil {
			s.supersede(before, g)
		}
		p.contexts[r.Context] = g
		s.subgraphs[r.Subgraph] = g
	}
	g.begin, g.end = r.NodesBegin, r.NodesEnd
	g.head = slices.Clone(r.Head[:])
	g.stride, _ = tflite.Stride(g.begin, g.end, nil, g.head)
	g.described.Interpreter = g.interpreter.id
	g.described.Index = r.Index
	if context, ok := tflite.DecodeContext(r.Raw[tflite.ContextInSubgraph:]); ok {
		g.described.Tensors = uint32(context.TensorsSize)
	}
	if g.stride != 0 {
		g.described.Nodes = uint32((g.end - g.begin) / uint64(g.stride))
	}
	g.readEnds(r)
	s.describe(proto.CloneOf(g.described))
	if s.launcher != nil {
		s.pauses.asked[r.Header.Tid] = r.TimeNs
	}
	known := len(s.libraries.kernels)
	s.reachNodes(g)
	for _, k := range s.libraries.kernels[known:] {
		if s.launcher == nil {
			s.note("attach", "kernel %s in %s was probed %v after process %d first showed it: its ops before that are not in the trace",
				k.found.Label(), k.library.runtime.Path, time.Duration(app.Now()-r.TimeNs), p.PID)
		}
	}
	s.probeReturns(g)
	s.models.Look(&p.Process)
}

// identifyModels matches subgraphs that were described further since the last time.
func (s *Session) identifyModels() {
	for _, g := range s.subgraphs {
		s.identifyModel(g)
	}
}

func (s *Session) identifyModel(g *subgraph) {
	s.models.Identify(g.described, &g.facts, &g.process.Process)
}

// differs tells whether a record of a subgraph that seemed known is about another one: BPF sees only that the vector of
// nodes is elsewhere, but a subgraph never changes its place in its interpreter.
func (g *subgraph) differs(r *bpf.SubgraphRecord) bool {
	return r.Index != g.described.Index || r.Interpreter != g.vector || r.Subgraphs != g.interpreter.subgraphs
}

// interpreterOf returns the interpreter of a subgraph that was not seen before. Its subgraphs share the address of the
// vector that holds them. A vector of another length, or whose element was another subgraph before, is another
// interpreter's at the same address.
func (s *Session) interpreterOf(p *process, r *bpf.SubgraphRecord) *interpreter {
	i := p.interpreters[r.Interpreter]
	if i == nil || r.Interpreter == 0 || i.subgraphs != r.Subgraphs || i.seen[r.Index] {
		s.nextID.interpreter++
		i = &interpreter{id: s.nextID.interpreter, subgraphs: r.Subgraphs, seen: make(map[int32]bool)}
		p.interpreters[r.Interpreter] = i
	}
	i.seen[r.Index] = true
	return i
}

// supersede gives a context's address to a new subgraph.
func (s *Session) supersede(old, by *subgraph) {
	s.identifyModel(old)
	old.superseded, by.before = by, old
	s.forgetSubgraph(old.before)
	old.before = nil
	if s.subgraphs[old.bpfID] == old {
		delete(s.subgraphs, old.bpfID)
	}
}

// forgetSubgraph forgets the nodes of a subgraph that is gone.
func (s *Session) forgetSubgraph(g *subgraph) {
	if g == nil {
		return
	}
	for _, n := range g.nodes {
		s.forgetNode(n)
	}
	delete(s.subgraphs, g.bpfID)
}

// forgetNode forgets a node, and the operators that it runs.
func (s *Session) forgetNode(n *node) {
	s.releaseHeld(n)
	s.aggregates.take(n)
	delete(s.nodes, n.bpfID)
	for _, operator := range n.operators {
		delete(s.nodes, operator.bpfID)
	}
}

func (s *Session) addNode(r *bpf.NodeRecord) {
	g := s.subgraphs[r.Subgraph]
	if g == nil {
		s.note("describe", "a node's subgraph was not described: its ops can't be attributed")
		return
	}
	for _, at := range []*subgraph{g, g.before} {
		if at == nil {
			continue
		}
		if old := at.nodes[r.Address]; old != nil {
			s.forgetNode(old)
			delete(at.nodes, r.Address)
		}
	}
	n := &node{bpfID: r.Node, subgraph: g, pieces: &pieces{raw: *r}}
	n.pieces.missing = r.RawBytes == 0
	for list, size := range [bpf.Lists]int32{r.Inputs, r.Outputs, r.Temporaries} {
		n.pieces.tensors[list] = make([]*trace.Tensor, min(max(size, 0), maxListed))
		n.pieces.missing = n.pieces.missing || size < 0 || size > maxListed
	}
	n.readBeyond()
	g.nodes[r.Address] = n
	s.nodes[r.Node] = n
	g.runs = g.runs || r.Run != 0
	s.noteScanned(n)
}

func (s *Session) addTensor(r *bpf.TensorRecord) {
	n := s.nodes[r.Node]
	if n == nil || n.pieces == nil || r.List >= bpf.Lists {
		return
	}
	if list := n.pieces.tensors[r.List]; int(r.Slot) < len(list) {
		list[r.Slot] = n.subgraph.tensor(r)
	}
}

func (s *Session) addReplaced(r *bpf.IndicesRecord) {
	n := s.nodes[r.Node]
	if n == nil || n.pieces == nil {
		return
	}
	for _, index := range r.Values[:min(r.Count, uint32(len(r.Values)))] {
		n.pieces.replaced = append(n.pieces.replaced, uint32(index))
	}
}

// settle turns the pieces of a description into one, with the kernel and the op's name, and writes it to the trace
// unless that has it already. A node whose interpreter is gone but which was not described again belongs to the
// interpreter that is at its place now.
func (s *Session) settle(n *node) {
	for n.subgraph.superseded != nil {
		n.subgraph = n.subgraph.superseded
		n.id = 0
	}
	if n.id != 0 {
		return
	}
	if n.operator != nil {
		s.settleOperator(n)
		return
	}
	g := n.subgraph
	d := s.assemble(n)
	n.op, n.index, n.delegate = d.Op, d.Index, d.Delegate != ""
	d.Subgraph = g.described.Id
	content, err := proto.MarshalOptions{Deterministic: true}.Marshal(d)
	if err != nil {
		s.note("describe", "encode node %s: %v", n.label(), err)
	}
	sum := sha256.Sum256(content)
	key := [16]byte(sum[:16])
	if id, ok := g.known[key]; ok {
		n.id = id
		return
	}
	s.nextID.node++
	n.id = s.nextID.node
	d.Id = n.id
	g.known[key] = n.id
	g.facts.Add(g.described, d)
	s.describe(d)
}

// assemble makes the trace's description of a node from what BPF sent.
func (s *Session) assemble(n *node) *trace.Node {
	r, g := &n.pieces.raw, n.subgraph
	d := &trace.Node{Index: g.index(r.Address), OpCode: int32(tflite.OpUnknown), Replaced: n.pieces.replaced}
	raw, _ := tflite.DecodeNode(r.Raw[:])
	k := s.kernelOf(n)
	invoke := uint64(0)
	if k != nil {
		invoke = r.Ip - uint64(k.found.Site.Offset)
	}
	registration, _, ok := tflite.FindRegistration(r.Raw[:r.RawBytes], invoke)
	if !ok {
		registration, _, ok = tflite.FindExternal(r.Raw[:r.RawBytes])
	}
	switch {
	case ok:
		d.OpCode, d.Version = int32(registration.BuiltinCode), registration.Version
		if k == nil && registration.Invoke != 0 {
			k = s.libraries.byAddress(g.process, registration.Invoke)
			if k == nil && len(g.process.Maps) == 0 {
				k = s.libraries.byDistance(registration)
			}
		}
		s.learn(k, registration.BuiltinCode)
	case k != nil && len(k.found.Ops) == 1:
		d.OpCode, d.OpGuessed = int32(k.found.Ops[0]), true
	}
	if k != nil {
		d.Kernel = s.announce(k)
	}
	name := cString(r.CustomName[:])
	if name == "" && registration.CustomName != 0 {
		name, _ = g.process.readString(registration.CustomName, 256)
	}
	switch {
	case raw.Delegate != 0:
		d.Delegate = cmp.Or(name, "delegate")
		d.Op = d.Delegate
	case d.OpCode == int32(tflite.OpUnknown) && k != nil:
		d.Op = k.found.Label()
	default:
		d.Custom = registration.BuiltinCode == tflite.OpCustom
		d.Op = tflite.OpName(tflite.OpCode(d.OpCode), name)
	}
	g.process.fill(n.pieces, raw)
	d.Inputs, d.Outputs, d.Temporaries = n.pieces.tensors[bpf.ListInputs], n.pieces.tensors[bpf.ListOutputs], n.pieces.tensors[bpf.ListTemporaries]
	d.Incomplete = n.pieces.missing || int(max(r.Replaced, 0)) != len(n.pieces.replaced)
	return d
}

// kernelOf returns the kernel whose probe described a node, nil for a node that was only prepared. An operator's is XNNPACK's
// run function.
func (s *Session) kernelOf(n *node) *kernel {
	if n.operator != nil {
		return n.operator.run
	}
	r := &n.pieces.raw
	if r.Run == 0 {
		return nil
	}
	if k := s.libraries.byCookie(r.Site); k != nil {
		return k
	}
	return s.libraries.byAddress(n.subgraph.process, r.Ip)
}

// announce writes a kernel to the trace before its first use, and returns its id.
func (s *Session) announce(k *kernel) uint32 {
	if !k.announced {
		k.announced = true
		s.describe(k.described)
	}
	return k.described.Id
}

// learn remembers which op a kernel was seen to run.
func (s *Session) learn(k *kernel, code tflite.OpCode) {
	if k != nil && k.found.Learn(code) {
		k.library.learned = true
	}
}

// index returns a node's place in its subgraph, -1 when the size of the vector's elements is not certain.
func (g *subgraph) index(address uint64) int32 {
	if g.stride == 0 {
		seen := make([]uint64, 0, len(g.nodes))
		for a := range g.nodes {
			seen = append(seen, a)
		}
		g.stride, _ = tflite.Stride(g.begin, g.end, seen, g.head)
	}
	if g.stride == 0 || address < g.begin || address >= g.end {
		return -1
	}
	return int32((address - g.begin) / uint64(g.stride))
}

// label names a node for a person.
func (n *node) label() string {
	if n.operator != nil {
		return fmt.Sprintf("%s (operator %d of node %d)", n.op, n.operator.place, n.operator.delegate.index)
	}
	return fmt.Sprintf("%s (node %d of subgraph %d)", n.op, n.index, max(n.subgraph.described.Index, 0))
}
