package trace

import (
	"errors"
	"iter"
)

// Op is one execution of an op.
type Op struct {
	Thread   uint32
	Node     uint32
	Start    uint64 // ns, CLOCK_MONOTONIC
	Duration uint64 // ns
	Depth    uint32 // ops of the thread that were open when it started
}

// maxOpBytes is the longest encoding of one op: node 5, gap 10, duration 10, depth 5.
const maxOpBytes = 30

// batchBytes is more than what an OpBatch needs beside its ops.
const batchBytes = 64

// previous holds what the columns of a node's next op are relative to.
type previous struct{ gap, duration uint64 }

// columns collects the ops of one thread for a block.
type columns struct {
	batch    OpBatch
	depth    []uint32
	nested   bool   // some depth isn't 0
	end      uint64 // ns, of the op added last
	previous map[uint32]previous
}

func newColumns(thread uint32) *columns {
	return &columns{batch: OpBatch{Thread: thread}, previous: make(map[uint32]previous)}
}

// reset empties the columns and keeps their memory.
func (c *columns) reset() {
	b := &c.batch
	b.Node, b.Gap, b.Duration, b.Depth = b.Node[:0], b.Gap[:0], b.Duration[:0], nil
	c.depth, c.nested = c.depth[:0], false
	clear(c.previous)
}

func (c *columns) add(op Op) {
	b := &c.batch
	if len(b.Node) == 0 {
		b.BaseNs, c.end = op.Start, op.Start
	}
	gap := op.Start - c.end
	before := c.previous[op.Node]
	b.Node = append(b.Node, op.Node)
	b.Gap = append(b.Gap, int64(gap-before.gap))
	b.Duration = append(b.Duration, int64(op.Duration-before.duration))
	c.depth = append(c.depth, op.Depth)
	c.nested = c.nested || op.Depth != 0
	c.previous[op.Node] = previous{gap, op.Duration}
	c.end = op.Start + op.Duration
}

// encoded returns the message; it is valid until the next reset.
func (c *columns) encoded() *OpBatch {
	if c.nested {
		c.batch.Depth = c.depth
	}
	return &c.batch
}

var errColumns = errors.New("op columns differ in length")

func (b *OpBatch) check() error {
	n := len(b.Node)
	if len(b.Gap) != n || len(b.Duration) != n || len(b.Depth) != n && len(b.Depth) != 0 {
		return errColumns
	}
	return nil
}

// All yields the batch's ops in the order in which they ended. The batch must come from a Reader, which has checked it.
func (b *OpBatch) All() iter.Seq[Op] {
	return func(yield func(Op) bool) {
		before := make(map[uint32]previous)
		op := Op{Thread: b.Thread}
		end := b.BaseNs
		for i, node := range b.Node {
			p := before[node]
			p.gap += uint64(b.Gap[i])
			p.duration += uint64(b.Duration[i])
			before[node] = p

			op.Node, op.Start, op.Duration = node, end+p.gap, p.duration
			if len(b.Depth) != 0 {
				op.Depth = b.Depth[i]
			}
			end = op.Start + op.Duration
			if !yield(op) {
				return
			}
		}
	}
}
