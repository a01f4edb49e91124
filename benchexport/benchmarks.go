// Package benchexport writes what ops took as Go benchmark results, which benchstat and its kin read.
package benchexport

import (
	"fmt"
	"io"
	"strings"

	"golang.org/x/perf/benchfmt"

	"github.com/edgexray/edgexray/analyze"
)

// Write writes the runs of a trace: of each model in each process a benchmark for an invoke and one for each op, with a line
// each. The value is a quantile (0 to 1) of the executions that nothing disturbed; of all where the trace doesn't tell such.
// Results of several traces may follow each other in one file: lines of the same name are samples of the same benchmark.
func Write(w io.Writer, r *analyze.OpsResult, quantile float64) error {
	b := benchfmt.NewWriter(w)
	for _, m := range r.Models {
		config := []benchfmt.Config{
			{Key: "model", Value: []byte(word(m.Name)), File: true},
			{Key: "arch", Value: []byte(word(r.Recording.Architecture)), File: true},
		}
		write := func(name string, clean *analyze.Clean, all *analyze.Distribution) error {
			d := clean.Most()
			if d.Count == 0 {
				d = all
			}
			if d.Count == 0 {
				return nil
			}
			ns := float64(d.Quantile(quantile))
			value := benchfmt.Value{Value: ns * 1e-9, Unit: "sec/op", OrigValue: ns, OrigUnit: "ns/op"}
			return b.Write(&benchfmt.Result{Config: config, Name: benchfmt.Name(name), Iters: int(d.Count), Values: []benchfmt.Value{value}})
		}
		if err := write("Invoke", m.InvokeClean, m.InvokeWall); err != nil {
			return fmt.Errorf("write benchmark results: %w", err)
		}
		same := make(map[string]int)
		for _, op := range m.Ops {
			name := name(op)
			if same[name]++; same[name] > 1 { // operators that share a node, say
				name += fmt.Sprintf("/part=%d", same[name])
			}
			if err := write(name, op.Clean, op.Wall); err != nil {
				return fmt.Errorf("write benchmark results: %w", err)
			}
		}
	}
	return nil
}

// name is the same for the same op of another recording: "Op/node=12/op=CONV_2D/out=1x56x56x24". An operator has its nodes, or
// else its place in its delegate node.
func name(op *analyze.Op) string {
	var b strings.Builder
	b.WriteString("Op")
	part := func(key, value string) { fmt.Fprintf(&b, "/%s=%s", key, word(value)) }
	if op.Subgraph > 0 {
		part("subgraph", fmt.Sprint(op.Subgraph))
	}
	switch {
	case op.Mapping == "":
		part("node", fmt.Sprint(op.Node))
	case len(op.MappedNodes) > 0:
		part("node", strings.Trim(strings.ReplaceAll(fmt.Sprint(op.MappedNodes), " ", "+"), "[]"))
	default:
		part("place", fmt.Sprintf("%d.%d", op.DelegateNode, op.OperatorIndex))
	}
	part("op", op.FusedOp())
	if len(op.Outputs) > 0 {
		part("out", op.Outputs[0].Type+"_"+strings.ReplaceAll(fmt.Sprint(op.Outputs[0].Shape), " ", "x"))
	}
	return b.String()
}

// word replaces what would end a name or a line. Names come from the recorded device.
func word(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '_', r == '.', r == '+', '0' <= r && r <= '9', 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
			return r
		case r == '[', r == ']':
			return -1
		}
		return '_'
	}, s)
}
