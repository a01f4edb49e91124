package xnnpack

import (
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/edgexray/edgexray/tflite"
)

// fake is a process's memory from address base on.
type fake []byte

const base = 1 << 12

func (m fake) ReadAt(b []byte, address int64) (int, error) {
	if address < base || address >= base+int64(len(m)) {
		return 0, io.EOF
	}
	n := copy(b, m[address-base:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (m fake) put64(at int, v uint64) { le.PutUint64(m[at:], v) }
func (m fake) put32(at int, v uint32) { le.PutUint32(m[at:], v) }

// release is where a release of XNNPACK has things. numbers gives tensors their values' ids.
type release struct {
	name                               string
	stride, first, inputs, outputs     int // inputs and outputs from the slot's beginning on
	counted                            bool
	valueStride, valueData, valueCount int
	numbers                            func(tensor int32) uint32
}

var releases = []release{
	{"identical", 288, 0, 272, 280, false, 24, 8, 17, func(t int32) uint32 { return uint32(t) }},
	{"within", 512, 8, 356, 380, true, 176, 120, 30, func(t int32) uint32 { return uint32(t) + 13 }},
	{"apart", 240, 8, 164, 188, true, 160, 0, 32, func(t int32) uint32 {
		switch t {
		case 0:
			return 0
		case 16:
			return 1
		}
		return uint32(t) + 14
	}},
}

// A convolution with its activation, five more convolutions and a sum of the first and last: tensor 0 goes in, 16 comes out,
// 1 to 6 are weights.
func testGraph() *Graph {
	g := &Graph{Inputs: []int32{0, 1}, Outputs: []int32{16}, Tensors: make([]Tensor, 17)}
	g.Nodes = []Node{{0, 3, []int32{0, 1}, []int32{7}}, {1, 19, []int32{7}, []int32{8}}}
	for i := range int32(5) {
		g.Nodes = append(g.Nodes, Node{2 + i, 3, []int32{8 + i, 2 + i}, []int32{9 + i}})
	}
	g.Nodes = append(g.Nodes, Node{7, 0, []int32{8, 13}, []int32{14}}, Node{8, 19, []int32{14}, []int32{15}}, Node{9, 25, []int32{15}, []int32{16}})
	for t := range g.Tensors {
		constant := t > 0 && t < 7
		if constant || t == 0 || t == 16 {
			g.Tensors[t] = Tensor{Data: 0x700000 + uint64(t)*64, Constant: constant}
		}
	}
	return g
}

// slots of the runtime: the tensors that they read and write.
var testSlots = []struct{ inputs, outputs []int32 }{
	{[]int32{0, 1}, []int32{8}}, {[]int32{8, 2}, []int32{9}}, {[]int32{9, 3}, []int32{10}}, {[]int32{10, 4}, []int32{11}},
	{[]int32{11, 5}, []int32{12}}, {[]int32{12, 6}, []int32{13}}, {[]int32{8, 13}, []int32{15}}, {[]int32{15}, []int32{16}},
}

func (r release) memory(g *Graph) (memory fake, operators []uint64) {
	const runtime, slots, values = 1024, 2048, 16384
	memory = make(fake, 32768)
	memory.put64(24, base+runtime)
	memory.put64(runtime+runtimeSlots, base+slots)
	memory.put64(runtime+runtimeSlotCount, uint64(len(testSlots)))
	memory.put64(runtime+runtimeValues, base+values)
	memory.put64(runtime+runtimeValueCount, uint64(r.valueCount))
	for i, s := range testSlots {
		at, operator := slots+i*r.stride, 0x500000+uint64(i)*512
		operators = append(operators, operator)
		memory.put64(at+r.first, operator)
		inputs := s.inputs
		if r.counted {
			memory.put32(at+r.inputs-4, uint32(len(s.inputs)))
			memory.put32(at+r.outputs-4, uint32(len(s.outputs)))
		} else if g.Tensors[inputs[len(inputs)-1]].Constant {
			inputs = inputs[:1] // old releases forget the weights
		}
		for k, t := range inputs {
			memory.put32(at+r.inputs+4*k, r.numbers(t))
		}
		for k, t := range s.outputs {
			memory.put32(at+r.outputs+4*k, r.numbers(t))
		}
	}
	for t, tensor := range g.Tensors {
		memory.put64(values+int(r.numbers(int32(t)))*r.valueStride+r.valueData, tensor.Data)
	}
	return memory, operators
}

func TestMap(t *testing.T) {
	want := [][]int{{0, 1}, {2}, {3}, {4}, {5}, {6}, {7, 8}, {9}}
	for _, r := range releases {
		t.Run(r.name, func(t *testing.T) {
			g := testGraph()
			memory, operators := r.memory(g)
			runtime, err := Read(memory, base, operators)
			if err != nil {
				t.Fatal(err)
			}
			s := Sample{Runtime: runtime, Graph: g}
			l, err := Learn([]Sample{s})
			if want := (Layout{SlotLayout{r.inputs - r.first, r.outputs - r.first, r.counted}, ValueLayout{r.valueStride, r.valueData}}); err != nil || l != want {
				t.Fatalf("learned %+v (%v), want %+v", l, err, want)
			}
			for i, m := range s.Map(l) {
				confidence := Exact
				if len(want[i]) > 1 {
					confidence = Fused
				}
				if !slices.Equal(m.Nodes, want[i]) || m.Confidence != confidence {
					t.Errorf("operator %d: %v, want %v", i, m, want[i])
				}
			}
		})
	}
}

// An operator that reads what its nodes don't is unknown, as is one whose name says that it does something else.
func TestContradicted(t *testing.T) {
	r, g := releases[1], testGraph()
	memory, operators := r.memory(g)
	runtime, err := Read(memory, base, operators)
	if err != nil {
		t.Fatal(err)
	}
	l, _ := Learn([]Sample{{Runtime: runtime, Graph: g}})
	names := make([]string, len(operators))
	names[7] = "Max Pooling (NHWC, F32)" // stands for a SOFTMAX
	le.PutUint32(runtime.slots[3].memory[l.Slots.Inputs+4:], r.numbers(2))
	for i, m := range (Sample{runtime, g, names}).Map(l) {
		if unknown := i == 3 || i == 7; (m.Confidence == Unknown) != unknown || !unknown && m.Confidence != Inferred {
			t.Errorf("operator %d is %s", i, m.Confidence)
		}
	}
}

func TestNoRuntime(t *testing.T) {
	g := testGraph()
	memory, operators := releases[0].memory(g)
	for _, test := range []struct {
		object    uint64
		operators []uint64
	}{{0, operators}, {base + 64, operators}, {base, nil}, {base, []uint64{1}}, {base, slices.Concat(operators[1:], operators[:1])}} {
		if r, err := Read(memory, test.object, test.operators); err == nil {
			t.Errorf("%#x, %#x: %v", test.object, test.operators, r)
		}
	}
}

// Whatever is in memory: nothing panics, and each operator gets an answer that is about the graph's nodes.
func FuzzMap(f *testing.F) {
	g := testGraph()
	for _, r := range releases {
		memory, operators := r.memory(g)
		f.Add([]byte(memory), operators[0], operators[1], int32(7), int32(8))
	}
	f.Fuzz(func(t *testing.T, memory []byte, first, second uint64, in, out int32) {
		g := testGraph()
		g.Nodes = append(g.Nodes,
			Node{10, tflite.OpDequantize, []int32{in}, []int32{out}}, Node{11, tflite.OpAssignVariable, []int32{out, in}, nil},
			Node{12, tflite.OpVarHandle, nil, []int32{in}}, Node{13, tflite.OpReadVariable, []int32{out}, []int32{in}})
		operators := []uint64{first, second}
		r, err := Read(fake(memory[:min(len(memory), 1<<15)]), base, operators)
		if err != nil {
			return
		}
		s := Sample{r, g, []string{"Convolution (NHWC, F32)", ""}}
		layouts := []Layout{{SlotLayout{348, 372, true}, ValueLayout{176, 120}}, {SlotLayout{272, 280, false}, ValueLayout{24, 8}}}
		if l, err := Learn([]Sample{s, s}); err == nil {
			layouts = append(layouts, l)
		}
		for _, l := range layouts {
			mappings := s.Map(l)
			if len(mappings) != len(operators) {
				t.Fatalf("%d mappings", len(mappings))
			}
			for _, m := range mappings {
				if (m.Confidence == Unknown) != (len(m.Nodes) == 0) || len(m.Nodes) > 0 && slices.Max(m.Nodes) >= len(g.Nodes) {
					t.Fatal(fmt.Sprint(m))
				}
			}
		}
	})
}
