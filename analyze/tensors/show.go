package tensors

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/trace"
)

// Place is a node in a model: "12", or "1:12" in another subgraph than the first.
type Place struct{ Subgraph, Node int32 }

// ParsePlace reads a place.
func ParsePlace(s string) (Place, error) {
	subgraph, node, found := strings.Cut(s, ":")
	if !found {
		subgraph, node = "0", s
	}
	i, subgraphErr := strconv.ParseInt(subgraph, 10, 32)
	n, nodeErr := strconv.ParseInt(node, 10, 32)
	if subgraphErr != nil || nodeErr != nil || i < 0 || n < 0 {
		return Place{}, fmt.Errorf("%q is no node (give its index, such as 12, or 1:12 in subgraph 1)", s)
	}
	return Place{int32(i), int32(n)}, nil
}

// Show is List with the tensors of one node looked into, in every model that has such a node: of each tensor the first
// capture with something to look at.
func Show(f *snapshot.File, place Place, invoke uint64) *Result {
	r, l := list(f, invoke)
	shown := make(map[*Tensor]*Shown)
	for c := range f.All() {
		n := f.Nodes[c.Node]
		if n == nil || n.Index != place.Node || invoke != 0 && c.Invoke != invoke {
			continue
		}
		if s := l.subgraph(n.Subgraph); max(s.Index, 0) != place.Subgraph { // -1 is not known: nearly always the first
			continue
		}
		row := l.row(c)
		if s := shown[row]; s == nil || s.Missing != "" && c.Missing == "" {
			looked := look(f, c)
			looked.Subgraph, looked.Others = l.places[n.Subgraph], row.Captures-1
			if s != nil {
				*s = *looked
				continue
			}
			shown[row] = looked
			r.Shown = append(r.Shown, looked)
		}
	}
	return r
}

// look looks into one capture.
func look(f *snapshot.File, c snapshot.Captured) *Shown {
	t := f.Tensor(c.Capture)
	s := &Shown{
		Described: Describe(f, c.Capture), Invoke: c.Invoke, TID: f.Threads[c.Thread].GetTid(), StartNS: c.StartNs, DurationNS: c.DurationNs,
		Status: c.Status, Missing: c.Missing, Bytes: uint64(len(c.Data)),
	}
	stored, real, err := Summarize(t, c)
	if err != nil && s.Missing == "" {
		s.Missing = err.Error()
	}
	s.Stored, s.Real = statistics(stored), statistics(real)
	return s
}

// Summarize returns the statistics of a captured tensor's elements as they are stored, and of the real numbers that they
// stand for, nil when it isn't quantized or that isn't known. The error says why there are none.
func Summarize(t *trace.Tensor, c snapshot.Captured) (stored, real *snapshot.Statistics, err error) {
	switch {
	case c.Statistics != nil:
		return c.Statistics, c.Statistics.Dequantized(t), nil
	case c.Missing != "":
		return nil, nil, fmt.Errorf("%s", c.Missing)
	case c.Data == nil:
		return nil, nil, fmt.Errorf("it was captured without data")
	}
	values, err := snapshot.NewValues(t, c.Data)
	if err != nil {
		return nil, nil, err
	}
	stored = snapshot.Summarize(values)
	if real = stored.Dequantized(t); real != nil {
		return stored, real, nil
	}
	if values, ok := values.Dequantized(); ok {
		real = snapshot.Summarize(values)
	}
	return stored, real, nil
}

func statistics(s *snapshot.Statistics) *Statistics {
	if s == nil {
		return nil
	}
	to := &Statistics{
		Elements: s.Elements, NaNs: s.Nans, Infs: s.Infs,
		Min: Number(s.Min), Max: Number(s.Max), Mean: Number(s.Mean), RMS: Number(s.Rms),
	}
	if len(s.Histogram) == snapshot.Buckets { // a file may say anything
		to.Histogram = &Histogram{s.Histogram, s.HistogramElements, s.HistogramExponent, Number(s.HistogramLow), Number(s.HistogramWidth)}
	}
	return to
}

// Bounds returns from where to where a bucket's values lie: the lower bound is in it. The outermost buckets of exponents
// also have what is beyond.
func (h *Histogram) Bounds(bucket int) (low, high float64) {
	if h.Width != 0 {
		low = float64(h.Low) + float64(bucket)*float64(h.Width)
		return low, low + float64(h.Width)
	}
	half := len(h.Buckets) / 2
	magnitude := func(i int) float64 {
		if i == 0 {
			return 0
		}
		return math.Ldexp(1, i+int(h.Exponent))
	}
	if bucket < half {
		return -magnitude(half - bucket), -magnitude(half - 1 - bucket)
	}
	return magnitude(bucket - half), magnitude(bucket - half + 1)
}
