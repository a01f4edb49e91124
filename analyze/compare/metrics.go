package compare

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"github.com/edgexray/edgexray/tflite"
)

// Metrics measure how far the edge's tensor m is from the reference's r, both dequantised. Elements that aren't finite on
// either side are counted before anything else, and left out of what follows.
//
// Equal tensors are not measured further: Identical is set, and errors are 0.
type Metrics struct {
	Elements  int  `json:"elements"`
	Identical bool `json:"identical"` // byte for byte
	Constant  bool `json:"constant"`  // the reference has the same value everywhere: a wrong kernel may not show

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
	// MaxAbs is max|m-r|, MaxAbsAt the index of the first such element, in the order of the data.
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

// Off is a histogram of differences between integers.
type Off struct {
	By0       int    `json:"by_0"`
	By1       int    `json:"by_1"`
	By2       int    `json:"by_2"`
	ByMore    int    `json:"by_more"`
	Up        int    `json:"up"` // elements of the edge that are larger
	Down      int    `json:"down"`
	Max       uint64 `json:"max"`
	Saturated int    `json:"saturated"` // equal elements at the type's limits: they may hide a difference
}

func (o *Off) count() int { return o.By1 + o.By2 + o.ByMore }

// add counts n elements of the values a on the edge and b in the reference.
func (o *Off) add(a, b int64, n int, e element) {
	if a == b {
		o.By0 += n
		if a == e.min || a == e.max {
			o.Saturated += n
		}
		return
	}
	by := uint64(a) - uint64(b)
	if a > b {
		o.Up += n
	} else {
		o.Down += n
		by = -by
	}
	switch by {
	case 1:
		o.By1 += n
	case 2:
		o.By2 += n
	default:
		o.ByMore += n
	}
	o.Max = max(o.Max, by)
}

const (
	blockElements = 1024    // that are decoded at a time: four blocks of 8 bytes each fit a first-level cache
	maxChannels   = 1 << 16 // more are no channels
	minJoint      = 1 << 15 // elements from which on a joint histogram of bytes, 65536 counters, pays
)

// measure compares a tensor of the edge with one of the reference. An error says why they can't be compared.
func measure(edge, reference *view) (*Metrics, error) {
	n, err := edge.check()
	if err != nil {
		return nil, fmt.Errorf("on the edge: %w", err)
	}
	if n2, err := reference.check(); err != nil {
		return nil, fmt.Errorf("in the reference: %w", err)
	} else if n != n2 {
		return nil, fmt.Errorf("shapes differ: %v on the edge, %v in the reference", edge.shape, reference.shape)
	}
	m := &Metrics{Elements: n, Cosine: 1, Constant: reference.constant()}
	same := edge.sameEncoding(reference)
	if same && elements[edge.typ].ints != nil {
		m.Off = new(Off)
	}
	if same && bytes.Equal(edge.data, reference.data) {
		m.identical(edge)
		return m, nil
	}
	s := newSums(edge.channels(n))
	if n >= minJoint && edge.bytewise() && reference.bytewise() {
		s.joint(edge, reference, m.Off)
	} else {
		s.blocks(edge, reference, n, m.Off)
	}
	s.finish(m)
	if elements[reference.typ].floats != nil && elements[edge.typ].floats != nil && m.MaxAbs > 0 {
		m.MaxRelative = maxRelative(edge, reference, n, s.rms())
	}
	for _, v := range []*view{edge, reference} {
		if v.quantized() && len(v.scales) == 1 {
			m.RMSEScale = finite(m.RMSE / math.Abs(float64(v.scales[0])))
			break
		}
	}
	return m, nil
}

func (v *view) sameEncoding(o *view) bool {
	return v.typ == o.typ && slices.Equal(v.scales, o.scales) && slices.Equal(v.zeros, o.zeros) && (len(v.scales) <= 1 || v.dim == o.dim)
}

// constant tells whether all elements are the same.
func (v *view) constant() bool {
	if bits := v.typ.Bits(); bits >= 8 {
		return len(v.data) <= bits/8 || bytes.Equal(v.data[bits/8:], v.data[:len(v.data)-bits/8])
	}
	return false
}

// channels returns how many channels a tensor of n elements has, 0 for none.
func (v *view) channels(n int) int {
	if len(v.shape) < 2 {
		return 0
	}
	if c := int(v.shape[len(v.shape)-1]); c > 0 && c <= maxChannels && n/c >= 2 {
		return c
	}
	return 0
}

// identical fills in what is to be counted of equal tensors.
func (m *Metrics) identical(v *view) {
	m.Identical = true
	if m.Off != nil {
		m.Off.By0 = m.Elements
		return
	}
	var values [blockElements]float64
	for from := 0; from < m.Elements; from += blockElements {
		block := values[:min(blockElements, m.Elements-from)]
		v.read(block, nil, from)
		for _, x := range block {
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
func maxRelative(edge, reference *view, n int, rms float64) float64 {
	w := worstRelative{rms: rms, of: 1}
	if edge.typ == tflite.Float32 && reference.typ == tflite.Float32 {
		addRelative(&w, edge.float32s(), reference.float32s())
	} else {
		var a, b [blockElements]float64
		for from := 0; from < n; from += blockElements {
			count := min(blockElements, n-from)
			edge.read(a[:count], nil, from)
			reference.read(b[:count], nil, from)
			addRelative(&w, a[:count], b[:count])
		}
	}
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
