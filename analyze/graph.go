package analyze

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/trace"
)

// minFold is the number of graphs from which on equal ones are merged while the trace is still being read, so that an
// app that makes a new interpreter for each request takes no more memory than one that keeps one.
const minFold = 256

// interpreterKey identifies an interpreter; one whose number isn't known is taken for one of its own per subgraph.
type interpreterKey struct{ process, interpreter, subgraph uint32 }

// graph is a model as one interpreter runs it, or several interpreters of one process after fold.
type graph struct {
	process      uint32
	model        uint32
	number       int // in order of appearance
	interpreters int
	subgraphs    []*subgraph
	memory       *memory // nil until evaluated
	merged       *graph  // into that one
}

// subgraph is a subgraph of a graph.
type subgraph struct {
	desc    *trace.Subgraph
	graph   *graph
	rows    map[string]*row
	invokes invokes
	merged  *subgraph // into that one
}

// row sums up the ops of one node with one set of shapes.
type row struct {
	desc       *trace.Node
	key        string // in the subgraph's rows
	subgraph   *subgraph
	wall       Distribution
	course     Course
	clean      Clean
	self       uint64 // ns, nested ops subtracted
	paid       Paid
	toNext     uint64 // ops whose end was taken from the next one's start
	position   int    // among the ops of the latest invoke
	firstStart uint64 // ns, and the duration of that op
	first      uint64
	firstPaid  trace.Paid
	live       liveBytes
	recent     *recent
	merged     *row // into that one
}

// node is what a node id of the trace stands for.
type node struct {
	id       uint32
	desc     *trace.Node // nil once it is dropped
	row      *row
	subgraph uint32 // id in the trace; row may sum up several interpreters
	phase    *phase
	ran      bool
	seen     *uint64         // the latest invoke in which this node ran, whatever its shapes
	within   map[*order]bool // in which subgraphs ran within its ops
}

// nodeKey identifies a node of one interpreter.
type nodeKey struct {
	subgraph uint32
	index    int32
}

func (g *graph) resolve() *graph {
	for g.merged != nil {
		g = g.merged
	}
	return g
}

func (s *subgraph) resolve() *subgraph {
	for s.merged != nil {
		s = s.merged
	}
	return s
}

func (r *row) resolve() *row {
	for r.merged != nil {
		r = r.merged
	}
	return r
}

func (rec *recording) describeSubgraph(m *trace.Subgraph) {
	key := interpreterKey{m.Process, m.Interpreter, 0}
	if m.Interpreter == 0 {
		key.subgraph = m.Id
	}
	g := rec.interpreters[key]
	if g == nil {
		rec.graphsSeen++
		g = &graph{process: m.Process, number: rec.graphsSeen, interpreters: 1}
		rec.interpreters[key] = g
		rec.graphs = append(rec.graphs, g)
	}
	g = g.resolve()
	if m.Model != 0 {
		g.model = m.Model
	}
	s := rec.subgraphs[m.Id]
	if s == nil {
		s = &subgraph{graph: g, rows: make(map[string]*row), invokes: invokes{recent: rec.newRecent()}}
		rec.subgraphs[m.Id] = s
		g.subgraphs = append(g.subgraphs, s)
	}
	s = s.resolve()
	s.desc = m
	rec.ranSubgraph(m.Id).desc = m
	rec.noticeSubgraph(m)
	if old := s.graph.resolve(); old != g { // its interpreter has become known
		g.absorb(old)
		g.interpreters--
	}
}

func (rec *recording) describeNode(m *trace.Node) {
	if n := rec.nodes[m.Id]; n != nil {
		n.desc = m
		n.row = n.row.resolve().describe(m, rec.rowKey(m))
		return
	}
	if rec.subgraphs[m.Subgraph] == nil {
		rec.describeSubgraph(&trace.Subgraph{Id: m.Subgraph, Index: -1})
	}
	s := rec.subgraphs[m.Subgraph].resolve()
	if rec.window != nil && len(s.rows) >= maxLiveRows {
		m = withoutTensors(m)
	}
	key := rec.rowKey(m)
	r := s.rows[key]
	if r == nil {
		r = &row{desc: m, key: key, subgraph: s, recent: rec.newRecent()}
		s.rows[key] = r
	}
	place := nodeKey{m.Subgraph, m.Index}
	seen := rec.seen[place]
	if seen == nil || m.Index < 0 {
		seen = new(uint64)
		rec.seen[place] = seen
	}
	n := &node{id: m.Id, desc: m, row: r, subgraph: m.Subgraph, phase: rec.phase(m.Subgraph), seen: seen}
	rec.nodes[m.Id] = n
	ran := rec.ranSubgraph(m.Subgraph)
	ran.nodes = append(ran.nodes, n)
}

// describe replaces the row's description by m, which is the same node, better known. It returns the row that stands for
// it now.
func (r *row) describe(m *trace.Node, key string) *row {
	s := r.subgraph
	delete(s.rows, r.key)
	if other := s.rows[key]; other != nil {
		other.absorb(r)
		return other
	}
	r.desc, r.key = m, key
	s.rows[key] = r
	return r
}

