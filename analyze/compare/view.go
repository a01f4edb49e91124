package compare

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// view is a tensor's data and how to read it.
type view struct {
	*trace.Tensor
	data []byte
	real snapshot.Values // dequantised
}

// newView returns a tensor with its data, to which it refers. An error says why it can't be measured.
func newView(t *trace.Tensor, data []byte) (*view, error) {
	v := &view{Tensor: t, data: data}
	stored, err := snapshot.NewValues(t, data)
	if err != nil {
		return nil, err
	}
	v.real = stored
	if v.quantized() {
		var ok bool
		if v.real, ok = stored.Dequantized(); !ok {
			return nil, fmt.Errorf("its scales aren't known")
		}
	}
	return v, nil
}

func (v *view) typ() tflite.Type { return tflite.Type(v.Type) }

func (v *view) integer() bool { return integers[v.typ()] != nil }

func (v *view) quantized() bool { return v.integer() && v.Scale != 0 }

// perTensor tells whether one scale is for all elements.
func (v *view) perTensor() bool { return v.Channels <= 1 }

func (v *view) sameEncoding(o *view) bool {
	return v.Type == o.Type && v.Scale == o.Scale && v.ZeroPoint == o.ZeroPoint && v.Channels == o.Channels &&
		v.QuantizedDimension == o.QuantizedDimension && slices.Equal(v.Scales, o.Scales) && slices.Equal(v.ZeroPoints, o.ZeroPoints)
}

// constant tells whether all elements are the same.
func (v *view) constant() bool {
	size := v.typ().Bits() / 8
	if size == 0 {
		return false // not told of what is smaller than a byte
	}
	return len(v.data) <= size || bytes.Equal(v.data[size:], v.data[:len(v.data)-size])
}

// channels returns how many channels a tensor has, 0 for none.
func (v *view) channels() int {
	if len(v.Shape) < 2 {
		return 0
	}
	if c := int(v.Shape[len(v.Shape)-1]); c > 0 && c <= maxChannels && v.real.Len/c >= 2 {
		return c
	}
	return 0
}

// classes returns a type's name and class, as they stand in the table of tolerances.
func classes(t *trace.Tensor, hybrid bool) []string {
	v := view{Tensor: t}
	classes := []string{v.typ().String()}
	switch {
	case v.quantized():
		classes = append(classes, "quantized")
	case v.integer():
		classes = append(classes, "integer")
	case v.typ() == tflite.Float32 && hybrid:
		classes = append(classes, "hybrid")
	}
	return classes
}
