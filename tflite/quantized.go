package tflite

// Quantized tells whether the tensor holds integers that stand for real values.
func (t *Tensor) Quantized() bool {
	switch t.Type {
	case Int2, Int4, UInt4, Int8, UInt8, Int16, Int32, Int64:
		return t.Quantization.Kind != NotQuantized
	}
	return false
}

// Size returns how many bytes the data of a tensor of some type and shape takes. It reports false when that isn't fixed or
// is beyond any machine.
func Size(t Type, shape []int32) (bytes int64, ok bool) {
	elements := int64(1)
	for _, n := range shape {
		if n < 0 {
			return 0, false
		}
		if elements *= int64(n); elements > 1<<40 {
			return 0, false
		}
	}
	bits := int64(t.Bits())
	return (elements*bits + 7) / 8, bits > 0
}
