package traceexport

import (
	"fmt"
	"strings"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/report"
)

// maxText bounds texts, in bytes: some are written with every op, and the longest names of kernels have a few hundred.
const maxText = 1 << 10

// printable returns a text of the recorded device, which may be anything, as it is shown to people: what could act on a terminal
// is escaped.
func printable(text string) string {
	shown := report.Printable(text)
	if len(shown) <= maxText {
		return shown
	}
	return strings.ToValidUTF8(shown[:maxText], "") + "…"
}

// opName names an op's execution: "CONV_2D #12", or "PAD+CONV_2D #1:12" in subgraph 1.
func opName(op *analyze.Op) string {
	if place := report.Place(op); place != "?" {
		return printable(op.FusedOp() + " #" + place)
	}
	return printable(op.FusedOp())
}

// invokeName names the invokes of a model's subgraph: "ssd.tflite invoke", or "ssd.tflite subgraph 1 invoke".
func invokeName(inv *analyze.Invoke) string {
	name := inv.Model.Name
	if inv.Subgraph > 0 {
		name += fmt.Sprintf(" subgraph %d", inv.Subgraph)
	}
	if inv.Partial {
		return printable(name + " invoke, seen in part")
	}
	return printable(name + " invoke")
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
