package reference

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/edgexray/edgexray/reference/protocol"
	"github.com/edgexray/edgexray/tflite"
)

// together runs ops in one model and notes their results.
func (b *batch) together(ctx context.Context, ops []int, form tflite.Form) error {
	places := make([]tflite.Place, len(ops))
	for i, op := range ops {
		places[i] = tflite.Place{Subgraph: b.ops[op].Subgraph, Node: b.ops[op].Node}
	}
	extract, err := b.local.model.Extract(b.local.file, places, form)
	if err != nil {
		return err
	}
	request := protocol.Request{
		Model:       filepath.Join(b.dir, "ops.tflite"),
		Kernels:     b.session.runner.kernels,
		Inputs:      filepath.Join(b.dir, "inputs"),
		Outputs:     filepath.Join(b.dir, "outputs"),
		KeepOutputs: true,
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
func (b *batch) writeInputs(path string, ops []int, extract *tflite.Extract, form tflite.Form) ([][]int32, error) {
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
			if form == tflite.InFloat && t.Quantized() {
				values, err := t.Quantization.Real(t.Type, shape, data)
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
func (b *batch) readOutputs(path string, sizes []int64, ops []int, extract *tflite.Extract, form tflite.Form) error {
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
			if form == tflite.InFloat && t.Quantized() {
				if output, err = t.Quantization.Integers(t.Type, floats(output)); err != nil {
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
func (b *batch) succeed(i int, form tflite.Form, outputs map[int32][]byte) {
	result := &b.results[i]
	result.Outputs, result.Exact = outputs, form == tflite.AsIs
	result.Kernel = fmt.Sprintf("%s, %s", b.session.runner.kernels, b.session.runner.runtime)
	if form == tflite.InFloat {
		result.Kernel = fmt.Sprintf("float, requantised; %s: %v", result.Kernel, result.Err)
	}
	result.Err = nil
}

func floatBytes(values []float32) []byte {
	data := make([]byte, 0, 4*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return data
}

func floats(data []byte) []float32 {
	values := make([]float32, len(data)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return values
}
