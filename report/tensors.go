package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze/tensors"
	"github.com/edgexray/edgexray/tflite"
)

// Tensors writes what a snapshot holds: of each subgraph its tensors in the order in which they were captured. Lines
// have at most width characters as far as possible, where 0 is no limit.
func Tensors(w io.Writer, r *tensors.Result, width int) error {
	p := printer{w: w, width: width}
	p.snapshot(r)
	if len(r.Subgraphs) == 0 {
		p.line("No tensor was captured.")
	}
	if r.Markers > 0 {
		p.line("The app marked %s itself (edgexray markers lists them)", plural(int(r.Markers), "point"))
	}
	for _, s := range r.Subgraphs {
		p.heading("%s", subgraphName(s))
		p.table(tensorTable(s))
	}
	return p.err
}

func (p *printer) snapshot(r *tensors.Result) {
	s := &r.Snapshot
	lasted := ""
	if s.DurationNS > 0 {
		lasted = fmt.Sprintf(" in %.1f s", float64(s.DurationNS)/1e9)
	}
	p.line("%s, %s of data, captured on Linux %s (%s) by %s%s", plural(int(r.Captures), "capture"), size(r.Bytes),
		s.Linux, s.Architecture, s.Recorder, lasted)
	if len(s.Selection) > 0 {
		p.line("Only %s was captured", strings.Join(s.Selection, ", "))
	}
	if s.Kernels != "" {
		p.line("Run with %s kernels: delegates were kept out", s.Kernels)
	}
	for _, cause := range slices.Sorted(maps.Keys(r.Lost)) {
		p.line("LOST: %s: %d", cause, r.Lost[cause])
	}
	if r.Missing > 0 {
		p.line("MISSING: the data of %s", plural(int(r.Missing), "capture"))
	}
	if r.Cut != "" {
		p.line("INCOMPLETE: %s", r.Cut)
	}
	for _, n := range r.Notes {
		p.line("Note (%s): %s", n.Kind, n.Text)
	}
}

func subgraphName(s *tensors.Subgraph) string {
	name := fmt.Sprintf("%s in %s (pid %d)", s.Name, s.Process, s.PID)
	if s.Index > 0 {
		name += fmt.Sprintf(", subgraph %d %s", s.Index, s.SubgraphName)
	}
	if s.Interpreters > 1 {
		name += ", " + plural(s.Interpreters, "interpreter")
	}
	return name
}

func tensorTable(s *tensors.Subgraph) *table {
	t := &table{columns: []column{
		{name: "node"}, {name: "op", left: true, max: 30}, {name: "role", left: true, drop: 3}, {name: "tensor", drop: 1}, {name: "name", left: true, max: 40, drop: 4},
		{name: "type", left: true}, {name: "shape", left: true, max: 30}, {name: "quantization", left: true, rare: true, drop: 2},
		{name: "captures"}, {name: "bytes"}, {name: "", left: true, rare: true, max: 60},
	}}
	for _, row := range s.Tensors {
		t.add(tensorPlace(s.Index, row.Node), row.Op, row.Role, strconv.Itoa(int(row.Tensor)), row.Name, row.Type, Shape(row.Shape), quantization(&row.Described),
			strconv.FormatUint(row.Captures, 10), strconv.FormatUint(row.Bytes, 10), remark(row))
	}
	return t.withoutEmpty()
}

// tensorPlace names a node as Place does.
func tensorPlace(subgraph, node int32) string {
	place := "?"
	if node >= 0 {
		place = strconv.Itoa(int(node))
	}
	if subgraph > 0 {
		place = strconv.Itoa(int(subgraph)) + ":" + place
	}
	return place
}

// quantization shows "0.0235 -128" (scale and zero point), or "32 channels".
func quantization(t *tensors.Described) string {
	switch {
	case t.Scale == 0:
		return ""
	case t.Channels > 1:
		return plural(int(t.Channels), "channel")
	}
	return fmt.Sprintf("%.6g %d", t.Scale, t.ZeroPoint)
}

// remark says what is special about a tensor's captures.
func remark(t *tensors.Tensor) string {
	var remarks []string
	if t.Type == tflite.Resource.String() || t.Type == tflite.Variant.String() {
		remarks = append(remarks, "a handle, which has no data")
	}
	if t.Failed > 0 {
		remarks = append(remarks, "kernel failed "+plural(int(t.Failed), "time"))
	}
	if t.Statistics > 0 {
		remarks = append(remarks, "statistics")
	}
	for _, why := range slices.Sorted(maps.Keys(t.Missing)) {
		remarks = append(remarks, fmt.Sprintf("%d missing: %s", t.Missing[why], why))
	}
	return strings.Join(remarks, "; ")
}

// size shows bytes: "1.5 MiB".
func size(bytes uint64) string {
	const units = "KMGTPE"
	if bytes < 1<<10 {
		return plural(int(bytes), "byte")
	}
	value, unit := float64(bytes)/1024, 0
	for ; value >= 1024; unit++ {
		value /= 1024
	}
	return fmt.Sprintf("%.1f %ciB", value, units[unit])
}
