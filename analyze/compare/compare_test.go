package compare

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// sketch is a model and what its tensors were, as a snapshot has it: "CONV_2D x w -> y". A tensor whose name begins with w
// is a constant. Tensors are four floats; a name may end with a shape, as in y[2,3].
type sketch struct {
	inputs   string
	ops      []string
	named    map[string]string    // names in the file that differ from those here; "" for none
	values   map[string][]float32 // in all invokes; zeros when not given
	invokes  [][]float32          // values of the first input; one invoke of zeros when there is none
	delegate map[int][]uint32     // ops that are delegate nodes, and what they replaced
	change   func(c *snapshot.Captured)
}

func (s sketch) file() *snapshot.File {
	f := &snapshot.File{
		Beginning: &snapshot.Beginning{}, End: &trace.End{}, Losses: map[string]uint64{},
		Processes: map[uint32]*trace.Process{1: {Id: 1, Name: "app"}},
		Subgraphs: map[uint32]*trace.Subgraph{1: {Id: 1, Process: 1, Interpreter: 1}},
		Nodes:     map[uint32]*trace.Node{},
	}
	indices := make(map[string]int32)
	tensors := func(names string) []*trace.Tensor {
		var list []*trace.Tensor
		for _, name := range strings.Fields(names) {
			if _, ok := indices[name]; !ok {
				indices[name] = int32(len(indices))
			}
			t := &trace.Tensor{Index: indices[name], Name: name, Type: int32(tflite.Float32), Shape: []int32{4}}
			if base, shape, ok := strings.Cut(strings.TrimSuffix(name, "]"), "["); ok {
				t.Name, t.Shape = base, nil
				for _, d := range strings.Split(shape, ",") {
					var n int32
					fmt.Sscan(d, &n)
					t.Shape = append(t.Shape, n)
				}
			}
			if as, ok := s.named[t.Name]; ok {
				t.Name = as
			}
			list = append(list, t)
		}
		return list
	}
	for _, t := range tensors(s.inputs) {
		f.Subgraphs[1].Inputs = append(f.Subgraphs[1].Inputs, t.Index)
	}
	for i, op := range s.ops {
		in, out, _ := strings.Cut(op, " -> ")
		kind, in, _ := strings.Cut(in, " ")
		n := &trace.Node{Id: uint32(i + 1), Subgraph: 1, Index: int32(i), OpCode: -1, Op: kind, Inputs: tensors(in), Outputs: tensors(out)}
		if replaced, ok := s.delegate[i]; ok {
			n.Delegate, n.Replaced = kind, replaced
		}
		f.Nodes[n.Id] = n
	}
	names := make(map[int32]string)
	for name, index := range indices {
		names[index] = name
	}
	runs := s.invokes
	if runs == nil {
		runs = [][]float32{make([]float32, 4)}
	}
	for i, input := range runs {
		add := func(c *snapshot.Capture) {
			values, ok := s.values[names[c.Tensor]]
			if !ok {
				n, _ := snapshot.Elements(f.Tensor(c).Shape)
				values = make([]float32, n)
			}
			if c.Role == snapshot.Role_INPUT {
				values = input
			}
			captured := snapshot.Captured{Capture: c, Data: le(values...)}
			if s.change != nil {
				s.change(&captured)
			}
			f.Captures = append(f.Captures, captured)
		}
		for _, index := range f.Subgraphs[1].Inputs {
			add(&snapshot.Capture{Node: 1, Tensor: index, Role: snapshot.Role_INPUT, Invoke: uint64(i + 1)})
		}
		for _, id := range slices.Sorted(maps.Keys(f.Nodes)) {
			for _, t := range f.Nodes[id].Outputs {
				add(&snapshot.Capture{Node: id, Tensor: t.Index, Invoke: uint64(i + 1)})
			}
		}
	}
	return f
}

