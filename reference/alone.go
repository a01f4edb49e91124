package reference

import (
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/tflite"
)

// notAlone are the types of tensors with which no op runs alone, and why.
var notAlone = map[tflite.Type]string{
	tflite.Resource: "it works on a variable or table that lives as long as the whole model",
	tflite.Variant:  "it works on an object that other ops make",
	tflite.String:   "strings can't be fed to it",
}

// random are the ops whose result is another one each time.
var random = []string{"RANDOM_STANDARD_NORMAL", "RANDOM_UNIFORM", "MULTINOMIAL", "STABLEHLO_RNG_BIT_GENERATOR"}

// check returns why an op can't run alone.
func (l *local) check(op compare.LocalOp) error {
	if op.Subgraph < 0 || op.Subgraph >= len(l.model.Subgraphs) || op.Node < 0 || op.Node >= len(l.model.Subgraphs[op.Subgraph].Operators) {
		return fmt.Errorf("the model file has no node %d in a subgraph %d (is it another model?)", op.Node, op.Subgraph)
	}
	s, o := l.operator(op)
	code := l.model.OperatorCodes[o.Opcode]
	if code.Code.RunsSubgraphs() {
		return fmt.Errorf("%v can't run alone: it runs other subgraphs of the model", code)
	}
	if slices.Contains(random, code.String()) {
		return fmt.Errorf("%v can't be compared: its result is random", code)
	}
	for _, t := range slices.Concat(o.Inputs, o.Outputs) {
		if t >= 0 && notAlone[s.Tensors[t].Type] != "" {
			return fmt.Errorf("%v can't run alone: %s", code, notAlone[s.Tensors[t].Type])
		}
	}
	for _, t := range o.Inputs {
		if t < 0 || !l.fed[op.Subgraph][t] {
			continue
		}
		if err := fits(&s.Tensors[t], op, t); err != nil {
			return fmt.Errorf("%v can't run alone: %w", code, err)
		}
	}
	return nil
}

// fits returns what is wrong with the data of an op's input.
func fits(t *tflite.Tensor, op compare.LocalOp, index int32) error {
	what := "input"
	if t.IsVariable {
		what = "state"
	}
	data, ok := op.Inputs[index]
	if !ok {
		return fmt.Errorf("its %s %q (tensor %d) wasn't captured", what, t.Name, index)
	}
	shape := shapeOf(t, op, index)
	if size, ok := tflite.Size(t.Type, shape); !ok || size != int64(len(data)) {
		return fmt.Errorf("%d bytes of its %s %q (tensor %d) are not %v%v", len(data), what, t.Name, index, t.Type, shape)
	}
	return nil
}

// shapeOf returns the shape that an op's input had.
func shapeOf(t *tflite.Tensor, op compare.LocalOp, index int32) []int32 {
	if shape, ok := op.Shapes[index]; ok {
		return append([]int32{}, shape...) // [], not null, of a scalar
	}
	return append([]int32{}, t.Shape...)
}

func (l *local) operator(op compare.LocalOp) (*tflite.Subgraph, *tflite.Operator) {
	s := &l.model.Subgraphs[op.Subgraph]
	return s, &s.Operators[op.Node]
}

func (l *local) name(op compare.LocalOp) string {
	_, o := l.operator(op)
	return l.model.OperatorCodes[o.Opcode].String()
}

// quantized tells whether the op has a form in float of its own.
func (l *local) quantized(op compare.LocalOp) bool {
	s, o := l.operator(op)
	return slices.ContainsFunc(slices.Concat(o.Inputs, o.Outputs), func(t int32) bool {
		return t >= 0 && s.Tensors[t].Quantized()
	})
}
