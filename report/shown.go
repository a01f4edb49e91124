package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze/tensors"
)

// ShownTensors writes statistics and a histogram of each tensor that was looked into.
func ShownTensors(w io.Writer, r *tensors.Result, width int) error {
	p := printer{w: w, width: width}
	p.snapshot(r)
	for _, s := range r.Shown {
		p.shown(s, r.Subgraphs[s.Subgraph])
	}
	return p.err
}

func (p *printer) shown(s *tensors.Shown, in *tensors.Subgraph) {
	p.heading("node %s %s of %s: %s, tensor %d %s", tensorPlace(in.Index, s.Node), s.Op, subgraphName(in), s.Role, s.Tensor, s.Name)
	quantized := quantization(&s.Described)
	if quantized != "" {
		quantized = ", quantized " + quantized
	}
	p.line("%s %s%s, %s; invoke %d, thread %d, kernel ran %.1f us", s.Type, Shape(s.Shape), quantized, size(s.Bytes), s.Invoke, s.TID, micro(s.DurationNS))
	if s.Others > 0 {
		p.line("%s of it: see them with --invoke", plural(int(s.Others), "other capture"))
	}
	if s.Status != 0 {
		p.line("The kernel FAILED with status %d", s.Status)
	}
	if s.Stored == nil {
		p.line("Nothing to show: %s", s.Missing)
		return
	}
	p.line("%s, %d NaN, %d infinite", plural(int(s.Stored.Elements), "element"), s.Stored.NaNs, s.Stored.Infs)
	p.table(statisticsTable(s))
	if s.Stored.Histogram != nil {
		p.histogram(s.Stored)
	}
	if s.Real != nil && s.Real.Histogram != nil {
		p.line("dequantised:")
		p.histogram(s.Real)
	}
}

func statisticsTable(s *tensors.Shown) *table {
	t := &table{columns: []column{{name: "", left: true, rare: true}, {name: "min"}, {name: "max"}, {name: "mean"}, {name: "rms"}}}
	add := func(name string, s *tensors.Statistics) {
		t.add(name, number(s.Min), number(s.Max), number(s.Mean), number(s.RMS))
	}
	if s.Real == nil {
		add("", s.Stored)
		return t.withoutEmpty()
	}
	add("stored", s.Stored)
	add("dequantised", s.Real)
	return t
}

func number(n tensors.Number) string { return strconv.FormatFloat(float64(n), 'g', 6, 64) }

// chartHeight is a histogram's height in lines.
const chartHeight = 8

// histogram draws one bar a bucket, and below the axis its ends and its middle.
func (p *printer) histogram(s *tensors.Statistics) {
	h := s.Histogram
	var highest uint32
	for _, n := range h.Buckets {
		highest = max(highest, n)
	}
	if highest == 0 {
		return
	}
	for line := chartHeight - 1; line >= 0; line-- {
		label := ""
		if line == chartHeight-1 {
			label = percent(ratio(uint64(highest), h.Elements))
		}
		bars := make([]rune, len(h.Buckets))
		for i, n := range h.Buckets {
			bars[i] = bar(n, highest, line)
		}
		p.line("%7s |%s", label, strings.TrimRight(string(bars), " "))
	}
	low, _ := h.Bounds(0)
	middle, _ := h.Bounds(len(h.Buckets) / 2)
	_, high := h.Bounds(len(h.Buckets) - 1)
	half := len(h.Buckets) / 2
	p.line("%8s%-*s%-*s%s", "", half+1, axis(low), half-len(axis(high))/2, axis(middle), axis(high))
	scale := ""
	if h.Width == 0 {
		scale = "; outwards from the middle each bar stands for twice as much as the one before"
	}
	p.line("%8s%s%s", "", counted(h.Elements, s.Elements-s.NaNs-s.Infs), scale)
}

// counted says of which elements a histogram is.
func counted(n, elements uint64) string {
	if n == elements {
		return "all finite elements"
	}
	return fmt.Sprintf("%d of %d elements, evenly spaced", n, elements)
}

func axis(v float64) string { return strconv.FormatFloat(v, 'g', 5, 64) }

// bar is the part of a bar in one line of the chart. Every bucket that isn't empty is to be seen.
func bar(n, highest uint32, line int) rune {
	const eighths = " ▁▂▃▄▅▆▇█"
	filled := int(uint64(n) * chartHeight * 8 / uint64(highest))
	if n > 0 {
		filled = max(filled, 1)
	}
	return []rune(eighths)[max(0, min(8, filled-8*line))]
}
