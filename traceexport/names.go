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
