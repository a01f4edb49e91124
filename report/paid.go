package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze"
)

// Paid writes what the threads of each op paid for its wall time, per run on average: CPU time, waiting, page faults, and
// where it ran. Formats and width are as for Ops, whose CSV has it too.
func Paid(w io.Writer, r *analyze.OpsResult, format Format, width int) error {
	if format == CSV {
		return opsCSV(r.Models).csv(w)
	}
	p := printer{w: w, format: format, width: width}
	p.overview(r)
	for _, f := range r.Recording.Followed {
		if f.Missing != "" && f.Part != analyze.HeapPart && f.Part != analyze.ResidentPart { // which `ops --memory` shows
			p.line("Not told: %s (%s)", f.Part, f.Missing)
		}
	}
	p.line("%s", cores(r.Recording.Cores))
	if len(r.Models) == 0 {
		p.line("No op was recorded.")
	}
	for _, m := range r.Models {
		p.heading("%s in %s (pid %d), %s", m.Name, m.Process, m.PID, runtimeName(m.Runtime))
		p.table(paidTable(m.Ops, &r.Recording))
	}
	return p.err
}

// cores says which cores there are: "Cores: 0-3 of capacity 446, 4-7 of 1024".
func cores(list []analyze.Core) string {
	if len(list) == 0 {
		return "Cores: not known"
	}
	var kinds []string
	for first := 0; first < len(list); {
		last := first
		for last+1 < len(list) && list[last+1].Capacity == list[first].Capacity && list[last+1].MaxKHz == list[first].MaxKHz {
			last++
		}
		capacity, frequency := "unknown", "unknown"
		if c := list[first].Capacity; c != 0 {
			capacity = strconv.FormatUint(uint64(c), 10)
		}
		if khz := list[first].MaxKHz; khz != 0 {
			frequency = fmt.Sprintf("at most %d MHz", khz/1000)
		}
		kinds = append(kinds, fmt.Sprintf("%s of capacity %s, frequency %s", span(first, last), capacity, frequency))
		first = last + 1
	}
	return "Cores: " + strings.Join(kinds, "; ")
}

func span(first, last int) string {
	if first == last {
		return strconv.Itoa(first)
	}
	return fmt.Sprintf("%d-%d", first, last)
}

// paidTable has no columns for what was not told.
func paidTable(ops []*analyze.Op, rec *analyze.Recording) *table {
	t := &table{columns: []column{
		{name: "node"}, {name: "op", left: true, max: 40}, {name: "mean us"}, {name: "CPU us", rare: true, drop: 9},
		{name: "threads", rare: true, drop: 5}, {name: "efficiency", rare: true, drop: 6}, {name: "preempted us", rare: true, drop: 10}, {name: "blocked us", rare: true, drop: 11},
		{name: "moved", rare: true, drop: 2}, {name: "minor faults", rare: true, drop: 7}, {name: "major faults", rare: true, drop: 4},
		{name: "count", drop: 1}, {name: "MHz", rare: true, drop: 8}, {name: "cores", left: true, rare: true, drop: 3, max: 32}, {name: "cause", left: true, rare: true, max: 40},
	}}
	for _, op := range ops {
		p := op.Paid
		cell := func(part, shown string) string {
			if !rec.Follows(part) {
				return ""
			}
			return shown
		}
		perRun := func(total uint64) float64 { return float64(total) / float64(max(op.Count, 1)) }
		times := func(total uint64) string { return strconv.FormatFloat(perRun(total), 'f', 2, 64) }
		t.add(Place(op), opName(op), us(op.Wall.Mean()), cell(analyze.SchedulingPart, us(perRun(p.CPUNS()))),
			cell(analyze.WorkersPart, strconv.FormatFloat(p.Threads(), 'f', 1, 64)), cell(analyze.WorkersPart, percent(p.Efficiency())),
			cell(analyze.PreemptionPart, us(perRun(p.PreemptedNS))), cell(analyze.PreemptionPart, us(perRun(p.BlockedNS()))),
			cell(analyze.SchedulingPart, times(p.Migrations)), cell(analyze.MinorFaultsPart, times(p.MinorFaults)), cell(analyze.MajorFaultsPart, times(p.MajorFaults)),
			strconv.FormatUint(op.Count, 10), mhz(p), ranOn(p), causes(op))
	}
	return t.withoutEmpty()
}

// ranOn shows on which cores ops ended, and how many of them: "3 71%, 2 29%".
func ranOn(p *analyze.Paid) string {
	var all uint64
	for _, n := range p.Cores {
		all += n
	}
	cores := slices.SortedFunc(maps.Keys(p.Cores), func(a, b uint64) int {
		return cmp.Or(cmp.Compare(p.Cores[b], p.Cores[a]), cmp.Compare(a, b))
	})
	shown := make([]string, len(cores))
	for i, core := range cores {
		shown[i] = fmt.Sprintf("%d %.0f%%", core, 100*ratio(p.Cores[core], all))
	}
	return strings.Join(shown, ", ")
}
