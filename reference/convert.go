package reference

import (
	"errors"
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
)

// match returns the data and shape of each input of a model, made of an invoke's inputs. Those with the model's names are
// taken when all have one, otherwise the order counts. The same model may be run with other shapes than its file's, as the
// edge did; another one only where its file leaves dimensions open.
func match(inputs []given, model *tflite.Model, same bool) (data [][]byte, shapes [][]int32, err error) {
	if len(model.Subgraphs) == 0 {
		return nil, nil, fmt.Errorf("the model has no subgraph")
	}
	main := &model.Subgraphs[0]
	var wanted []*tflite.Tensor
	for _, index := range main.Inputs {
		if index >= 0 {
			wanted = append(wanted, &main.Tensors[index])
		}
	}
	if len(inputs) != len(wanted) {
		return nil, nil, fmt.Errorf("it was given %d inputs, and the model takes %d", len(inputs), len(wanted))
	}
	for _, g := range named(inputs, wanted) {
		t := wanted[len(data)]
		shape := append([]int32{}, g.GetShape()...) // [], not null, of a scalar
		if !same && !fitsShape(shape, t) {
			return nil, nil, fmt.Errorf("input %q has shape %v there, and the model's %q has %v", g.GetName(), shape, t.Name, t.Shape)
		}
		converted, err := convert(g, t)
		if err != nil {
			return nil, nil, fmt.Errorf("input %q can't be made the model's %q: %w", g.GetName(), t.Name, err)
		}
		data, shapes = append(data, converted), append(shapes, shape)
	}
	return data, shapes, nil
}

// named returns the inputs in the order of tensors with the same names; as they are unless each has its own.
func named(inputs []given, tensors []*tflite.Tensor) []given {
	byName := make(map[string]given)
	for _, g := range inputs {
		byName[g.GetName()] = g
	}
	ordered := make([]given, len(inputs))
	for i, t := range tensors {
		g, ok := byName[t.Name]
		if !ok {
			return inputs
		}
		ordered[i] = g
		delete(byName, t.Name)
	}
	return ordered
}

func fitsShape(shape []int32, t *tflite.Tensor) bool {
	wanted := t.Shape
	if len(t.ShapeSignature) > 0 {
		wanted = t.ShapeSignature
	}
	return slices.EqualFunc(shape, wanted, func(n, w int32) bool { return n == w || w == -1 })
}

// convert returns an input's data as another tensor stores it.
func convert(g given, t *tflite.Tensor) ([]byte, error) {
	from, to := tflite.Type(g.GetType()), described(t, g.GetShape())
	if from == tflite.String {
		return nil, errors.New("strings can't be fed to a runner")
	}
	quantized := g.GetScale() != 0
	if from == t.Type && (!quantized || !t.Quantized() || g.Scale == to.Scale && g.ZeroPoint == to.ZeroPoint) {
		return g.data, checkSize(g)
	}
	var values []float32
	switch {
	case from == tflite.Float32:
		if err := checkSize(g); err != nil {
			return nil, err
		}
		values = snapshot.Cast[float32](g.data)
	case quantized:
		var err error
		if values, err = real(g.Tensor, g.data); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("%v without a scale has no real values that could be made %v", from, t.Type)
	}
	switch {
	case t.Type == tflite.Float32:
		return floatBytes(values), nil
	case t.Quantized():
		return quantize(to, values)
	}
	return nil, fmt.Errorf("real values can't be made %v without a scale", t.Type)
}

func checkSize(g given) error {
	size, ok := tflite.Size(tflite.Type(g.GetType()), g.GetShape())
	if !ok || size != int64(len(g.data)) {
		return fmt.Errorf("its %d bytes are not %v%v (a damaged snapshot?)", len(g.data), tflite.Type(g.GetType()), g.GetShape())
	}
	return nil
}
