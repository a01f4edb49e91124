package test

import (
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/tflite"
)

// Each of XNNPACK's operators stands for nodes, the right ones. What is right comes out of the model's file: an operator does
// what its name says, no node's work is done before that which it reads, and nothing that a delegate node replaced is left out
// but constants that were made ready before.
func TestMapping(t *testing.T) {
	for _, runtime := range []struct {
		name string
		app  func(model string) []string
	}{
		{"LiteRT 2.3.0", func(name string) []string { return litert(t, model(t, name), "--invokes", "1") }},
		{"LiteRT 2.3.0, 2 threads", func(name string) []string { return litert(t, model(t, name), "--invokes", "1", "--threads", "2") }},
		{"LiteRT 1.4.0", func(name string) []string { return litert140(t, model(t, name), "--invokes", "1") }},
		{"TFLite 2.17.1", func(name string) []string {
			return capi(t, "2.17.1", "--model", model(t, name), "--invokes", "1", "--xnnpack", "2")
		}},
		{"TFLite 2.9.0", func(name string) []string {
			return capi(t, "2.9.0", "--model", model(t, name), "--invokes", "1", "--xnnpack", "1")
		}},
	} {
		for _, name := range []string{
			"mobilenet_v1_float", "mobilenet_v2_float", "mobilenet_v2_int8", "mobilenet_v3_small_float", "mobilenet_v3_small_int8",
			"face_landmark", "iris_landmark", "face_detection_front", "face_detection_full_range_sparse",
		} {
			t.Run(runtime.name+"/"+name, func(t *testing.T) {
				m := recordCommand(t, runtime.app(name)).ops(t).model(t)
				checkMapping(t, m, parse(t, model(t, name)))
			})
		}
	}
}

// A delegate node of one operator teaches nothing. What larger ones taught in an earlier recording maps it.
func TestMappingOfOne(t *testing.T) {
	recordCommand(t, litert(t, model(t, "mobilenet_v1_float"), "--invokes", "1"))
	for _, name := range []string{"if", "dynamic"} {
		operators := 0
		for _, m := range recordCommand(t, litert(t, model(t, name), "--invokes", "1")).ops(t).Models {
			for _, op := range m.Operators {
				operators++
				if op.Mapping != "exact" {
					t.Errorf("%s: operator %d of node %d (%s) is %s", name, op.OperatorIndex, op.DelegateNode, op.Operator, op.Mapping)
				}
			}
		}
		if operators == 0 {
			t.Errorf("%s: no operators", name)
		}
	}
}

// MediaPipe's C++ library has vectors of its own kind: its nodes have their places all the same.
func TestMappingInMediaPipe(t *testing.T) {
	name := model(t, "face_detection_short_range")
	m := recordCommand(t, mediapipe(t, name, "--invokes", "3")).ops(t).model(t)
	if file := parse(t, name); len(m.Ops) != 1 || len(m.Ops[0].Replaced) != len(file.Subgraphs[0].Operators) || len(m.Operators) == 0 {
		t.Errorf("%d nodes, %d operators, want one that replaced %d nodes", len(m.Ops), len(m.Operators), len(file.Subgraphs[0].Operators))
	} else {
		checkMapping(t, m, file)
	}
}

// does is what of an op's name an operator's name has to go with; operators of other names are helpers within many ops.
var does = map[string][]string{
	"Convolution": {"CONV_2D"}, "Fully Connected": {"CONV_2D", "FULLY_CONNECTED"}, "Constant Pad": {"PAD"}, "Add": {"ADD"},
	"Multiply": {"MUL"}, "Max Pooling": {"MAX_POOL_2D"}, "Softmax": {"SOFTMAX"}, "PReLU": {"PRELU"}, "Mean": {"MEAN"},
	"Global Average Pooling": {"MEAN", "AVERAGE_POOL_2D"}, "Resize Bilinear": {"RESIZE_BILINEAR"},
}

func checkMapping(t *testing.T, m modelJSON, file *tflite.Model) {
	s := &file.Subgraphs[0]
	code := func(node int) string { return file.OperatorCodes[s.Operators[node].Opcode].String() }
	replaced := make(map[int][]int) // by delegate node
	for _, op := range m.Ops {
		if op.Delegate != "" {
			replaced[op.Node] = op.Replaced
		}
	}
	last := make(map[int]int) // operator of a node
	for _, op := range m.Operators {
		if op.Mapping != "exact" && op.Mapping != "fused" || (op.Mapping == "fused") != (len(op.MappedNodes) > 1) || op.MappedNodes[0] != op.Node {
			t.Errorf("operator %d of node %d (%s) is %s: %v", op.OperatorIndex, op.DelegateNode, op.Operator, op.Mapping, op.MappedNodes)
			continue
		}
		kind, _, _ := strings.Cut(op.Operator, " (")
		fits := len(does[kind]) == 0
		for i, node := range op.MappedNodes {
			if !slices.Contains(replaced[op.DelegateNode], node) || op.MappedOps[i] != code(node) {
				t.Errorf("operator %d of node %d stands for %d %s", op.OperatorIndex, op.DelegateNode, node, op.MappedOps[i])
			}
			last[node] = op.OperatorIndex
			fits = fits || slices.ContainsFunc(does[kind], func(part string) bool { return strings.Contains(code(node), part) })
		}
		if output := s.Operators[op.Node].Outputs; !fits || len(op.Outputs) != len(output) || op.Outputs[0].Index != int(output[0]) {
			t.Errorf("%s stands for %v, outputs %v", op.Operator, op.MappedOps, op.Outputs)
		}
	}
	for delegate, nodes := range replaced {
		maker := make(map[int32]int)
		for _, node := range nodes {
			for _, tensor := range s.Operators[node].Outputs {
				maker[tensor] = node
			}
		}
		for _, node := range nodes {
			operator, ok := last[node]
			if !ok {
				if prepared := code(node) == "DEQUANTIZE" || code(node) == "DENSIFY"; !prepared {
					t.Errorf("no operator of node %d stands for %d %s", delegate, node, code(node))
				}
				continue
			}
			for _, tensor := range s.Operators[node].Inputs {
				if before, ok := maker[tensor]; ok && last[before] > operator {
					t.Errorf("%d %s is done by operator %d, but what it reads by %d", node, code(node), operator, last[before])
				}
			}
		}
	}
}
