package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze"
)

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func runtimeName(r analyze.Runtime) string {
	if r.Path == "" {
		return "runtime not known"
	}
	name := r.Path
	if r.Entry != "" {
		name += "!" + r.Entry
	}
	if r.BuildID != "" {
		name += " (build ID " + r.BuildID + ")"
	}
	return name
}

// mhz shows the cores' mean frequency, nothing when it isn't known.
func mhz(p *analyze.Paid) string {
	if p.MeanKHz() == 0 {
		return ""
	}
	return strconv.FormatUint(p.MeanKHz()/1000, 10)
}

// causes shows what an op's time went to beside its work: "preempted 35%, parallel 48%".
func causes(op *analyze.Op) string {
	shown := make([]string, len(op.Causes))
	for i, c := range op.Causes {
		shown[i] = fmt.Sprintf("%s %.0f%%", c.Name, 100*c.Share)
	}
	return strings.Join(shown, ", ")
}

// shortKernel leaves out the namespaces that TFLite's own kernels share: "conv::Eval<(conv::KernelType)2>".
func shortKernel(name string) string { return strings.ReplaceAll(name, "tflite::ops::builtin::", "") }

// opName indents operators under their delegate node.
func opName(op *analyze.Op) string {
	if op.Mapping == "" {
		return op.Op
	}
	return "└ " + op.FusedOp()
}

// Place names a node: "12", or "1:12" in another subgraph than the first. An operator is named by the node it stands for,
// or else by its place in the delegate node: "64/3".
func Place(op *analyze.Op) string {
	node := strconv.Itoa(int(op.Node))
	if op.Node < 0 && op.Mapping != "" {
		node = fmt.Sprintf("%d/%d", op.DelegateNode, op.OperatorIndex)
	} else if op.Node < 0 {
		node = "?"
	}
	if op.Subgraph > 0 {
		return strconv.Itoa(int(op.Subgraph)) + ":" + node
	}
	return node
}

// outputs shows types and shapes: "FLOAT32 1x112x112x32".
func outputs(tensors []analyze.Tensor) string {
	shown := make([]string, len(tensors))
	for i, t := range tensors {
		shown[i] = strings.TrimSpace(t.Type + " " + Shape(t.Shape))
	}
	return strings.Join(shown, ", ")
}

// Shape shows a tensor's shape as 1x224x224x3; a scalar's is empty.
func Shape[T int32 | int64](shape []T) string {
	dims := make([]string, len(shape))
	for i, d := range shape {
		dims[i] = strconv.FormatInt(int64(d), 10)
	}
	return strings.Join(dims, "x")
}

func micro(ns uint64) float64 { return float64(ns) / 1e3 }

func us(ns float64) string { return strconv.FormatFloat(ns/1e3, 'f', 1, 64) }

func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + "%" }
