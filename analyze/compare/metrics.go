package compare

import (
	"bytes"
	"fmt"
	"math"
)

// Metrics measure how far the edge's tensor m is from the reference's r, both dequantised. Elements that aren't finite on
// either side are counted before anything else, and left out of what follows.
//
// Equal tensors are not measured further: Identical is set, and errors are 0.
type Metrics struct {
	Elements  int  `json:"elements"`
	Identical bool `json:"identical"` // byte for byte
	Constant  bool `json:"constant"`  // the reference has several elements of the same value: a wrong kernel may not show

	EdgeNaNs         int `json:"edge_nans"`
	EdgeInfs         int `json:"edge_infs"`
	ReferenceNaNs    int `json:"reference_nans"`
	ReferenceInfs    int `json:"reference_infs"`
	NonfiniteDiffers int `json:"nonfinite_differs"` // elements that are NaN or infinite on one side and not the same on the other

	// NRMSE is ML-EXray's: sqrt(mean((m-r)²)) / max(max(m)-min(m), max(r)-min(r)).
	// Source: normRMSE in ML-EXray's MLDiffer.py. It has no guard for constant tensors; here the largest magnitude of both
	// then takes the place of their range, so that it is 0 only when they are equal.
	NRMSE float64 `json:"nrmse"`
	// RMSE is sqrt(mean((m-r)²)).
	RMSE float64 `json:"rmse"`
	// RMSEScale is RMSE / scale, in quantization steps of whichever side is quantized per tensor, the edge's first; 0 when
	// neither is. Rounding alone gives 1/√12 = 0.289.
	// Source: TensorFlow's quantization_debugger.ipynb, which flags what is above 0.7.
	RMSEScale float64 `json:"rmse_scale"`
	// SQNR is 10 log10(Σr² / Σ(m-r)²), in dB, higher is better. Absent when there is no error, or no signal.
	// Source: compute_sqnr in torch/ao/ns/fx/utils.py.
	SQNR *float64 `json:"sqnr_db,omitempty"`
	// Cosine is Σmr / (√Σm² √Σr²): 1 when both are 0, 0 when one of them is.
	// Source: cosine_similarity in ai-edge-quantizer's validation_utils.py.
	Cosine float64 `json:"cosine"`
	// MaxAbs is max|m-r|, MaxAbsAt the index of an element that is so far off, in the order of the data.
	// Source: max_diff in LiteRT's accuracy_debugger_util.cc.
	MaxAbs   float64 `json:"max_abs"`
	MaxAbsAt int     `json:"max_abs_at"`
	// MeanError is mean(m-r): the bias.
	// Source: mean_diff there.
	MeanError float64 `json:"mean_error"`
	// MaxRelative is max(|m-r| / (|r| + rms(r))), 0 for integers: an element's error against its own size and the tensor's.
	// rms(r) stands for the terms that went into an element that came out small.
	MaxRelative float64 `json:"max_relative"`
	// WorstChannel is the channel (index of the last dimension) with the largest RMSE, and that over the tensor's range as in
	// NRMSE. Absent for tensors of fewer than two rows or more than 65536 channels.
	WorstChannel *Channel `json:"worst_channel,omitempty"`

	// Off counts by how many quantized units elements differ. Absent unless both sides have the same integer type and
	// quantization. Source: "off-by-N" of AIMET's maintainers (quic/aimet issue 3978).
	Off *Off `json:"off,omitempty"`
}

// Channel is an index of a tensor's last dimension.
type Channel struct {
	Index int     `json:"index"`
	NRMSE float64 `json:"nrmse"`
}

const (
	blockElements = 1024    // that are decoded at a time: four blocks of 8 bytes each fit a first-level cache
	maxChannels   = 1 << 16 // more are no channels
	minJoint      = 1 << 15 // elements from which on a joint histogram of bytes, 65536 counters, pays
)

// measure compares a tensor of the edge with one of the reference. An error says why they can't be compared.
func measure(edge, reference *view) (*Metrics, error) {
	n := edge.real.Len
	if n != reference.real.Len {
		return nil, fmt.Errorf("shapes differ: %v on the edge, %v in the reference", edge.Shape, reference.Shape)
	}
	m := &Metrics{Elements: n, Cosine: 1, Constant: reference.constant()}
	same := edge.sameEncoding(reference)
	if same && edge.integer() {
		m.Off = new(Off)
	}
	if same && bytes.Equal(edge.data, reference.data) {
		m.identical(edge)
		return m, nil
	}
	s := newSums(edge.channels())
	if n >= minJoint && n < math.MaxUint32 && edge.bytewise() && reference.bytewise() {
		s.joint(edge, reference, m.Off)
	} else {
		s.blocks(edge, reference)
		if m.Off != nil {
			integers[edge.typ()](m.Off, edge.data, reference.data, n)
		}
	}
	s.finish(m)
	if !edge.integer() && !reference.integer() && m.MaxAbs > 0 {
		m.MaxRelative = maxRelative(edge, reference, s.rms())
	}
	for _, v := range []*view{edge, reference} {
		if v.quantized() && v.perTensor() {
			m.RMSEScale = finite(m.RMSE / math.Abs(v.Scale))
			break
		}
	}
	return m, nil
}

// identical fills in what is to be counted of equal tensors.
func (m *Metrics) identical(v *view) {
	m.Identical = true
	if m.Off != nil {
		m.Off.By0 = m.Elements
		return
	}
	var block [blockElements]float64
	for from := 0; from < m.Elements; from += blockElements {
		for _, x := range v.real.Read(block[:], from) {
			if x-x != 0 {
				countNonfinite(x, &m.EdgeNaNs, &m.EdgeInfs)
			}
		}
	}
	m.ReferenceNaNs, m.ReferenceInfs = m.EdgeNaNs, m.EdgeInfs
}

func countNonfinite(x float64, nans, infs *int) {
	switch {
	case math.IsNaN(x):
		*nans++
	case math.IsInf(x, 0):
		*infs++
	}
}

// maxRelative needs a pass of its own: rms, of the reference, is known only after the first.
func maxRelative(edge, reference *view, rms float64) float64 {
	w := worstRelative{rms: rms, of: 1}
	eachBlock(edge, reference,
		func(a, b []float32, _ int) { addRelative(&w, a, b) },
		func(a, b []float64, _ int) { addRelative(&w, a, b) })
	return finite(w.error / w.of)
}

type worstRelative struct{ rms, error, of float64 }

// addRelative compares quotients crosswise, which saves a division an element.
func addRelative[T float32 | float64](w *worstRelative, a, b []T) {
	b = b[:len(a)]
	rms, error, of := w.rms, w.error, w.of
	for i, x := range a {
		r := float64(b[i])
		d, size := math.Abs(float64(x)-r), math.Abs(r)+rms
		if d*of > error*size && d-d == 0 {
			error, of = d, size
		}
	}
	w.error, w.of = error, of
}

// finite replaces what JSON can't hold.
func finite(v float64) float64 {
	switch {
	case math.IsNaN(v):
		return 0
	case math.IsInf(v, 0):
		return math.Copysign(math.MaxFloat64, v)
	}
	return v
}
