package traceexport

import (
	"fmt"
	"strings"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/report"
)

// Names come from the recorded device: what could act on a terminal is escaped, as in all that is shown to people.

// opName names an op's execution: "CONV_2D #12", or "PAD+CONV_2D #1:12" in subgraph 1.
func opName(op *analyze.Op) string {
	if place := report.Place(op); place != "?" {
		return report.Printable(op.FusedOp() + " #" + place)
	}
	return report.Printable(op.FusedOp())
}

// invokeName names the invokes of a model's subgraph: "ssd.tflite invoke", or "ssd.tflite subgraph 1 invoke".
func invokeName(inv *analyze.Invoke) string {
	name := inv.Model.Name
	if inv.Subgraph > 0 {
		name += fmt.Sprintf(" subgraph %d", inv.Subgraph)
	}
	if inv.Partial {
		return report.Printable(name + " invoke, seen in part")
	}
	return report.Printable(name + " invoke")
}

// maxTensors bounds how many tensors of an op are listed: a delegate node has the weights of all that it replaced.
const maxTensors = 8

// tensorsText shows types and shapes: "INT8 1x112x112x32, INT32".
func tensorsText(tensors []analyze.Tensor) string {
	var shown []string
	for i, t := range tensors {
		switch {
		case i == maxTensors:
			return strings.Join(shown, ", ") + fmt.Sprintf(" and %d more", len(tensors)-i)
		case t.Index < 0:
			shown = append(shown, "none")
		default:
			shown = append(shown, strings.TrimSpace(t.Type+" "+report.Shape(t.Shape)))
		}
	}
	return strings.Join(shown, ", ")
}

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
			known = append(known, named[string]{a.name, report.Printable(a.value)})
		}
	}
	return known
}

// paid is what an execution paid for, what it didn't left out. It is appended to what was there.
func paid(all []named[int64], e *analyze.Execution) []named[int64] {
	p := &e.Paid
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
	} {
		if n.value != 0 {
			all = append(all, n)
		}
	}
	return all
}

// endings are the ends of the executions of an invoke that are open, innermost last.
type endings []ending

type ending struct {
	depth int
	ns    uint64
}

// close ends all that is not around an execution of that depth, innermost first.
func (s *endings) close(depth int, end func(ns uint64)) {
	for len(*s) > 0 && (*s)[len(*s)-1].depth >= depth {
		end((*s)[len(*s)-1].ns)
		*s = (*s)[:len(*s)-1]
	}
}

func (s *endings) open(e *analyze.Execution) {
	*s = append(*s, ending{e.Depth, e.StartNS + e.DurationNS})
}

// What is no op, as texts of events.

const gapText = "nothing recorded, to keep to the budget"

func lossText(l analyze.Loss) string {
	return report.Printable(fmt.Sprintf("LOST %d: %s", l.Count, l.Cause))
}

func exitText(e analyze.Exit) string {
	if e.Process.LastWords == "" {
		return "process ended"
	}
	return report.Printable("process ended: " + e.Process.LastWords)
}

// missing says what isn't in a trace and has no time.
func missing(ops *analyze.OpsResult) []string {
	var all []string
	if n := ops.Lost[analyze.LossUndescribed]; n != 0 {
		all = append(all, lossText(analyze.Loss{Cause: analyze.LossUndescribed, Count: n}))
	}
	if ops.Truncated != "" {
		all = append(all, report.Printable(ops.Truncated))
	}
	return all
}
