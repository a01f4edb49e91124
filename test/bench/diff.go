package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/diff"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/trace"
)

// What `diff` is tried on: processes of an app, one after the other, all alike.
const (
	diffRecordings = 50
	diffProcesses  = 40      // a recording
	diffInvokes    = 60      // a process
	diffLongOp     = 200_000 // ns, of an op whose slowdown has to be found
)

// measureDiff counts how often diff tells changes of what did not change, and how often it finds an op that did.
func measureDiff(b *bench) error {
	var recordings []string
	for len(recordings) < diffRecordings {
		path := filepath.Join(b.dir, fmt.Sprintf("same-%d.xray", len(recordings)))
		if err := b.recordAlike(path); err != nil {
			return err
		}
		recordings = append(recordings, path)
	}
	return judgeDiff(recordings)
}

// recordAlike records processes that all do the same.
func (b *bench) recordAlike(path string) error {
	line, err := b.line(app{file: landmark, library: tflite217, invokes: diffInvokes})
	if err != nil {
		return err
	}
	line = slices.DeleteFunc(line, func(arg string) bool { return arg == "--steps" || arg == "--times" })
	script := fmt.Sprintf("for i in $(seq %d); do %s >/dev/null || exit 1; done", diffProcesses, strings.Join(line, " "))
	record := b.command("cache", "record", "-o", path, "--", "sh", "-c", script)
	if output, err := record.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s: %w\n%s", record, err, output)
	}
	return nil
}

// judgeDiff tries diff on recordings of alike processes.
func judgeDiff(recordings []string) error {
	unchanged := make([][]*diff.Run, len(recordings))
	for i, path := range recordings {
		file, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if unchanged[i], err = runsOf(file); err != nil {
			return err
		}
	}
	if err := falseAlarms(slices.Concat(unchanged...)); err != nil {
		return err
	}
	rows := [][]string{}
	for _, slower := range []float64{0.02, 0.03, 0.05, 0.1} {
		found, err := detections(recordings, unchanged, slower)
		if err != nil {
			return err
		}
		rows = append(rows, append([]string{fmt.Sprintf("%.0f %%", 100*slower)}, found...))
	}
	fmt.Printf("\nHow often a slowdown of one op of %d us or more is found, by runs a side (threshold: 3 %%, or 0.6 of the slowdown if that is less)\n\n", diffLongOp/1000)
	header := []string{"slowdown"}
	for _, n := range runsASide {
		header = append(header, fmt.Sprint(n))
	}
	return report.Listing(os.Stdout, header, rows)
}

var runsASide = []int{3, 5, 10, 20}

func runsOf(file []byte) ([]*diff.Run, error) {
	r, err := trace.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	ops, err := analyze.Ops(r, analyze.Options{})
	if err != nil {
		return nil, err
	}
	return diff.Runs("", ops, diff.DefaultQuantile), nil
}

// An order is how base and new runs are taken from runs that came one after the other.
type order struct {
	name string
	of   func(n, i int) (base, new int) // places of the i-th of n runs a side
}

var (
	inTurns = order{"in turns", func(n, i int) (int, int) { return 2 * i, 2*i + 1 }}
	orders  = []order{
		inTurns,
		{"one side right after the other", func(n, i int) (int, int) { return i, n + i }},
		{fmt.Sprintf("%d others in between", diffProcesses), func(n, i int) (int, int) { return i, n + diffProcesses + i }},
	}
)

// sides takes n runs a side.
func (o order) sides(base, new []*diff.Run, from, n int) (b, c *diff.Side) {
	b, c = diff.NewSide("base"), diff.NewSide("new")
	for i := range n {
		first, second := o.of(n, i)
		b.AddRuns(base[from+first])
		c.AddRuns(new[from+second])
	}
	return b, c
}

func differ(base, new *diff.Side, threshold float64) (*diff.Result, error) {
	thresholds, err := diff.ParseThresholds(threshold, nil)
	if err != nil {
		return nil, err
	}
	o, err := diff.Options{Thresholds: thresholds}.WithDefaults()
	if err != nil {
		return nil, err
	}
	return diff.Diff(base, new, o)
}

