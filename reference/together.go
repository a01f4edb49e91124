package reference

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/edgexray/edgexray/reference/protocol"
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
)

// form is the numbers in which ops compute.
type form int

const (
	asIs    form = iota
	inFloat      // quantized tensors are FLOAT32 instead
)

// constants are how Model.Extract makes constants of a form.
var constants = map[form]func(*tflite.Tensor, []byte) ([]float32, error){
	inFloat: func(t *tflite.Tensor, data []byte) ([]float32, error) { return real(described(t, t.Shape), data) },
}

// together runs ops in one model and notes their results.
func (b *batch) together(ctx context.Context, ops []int, form form) error {
	places := make([]tflite.Place, len(ops))
	for i, op := range ops {
		places[i] = place(b.ops[op])
	}
	extract, err := b.local.model.Extract(b.local.file, places, constants[form])
	if err != nil {
		return err
	}
	request := protocol.Request{
		Model:   filepath.Join(b.dir, "ops.tflite"),
		Kernels: b.session.runner.kernels,
		Inputs:  filepath.Join(b.dir, "inputs"),
		Outputs: filepath.Join(b.dir, "outputs"),
	}
	if err := os.WriteFile(request.Model, extract.File, 0o600); err != nil {
		return err
	}
	shapes, err := b.writeInputs(request.Inputs, ops, extract, form)
	if err != nil {
		return err
	}
	request.Invokes = [][][]int32{shapes}
	report, err := b.session.do(ctx, request)
	if err != nil {
		return err
	}
	return b.readOutputs(request.Outputs, report.Sizes, ops, extract, form)
}

// writeInputs writes the data of all inputs of the extract, and returns their shapes.
func (b *batch) writeInputs(path string, ops []int, extract *tflite.Extract, form form) ([][]int32, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	shapes := [][]int32{}
	for i, ends := range extract.Ops {
		op := b.ops[ops[i]]
		for _, index := range ends.Inputs {
			t := &b.local.model.Subgraphs[op.Subgraph].Tensors[index]
			shape, data := shapeOf(t, op, index), op.Inputs[index]
			if form == inFloat && t.Quantized() {
				values, err := real(described(t, shape), data)
				if err != nil {
					return nil, &Refused{Said: fmt.Sprintf("tensor %d: %v", index, err)}
				}
				data = floatBytes(values)
			}
			if _, err := file.Write(data); err != nil {
				return nil, err
			}
			shapes = append(shapes, shape)
		}
	}
	return shapes, file.Close()
}

// readOutputs notes the results of ops from a file with the data of all outputs of the extract.
func (b *batch) readOutputs(path string, sizes []int64, ops []int, extract *tflite.Extract, form form) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	all := make([]map[int32][]byte, len(ops)) // noted when none of them turns out to be unusable
	for i, ends := range extract.Ops {
		op := b.ops[ops[i]]
		all[i] = make(map[int32][]byte, len(ends.Outputs))
		for _, index := range ends.Outputs {
			if len(sizes) == 0 || sizes[0] < 0 || sizes[0] > int64(len(data)) {
				return fmt.Errorf("%s wrote other outputs than it reported", b.session.runner.name)
			}
			output := data[:sizes[0]:sizes[0]]
			data, sizes = data[sizes[0]:], sizes[1:]
			t := &b.local.model.Subgraphs[op.Subgraph].Tensors[index]
			if form == inFloat && t.Quantized() {
				if output, err = quantize(described(t, nil), snapshot.Cast[float32](output)); err != nil {
					return &Refused{Said: fmt.Sprintf("tensor %d: %v", index, err)}
				}
			}
			all[i][index] = output
		}
	}
	for i, outputs := range all {
		b.succeed(ops[i], form, outputs)
	}
	return nil
}

// succeed notes an op's result.
func (b *batch) succeed(i int, form form, outputs map[int32][]byte) {
	result := &b.results[i]
	result.Outputs, result.Exact = outputs, form == asIs
	result.Kernel = fmt.Sprintf("%s, %s", b.session.runner.kernels, b.session.runner.runtime)
	switch {
	case form == inFloat && result.Err == nil:
		result.Kernel = "float, requantised; " + result.Kernel
	case form == inFloat:
		result.Kernel = fmt.Sprintf("float, requantised; %s: %v", result.Kernel, result.Err)
	}
	result.Err = nil
}
