package tensors

import (
	"path"
	"slices"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// List sums up a snapshot's captures, of all invokes for 0, or of the one with that number in its subgraph.
func List(f *snapshot.File, invoke uint64) *Result {
	r, _ := list(f, invoke)
	return r
}

// subgraphKey is what interpreters have in common that run the same subgraph. Where no model was found for them, they
// are told apart by the size of the graph.
type subgraphKey struct {
	process, model, runtime uint32
	index                   int32
	nodes, tensors          uint32
	name                    string
}

// rowKey is what captures of the same tensor have in common; a dynamic tensor may differ in type and shape.
type rowKey struct {
	node, tensor int32
	role         snapshot.Role
	name         string
	element      int32
	shape        string
}

// lister sums up.
type lister struct {
	file   *snapshot.File
	result *Result
	groups map[subgraphKey]int
	places map[uint32]int // of subgraphs of the file in the result
}

func list(f *snapshot.File, invoke uint64) (*Result, *lister) {
	l := &lister{f, newResult(f), make(map[subgraphKey]int), make(map[uint32]int)}
	for _, c := range f.Captures {
		if invoke == 0 || c.Invoke == invoke {
			l.add(c)
		}
	}
	return l.result, l
}

func newResult(f *snapshot.File) *Result {
	b, h := f.Beginning, f.Beginning.GetHeader()
	r := &Result{
		Cut: f.Cut, Lost: make(map[string]uint64), Notes: make([]analyze.Note, len(f.Notes)), Subgraphs: []*Subgraph{},
		Markers: uint64(len(f.Markers)),
		Snapshot: Snapshot{
			Recorder: h.GetRecorder(), CommandLine: notNil(h.GetCommandLine()), Linux: h.GetLinux(), Architecture: h.GetArchitecture(),
			Hostname: h.GetHostname(), StartUnixNS: h.GetStartUnixNs(), DurationNS: f.End.GetDurationNs(), EndReason: f.End.GetReason(),
			Selection: notNil(b.GetSelection()), StatisticsOnly: b.GetStatisticsOnly(), WhenFull: b.GetWhenFull(), Kernels: b.GetKernels(),
		},
	}
	if f.End.GetHasExitStatus() {
		r.Snapshot.ExitStatus = &f.End.ExitStatus
	}
	for cause, n := range f.Losses {
		if n != 0 {
			r.Lost[cause] = n
		}
	}
	for i, n := range f.Notes {
		r.Notes[i] = analyze.Note{Kind: n.GetKind(), Text: n.GetText()}
	}
	return r
}

func (l *lister) add(c snapshot.Captured) {
	r, t := l.result, l.row(c)
	r.Captures++
	r.Bytes += uint64(len(c.Data))
	if t.Captures == 0 {
		t.FirstInvoke = c.Invoke
	}
	t.Captures++
	t.FirstInvoke, t.LastInvoke = min(t.FirstInvoke, c.Invoke), max(t.LastInvoke, c.Invoke)
	t.Bytes += uint64(len(c.Data))
	if c.Lacks() {
		r.Missing++
		t.Missing[c.Missing]++
	}
	if c.Statistics != nil {
		t.Statistics++
	}
	if c.Status != 0 {
		t.Failed++
	}
}

// row returns the row that sums up captures of the same tensor.
func (l *lister) row(c snapshot.Captured) *Tensor {
	node, t := l.file.Nodes[c.Node], l.file.Tensor(c.Capture)
	s := l.subgraph(node.GetSubgraph())
	key := rowKey{node.GetIndex(), c.Tensor, c.Role, t.GetName(), t.GetType(), shapeKey(t.GetShape())}
	row := s.rows[key]
	if row == nil {
		row = &Tensor{Described: describe(node, t, c.Capture), Missing: make(map[string]uint64)}
		s.rows[key] = row
		s.Tensors = append(s.Tensors, row)
	}
	return row
}

func shapeKey(shape []int32) string {
	key := make([]byte, 0, 4*len(shape))
	for _, d := range shape {
		key = append(key, byte(d), byte(d>>8), byte(d>>16), byte(d>>24))
	}
	return string(key)
}

// Describe returns what a capture is of.
func Describe(f *snapshot.File, c *snapshot.Capture) Described {
	return describe(f.Nodes[c.Node], f.Tensor(c), c)
}

func describe(n *trace.Node, t *trace.Tensor, c *snapshot.Capture) Described {
	d := Described{
		Node: -1, Op: "UNKNOWN", Custom: n.GetCustom(), Delegate: n.GetDelegate(), Role: Role(c.Role),
		Tensor: c.Tensor, Name: t.GetName(), Type: tflite.Type(t.GetType()).String(), Shape: notNil(t.GetShape()),
		Scale: Number(t.GetScale()), ZeroPoint: t.GetZeroPoint(), Channels: t.GetChannels(), QuantizedDimension: t.GetQuantizedDimension(),
	}
	if n != nil {
		d.Node = n.Index
	}
	if n.GetOp() != "" {
		d.Op = n.Op
	}
	return d
}

var roles = map[snapshot.Role]string{snapshot.Role_OUTPUT: "output", snapshot.Role_INPUT: "input", snapshot.Role_STATE: "state"}

// Role names a role.
func Role(r snapshot.Role) string {
	if name, ok := roles[r]; ok {
		return name
	}
	return "unknown"
}

// subgraph returns the group of a subgraph of the file.
func (l *lister) subgraph(id uint32) *Subgraph {
	if at, ok := l.places[id]; ok {
		return l.result.Subgraphs[at]
	}
	s := l.file.Subgraphs[id]
	key := subgraphKey{s.GetProcess(), s.GetModel(), s.GetRuntime(), s.GetIndex(), s.GetNodes(), s.GetTensors(), s.GetName()}
	at, ok := l.groups[key]
	if !ok {
		at = len(l.result.Subgraphs)
		l.groups[key] = at
		l.result.Subgraphs = append(l.result.Subgraphs, describeSubgraph(l.file, s))
	}
	l.places[id] = at
	l.result.Subgraphs[at].Interpreters++
	return l.result.Subgraphs[at]
}

func describeSubgraph(f *snapshot.File, s *trace.Subgraph) *Subgraph {
	process, model, runtime := f.Processes[s.GetProcess()], f.Models[s.GetModel()], f.Runtimes[s.GetRuntime()]
	d := &Subgraph{
		PID: process.GetPid(), Process: process.GetName(), Path: model.GetPath(), SHA256: model.GetSha256(), Name: process.GetName(),
		Runtime: analyze.Runtime{Path: runtime.GetPath(), Entry: runtime.GetEntry(), BuildID: runtime.GetBuildId()},
		Index:   -1, Tensors: []*Tensor{}, rows: make(map[rowKey]*Tensor),
	}
	if s != nil {
		d.Index, d.SubgraphName = s.Index, s.Name
	}
	if d.Path != "" {
		d.Name = path.Base(d.Path)
	}
	return d
}

func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return slices.Clip(s)
}
