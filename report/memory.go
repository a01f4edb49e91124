package report

import (
	"io"
	"slices"
	"strconv"

	"github.com/edgexray/edgexray/analyze"
)

// Memory writes what the tensors of each model and op take: of each model its peak, and its nodes in run order. Formats
// and width are as for Ops; CSV has bytes.
func Memory(w io.Writer, r *analyze.OpsResult, format Format, width int) error {
	if format == CSV {
		return memoryCSV(r.Models).csv(w)
	}
	p := printer{w: w, format: format, width: width}
	p.overview(r)
	if len(r.Models) == 0 {
		p.line("No op was recorded.")
	}
	for _, m := range r.Models {
		p.heading("%s in %s (pid %d), %s", m.Name, m.Process, m.PID, runtimeName(m.Runtime))
		p.modelMemory(m)
		p.line("Of each op per run on average, but for the heap's peak, the most that a run held:")
		p.table(memoryTable(m.Ops))
	}
	return p.err
}

func (p *printer) modelMemory(m *analyze.Model) {
	memory := m.Memory
	if memory == nil {
		p.line("Memory: not known")
		return
	}
	at := analyze.Op{Subgraph: memory.PeakSubgraph, Node: memory.PeakNode}
	p.line("Peak of what is live at once: %s KiB, while %s (node %s) ran; weights apart, which take %s KiB",
		kib(memory.Peak), memory.PeakOp, Place(&at), kib(memory.Weights))
	p.line("Memory that tensors take at some time: arena %s KiB, persistent %s, dynamic %s, the app's own %s",
		kib(memory.Arena), kib(memory.Persistent), kib(memory.Dynamic), kib(memory.Custom))
	for _, note := range memory.Notes {
		p.line("Not all is known: %s", note)
	}
}

func memoryTable(ops []*analyze.Op) *table {
	t := &table{columns: []column{
		{name: "node"}, {name: "op", left: true, max: 28},
		{name: "read KiB", drop: 5}, {name: "written KiB", drop: 6}, {name: "live KiB"}, {name: "", left: true},
		{name: "temporary KiB", drop: 2}, {name: "weights KiB", drop: 7},
		{name: "resident KiB", rare: true}, {name: "faults", rare: true, drop: 10}, {name: "count", drop: 1},
		{name: "output", left: true, drop: 4, max: 36}, {name: "name", left: true, drop: 3, max: 64},
	}}
	heap := slices.ContainsFunc(ops, func(op *analyze.Op) bool { return op.Heap != nil })
	if heap {
		t.columns = slices.Insert(t.columns, 10, heapColumns...)
	}
	for _, op := range ops {
		touched := touched(op)
		cells := []string{Place(op), op.Op, "?", "?", "?", "", "?", "?"}
		if op.Mapping != "" { // XNNPACK's tensors are its own
			if (op.Heap == nil || op.Heap.Allocations == 0) && !slices.ContainsFunc(touched, func(cell string) bool { return cell != "" }) {
				continue
			}
			cells = []string{Place(op), opName(op), "", "", "", "", "", ""}
		}
		if m := op.Memory; m != nil {
			live := "?"
			if m.Live != nil {
				live = kib(*m.Live)
			}
			more := ""
			if m.Unknown > 0 {
				more = "+?"
			}
			cells = []string{Place(op), op.Op, kib(m.Read), kib(m.Written), live, more, kib(m.Temporary), kib(m.Weights)}
		}
		cells = append(cells, touched...)
		if heap {
			cells = append(cells, heapCells(op)...)
		}
		t.add(append(cells, strconv.FormatUint(op.Count, 10), outputs(op.Outputs), outputNames(op))...)
	}
	return t.withoutEmpty()
}

// touched shows what a run of an op made resident, and its page faults, on average.
func touched(op *analyze.Op) []string {
	cells := []string{"", ""}
	if p := op.Paid; p.Resident != 0 {
		cells[0] = average(float64(p.Resident)/1024, op.Count)
	}
	if faults := op.Paid.MinorFaults + op.Paid.MajorFaults; faults != 0 {
		cells[1] = average(float64(faults), op.Count)
	}
	return cells
}

func average(sum float64, count uint64) string {
	return strconv.FormatFloat(sum/float64(max(count, 1)), 'f', 2, 64)
}

// heapColumns are the columns that heapCells fills, when allocations were recorded.
var heapColumns = []column{{name: "allocated KiB"}, {name: "kept KiB", drop: 9}, {name: "heap peak KiB", drop: 8}, {name: "allocations", drop: 1}}

func heapCells(op *analyze.Op) []string {
	h := op.Heap
	if h == nil {
		return []string{"?", "?", "?", "?"}
	}
	return []string{average(float64(h.Allocated)/1024, op.Count), average(float64(h.Kept)/1024, op.Count), kib(h.Peak), average(float64(h.Allocations), op.Count)}
}

// memoryColumns are the columns that memoryCells fills.
var memoryColumns = named("read_bytes", "written_bytes", "live_bytes", "temporary_bytes", "weights_bytes", "unknown_tensors",
	"allocated_bytes", "kept_bytes", "heap_peak_bytes", "allocations")

// wholeColumns are over all runs, and for operators, too.
var wholeColumns = named("resident_bytes", "minor_faults", "major_faults", "delegate_node", "operator_index", "operator", "mapping")

func memoryCSV(models []*analyze.Model) *table {
	t := &table{columns: slices.Concat(named("pid", "process", "model", "subgraph", "node", "run_order", "op", "kernel", "delegate", "name",
		"inputs", "outputs", "count"), memoryColumns, wholeColumns)}
	for _, m := range models {
		for _, op := range m.Ops {
			t.add(append([]string{
				strconv.Itoa(int(m.PID)), m.Process, m.Name, strconv.Itoa(int(op.Subgraph)), strconv.Itoa(int(op.Node)),
				strconv.Itoa(op.RunOrder), op.Op, op.Kernel, op.Delegate, outputNames(op), outputs(op.Inputs), outputs(op.Outputs),
				strconv.FormatUint(op.Count, 10)}, slices.Concat(memoryCells(op), wholeCells(op))...)...)
		}
	}
	return t
}

func wholeCells(op *analyze.Op) []string {
	return append([]string{strconv.FormatInt(op.Paid.Resident, 10), strconv.FormatUint(op.Paid.MinorFaults, 10),
		strconv.FormatUint(op.Paid.MajorFaults, 10)}, operatorCells(op)...)
}

// memoryCells are bytes; what isn't known is empty.
func memoryCells(op *analyze.Op) []string {
	cells := make([]string, len(memoryColumns))
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	if m := op.Memory; m != nil {
		live := ""
		if m.Live != nil {
			live = number(*m.Live)
		}
		copy(cells, []string{number(m.Read), number(m.Written), live, number(m.Temporary), number(m.Weights), strconv.Itoa(m.Unknown)})
	}
	if h := op.Heap; h != nil {
		copy(cells[6:], []string{number(h.Allocated), number(h.Kept), number(h.Peak), number(h.Allocations)})
	}
	return cells
}

// kib shows bytes in KiB, to about ten bytes.
func kib(bytes uint64) string { return strconv.FormatFloat(float64(bytes)/1024, 'f', 2, 64) }
