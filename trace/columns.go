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
	Paid     Paid
	ToNext   uint64 // 1: its end was taken from the start of the next op
}

// Paid is what an op paid for, ops within it included. What the recorder could not follow (Header.followed) is 0.
type Paid struct {
	OffCPU      uint64 // ns for which its thread was not running
	Preempted   uint64 // ns of these for which it could have run
	Workers     uint64 // ns of CPU time of threads that work for its thread
	MinorFaults uint64 // page faults of its thread, without reading from a file
	MajorFaults uint64 // and with
	Migrations  uint64 // its thread came back on another core
	Threads     uint64 // that ran for it, its own included; 0 when not known
	Core        uint64 // that it ended on
	Resident    int64  // bytes by which its process's resident memory grew
	KHz         uint64 // that core's frequency when it ended, 0 when not known
}

// maxOpBytes is the longest encoding of one op: node 5, gap 10, duration 10, depth 5, and of what it paid for, where
// only the times can be large.
const maxOpBytes = 30 + 4*10 + 6*5 + 1

// batchBytes is more than what an OpBatch needs beside its ops.
const batchBytes = 64

// previous holds what the columns of a node's next op are relative to.
type previous struct {
	node          uint32
	gap, duration uint64
}

// history holds the previous op of each node, in the order in which the nodes ran first. As they mostly run in that
// order again, a node is looked for behind the one before it: the map is needed where a model branches.
type history struct {
	nodes []previous
	at    int // of the node asked for last
	place map[uint32]int
}

// of returns the previous op of a node, with zeroes when there was none. It is valid until the next call.
func (h *history) of(node uint32) *previous {
	h.at++
	if h.at >= len(h.nodes) {
		h.at = 0
	}
	if h.at < len(h.nodes) && h.nodes[h.at].node == node {
		return &h.nodes[h.at]
	}
	place, known := h.place[node]
	if !known {
		place = len(h.nodes)
		h.place[node] = place
		h.nodes = append(h.nodes, previous{node: node})
	}
	h.at = place
	return &h.nodes[place]
}

// reset forgets all nodes and keeps the memory.
func (h *history) reset() {
	h.nodes, h.at = h.nodes[:0], 0
	clear(h.place)
}

const plainColumns = 10

// plain returns the columns that hold values as they are, in the order of Op.plain.
func (b *OpBatch) plain() [plainColumns]*[]uint64 {
	return [...]*[]uint64{&b.OffCpu, &b.Preempted, &b.Workers, &b.MinorFaults, &b.MajorFaults, &b.Migrations, &b.Threads, &b.Core, &b.Khz, &b.ToNext}
}

func (op *Op) plain() [plainColumns]*uint64 {
	p := &op.Paid
	return [...]*uint64{&p.OffCPU, &p.Preempted, &p.Workers, &p.MinorFaults, &p.MajorFaults, &p.Migrations, &p.Threads, &p.Core, &p.KHz, &op.ToNext}
}

// columns collects the ops of one thread for a block.
type columns struct {
	batch    OpBatch
	depth    []uint32
	nested   bool // some depth isn't 0
	plain    [plainColumns][]uint64
	used     [plainColumns]bool // some value isn't 0
	resident []int64
	changed  bool   // some of resident isn't 0
	end      uint64 // ns, of the op added last
	history  history
}

func newColumns(thread uint32) *columns {
	return &columns{batch: OpBatch{Thread: thread}, history: history{place: make(map[uint32]int)}}
}

// reset empties the columns and keeps their memory.
func (c *columns) reset() {
	b := &c.batch
	b.Node, b.Gap, b.Duration, b.Depth = b.Node[:0], b.Gap[:0], b.Duration[:0], nil
	c.depth, c.nested = c.depth[:0], false
	b.Resident, c.resident, c.changed = nil, c.resident[:0], false
	for i, column := range b.plain() {
		*column, c.plain[i], c.used[i] = nil, c.plain[i][:0], false
	}
	c.history.reset()
}

func (c *columns) add(op Op) {
	b := &c.batch
	if len(b.Node) == 0 {
		b.BaseNs, c.end = op.Start, op.Start
	}
	gap := op.Start - c.end
	before := c.history.of(op.Node)
	b.Node = append(b.Node, op.Node)
	b.Gap = append(b.Gap, int64(gap-before.gap))
	b.Duration = append(b.Duration, int64(op.Duration-before.duration))
	c.depth = append(c.depth, op.Depth)
	c.nested = c.nested || op.Depth != 0
	c.resident = append(c.resident, op.Paid.Resident)
	c.changed = c.changed || op.Paid.Resident != 0
	for i, v := range op.plain() {
		c.plain[i] = append(c.plain[i], *v)
		c.used[i] = c.used[i] || *v != 0
	}
	before.gap, before.duration = gap, op.Duration
	c.end = op.Start + op.Duration
}

// encoded returns the message; it is valid until the next reset.
func (c *columns) encoded() *OpBatch {
	if c.nested {
		c.batch.Depth = c.depth
	}
	if c.changed {
		c.batch.Resident = c.resident
	}
	for i, column := range c.batch.plain() {
		if c.used[i] {
			*column = c.plain[i]
		}
	}
	return &c.batch
}

var errColumns = errors.New("op columns differ in length")

func (b *OpBatch) check() error {
	n := len(b.Node)
	if len(b.Gap) != n || len(b.Duration) != n || len(b.Depth) != n && len(b.Depth) != 0 || len(b.Resident) != n && len(b.Resident) != 0 {
		return errColumns
	}
	for _, column := range b.plain() {
		if len(*column) != n && len(*column) != 0 {
			return errColumns
		}
	}
	return nil
}

// All yields the batch's ops in the order in which they ended. The batch must come from a Reader, which has checked it.
func (b *OpBatch) All() iter.Seq[Op] {
	return func(yield func(Op) bool) {
		history := history{place: make(map[uint32]int)}
		op := Op{Thread: b.Thread}
		plain, columns := op.plain(), b.plain()
		end := b.BaseNs
		for i, node := range b.Node {
			p := history.of(node)
			p.gap += uint64(b.Gap[i])
			p.duration += uint64(b.Duration[i])

			op.Node, op.Start, op.Duration = node, end+p.gap, p.duration
			if len(b.Depth) != 0 {
				op.Depth = b.Depth[i]
			}
			if len(b.Resident) != 0 {
				op.Paid.Resident = b.Resident[i]
			}
			for k, column := range columns {
				if len(*column) != 0 {
					*plain[k] = (*column)[i]
				}
			}
			end = op.Start + op.Duration
			if !yield(op) {
				return
			}
		}
	}
}