func TestAlign(t *testing.T) {
	chain := []string{"CONV_2D x w -> a", "MUL a w2 -> b", "ADD b x -> c"}
	for _, c := range []struct {
		name            string
		edge, reference sketch
		want            []string // edge = reference, how
	}{
		{"names", sketch{inputs: "x", ops: chain}, sketch{inputs: "x", ops: chain}, []string{"x=x name", "a=a name", "b=b name", "c=c name"}},
		{"other order", sketch{inputs: "x", ops: []string{"MUL x w -> a", "ADD x w -> b", "SUB a b -> c"}},
			sketch{inputs: "x", ops: []string{"ADD x w -> b", "MUL x w -> a", "SUB a b -> c"}}, []string{"x=x name", "a=a name", "b=b name", "c=c name"}},
		{"other names", sketch{inputs: "x", ops: chain}, sketch{inputs: "x", ops: chain, named: map[string]string{"x": "x1", "a": "a1", "b": "b1", "c": "c1"}},
			[]string{"x=x1 structure", "a=a1 structure", "b=b1 structure", "c=c1 structure"}},
		{"no names", sketch{inputs: "x", ops: chain, named: map[string]string{"x": "", "a": "", "b": "", "c": ""}}, sketch{inputs: "x", ops: chain},
			[]string{"=x structure", "=a structure", "=b structure", "=c structure"}},
		{"fused", sketch{inputs: "x", ops: []string{"CONV_2D x w -> r", "MUL r w2 -> b"}}, sketch{inputs: "x", ops: []string{"CONV_2D x w -> a", "RELU a -> r1", "MUL r1 w2 -> b"}},
			[]string{"x=x name", "r=r1 structure", "b=b name"}},
		{"fused at the end", sketch{inputs: "x", ops: []string{"CONV_2D x w -> a", "RELU a -> r"}}, sketch{inputs: "y", ops: []string{"CONV_2D y w -> b"}},
			[]string{"x=y structure", "r=b structure"}},
		{"quantized", sketch{inputs: "x", ops: []string{"QUANTIZE x -> q", "CONV_2D q w -> a", "MUL a w2 -> b", "DEQUANTIZE b -> d"}},
			sketch{inputs: "y", ops: []string{"CONV_2D y w -> a1", "MUL a1 w2 -> b1"}}, []string{"x=y structure", "a=a1 structure", "b=b1 structure"}},
		{"layers with other numbers", sketch{inputs: "x", ops: []string{"CONV_2D x w -> conv1", "RELU conv1 -> relu1", "CONV_2D relu1 w -> conv2", "RELU conv2 -> relu2", "CONV_2D relu2 w -> conv3", "RELU conv3 -> relu3"}},
			sketch{inputs: "x", ops: []string{"CONV_2D x w -> conv1", "RELU conv1 -> relu2", "CONV_2D relu2 w -> conv2", "RELU conv2 -> relu3", "CONV_2D relu3 w -> conv3", "RELU conv3 -> relu4"}},
			[]string{"x=x name", "conv1=conv1 name", "relu1=relu2 structure", "conv2=conv2 name", "relu2=relu3 structure", "conv3=conv3 structure", "relu3=relu4 structure"}},
		{"delegate", sketch{inputs: "x", ops: []string{"CONV_2D x w -> a", "MUL a w2 -> b", "ADD b x -> c", "Delegate x -> b"}, delegate: map[int][]uint32{3: {0, 1}}},
			sketch{inputs: "x", ops: chain}, []string{"x=x name", "a=a name", "b=b name", "c=c name"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			edge, reference := graphs(c.edge.file())[0], graphs(c.reference.file())[0]
			a := align(edge, reference)
			var got []string
			for _, v := range edge.values() {
				if r := a.to[v]; r != nil {
					got = append(got, fmt.Sprintf("%s=%s %s", v.Name, r.Name, a.how[v]))
				}
			}
			slices.Sort(got)
			slices.Sort(c.want)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestIncomparable(t *testing.T) {
	empty := sketch{inputs: "x", ops: []string{"ADD x x -> a"}}.file()
	empty.Captures = nil
	model := &tflite.Model{
		OperatorCodes: []tflite.OperatorCode{{Code: 0}},
		Subgraphs:     []tflite.Subgraph{{Tensors: make([]tflite.Tensor, 3), Operators: []tflite.Operator{{Inputs: []int32{0, 0}, Outputs: []int32{1}}}}},
	}
	chain := sketch{inputs: "x", ops: []string{"ADD x x -> a", "MUL a a -> b", "ABS b -> c"}}
	statistics := chain
	statistics.change = func(c *snapshot.Captured) { c.Statistics, c.Data = &snapshot.Statistics{}, nil }
	for _, c := range []struct {
		edge, reference *snapshot.File
		options         Options
		want            string
	}{
		{chain.file(), sketch{inputs: "y", ops: []string{"SUB y y -> d", "DIV d d -> b"}}.file(), Options{}, "of the 3 tensors that app makes on the edge, 1 have a counterpart"},
		{chain.file(), sketch{inputs: "x", ops: []string{"ADD x x -> a[9]", "MUL a[9] a[9] -> b[9]"}}.file(), Options{}, "0 of the same size"},
		{empty, chain.file(), Options{}, "the edge's snapshot holds no tensors"},
		{chain.file(), empty, Options{}, "the reference's snapshot holds no tensors"},
		{statistics.file(), chain.file(), Options{}, "no op has an output that could be: of node 0, ADD: on the edge it has statistics only"},
		{chain.of("a"), chain.file(), Options{Model: model, SHA256: "b"}, "other weights"},
		{chain.of("a"), chain.file(), Options{Model: model, SHA256: "a"}, "subgraph 0 has 1 nodes in the file"},
		{chain.file(), chain.file(), Options{Model: model, SHA256: "b"}, "subgraph 0 has 1 nodes in the file, but node 1 ran on the edge"},
	} {
		_, err := Compare(t.Context(), c.edge, c.reference, c.options)
		if !errors.Is(err, ErrIncomparable) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// What can't be compared is said.
func TestSaid(t *testing.T) {
	chain := []string{"CONV_2D x w -> a", "MUL a w2 -> b", "ADD b x -> c", "SUB c x -> d"}
	edge := sketch{inputs: "x", ops: chain, change: func(c *snapshot.Captured) {
		switch c.Tensor {
		case 2:
			c.Missing, c.Data = "dropped: the writer could not keep up", nil
		case 4:
			c.Statistics, c.Data = &snapshot.Statistics{}, nil
		case 5:
			c.Described = &snapshot.Tensor{Type: int32(tflite.String), Shape: []int32{1}}
		}
	}}.file()
	edge.Cut, edge.Losses["writer"] = "the file ends within a record", 3
	r, err := Compare(t.Context(), edge, sketch{inputs: "x", ops: append(chain, "DIV d x -> e"), invokes: [][]float32{make([]float32, 4), {1, 2, 3, 4}}}.file(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"a": "dropped: the writer could not keep up", "b": "has statistics only", "c": "STRING isn't one of numbers that edgexray reads; both sides have the same bytes", "d": "",
	}
	for _, op := range r.Models[0].Ops {
		o := op.Outputs[0]
		if w := want[o.Name]; !strings.Contains(o.NotAccumulated, w) || (w == "") != (o.Accumulated != nil) || (w != "") != (op.Status == NotJudged) {
			t.Errorf("%s: %q, %v, want %q", o.Name, o.NotAccumulated, op.Status, w)
		}
	}
	if only := r.Models[0].ReferenceOnly; len(only) != 1 || only[0].Op != "DIV" {
		t.Errorf("only in the reference: %v", only)
	}
	problems := strings.Join(r.Problems, "\n")
	for _, want := range []string{"the edge's snapshot ends early", "lost 3 captures: writer", "ran 1 time in the edge's snapshot, 2 times in the reference's"} {
		if !strings.Contains(problems, want) {
			t.Errorf("problems %q, want %q", problems, want)
		}
	}
}

// Invokes belong together by what went in.
func TestInvokes(t *testing.T) {
	inputs := [][]float32{{1, 0, 0, 0}, {2, 0, 0, 0}, {3, 0, 0, 0}}
	ops := []string{"ADD x x -> a"}
	other := [][]float32{inputs[2], inputs[0]}
	r, err := Compare(t.Context(), sketch{inputs: "x", ops: ops, invokes: inputs}.file(), sketch{inputs: "x", ops: ops, invokes: other}.file(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m := r.Models[0]; m.Invokes != 2 || !m.Inputs[0].Accumulated.Worst.Identical || m.Ops[0].Outputs[0].Accumulated.Invokes != 2 {
		t.Errorf("%d invokes, %+v", m.Invokes, m.Inputs[0].Accumulated)
	}
	scaled := [][]float32{{10, 0, 0, 0}, {20, 0, 0, 0}, {30, 0, 0, 0}} // no two are equal: by order
	r, err = Compare(t.Context(), sketch{inputs: "x", ops: ops, invokes: inputs}.file(), sketch{inputs: "x", ops: ops, invokes: scaled}.file(), Options{Invokes: 2})
	if err != nil {
		t.Fatal(err)
	}
	if v := r.Verdict; v.Status != Suspicious || v.Suspects[0].Op != "input" || v.Suspects[0].Tensor != "x" || len(v.Suspects) != 1 {
		t.Errorf("%+v", v)
	}
	if m := r.Models[0]; m.Invokes != 2 || m.Inputs[0].Accumulated.Worst.MaxAbs != 9 || m.Inputs[0].Accumulated.WorstInvoke != 1 {
		t.Errorf("%d invokes, %+v", m.Invokes, m.Inputs[0].Accumulated.Worst)
	}
}

// Inputs that differ are a suspect before any op, and no invoke is left out silently.
func TestInputsDiffer(t *testing.T) {
	image := []float32{0, 1, 2, 3}
	ops, values := []string{"ADD x x -> a", "ADD a a -> b"}, map[string][]float32{"a": {0, 2, 4, 6}, "b": {0, 4, 8, 12}}
	other := map[string][]float32{"a": {6, 4, 2, 0}, "b": {12, 8, 4, 0}}
	edge := sketch{inputs: "x", ops: ops, values: values, invokes: [][]float32{image}}
	r, err := Compare(t.Context(), edge.file(), sketch{inputs: "x", ops: ops, values: other, invokes: [][]float32{{3, 2, 1, 0}}}.file(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if v := r.Verdict; v.Status != Suspicious || len(v.Suspects) != 1 || v.Suspects[0].Node != -1 || v.Suspects[0].Tensor != "x" {
		t.Errorf("%+v", v)
	}
	edge.invokes = append(edge.invokes, []float32{1, 1, 1, 1})
	r, err = Compare(t.Context(), edge.file(), sketch{inputs: "x", ops: ops, values: values, invokes: [][]float32{image, {2, 2, 2, 2}}}.file(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "ran 2 times in the edge's snapshot, 2 times in the reference's: the 1 with the same inputs"; !strings.Contains(strings.Join(r.Problems, "\n"), want) {
		t.Errorf("problems %q, want %q", r.Problems, want)
	}
}

// counting is a trusted kernel that gives zeros.
type counting struct{ ops []LocalOp }

func (c *counting) Run(_ context.Context, ops []LocalOp) ([]LocalResult, error) {
	c.ops = append(c.ops, ops...)
	results := make([]LocalResult, len(ops))
	for i, op := range ops {
		results[i] = LocalResult{Outputs: map[int32][]byte{int32(op.Node) + 10: make([]byte, 16)}, Kernel: "zeros", Exact: true}
		if op.Node == 3 {
			results[i] = LocalResult{Err: errors.New("no such kernel")}
		}
	}
	return results, nil
}

func (c *counting) Constant(int, int32) []byte { return nil }

// The first op that is wrong by itself is guilty, what it feeds is downstream, and without a model there are suspects.
func TestVerdict(t *testing.T) {
	ops := []string{"ADD x x -> a", "ADD a a -> b", "ADD b b -> c", "ADD c c -> d"}
	bad := []float32{9, 9, 9, 0}
	edge := sketch{inputs: "x", ops: ops, values: map[string][]float32{"b": bad, "d": bad}}
	reference := sketch{inputs: "x", ops: ops, values: map[string][]float32{"c": bad}}
	// Tensors 10 to 13 are the outputs of nodes 0 to 3.
	file := edge.file()
	renumber := func(f *snapshot.File) *snapshot.File {
		for _, n := range f.Nodes {
			for _, t := range append(slices.Clone(n.Inputs), n.Outputs...) {
				if t.Index > 0 && t.Index < 10 {
					t.Index += 9
				}
			}
		}
		for _, c := range f.Captures {
			if c.Tensor > 0 && c.Tensor < 10 {
				c.Tensor += 9
			}
		}
		return f
	}
	model := &tflite.Model{OperatorCodes: []tflite.OperatorCode{{Code: 0}}, Subgraphs: []tflite.Subgraph{{Tensors: make([]tflite.Tensor, 14), Inputs: []int32{0}}}}
	for i := range int32(4) {
		in := i + 9
		if i == 0 {
			in = 0
		}
		model.Subgraphs[0].Operators = append(model.Subgraphs[0].Operators, tflite.Operator{Inputs: []int32{in, in}, Outputs: []int32{i + 10}})
	}
	local := new(counting)
	r, err := Compare(t.Context(), renumber(file), renumber(reference.file()), Options{Model: model, Local: local})
	if err != nil {
		t.Fatal(err)
	}
	var statuses []Status
	for _, op := range r.Models[0].Ops {
		statuses = append(statuses, op.Status)
	}
	if diff := cmp.Diff([]Status{Right, Guilty, Downstream, Unclear}, statuses); diff != "" {
		t.Error(diff)
	}
	if v := r.Verdict; v.Status != PastTolerance || len(v.Guilty) != 1 || v.Guilty[0].Node != 1 || v.Right != 2 || v.NothingSeen != 2 {
		t.Errorf("%+v", v)
	}
	if why := r.Models[0].Ops[3].Why; !strings.Contains(why, "no such kernel") {
		t.Error(why)
	}
	if len(local.ops) != 4 || string(local.ops[2].Inputs[11]) != string(le(bad...)) {
		t.Errorf("ran %+v", local.ops)
	}
	r, err = Compare(t.Context(), renumber(edge.file()), renumber(reference.file()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if v := r.Verdict; v.Status != Suspicious || len(v.Guilty) != 0 || v.Suspects[0].Node != 1 || v.NotAlone != 4 {
		t.Errorf("%+v", v)
	}
}

// Of what a delegate ran only the end can be compared.
func TestDelegate(t *testing.T) {
	edge := sketch{
		inputs: "x", ops: []string{"CONV_2D x w -> a", "MUL a w2 -> b", "ADD b x -> c", "Delegate x w w2 -> b"},
		delegate: map[int][]uint32{3: {0, 1}}, values: map[string][]float32{"b": {9, 0, 0, 0}},
	}.file()
	edge.Captures = slices.DeleteFunc(edge.Captures, func(c snapshot.Captured) bool { return c.Node <= 2 && c.Role == snapshot.Role_OUTPUT })
	reference := sketch{inputs: "x", ops: []string{"CONV_2D x w -> a", "MUL a w2 -> b", "ADD b x -> c"}}
	r, err := Compare(t.Context(), edge, reference.file(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if v := r.Verdict; v.Status != Suspicious || v.Suspects[0].Node != 3 || !strings.Contains(v.Suspects[0].Why, "Delegate ran 2 nodes as one") {
		t.Errorf("%+v", v)
	}
	for _, op := range r.Models[0].Ops {
		if op.Node < 2 && (op.Status != NotJudged || op.Why != "it ran within node 3, Delegate") {
			t.Errorf("node %d: %v, %q", op.Node, op.Status, op.Why)
		}
	}
	if !strings.Contains(strings.Join(r.Problems, "\n"), "ran 2 nodes within 1 delegate node") {
		t.Error(r.Problems)
	}
}
