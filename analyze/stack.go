package analyze

import (
	"github.com/edgexray/edgexray/trace"
)

// maxDepth bounds how deep nested ops are told apart; deeper ones count as at this depth. TFLite's own models nest two
// or three deep.
const maxDepth = 32

// call sums up the ops of one row that ran within the same enclosing ops.
type call struct {
	row      *row
	count    uint64
	wall     uint64 // ns
	self     uint64 // ns, wall less the ops within
	resident int64  // bytes by which the process's resident memory grew
	children calls
}

type calls map[*row]*call

// add merges c into the calls and takes over its children.
func (cs *calls) add(c *call) {
	if *cs == nil {
		*cs = make(calls)
	}
	same := (*cs)[c.row]
	if same == nil {
		(*cs)[c.row] = c
		return
	}
	same.count += c.count
	same.wall += c.wall
	same.self += c.self
	same.resident += c.resident
	for _, child := range c.children {
		same.children.add(child)
	}
}

// stack puts the ops of a thread, which come in the order in which they ended, back into each other.
type stack struct {
	roots calls
	open  []level // by depth less one: ops that ended and wait for the op around them
}

type level struct {
	calls calls
	wall  uint64 // ns, of all of them
	start uint64 // of the first
}

// end adds an op that has ended.
func (s *stack) end(r *row, op trace.Op) {
	depth := int(min(op.Depth, maxDepth))
	children, wall := s.within(depth, op.Start)
	self := op.Duration - min(op.Duration, wall)
	r.self += self
	r.recent.addSelf(self)
	if depth == 0 {
		if root := s.roots[r]; root != nil && children == nil { // nearly every op
			root.count++
			root.wall += op.Duration
			root.self += self
			root.resident += op.Paid.Resident
			return
		}
		s.roots.add(&call{r, 1, op.Duration, self, op.Paid.Resident, children})
		return
	}
	for len(s.open) < depth {
		s.open = append(s.open, level{})
	}
	l := &s.open[depth-1]
	if len(l.calls) == 0 {
		l.start = op.Start
	}
	l.wall += op.Duration
	l.calls.add(&call{r, 1, op.Duration, self, op.Paid.Resident, children})
}

// within takes the ops that ran within an op of this depth, with their wall time. Ops that began before it belong to an
// op whose record was lost: they become roots.
func (s *stack) within(depth int, start uint64) (calls, uint64) {
	for i := len(s.open) - 1; i > depth; i-- {
		s.orphan(&s.open[i])
	}
	if len(s.open) <= depth {
		return nil, 0
	}
	l := &s.open[depth]
	if l.start < start {
		s.orphan(l)
	}
	children, wall := l.calls, l.wall
	*l = level{}
	return children, wall
}

// selfResident is what the call added to resident memory without the ops within.
func (c *call) selfResident() int64 {
	self := c.resident
	for _, child := range c.children {
		self -= child.resident
	}
	return self
}

func (s *stack) orphan(l *level) {
	for _, c := range l.calls {
		s.roots.add(c)
	}
	*l = level{}
}

// finish makes roots of the ops whose enclosing op has not ended by the end of the trace.
func (s *stack) finish() {
	for i := range s.open {
		s.orphan(&s.open[i])
	}
}

// fold merges calls of rows that were merged.
func (s *stack) fold() {
	s.roots = s.roots.fold()
	for i := range s.open {
		s.open[i].calls = s.open[i].calls.fold()
	}
}

func (cs calls) fold() calls {
	var folded calls
	for _, c := range cs {
		c.row = c.row.resolve()
		c.children = c.children.fold()
		folded.add(c)
	}
	return folded
}
