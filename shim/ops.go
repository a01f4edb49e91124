package shim

import (
	"fmt"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/trace"
)

// sink is the file that is written.
type sink interface {
	Describe(trace.Description) error
	// quantize describes how a tensor is quantized, by its channels' scales and zero points, which may be fewer.
	quantize(t *trace.Tensor, dimension int32, scales []float32, zeroPoints []int64)
	flush(losses []*trace.Loss) error
	end(losses []*trace.Loss, end *trace.End) error
	Bytes() int64
	// unwritten counts what could not be written after an error.
	unwritten() *trace.Loss
}

// newSink begins a file.
type newSink func(*Options, *trace.Header) (sink, error)

// opSink is a trace.
type opSink struct{ *trace.Writer }

func newOpSink(o *Options, header *trace.Header) (sink, error) {
	w, err := trace.NewWriter(o.Output, header)
	return opSink{w}, err
}

// quantize keeps the first channel only: a trace has no others.
func (opSink) quantize(t *trace.Tensor, dimension int32, scales []float32, zeroPoints []int64) {
	if len(scales) == 0 {
		return
	}
	t.Scale, t.Channels, t.QuantizedDimension = float64(scales[0]), uint32(len(scales)), dimension
	if len(zeroPoints) > 0 {
		t.ZeroPoint = zeroPoints[0]
	}
}

func (o opSink) flush(losses []*trace.Loss) error {
	o.SetLosses(losses)
	return o.Flush(app.Now())
}

func (o opSink) end(losses []*trace.Loss, end *trace.End) error {
	o.SetLosses(losses)
	if err := o.Close(end); err != nil {
		return fmt.Errorf("end the trace: %w", err)
	}
	return nil
}

func (o opSink) unwritten() *trace.Loss {
	return &trace.Loss{Cause: trace.LossUnwritten, Count: o.Unwritten()}
}

// maxDepth is how many ops may be open on a thread: models nest a few.
const maxDepth = 1 << 10

func (p *process) addOp(b []byte) bool {
	r, _, ok := fixed[opRecord](b)
	n := p.nodes[r.node]
	out, timing := p.session.sink.(opSink)
	if !ok || n == nil || !timing || r.depth > maxDepth {
		return false
	}
	p.ran(n, r.invoke, r.depth == 0)
	p.described.Received++
	p.session.summary.Ops++
	p.session.failed(out.AddOp(trace.Op{
		Thread: p.threadOf(r.header.tid), Node: n.id, Start: r.startNs, Duration: r.durationNs, Depth: r.depth,
	}))
	return true
}

// ran notes that a node did, in an invoke of its subgraph; outermost, when no op ran that.
func (p *process) ran(n *node, invoke uint64, outermost bool) {
	n.ran = true
	if g := n.subgraph; g.invoke != invoke {
		g.invoke = invoke
		if outermost {
			p.session.summary.Invokes++
		}
	}
}