// rowKey is equal for the descriptions of a node whose ops are summed up together. An operator's shapes are those of the
// delegate node that it runs in: its own may not be known.
func (rec *recording) rowKey(m *trace.Node) string {
	var b strings.Builder
	number := func(v int64) {
		b.WriteString(strconv.FormatInt(v, 36))
		b.WriteByte(' ')
	}
	number(int64(m.Index))
	number(int64(m.Kernel))
	for _, text := range []string{m.Op, m.Delegate} {
		number(int64(len(text)))
		b.WriteString(text)
	}
	if o := m.Operator; o != nil {
		number(int64(o.DelegateIndex))
		number(int64(o.Place))
		if n := rec.nodes[o.Node]; n != nil {
			b.WriteString(n.row.resolve().key)
		}
		return b.String()
	}
	if m.Index < 0 { // only its outputs tell it apart
		for _, t := range m.Outputs {
			number(int64(t.Index))
		}
	}
	for _, tensors := range [][]*trace.Tensor{m.Inputs, m.Outputs} {
		number(int64(len(tensors)))
		for _, t := range tensors {
			number(int64(t.Type))
			for _, d := range t.Shape {
				number(int64(d))
			}
			b.WriteByte('/')
		}
	}
	return b.String()
}

// fold merges graphs of one process that are the same model, and subgraphs of one graph that are the same subgraph.
func (rec *recording) fold() {
	rec.evaluateMemory()
	rec.dropInactive()
	first := make(map[string]*graph)
	kept := rec.graphs[:0]
	for _, g := range rec.graphs {
		if g.merged != nil {
			continue
		}
		g.foldSubgraphs()
		key, ok := rec.identity(g)
		if same := first[key]; ok && same != nil {
			same.absorb(g)
			same.foldSubgraphs()
			continue
		} else if ok {
			first[key] = g
		}
		kept = append(kept, g)
	}
	clear(rec.graphs[len(kept):])
	rec.graphs = kept
	rec.foldAt = max(2*len(kept), minFold)
	for _, n := range rec.nodes {
		n.row = n.row.resolve()
	}
	for id, s := range rec.subgraphs {
		rec.subgraphs[id] = s.resolve()
	}
	for _, t := range rec.threads {
		t.stack.fold()
	}
}

// identity returns what graphs of the same model in one process have in common: the model file, or else the nodes of
// the primary subgraph with their tensors. There is none before an unidentified model was run through once.
func (rec *recording) identity(g *graph) (string, bool) {
	process := strconv.Itoa(int(g.process)) + " "
	if m := rec.models[g.model]; m != nil {
		if m.Sha256 != "" {
			return process + m.Sha256, true
		}
		return process + m.Path + " " + strconv.FormatUint(m.Size, 10), true
	}
	primary := g.primary()
	if primary.invokes.count() == 0 {
		return "", false
	}
	var b strings.Builder
	b.WriteString(process)
	for _, r := range slices.SortedFunc(maps.Values(primary.rows), byPlace) {
		b.WriteString(r.key)
		for _, t := range r.desc.Outputs {
			b.WriteString(strconv.Quote(t.Name))
		}
		b.WriteByte('\n')
	}
	return b.String(), true
}

// byPlace orders rows by their place in the subgraph, variants of a node by their first run.
func byPlace(a, b *row) int {
	return cmp.Or(cmp.Compare(a.desc.Index, b.desc.Index), cmp.Compare(a.firstStart, b.firstStart), cmp.Compare(a.desc.Id, b.desc.Id))
}

// primary returns the subgraph with the lowest known index.
func (g *graph) primary() *subgraph {
	return slices.MinFunc(g.subgraphs, func(a, b *subgraph) int {
		return cmp.Compare(uint32(a.desc.Index), uint32(b.desc.Index)) // -1, not known, comes last
	})
}

func (g *graph) foldSubgraphs() {
	first := make(map[int32]*subgraph)
	kept := g.subgraphs[:0]
	for _, s := range g.subgraphs {
		index := s.desc.Index
		if same := first[index]; same != nil && index >= 0 {
			same.absorb(s)
			continue
		}
		first[index] = s
		kept = append(kept, s)
	}
	g.subgraphs = kept
}

func (g *graph) absorb(other *graph) {
	other.merged = g
	g.interpreters += other.interpreters
	for _, s := range other.subgraphs {
		s.graph = g
	}
	g.subgraphs = append(g.subgraphs, other.subgraphs...)
	other.subgraphs = nil
	if g.model == 0 {
		g.model = other.model
	}
	g.memory = g.memory.larger(other.memory)
}

func (s *subgraph) absorb(other *subgraph) {
	other.merged = s
	s.invokes.merge(&other.invokes)
	for key, r := range other.rows {
		if same := s.rows[key]; same == nil {
			r.subgraph = s
			s.rows[key] = r
		} else {
			same.absorb(r)
		}
	}
	other.rows = nil
}

func (r *row) absorb(other *row) {
	if r == other {
		return
	}
	other.merged = r
	if other.wall.Count != 0 && (r.wall.Count == 0 || other.firstStart < r.firstStart) {
		r.firstStart, r.first, r.firstPaid, r.position = other.firstStart, other.first, other.firstPaid, other.position
	}
	r.wall.Merge(&other.wall)
	r.course.merge(&other.course)
	r.clean.merge(&other.clean)
	r.self += other.self
	r.toNext += other.toNext
	r.paid.merge(&other.paid)
	r.live.merge(other.live)
	r.recent.merge(other.recent)
	other.wall, other.course = Distribution{}, Course{}
}