// falseAlarms compares runs with others of the same.
func falseAlarms(runs []*diff.Run) error {
	rows := [][]string{}
	for _, o := range orders {
		for _, n := range runsASide[1:] {
			row, err := o.falseAlarms(runs, n)
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
	}
	fmt.Printf("How often runs of the same are told to differ in anything\n\n")
	return report.Listing(os.Stdout, []string{"recorded", "runs a side", "pairs", "false alarms", "with a threshold of 0"}, rows)
}

func (o order) falseAlarms(runs []*diff.Run, n int) ([]string, error) {
	pairs, alarms, anySize := 0, 0, 0
	_, last := o.of(n, n-1)
	for from := 0; from+last < len(runs); from += 2 * n {
		pairs++
		for threshold, count := range map[float64]*int{0: &alarms, 1e-6: &anySize} { // 0 is the default
			base, new := o.sides(runs, runs, from, n)
			r, err := differ(base, new, threshold)
			if err != nil {
				return nil, err
			}
			*count += btoi(r.Verdict.Slower+r.Verdict.Faster > 0)
		}
	}
	return []string{o.name, strconv.Itoa(n), strconv.Itoa(pairs), rate(alarms, pairs), rate(anySize, pairs)}, nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func rate(n, of int) string {
	return fmt.Sprintf("%.1f %% (%d)", 100*float64(n)/float64(max(of, 1)), n)
}

// detections slows one op down in what was recorded, another one in each recording, and returns how often it is found, by
// runs a side.
func detections(recordings []string, unchanged [][]*diff.Run, slower float64) ([]string, error) {
	trials, found := make([]int, len(runsASide)), make([]int, len(runsASide))
	for i, path := range recordings {
		long, err := longOps(path)
		if err != nil {
			return nil, err
		}
		node := long[i%len(long)]
		file, err := slowed(path, node, slower)
		if err != nil {
			return nil, err
		}
		changed, err := runsOf(file)
		if err != nil {
			return nil, err
		}
		for k, n := range runsASide {
			for from := 0; from+2*n <= len(changed); from += 2 * n {
				base, new := inTurns.sides(unchanged[i], changed, from, n)
				r, err := differ(base, new, min(0.03, 0.6*slower))
				if err != nil {
					return nil, err
				}
				trials[k]++
				found[k] += btoi(slices.ContainsFunc(r.Models[0].Ops, func(c *diff.Change) bool { return c.Node == node && c.Status == diff.Slower }))
			}
		}
	}
	var cells []string
	for k := range runsASide {
		cells = append(cells, rate(found[k], trials[k]))
	}
	return cells, nil
}

// longOps returns the nodes that take long in a recording.
func longOps(path string) ([]int32, error) {
	ops, err := analyzed(path)
	if err != nil {
		return nil, err
	}
	var nodes []int32
	for _, op := range ops.Models[0].Ops {
		if op.Wall.Quantile(0.5) >= diffLongOp {
			nodes = append(nodes, op.Node)
		}
	}
	if len(nodes) == 0 {
		return nil, fmt.Errorf("%s: no op takes %d us", path, diffLongOp/1000)
	}
	return nodes, nil
}

// slowed returns a recording in which a node takes longer by a share, and all that follows on its thread comes later.
func slowed(path string, node int32, by float64) ([]byte, error) {
	r, err := trace.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var file bytes.Buffer
	var w *trace.Writer
	nodes := make(map[uint32]int32)
	later := make(map[uint32]uint64) // ns, by thread
	for r.Next() {
		b := r.Block()
		if b.Header != nil {
			if w, err = trace.NewWriter(&file, b.Header); err != nil {
				return nil, err
			}
		}
		for _, n := range b.Nodes {
			nodes[n.Id] = n.Index
		}
		if err := describe(w, b); err != nil {
			return nil, err
		}
		for _, batch := range b.Ops {
			for op := range batch.All() {
				op.Start += later[op.Thread]
				if nodes[op.Node] == node {
					more := uint64(float64(op.Duration) * by)
					op.Duration += more
					later[op.Thread] += more
				}
				if err := w.AddOp(op); err != nil {
					return nil, err
				}
			}
		}
		if b.End != nil {
			if err := w.Close(b.End); err != nil {
				return nil, err
			}
		}
	}
	return file.Bytes(), r.Err()
}

func describe(w *trace.Writer, b *trace.Block) error {
	var all []trace.Description
	all = appendAll(all, b.Runtimes)
	all = appendAll(all, b.Kernels)
	all = appendAll(all, b.Processes)
	all = appendAll(all, b.Threads)
	all = appendAll(all, b.Models)
	all = appendAll(all, b.Subgraphs)
	all = appendAll(all, b.Nodes)
	for _, d := range all {
		if err := w.Describe(d); err != nil {
			return err
		}
	}
	return nil
}

func appendAll[D trace.Description](to []trace.Description, from []D) []trace.Description {
	for _, d := range from {
		to = append(to, d)
	}
	return to
}
