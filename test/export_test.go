package test

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/test/readers"
)

const exportedInvokes = 10

// exportedRuns are recordings to export: with XNNPACK's operators, subgraphs within ops, and neither.
func exportedRuns(t *testing.T) map[string]recording {
	t.Helper()
	run := func(name string, flags ...string) recording {
		args := append([]string{model(t, name), "--invokes", strconv.Itoa(exportedInvokes)}, flags...)
		return recordCommand(t, litert(t, args...), "--follow", "scheduling,workers,faults,frequency,resident")
	}
	return map[string]recording{
		"mobilenet_v2_float": run("mobilenet_v2_float"),
		"mobilenet_v1_int8":  run("mobilenet_v1_int8"),
		"while":              run("while", "--resolver", "builtin"),
		"face_landmark":      run("face_landmark", "--resolver", "builtin"),
	}
}

// exportAs writes the recording in a format, and returns the file's path.
func exportAs(t *testing.T, r recording, format string, flags ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out."+format)
	got := finish(t, edgexray(t, append([]string{"export", r.trace, "--format", format, "-o", path}, flags...)...))
	if got.status != 0 || !strings.Contains(got.stderr, "Wrote "+path) {
		t.Fatalf("exit status %d\n%s", got.status, got.stderr)
	}
	return path
}

// What edgexray exports is what those say that it is for.
func TestExport(t *testing.T) {
	for name, r := range exportedRuns(t) {
		result := r.ops(t)
		wantNothingLost(t, result)
		m := result.model(t)
		t.Run("perfetto/"+name, func(t *testing.T) { checkPerfetto(t, r, m) })
		t.Run("tables/"+name, func(t *testing.T) { checkTables(t, r, m) })
		t.Run("model-explorer/"+name, func(t *testing.T) { checkNodes(t, r, m, model(t, name)) })
		t.Run("benchfmt/"+name, func(t *testing.T) { checkBenchfmt(t, r, m) })
		t.Run("folded/"+name, func(t *testing.T) { checkFolded(t, r, m) })
	}
}

// all are the model's nodes and operators.
func (m modelJSON) all() []opJSON { return slices.Concat(m.Ops, m.Operators) }

type perfettoJSON struct {
	Slices []struct {
		PID, TID     int
		Category     []string
		Name, Within string
		Depth        int
		Start        uint64
		Duration     uint64
		Args         map[string]any
	}
	Flows        [][]any
	Instants     []string
	Counters     map[string][]int64
	Open         int
	Unknown      int
	PrimaryClock int `json:"primary_clock"`
	DefaultClock int `json:"default_clock"`
	Clocks       [][2]uint64
	Processes    [][2]any
	Threads      [][2]any
}

