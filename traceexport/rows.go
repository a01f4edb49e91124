package traceexport

import (
	"github.com/edgexray/edgexray/analyze"
)

// Row is an op execution in a table: its fields are the columns, by the name in the parquet tag. Texts are escaped as
// everywhere. Identifiers and counts fit their types as long as the trace is sane; those that don't are cut off.
type Row struct {
	Process       string `parquet:"process,dict" about:"the process's name"`
	PID           int32  `parquet:"pid" about:"and its number"`
	Thread        string `parquet:"thread,dict" about:"the thread's name"`
	TID           int32  `parquet:"tid" about:"and its number"`
	Model         string `parquet:"model,dict" about:"the model file's base name, or the process's name"`
	Interpreter   int32  `parquet:"interpreter" about:"the interpreter's number in the trace; 0 when not known"`
	Subgraph      int32  `parquet:"subgraph" about:"the subgraph that the op is part of; -1 when not known"`
	Invoke        int64  `parquet:"invoke,delta" about:"the invoke that it ran in, from 1 on for each model and outermost subgraph, in the order in which they ended; 0 when not known"`
	InvokePartial bool   `parquet:"invoke_partial" about:"that invoke ran another number of ops than most: a part of it was not seen"`
	Node          int32  `parquet:"node" about:"index in the subgraph; of an XNNPACK operator, of the node it stands for; -1 when not known"`
	Op            string `parquet:"op,dict" about:"what it does: CONV_2D; of a fused operator all of it, PAD+CONV_2D"`
	Kernel        string `parquet:"kernel,dict" about:"the kernel function's symbol, or its place in the library"`
	Operator      string `parquet:"operator,dict" about:"XNNPACK's name of the operator; empty for nodes"`
	DelegateNode  int32  `parquet:"delegate_node" about:"the delegate node that the operator runs in; -1 for nodes"`
	Mapping       string `parquet:"mapping,dict" about:"how sure it is which node the operator stands for; empty for nodes"`
	Inputs        string `parquet:"inputs,dict" about:"types and shapes: INT8 1x112x112x32, INT8 32x3x3x8"`
	Outputs       string `parquet:"outputs,dict" about:"the same of its outputs"`
	Trusted       bool   `parquet:"trusted" about:"the op is long enough beside the cost of its probe"`
	Depth         int32  `parquet:"depth" about:"ops around it on its thread. The time of an op holds that of the ops within"`
	StartNS       int64  `parquet:"start_ns,delta" about:"when it started, CLOCK_MONOTONIC"`
	DurationNS    int64  `parquet:"duration_ns" about:"from entry to return"`
	SelfNS        int64  `parquet:"self_ns" about:"of that, without the ops within: adds up"`
	EndInferred   bool   `parquet:"end_inferred" about:"its end was not seen, but is where the next op begins"`
	OffCPUNS      int64  `parquet:"off_cpu_ns" about:"its thread was not running. What wasn't recorded of this and what follows is 0"`
	PreemptedNS   int64  `parquet:"preempted_ns" about:"of that, it could have run"`
	WorkersNS     int64  `parquet:"workers_cpu_ns" about:"CPU time of threads that worked for it"`
	MinorFaults   int32  `parquet:"minor_faults" about:"page faults of its thread"`
	MajorFaults   int32  `parquet:"major_faults" about:"page faults with reading from a file"`
	Migrations    int32  `parquet:"migrations" about:"its thread came back on another core"`
	Threads       int32  `parquet:"threads" about:"threads that ran for it, its own included; 0 when not known"`
	Core          int32  `parquet:"core" about:"the core that it ended on"`
	KHz           int64  `parquet:"khz" about:"that core's frequency then; 0 when not known"`
	ResidentBytes int64  `parquet:"resident_bytes" about:"by which its process's resident memory grew"`
}

// rows makes Rows.
type rows struct {
	ops     map[*analyze.Op]Row // what is the same for all executions of an op
	threads map[*analyze.Thread]Row
}

func newRows() *rows { return &rows{make(map[*analyze.Op]Row), make(map[*analyze.Thread]Row)} }

// fill sets r to an execution.
func (rs *rows) fill(r *Row, inv *analyze.Invoke, e *analyze.Execution) {
	*r = rs.op(e.Op)
	t := rs.thread(inv.Thread)
	r.Process, r.PID, r.Thread, r.TID = t.Process, t.PID, t.Thread, t.TID
	r.Interpreter, r.Invoke, r.InvokePartial = int32(inv.Interpreter), int64(inv.Number), inv.Partial
	r.Depth, r.StartNS, r.DurationNS, r.SelfNS, r.EndInferred = int32(e.Depth), int64(e.StartNS), int64(e.DurationNS), int64(e.SelfNS), e.EndInferred
	p := &e.Paid
	r.OffCPUNS, r.PreemptedNS, r.WorkersNS = int64(p.OffCPU), int64(p.Preempted), int64(p.Workers)
	r.MinorFaults, r.MajorFaults, r.Migrations = int32(p.MinorFaults), int32(p.MajorFaults), int32(p.Migrations)
	r.Threads, r.Core, r.KHz, r.ResidentBytes = int32(p.Threads), int32(p.Core), int64(p.KHz), p.Resident
}

func (rs *rows) op(op *analyze.Op) Row {
	r, known := rs.ops[op]
	if !known {
		r = Row{
			Subgraph:     op.Subgraph,
			Node:         op.Node,
			Op:           printable(op.FusedOp()),
			Kernel:       printable(op.Kernel),
			Operator:     printable(op.Operator),
			DelegateNode: op.DelegateNode,
			Mapping:      printable(op.Mapping),
			Inputs:       printable(tensorsText(op.Inputs)),
			Outputs:      printable(tensorsText(op.Outputs)),
			Trusted:      op.Trusted,
		}
		if m := op.Model(); m != nil {
			r.Model = printable(m.Name)
		}
		rs.ops[op] = r
	}
	return r
}

func (rs *rows) thread(t *analyze.Thread) Row {
	r, known := rs.threads[t]
	if !known {
		r = Row{Process: printable(t.Process), PID: t.PID, Thread: printable(t.Name), TID: t.TID}
		rs.threads[t] = r
	}
	return r
}
