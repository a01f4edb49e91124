//go:build gotflite

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/mattn/go-tflite"

	"github.com/edgexray/edgexray/reference/protocol"
)

// run runs a request. What fails in it is reported; an error is of the reports themselves.
func run(request protocol.Request, reports *json.Encoder) error {
	var failed error // to report
	report := func(r protocol.Report) { failed = errors.Join(failed, reports.Encode(r)) }
	sizes, err := invokeAll(request, report)
	if failed != nil {
		return failed
	}
	if err != nil {
		return reports.Encode(protocol.Report{Error: err.Error()})
	}
	return reports.Encode(protocol.Report{Stage: protocol.Done, Sizes: sizes})
}

// invokeAll returns how large each output was.
func invokeAll(request protocol.Request, report func(protocol.Report)) ([]int64, error) {
	if request.Kernels != protocol.Builtin {
		return nil, fmt.Errorf("a TensorFlow Lite C library has no %s kernels", request.Kernels)
	}
	inputs, err := os.Open(request.Inputs)
	if err != nil {
		return nil, err
	}
	defer inputs.Close()
	outputs, err := os.Create(cmp.Or(request.Outputs, os.DevNull))
	if err != nil {
		return nil, err
	}
	defer outputs.Close()

	report(protocol.Report{Stage: protocol.Loading})
	interpreter, end, err := load(request.Model)
	if err != nil {
		return nil, err
	}
	defer end()
	var prepared [][]int32
	var sizes []int64
	for i, shapes := range request.Invokes {
		if i == 0 || !slices.EqualFunc(shapes, prepared, slices.Equal) {
			report(protocol.Report{Stage: protocol.Preparing, Invoke: i + 1})
			if err := prepare(interpreter, shapes); err != nil {
				return nil, err
			}
			prepared = shapes
		}
		report(protocol.Report{Stage: protocol.Invoking, Invoke: i + 1})
		if err := invoke(interpreter, inputs); err != nil {
			return nil, err
		}
		if request.Outputs != "" {
			written, err := writeOutputs(interpreter, outputs)
			if err != nil {
				return nil, err
			}
			sizes = append(sizes, written...)
		}
	}
	return sizes, nil
}

// load returns an interpreter of a model file, and what ends it.
func load(path string) (*tflite.Interpreter, func(), error) {
	model := tflite.NewModelFromFile(path)
	if model == nil {
		return nil, nil, errors.New("the library can't load the model")
	}
	options := tflite.NewInterpreterOptions()
	options.SetNumThread(1)
	interpreter := tflite.NewInterpreter(model, options)
	if interpreter == nil {
		return nil, nil, errors.New("the library can't make an interpreter of the model")
	}
	return interpreter, func() {
		interpreter.Delete()
		options.Delete()
		model.Delete()
	}, nil
}

func prepare(interpreter *tflite.Interpreter, shapes [][]int32) error {
	for i, shape := range shapes {
		tensor := interpreter.GetInputTensor(i)
		same := len(shape) == tensor.NumDims()
		for d := 0; same && d < len(shape); d++ {
			same = int(shape[d]) == tensor.Dim(d)
		}
		if same {
			continue
		}
		if len(shape) == 0 { // go-tflite takes the address of the first dimension
			return fmt.Errorf("input %d: go-tflite can't make a tensor a scalar", i)
		}
		if interpreter.ResizeInputTensor(i, shape) != tflite.OK {
			return fmt.Errorf("input %d can't have the shape %v", i, shape)
		}
	}
	if interpreter.AllocateTensors() != tflite.OK {
		return errors.New("the library can't prepare the model")
	}
	return nil
}

func invoke(interpreter *tflite.Interpreter, inputs io.Reader) error {
	for i := range interpreter.GetInputTensorCount() {
		tensor := interpreter.GetInputTensor(i)
		data := make([]byte, tensor.ByteSize())
		if _, err := io.ReadFull(inputs, data); err != nil {
			return fmt.Errorf("data of input %d: %w", i, err)
		}
		if tensor.CopyFromBuffer(data) != tflite.OK {
			return fmt.Errorf("input %d of %d bytes can't be set", i, len(data))
		}
	}
	if interpreter.Invoke() != tflite.OK {
		return errors.New("the library can't invoke the model")
	}
	return nil
}

// writeOutputs returns how many bytes each output has.
func writeOutputs(interpreter *tflite.Interpreter, outputs io.Writer) ([]int64, error) {
	var sizes []int64
	for i := range interpreter.GetOutputTensorCount() {
		tensor := interpreter.GetOutputTensor(i)
		data := make([]byte, tensor.ByteSize())
		if len(data) > 0 && tensor.CopyToBuffer(data) != tflite.OK {
			return nil, fmt.Errorf("output %d of %d bytes can't be read", i, len(data))
		}
		if _, err := outputs.Write(data); err != nil {
			return nil, err
		}
		sizes = append(sizes, int64(len(data)))
	}
	return sizes, nil
}
