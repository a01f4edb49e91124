// Package metadata makes use of what a model's file says of its inputs: a pipeline that makes them, and the files that are
// packed with the model.
package metadata

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/tflite"
)

// maxFile is the most that a packed file may have: a vocabulary of a few hundred thousand words.
const maxFile = 64 << 20

// What an input may be at most for a pipeline to be proposed: larger shapes are those of damaged files.
const (
	maxSide    = 1 << 13
	maxSamples = 1 << 24
	maxRate    = 1 << 20
)

// File reads a file that is packed with a model of size bytes.
func File(model io.ReaderAt, size int64, name string) ([]byte, error) {
	archive, err := zip.NewReader(model, size)
	if err != nil {
		return nil, fmt.Errorf("open %s in the model: %w (no files are packed with it)", name, err)
	}
	for _, f := range archive.File {
		if f.Name != name {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("open %s in the model: %w", name, err)
		}
		defer r.Close()
		content, err := io.ReadAll(io.LimitReader(r, maxFile+1))
		if err == nil && len(content) > maxFile {
			err = fmt.Errorf("it has more than %d bytes", maxFile)
		}
		if err != nil {
			return nil, fmt.Errorf("read %s in the model: %w", name, err)
		}
		return content, nil
	}
	return nil, fmt.Errorf("open %s in the model: no file of that name is packed with it", name)
}

// Pipeline proposes how a model's inputs are made, as the text of a pipeline file: from its metadata, the shape and type of its
// inputs and their quantization. What nothing says is in its comments. It is an error when nothing can be proposed.
func Pipeline(model *tflite.Model, m *tflite.Metadata) (string, error) {
	if len(model.Subgraphs) == 0 {
		return "", errors.New("the model has no subgraph")
	}
	graph := &model.Subgraphs[0]
	if len(m.Inputs) != len(graph.Inputs) {
		return "", fmt.Errorf("the metadata is of %d inputs; the model has %d", len(m.Inputs), len(graph.Inputs))
	}
	var text strings.Builder
	for i, index := range graph.Inputs {
		if index < 0 {
			continue
		}
		lines, err := input(&graph.Tensors[index], &m.Inputs[i])
		if err != nil {
			return "", fmt.Errorf("input %d, %q: %w", i, m.Inputs[i].Name, err)
		}
		if len(graph.Inputs) > 1 {
			fmt.Fprintf(&text, "input %d\n", i)
		}
		text.WriteString(strings.Join(lines, "\n") + "\n")
	}
	if text.Len() == 0 {
		return "", errors.New("the model has no inputs")
	}
	return text.String(), nil
}

func input(t *tflite.Tensor, m *tflite.TensorMetadata) ([]string, error) {
	switch {
	case m.Content == tflite.ImageContent:
		return picture(t, m)
	case m.Content == tflite.AudioContent:
		return sound(t, m)
	case m.Tokenizer.Kind != tflite.NoTokenizer:
		return nil, errors.New("it is text: write its pipeline with wordpiece or words, on the vocabulary that is packed with the model")
	}
	return nil, errors.New("the metadata doesn't say that it is a picture or sound")
}

func picture(t *tflite.Tensor, m *tflite.TensorMetadata) ([]string, error) {
	if len(t.Shape) != 4 || min(t.Shape[1], t.Shape[2]) < 1 || max(t.Shape[1], t.Shape[2]) > maxSide {
		return nil, fmt.Errorf("it is a picture of shape %v, not of [1, height, width, channels] in bounds", t.Shape)
	}
	lines := []string{"decode exif"}
	if m.Color == tflite.Grayscale {
		lines[0] += " gray"
	}
	lines = append(lines,
		"# The metadata doesn't say how the model's training resized.",
		fmt.Sprintf("resize %dx%d tf2.bilinear", t.Shape[2], t.Shape[1]))
	normalize, err := normalization(m)
	if err != nil {
		return nil, err
	}
	lines = append(lines, normalize...)
	last, err := element(t, len(normalize) > 0)
	return append(append(lines, last...), "batch"), err
}

func sound(t *tflite.Tensor, m *tflite.TensorMetadata) ([]string, error) {
	samples := int32(1)
	for _, d := range t.Shape {
		samples = max(samples, d)
	}
	if t.Type != tflite.Float32 {
		return nil, fmt.Errorf("it is sound in elements of %v: write its pipeline yourself", t.Type)
	}
	if m.Rate < 1 || m.Rate > maxRate || m.Channels > 1 || samples > maxSamples {
		return nil, fmt.Errorf("it is sound of %d Hz, %d channels and %d samples: write its pipeline yourself", m.Rate, m.Channels, samples)
	}
	return []string{"wav", "mono mean", fmt.Sprintf("resample %d polyphase", m.Rate), "float", fmt.Sprintf("length %d", samples)}, nil
}

func normalization(m *tflite.TensorMetadata) ([]string, error) {
	if len(m.Mean) == 0 && len(m.Std) == 0 {
		return nil, nil
	}
	if len(m.Mean) > 1 && len(m.Std) > 1 && len(m.Mean) != len(m.Std) {
		return nil, fmt.Errorf("the metadata has %d means and %d deviations", len(m.Mean), len(m.Std))
	}
	for _, s := range m.Std {
		if !(s > 0) {
			return nil, fmt.Errorf("the metadata divides by %v", s)
		}
	}
	words := "normalize"
	for _, p := range []struct {
		key    string
		values []float32
	}{{"mean", m.Mean}, {"std", m.Std}} {
		if len(p.values) > 0 {
			words += " " + p.key + "=" + numbers(p.values)
		}
	}
	return []string{words}, nil
}

func numbers(values []float32) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = strconv.FormatFloat(float64(v), 'g', -1, 32)
	}
	return strings.Join(words, ",")
}

// types are how steps name the types that an input may have.
var types = map[tflite.Type]string{tflite.Float32: "float32", tflite.UInt8: "uint8", tflite.Int8: "int8", tflite.Int16: "int16"}

// element makes the elements of the input's type. A quantized input takes what was normalized, quantized; without a
// normalization, the picture's bytes are its elements.
func element(t *tflite.Tensor, normalized bool) ([]string, error) {
	name, known := types[t.Type]
	q := t.Quantization
	switch {
	case !known:
		return nil, fmt.Errorf("it takes elements of %v", t.Type)
	case t.Type == tflite.Float32 && normalized:
		return nil, nil
	case t.Type == tflite.Float32:
		return []string{"# The metadata doesn't say of a normalization: 0 to 255 is fed.", "cast type=float32"}, nil
	case t.Type == tflite.UInt8 && !normalized:
		return []string{"cast type=uint8 round"}, nil
	case len(q.Scale) != 1 || len(q.ZeroPoint) != 1 || !(q.Scale[0] > 0) || math.IsInf(float64(q.Scale[0]), 0) || q.ZeroPoint[0] != int64(int16(q.ZeroPoint[0])):
		return nil, fmt.Errorf("its elements are %s without a quantization of one scale and zero point", name)
	}
	line := fmt.Sprintf("quantize scale=%s zero-point=%d type=%s", numbers(q.Scale), q.ZeroPoint[0], name)
	return []string{line}, nil
}