func checkPerfetto(t *testing.T, r recording, m modelJSON) {
	var got perfettoJSON
	readJSON(t, readers.Perfetto(t, exportAs(t, r, "perfetto")), &got)
	const monotonic, realtime = 3, 1
	if got.PrimaryClock != monotonic || got.DefaultClock != monotonic || len(got.Clocks) != 2 || got.Clocks[0][0] != monotonic || got.Clocks[1][0] != realtime {
		t.Errorf("clocks %d and %d of %v", got.PrimaryClock, got.DefaultClock, got.Clocks)
	}
	if got.Open != 0 || got.Unknown != 0 {
		t.Errorf("%d slices are open, %d fields aren't known", got.Open, got.Unknown)
	}
	if len(got.Processes) != 1 || got.Processes[0][0] != float64(m.PID) || got.Processes[0][1] != m.Process || len(got.Threads) != m.Threads {
		t.Errorf("processes %v, threads %v", got.Processes, got.Threads)
	}
	type sum struct{ count, ns uint64 }
	sums, invokes := make(map[string]sum), 0
	for _, s := range got.Slices {
		if s.Category[0] == "invoke" {
			invokes++
			if s.Depth != 0 || s.Name != m.Name+" invoke" || s.Args["invoke"] != float64(invokes) {
				t.Errorf("invoke %d is %+v", invokes, s)
			}
			continue
		}
		if s.Depth == 0 || s.Within != m.Name+" invoke" || s.Args["model"] != m.Name {
			t.Errorf("%s is at depth %d within %q", s.Name, s.Depth, s.Within)
		}
		key := fmt.Sprint(s.Category[0], s.Name, s.Args["operator"], s.Args["outputs"])
		sums[key] = sum{sums[key].count + 1, sums[key].ns + s.Duration}
	}
	want := make(map[string]sum)
	for _, op := range m.all() {
		category, name, operator := "op", op.Op, any(nil)
		if op.Mapping != "" {
			category = "operator"
		}
		if len(op.MappedOps) > 1 {
			name = fused(op)
		}
		if op.Operator != "" {
			operator = op.Operator
		}
		if op.Node >= 0 {
			name += " #" + nodePlace(op)
		} else {
			name += fmt.Sprintf(" #%d/%d", op.DelegateNode, op.OperatorIndex)
		}
		key := fmt.Sprint(category, name, operator, outputsText(op))
		want[key] = sum{want[key].count + uint64(op.Count), want[key].ns + op.Wall.Sum}
	}
	if diff := cmp.Diff(want, sums, cmp.AllowUnexported(sum{})); diff != "" || invokes != m.Invokes {
		t.Errorf("%d invokes, want %d; ops differ: %s", invokes, m.Invokes, diff)
	}
	checkFlows(t, got.Flows, m)
	live := 0
	for _, op := range m.Ops {
		if op.Memory != nil && op.Memory.Live != nil {
			live = max(live, int(*op.Memory.Live))
		}
	}
	if counted := got.Counters["live tensors"]; len(counted) == 0 || slices.Max(counted) != int64(live) || counted[len(counted)-1] != 0 {
		t.Errorf("live tensors are %v, want up to %d", counted, live)
	}
	for i, text := range got.Instants {
		if begins := strings.HasPrefix(text, "recorded by edgexray"); begins != (i == 0) || !begins && text != "process ended" {
			t.Errorf("instants %q", got.Instants)
		}
	}
}

// checkFlows checks that each invoke has a flow, which ends with its last op.
func checkFlows(t *testing.T, flows [][]any, m modelJSON) {
	t.Helper()
	if len(flows) != m.Invokes {
		t.Errorf("%d flows, want %d", len(flows), m.Invokes)
	}
	for _, flow := range flows {
		for i, step := range flow {
			step := step.([]any)
			if first := step[0] == m.Name+" invoke"; first != (i == 0) || step[1] != (i == len(flow)-1) {
				t.Errorf("step %d of %d is %v", i, len(flow), step)
			}
		}
		if len(flow) != m.OpsPerInvoke+1 {
			t.Errorf("a flow through %d ops, want %d", len(flow)-1, m.OpsPerInvoke)
		}
	}
}

func fused(op opJSON) string {
	byNode := make(map[int]string)
	for i, node := range op.MappedNodes {
		byNode[node] = op.MappedOps[i]
	}
	var names []string
	for _, node := range slices.Sorted(maps.Keys(byNode)) {
		names = append(names, byNode[node])
	}
	return strings.Join(names, "+")
}

func nodePlace(op opJSON) string {
	if op.Subgraph > 0 {
		return fmt.Sprintf("%d:%d", op.Subgraph, op.Node)
	}
	return strconv.Itoa(op.Node)
}

func outputsText(op opJSON) string {
	var all []string
	for _, o := range op.Outputs {
		if o.Index < 0 {
			all = append(all, "none")
			continue
		}
		var shape []string
		for _, n := range o.Shape {
			shape = append(shape, strconv.Itoa(n))
		}
		all = append(all, strings.TrimSpace(o.Type+" "+strings.Join(shape, "x")))
	}
	return strings.Join(all, ", ")
}

