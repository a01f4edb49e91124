package checks

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/edgexray/edgexray/analyze/explain"
	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/analyze/relate"
	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/tflite"
)

// checkType asks whether inputs have the types that the model's file declares, and whether what is in them are numbers of that type:
// the runtime takes bytes as they are.
func checkType(s *Subject, _ arguments) Outcome {
	var x finding
	for _, f := range s.Edge.Frames {
		evidence, looked := "", false
		for i, t := range f.Inputs {
			if t.Data() == nil {
				continue
			}
			looked = true
			typ := tflite.Type(t.GetType())
			if m := s.modelInput(i); m != nil && m.Type != typ {
				evidence = fmt.Sprintf("input %q is %v, and %v in the model's file", t.GetName(), typ, m.Type)
			} else if other := otherType(t); other != "" {
				evidence = fmt.Sprintf("what is in input %q, %v, looks like %s", t.GetName(), typ, other)
			}
		}
		if looked {
			x.add(f, evidence)
		}
	}
	o := x.outcome("inputs hold numbers of their types")
	if o.Verdict == Fail {
		o.Advice = "convert the data to the tensor's type before it is copied there"
	}
	return o
}

// modelInput is an input as the model's file has it, nil when that isn't known.
func (s *Subject) modelInput(i int) *tflite.Tensor {
	if s.Model == nil || len(s.Model.Subgraphs) == 0 {
		return nil
	}
	main := &s.Model.Subgraphs[0]
	if i >= len(main.Inputs) || main.Inputs[i] < 0 {
		return nil
	}
	return &main.Tensors[main.Inputs[i]]
}

const (
	// minBytes is how much data it takes to tell bytes of one type from those of another.
	minBytes = 64
	// mostly is the share of elements that must be as they are in another type.
	mostly = 0.9
)

// otherType tells of which type a tensor's bytes look to be when they can hardly be of its own. In FLOAT32 other numbers than zero with a
// magnitude below 1e-30 or above 1e30 are integers that were written as they are. In integers of 8 bits, a fourth byte that is that of a
// real number from 2^-17 up to 2^17, again and again, while the first ones are anything.
func otherType(t *frames.Tensor) string {
	data := t.Data()
	if len(data) < minBytes {
		return ""
	}
	switch tflite.Type(t.GetType()) {
	case tflite.Float32:
		odd, all := 0, 0
		for i := 0; i+4 <= len(data); i += 4 {
			v := math.Abs(float64(math.Float32frombits(binary.LittleEndian.Uint32(data[i:]))))
			if v == 0 {
				continue
			}
			all++
			if v < 1e-30 || v > 1e30 || v != v {
				odd++
			}
		}
		if all > 0 && float64(odd) > mostly*float64(all) {
			return "integers that were copied as they are"
		}
	case tflite.UInt8, tflite.Int8:
		high, low, n := 0, 0, 0
		for i := 0; i+4 <= len(data); i += 4 {
			n++
			if real(data[i+3]) {
				high++
			}
			if real(data[i]) {
				low++
			}
		}
		if float64(high) > mostly*float64(n) && float64(low) < 0.5*float64(n) {
			return "real numbers of 32 bits that were copied as they are"
		}
	}
	return ""
}

// real tells whether a byte is the highest of a real number from 2^-17 up to 2^17: sign and the first seven bits of the exponent.
func real(b byte) bool { e := b & 0x7f; return e >= 0x37 && e <= 0x47 }

// checkQuantization asks whether inputs have the model's scales and zero points, and whether they were quantized by them.
func checkQuantization(s *Subject, a arguments) Outcome {
	if evidence := s.otherScale(); evidence != "" {
		o := failed("%s", evidence)
		o.Advice = "run the model file that was released, or build the app with this one"
		return o
	}
	quantized := false
	for _, f := range s.Edge.Frames {
		quantized = quantized || slices.ContainsFunc(f.Inputs, func(t *frames.Tensor) bool { return t.GetScale() != 0 })
	}
	if !quantized {
		return notChecked("no input is quantized")
	}
	return aspect(explain.Quantization)(s, a)
}

// otherScale compares the inputs' scales with those of the model's file.
func (s *Subject) otherScale() string {
	if len(s.Edge.Frames) == 0 {
		return ""
	}
	for i, t := range s.Edge.Frames[0].Inputs {
		m := s.modelInput(i)
		if m == nil || m.Quantization.Kind != tflite.Affine || len(m.Quantization.Scale) != 1 || t.GetType() != int32(m.Type) {
			continue
		}
		zero := int64(0)
		if len(m.Quantization.ZeroPoint) > 0 {
			zero = m.Quantization.ZeroPoint[0]
		}
		if scale := float64(m.Quantization.Scale[0]); math.Abs(t.GetScale()-scale) > 1e-6*scale || t.GetZeroPoint() != zero {
			return fmt.Sprintf("input %q has scale %.6g and zero point %d, and %.6g and %d in the model's file", t.GetName(), t.GetScale(), t.GetZeroPoint(), scale, zero)
		}
	}
	return ""
}

// checkInputOrder asks whether an input is what the reference has in another one.
func checkInputOrder(s *Subject, _ arguments) Outcome {
	var x finding
	unpaired := 0
	for _, p := range s.Pairs() {
		if p.Reference == nil || len(p.Reference.Inputs) != len(p.Edge.Inputs) {
			unpaired++
			continue
		}
		evidence := ""
		for i := range p.Edge.Inputs {
			for j := range i {
				if alike(p, i, j) && alike(p, j, i) && !alike(p, i, i) && !alike(p, j, j) {
					evidence = fmt.Sprintf("inputs %q and %q are exchanged", p.Edge.Inputs[j].GetName(), p.Edge.Inputs[i].GetName())
				}
			}
		}
		x.add(p.Edge, evidence)
	}
	if x.frames == 0 && unpaired > 0 {
		return notChecked("there is no reference run with inputs of its own (--ref)")
	}
	o := x.outcome("each input is that of the reference")
	if o.Verdict == Fail {
		o.Advice = "give the inputs by their names, not by their places"
	}
	return o
}

// alike tells whether an input of the edge is of the same data as one of the reference.
func alike(p frames.Pair, edge, reference int) bool {
	e, err := p.Edge.Inputs[edge].Array()
	if err != nil {
		return false
	}
	r, err := p.Reference.Inputs[reference].Array()
	if err != nil || !slices.Equal(e.Squeezed(), r.Squeezed()) {
		return false
	}
	if slices.Equal(e.Reals(), r.Reals()) {
		return true
	}
	relation, err := relate.Find(flat(e), flat(r))
	return err == nil && relation.Related
}

// flat is an array as a list, so that it isn't turned to fit.
func flat(a *step.Array) *step.Array {
	out := *a
	out.Shape = []int{a.Len()}
	return &out
}
