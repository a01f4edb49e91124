package shim

import (
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/trace"
)

// tensorSink is a snapshot.
type tensorSink struct{ *snapshot.Writer }

func newTensorSink(o *Options, header *trace.Header) (sink, error) {
	w, err := snapshot.NewWriter(o.Output, &snapshot.Beginning{
		Header:         header,
		Selection:      o.Selection.said(),
		StatisticsOnly: o.Selection.Statistics,
		WhenFull:       o.Selection.whenFull(),
		Kernels:        o.Selection.Kernels,
	})
	for _, n := range o.Notes {
		if err == nil {
			err = w.Describe(n)
		}
	}
	return tensorSink{w}, err
}

func (tensorSink) quantize(t *trace.Tensor, dimension int32, scales []float32, zeroPoints []int64) {
	opSink{}.quantize(t, dimension, scales, zeroPoints)
	if len(scales) > 1 {
		t.Scales, t.ZeroPoints = scales, zeroPoints
	}
}

func (tensorSink) flush([]*trace.Loss) error { return nil } // every record is written at once

func (t tensorSink) end(losses []*trace.Loss, end *trace.End) error {
	if err := t.Close(losses, end); err != nil {
		return fmt.Errorf("end the snapshot: %w", err)
	}
	return nil
}

func (t tensorSink) unwritten() *trace.Loss {
	return &trace.Loss{Cause: snapshot.LossUnwritten, Count: t.Unwritten()}
}

// pending is a capture or a marker of whose data more is to come.
type pending struct {
	*snapshot.Pending
	bytes, left uint64
}

const (
	maxPending = 1 << 10 // captures of one process of whose data more is to come: one a thread
	maxData    = 1 << 34 // bytes of a tensor: more than fits into any device that runs TFLite
)

// missing says why there is no data, by enum missing.
var missing = [...]string{
	missingNothing:    "",
	missingNoMemory:   "it has no memory",
	missingDelegate:   "its delegate holds it",
	missingType:       snapshot.Handle,
	missingDropped:    "there was no room for it",
	missingBudget:     "the budget was used up",
	missingUnreadable: "the app's memory could not be read where it should be",
	missingShape:      "no array has the shape, type or stride that the app says it has",
	missingStatistics: "only statistics were asked for",
}

func (p *process) addCapture(b []byte) bool {
	r, data, ok := fixed[captureRecord](b)
	c := p.captureOf(&r)
	out, tensors := p.session.sink.(tensorSink)
	if !ok || c == nil || !tensors || uint64(r.pieceBytes) > uint64(len(data)) ||
		uint64(r.pieceBytes) > r.dataBytes || r.dataBytes > maxData {
		return false
	}
	p.captured(&r, c)
	data = data[:r.pieceBytes]
	p.session.summary.TensorBytes += uint64(len(data))
	switch {
	case c.Missing != "":
		p.session.failed(out.Add(c, nil))
	case uint64(len(data)) == r.dataBytes:
		p.session.failed(out.Add(c, data))
	default:
		return p.beginCapture(out, &r, c, data)
	}
	return true
}

// beginCapture writes the first piece of a capture's data.
func (p *process) beginCapture(out tensorSink, r *captureRecord, c *snapshot.Capture, data []byte) bool {
	if len(p.pending) >= maxPending || p.pending[r.capture] != nil {
		return false
	}
	begun, err := out.Begin(c, r.dataBytes)
	p.await(r.capture, begun, err, r.dataBytes, data)
	return true
}

// await writes the first piece of data, and waits for the others.
func (p *process) await(number uint64, begun *snapshot.Pending, err error, bytes uint64, data []byte) {
	p.session.failed(err)
	if begun == nil {
		return
	}
	p.pending[number] = &pending{begun, bytes, bytes - uint64(len(data))}
	_, err = begun.WriteAt(data, 0)
	p.session.failed(err)
}

func (p *process) addMore(b []byte) bool {
	r, data, ok := fixed[moreRecord](b)
	c := p.pending[r.capture]
	if ok && c != nil && r.offset == unreadable {
		delete(p.pending, r.capture)
		p.session.failed(c.Finish(missing[missingUnreadable]))
		return true
	}
	if !ok || c == nil || uint64(r.pieceBytes) > uint64(len(data)) || uint64(r.pieceBytes) > c.left ||
		r.offset > c.bytes || uint64(r.pieceBytes) > c.bytes-r.offset {
		return false
	}
	c.left -= uint64(r.pieceBytes)
	p.session.summary.TensorBytes += uint64(r.pieceBytes)
	_, err := c.WriteAt(data[:r.pieceBytes], int64(r.offset))
	p.session.failed(err)
	if c.left == 0 {
		delete(p.pending, r.capture)
		p.session.failed(c.Finish(""))
	}
	return true
}

func (p *process) addStatistics(b []byte) bool {
	r, _, ok := fixed[statisticsRecord](b)
	c := p.captureOf(&r.capture)
	out, tensors := p.session.sink.(tensorSink)
	if !ok || c == nil || !tensors {
		return false
	}
	p.captured(&r.capture, c)
	if c.Missing == "" {
		c.Statistics = &snapshot.Statistics{
			Elements: r.elements, Nans: r.nans, Infs: r.infs, Min: r.min, Max: r.max, Mean: r.mean, Rms: r.rms,
			Histogram: slices.Clone(r.histogram[:]), HistogramElements: r.histogramElements,
			HistogramExponent: r.histogramExponent, HistogramLow: r.histogramLow, HistogramWidth: r.histogramWidth,
		}
	}
	p.session.failed(out.Add(c, nil))
	return true
}

// captureOf returns what a record says of a capture, nil when that makes no sense.
func (p *process) captureOf(r *captureRecord) *snapshot.Capture {
	n := p.nodes[r.node]
	if n == nil || r.tensor < 0 || snapshot.Role_name[int32(r.role)] == "" || r.missing >= uint32(len(missing)) ||
		r.dims < -1 || int(r.dims) > len(r.dim) {
		return nil
	}
	c := &snapshot.Capture{
		Node: n.id, Tensor: r.tensor, Role: snapshot.Role(r.role), Invoke: r.invoke, Thread: p.threadOf(r.header.tid),
		StartNs: r.startNs, DurationNs: r.durationNs, Status: r.status, Missing: missing[r.missing], Around: r.around,
	}
	if r.dims >= 0 {
		c.Described = &snapshot.Tensor{Type: r.type_, Shape: slices.Clone(r.dim[:r.dims])}
	} else if t := n.subgraph.tensors[r.tensor]; t != nil && c.Role == snapshot.Role_INPUT && !slices.Contains(n.inputs, r.tensor) {
		c.Described = &snapshot.Tensor{Type: r.type_, Shape: t.Shape} // perhaps no node's: old runtimes keep those
	}
	return c
}

// captured counts a capture.
func (p *process) captured(r *captureRecord, c *snapshot.Capture) {
	p.ran(p.nodes[r.node], r.invoke, r.around == 0)
	p.described.Received++
	p.session.summary.Tensors++
	if c.Lacks() {
		p.session.summary.WithoutData++
	}
}
