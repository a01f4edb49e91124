package traceexport

import (
	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/report"
)

// named is something about an op, or that it paid, under the name that it has in every format.
type named[T any] struct {
	name  string
	value T
}

// about is what is the same for all executions of an op. What is not known is left out.
func about(op *analyze.Op) []named[string] {
	model := ""
	if op.Model() != nil {
		model = op.Model().Name
	}
	all := []named[string]{
		{"model", model},
		{"node", report.Place(op)},
		{"op", op.FusedOp()},
		{"kernel", op.Kernel},
		{"operator", op.Operator},
		{"mapping", op.Mapping},
		{"delegate", op.Delegate},
		{"inputs", tensorsText(op.Inputs)},
		{"outputs", tensorsText(op.Outputs)},
	}
	if !op.Trusted {
		all = append(all, named[string]{"trusted", "no: it is too short beside the cost of its probe"})
	}
	known := all[:0]
	for _, a := range all {
		if a.value != "" {
			known = append(known, named[string]{a.name, printable(a.value)})
		}
	}
	return known
}

// paid is what an execution paid for, and how its end is known. What is 0 is left out. It is appended to what was there.
func paid(all []named[int64], e *analyze.Execution) []named[int64] {
	p := &e.Paid
	var inferred int64
	if e.EndInferred {
		inferred = 1
	}
	for _, n := range [...]named[int64]{
		{"off_cpu_ns", int64(p.OffCPU)},
		{"preempted_ns", int64(p.Preempted)},
		{"workers_cpu_ns", int64(p.Workers)},
		{"minor_faults", int64(p.MinorFaults)},
		{"major_faults", int64(p.MajorFaults)},
		{"migrations", int64(p.Migrations)},
		{"threads", int64(p.Threads)},
		{"core", int64(p.Core)},
		{"resident_bytes", p.Resident},
		{"end_inferred", inferred},
	} {
		if n.value != 0 {
			all = append(all, n)
		}
	}
	return all
}
