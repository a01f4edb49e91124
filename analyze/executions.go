package analyze

import (
	"errors"

	"github.com/edgexray/edgexray/trace"
)

// ErrSummedUp means that a trace holds sums of ops instead of their executions.
var ErrSummedUp = errors.New("the recording summed ops up as they ran (--aggregate), so it has no single executions")

// Visitor says what Executions calls with what it comes by. A nil function is left out. What functions are given is
// theirs until they return; an error that one returns ends Executions.
type Visitor struct {
	Invoke func(*Invoke) error
	Gap    func(*trace.Gap) error
	Loss   func(Loss) error
	Exit   func(Exit) error
	Marker func(*trace.Marker, *Thread) error // of a thread that the trace describes
}

// Invoke is one run of a subgraph on a thread, with the ops that it ran.
type Invoke struct {
	// Number counts the invokes of the model's subgraph from 1 on, in the order in which they ended. It is 0 where there is no
	// invoke to tell: of nested ops whose outermost op the trace doesn't have, or ran more than maxWaiting of them.
	Number      int
	Model       *Model // nil when Number is 0
	Subgraph    int32  // its index, -1 when not known
	Interpreter uint32 // the trace's number of it, 0 when not known
	Thread      *Thread
	StartNS     uint64 // CLOCK_MONOTONIC, of the first op
	EndNS       uint64 // of the last one's end
	Partial     bool   // it ran another number of ops than most
	Executions  []Execution
}

// Thread is a thread that ran ops.
type Thread struct {
	PID     int32
	Process string
	TID     int32
	Name    string
	ID      uint32 // the trace's number of it, as markers have it
}

// Execution is one execution of an op.
type Execution struct {
	Op          *Op
	StartNS     uint64 // CLOCK_MONOTONIC
	DurationNS  uint64
	SelfNS      uint64 // without the ops within it
	Depth       int    // ops of its thread that were open when it started
	EndInferred bool   // taken from the start of the next op
	Paid        trace.Paid
}

// Loss is records lost within a time.
type Loss struct {
	Cause        string
	Count        uint64
	FromNS, ToNS uint64 // CLOCK_MONOTONIC
}

// Exit is the end of a process.
type Exit struct {
	Process *Process
	NS      uint64 // CLOCK_MONOTONIC, when it was written down
}

// Model returns the model that the op belongs to.
func (op *Op) Model() *Model { return op.model }

// Executions reads the trace again that r was made of, from its beginning, and visits all that it holds, in the order in
// which it was written down. An invoke comes when it has ended, with its ops by their starts, an op before those within
// it: so those of one thread are in order, while those of several take turns. Memory grows with what the trace describes,
// not with its length. The error is ErrSummedUp when there are sums only.
func (r *OpsResult) Executions(t *trace.Reader, v Visitor) error {
	if r.Recording.AggregateError != 0 {
		return ErrSummedUp
	}
	if err := t.Rewind(); err != nil {
		return err
	}
	p := newReplay(r, v)
	for t.Next() {
		if err := p.add(t.Block()); err != nil {
			return err
		}
	}
	if err := t.Err(); err != nil {
		return err
	}
	return p.interrupt()
}