func checkTables(t *testing.T, r recording, m modelJSON) {
	var got struct {
		Columns             [][2]string
		DuckDB, CSV, Pandas [][]any
		Nulls, Differ       int
	}
	readJSON(t, readers.Tables(t, exportAs(t, r, "parquet"), exportAs(t, r, "csv")), &got)
	want := make(map[string][4]uint64) // runs, duration, self, invokes
	for _, op := range m.all() {
		key := fmt.Sprint(op.Subgraph, " ", op.Node, " ", op.Operator)
		sum := want[key]
		want[key] = [4]uint64{sum[0] + uint64(op.Count), sum[1] + op.Wall.Sum, sum[2] + op.SelfNS, exportedInvokes}
	}
	for name, rows := range map[string][][]any{"DuckDB": got.DuckDB, "CSV in DuckDB": got.CSV, "pandas": got.Pandas} {
		sums := make(map[string][4]uint64)
		for _, row := range rows {
			operator, _ := row[2].(string) // an empty text in CSV may be read as NULL
			var sum [4]uint64
			for i := range sum {
				sum[i] = uint64(row[3+i].(float64))
			}
			sums[fmt.Sprint(row[0], " ", row[1], " ", operator)] = sum
		}
		if diff := cmp.Diff(want, sums); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, c := range [][2]string{{"process", "VARCHAR"}, {"pid", "INTEGER"}, {"invoke_partial", "BOOLEAN"}, {"duration_ns", "BIGINT"}, {"khz", "BIGINT"}} {
		if !slices.Contains(got.Columns, c) {
			t.Errorf("columns %v, without %v", got.Columns, c)
		}
	}
	if got.Nulls != 0 || got.Differ != 0 {
		t.Errorf("%d values are null, %d rows are others in CSV", got.Nulls, got.Differ)
	}
}

// checkNodes checks that node data is about nodes that Model Explorer has, with the same op.
func checkNodes(t *testing.T, r recording, m modelJSON, file string) {
	var got struct {
		Graphs map[string]map[string]string // labels
		Data   map[string]map[string]float64
	}
	readJSON(t, readers.Nodes(t, file, exportAs(t, r, "model-explorer")), &got)
	ops := make(map[string]string) // by graph and node
	var delegates, self uint64
	for _, op := range m.all() {
		self += op.SelfNS
		if op.Delegate != "" && op.Mapping == "" || op.Mapping != "" && op.Node < 0 {
			delegates += op.SelfNS
			continue
		}
		ops[op.SubgraphName+"/"+strconv.Itoa(op.Node)] = op.Op
		for i, node := range op.MappedNodes {
			ops[op.SubgraphName+"/"+strconv.Itoa(node)] = op.MappedOps[i]
		}
	}
	var sum float64
	for graph, data := range got.Data {
		for node, us := range data {
			sum += us
			op := ops[graph+"/"+node]
			if label := got.Graphs[graph][node]; op == "" || !strings.EqualFold(label, op) {
				t.Errorf("node %s of %s is %q in Model Explorer, and %q to edgexray", node, graph, label, op)
			}
			delete(ops, graph+"/"+node)
		}
	}
	if len(ops) != 0 {
		t.Errorf("no data for %v", ops)
	}
	if want := float64(self-delegates) / 1e3 / float64(m.Invokes); sum < 0.999*want || sum > 1.001*want {
		t.Errorf("nodes take %g us, want %g", sum, want)
	}
}

func checkFolded(t *testing.T, r recording, m modelJSON) {
	var got, want uint64
	for line := range strings.Lines(string(read(t, exportAs(t, r, "folded")))) {
		at := strings.LastIndexByte(line, ' ')
		n, err := strconv.ParseUint(strings.TrimSpace(line[at:]), 10, 64)
		if err != nil || !strings.HasPrefix(line, m.Process+";"+m.Name+";subgraph 0") {
			t.Errorf("%q: %v", line, err)
		}
		got += n
	}
	for _, op := range m.all() {
		want += op.SelfNS
	}
	if got != want {
		t.Errorf("stacks of %d ns, want %d", got, want)
	}
}

// checkBenchfmt checks that benchstat has a row for the model and for each op.
func checkBenchfmt(t *testing.T, r recording, m modelJSON) {
	got := finish(t, exec.Command("go", "tool", "benchstat", exportAs(t, r, "benchfmt")))
	if got.status != 0 || got.stderr != "" {
		t.Fatalf("exit status %d\n%s", got.status, got.stderr)
	}
	invokes, ops := 0, 0
	for line := range strings.Lines(got.stdout) {
		switch {
		case strings.HasPrefix(line, "Invoke "):
			invokes++
		case strings.HasPrefix(line, "Op/"):
			ops++
		}
	}
	if invokes != 1 || ops != len(m.all()) || !strings.Contains(got.stdout, "model: "+m.Name) {
		t.Errorf("%d invokes and %d ops, want 1 and %d\n%s", invokes, ops, len(m.all()), got.stdout)
	}
}
