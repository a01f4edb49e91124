package arm64_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/agent"
	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/test/machine"
)

// methods that each Linux has, the one that is used first.
var methods = map[machine.Linux][]probes.Method{
	machine.Linux510: {probes.PerfGroup, probes.PerfAddress},
	machine.Linux61:  {probes.PerfGroup, probes.PerfCookie, probes.PerfAddress},
	machine.Linux612: {probes.UprobeMulti, probes.PerfGroup, probes.PerfCookie, probes.PerfAddress},
}

func TestEdgexray(t *testing.T) {
	for _, linux := range machine.All {
		t.Run(string(linux), func(t *testing.T) {
			methods := methods[linux]
			g := boot(t, linux, methods)
			t.Run("doctor", func(t *testing.T) { testDoctor(t, g, methods) })
			t.Run("refused", func(t *testing.T) { testRefused(t, g) })
			t.Run("absent", func(t *testing.T) { testAbsent(t, g, methods) })
			for _, method := range methods {
				if !method.Together() {
					t.Run(string(method), func(t *testing.T) { testSingle(t, g, method) })
					continue
				}
				for _, version := range []string{"2.9.0", "2.17.1"} {
					t.Run(fmt.Sprintf("%s/TFLite %s", method, version), func(t *testing.T) {
						testSeveral(t, g, version, method)
						testDynamic(t, g, version, method)
					})
				}
				t.Run(string(method)+"/user data", func(t *testing.T) { testWithData(t, g, method) })
				t.Run(string(method)+"/heap", func(t *testing.T) { testHeap(t, g, method) })
				t.Run(string(method)+"/library", func(t *testing.T) { testLibrary(t, g, method) })
			}
			for _, version := range []string{"2.9.0", "2.17.1"} {
				t.Run("operators/TFLite "+version, func(t *testing.T) { testOperators(t, g, version) })
			}
			t.Run("modes", func(t *testing.T) { testModes(t, g) })
			t.Run("paid", func(t *testing.T) { testPaid(t, g) })
			t.Run("markers", func(t *testing.T) { testRecordedMarkers(t, g) })
			t.Run("best", func(t *testing.T) { testBest(t, g, methods[0]) })
			t.Run("abort", func(t *testing.T) { testAbort(t, g) })
			t.Run("running", func(t *testing.T) { testRunning(t, g) })
			t.Run("killed", func(t *testing.T) { testKilled(t, g) })
		})
	}
}

func testDoctor(t *testing.T, g guest, methods []probes.Method) {
	g.wantStatus(t, "doctor", 0)
	var diagnosis agent.Diagnosis
	if err := json.Unmarshal([]byte(g.text(t, "doctor.out")), &diagnosis); err != nil {
		t.Fatal(err)
	}
	want := make(map[string]agent.Verdict)
	for _, method := range probes.Methods {
		want["attach by "+string(method)] = agent.Degraded
	}
	for _, method := range methods {
		want["attach by "+string(method)] = agent.Works
	}
	want["costs of an op: frequency"] = agent.Degraded // QEMU has no cpufreq
	used := ""
	for _, check := range diagnosis.Checks {
		verdict, isMethod := want[check.Name]
		if !isMethod {
			verdict = agent.Works
		}
		delete(want, check.Name)
		if check.Verdict != verdict {
			t.Errorf("%s: %s, want %s: %s", check.Name, check.Verdict, verdict, check.Found)
		}
		if strings.HasSuffix(check.Found, "is used") {
			used += check.Name
		}
	}
	if len(want) != 0 || used != "attach by "+string(methods[0]) {
		t.Errorf("%q is used, want %s; not checked: %v", used, methods[0], want)
	}
	if !diagnosis.CanRecord || diagnosis.Architecture != "arm64" {
		t.Errorf("can record: %t, on %s; want true, on arm64", diagnosis.CanRecord, diagnosis.Architecture)
	}
	// The classes of the calibration program's instructions on arm64.
	var classes []string
	for _, cost := range diagnosis.ProbeCosts {
		classes = append(classes, cost.InstructionClass)
		if cost.TotalNs == 0 || cost.InsideNs > cost.TotalNs {
			t.Errorf("a probe at class %s costs %d ns, %d of them within the op", cost.InstructionClass, cost.TotalNs, cost.InsideNs)
		}
	}
	if got := strings.Join(classes, " "); got != "branch nop stepped" {
		t.Errorf("probe costs are of the classes %q, want branch, nop and stepped", got)
	}
}

// TestAttachRefused of package probes must have run.
func testRefused(t *testing.T, g guest) {
	g.wantStatus(t, "refused", 0)
	if output := g.text(t, "refused.out"); !strings.Contains(output, "--- PASS: TestAttachRefused") {
		t.Errorf("the test's output is %q", output)
	}
}

// A method that this Linux lacks, but that was asked for.
func testAbsent(t *testing.T, g guest, methods []probes.Method) {
	_, _, absent := classify(methods)
	for method := range strings.FieldsSeq(absent) {
		name := "absent-" + method
		g.wantStatus(t, name, 3)
		stderr := g.text(t, name+".err")
		for _, part := range []string{method, "does not allow it", "edgexray doctor"} {
			if !strings.Contains(stderr, part) {
				t.Errorf("stderr is %q, want %q in it", stderr, part)
			}
		}
		if strings.Count(stderr, "\n") != 1 {
			t.Errorf("stderr is %q, want one line", stderr)
		}
		if _, ok := g[name+".xray"]; ok {
			t.Error("there is a trace")
		}
	}
}

// Several interpreters of several models in one process, custom ops among them.
func testSeveral(t *testing.T, g guest, version string, method probes.Method) {
	name := fmt.Sprintf("several-%s-%s", version, method)
	g.wantStatus(t, name, 0)
	result := g.ops(t, name)
	for _, model := range severalModels {
		wantModel(t, modelOf(t, result, model), model, invokes)
	}
	if got := result.Recording.AttachMethod; got != string(method) {
		t.Errorf("attached by %s, want %s", got, method)
	}
	wantNested(t, modelOf(t, result, "while"))
	g.wantSameOutput(t, name, fmt.Sprintf("several-%s-alone", version))
}

func testDynamic(t *testing.T, g guest, version string, method probes.Method) {
	name := fmt.Sprintf("dynamic-%s-%s", version, method)
	g.wantStatus(t, name, 0)
	m := modelOf(t, g.ops(t, name), "dynamic")
	wantModel(t, m, "dynamic", 2*invokes)
	// The first op takes the input, which had two shapes.
	shapes := make(map[string]uint64)
	for _, op := range m.Ops {
		if op.Subgraph == 0 && op.Node == 0 {
			shapes[fmt.Sprint(op.Inputs[0].Shape)] += op.Count
		}
	}
	if len(shapes) != 2 || shapes["[1 4 5 3]"] != invokes || shapes["[1 2 3 3]"] != invokes {
		t.Errorf("node 0 ran with inputs of the shapes %v, want 1x4x5x3 and 1x2x3x3, %d times each", shapes, invokes)
	}
	g.wantSameOutput(t, name, fmt.Sprintf("dynamic-%s-alone", version))
}

// wantSameOutput compares what an app computed with what it does unrecorded.
func (g guest) wantSameOutput(t *testing.T, name, alone string) {
	t.Helper()
	hash := func(name string) string {
		var outcome struct{ Hash string }
		lines := strings.Split(strings.TrimSpace(g.text(t, name+".out")), "\n")
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &outcome); err != nil {
			t.Fatalf("parse output: %v\n%s\n%s", err, g[name+".out"], g[name+".err"])
		}
		return outcome.Hash
	}
	if got, want := hash(name), hash(alone); got != want || got == "" {
		t.Errorf("the outputs' hash is %q, %q without the recorder", got, want)
	}
}

func testSingle(t *testing.T, g guest, method probes.Method) {
	result := g.ops(t, "single-"+string(method))
	wantModel(t, modelOf(t, result, "okay_nabu"), "okay_nabu", invokes)
	if got := result.Recording.AttachMethod; got != string(method) {
		t.Errorf("attached by %s, want %s", got, method)
	}
}

// What the custom op allocates, as capi.c says it, and the stack that asks: on arm64 code has frame pointers.
func testHeap(t *testing.T, g guest, method probes.Method) {
	name := "heap-" + string(method)
	g.wantStatus(t, name, 0)
	result := g.ops(t, name)
	want := analyze.OpHeap{Allocated: 1065753 * invokes, Kept: 77 * invokes, Peak: 1056453, Allocations: 8 * invokes}
	for _, op := range modelOf(t, result, "custom").Ops {
		if op.Heap == nil || op.Custom && *op.Heap != want || !op.Custom && *op.Heap != (analyze.OpHeap{}) {
			t.Errorf("%s allocated %+v, want %+v of the custom op", op.Op, op.Heap, want)
		}
	}
	sites := result.HeapSites()
	for _, site := range sites {
		var functions []string
		for _, frame := range site.Frames {
			functions = append(functions, frame.Function)
		}
		if got := strings.Join(functions, " "); got != "allocate custom_invoke" || !site.Complete {
			t.Errorf("%d bytes asked for by %q; complete: %t", site.Allocated, got, site.Complete)
		}
	}
	if len(sites) == 0 {
		t.Error("no stack asked for memory")
	}
}

// XNNPACK's operators beneath their delegate node; 2.9.0 has no names for them.
func testOperators(t *testing.T, g guest, version string) {
	name := "operators-" + version
	g.wantStatus(t, name, 0)
	m := modelOf(t, g.ops(t, name), "face_detection_short_range")
	var within, wall uint64
	replaced, operators := 0, 0
	for _, op := range m.Ops {
		if op.Mapping == "" {
			replaced += len(op.Replaced)
			if op.Delegate != "" {
				wall += op.Wall.Sum
			}
			continue
		}
		operators++
		within += op.Wall.Sum
		if op.Mapping == "unknown" {
			t.Errorf("operator %d of node %d, %q, stands for no node that is known", op.OperatorIndex, op.DelegateNode, op.Operator)
		}
		if op.Count != invokes || (op.Operator == "") != (version == "2.9.0") {
			t.Errorf("operator %d of node %d, %q, ran %d times", op.OperatorIndex, op.DelegateNode, op.Operator, op.Count)
		}
	}
	if replaced == 0 || operators == 0 || within > wall || within == 0 {
		t.Errorf("%d operators for %d nodes, %d of %d ns", operators, replaced, within, wall)
	}
}

// The ways to record that leave something out still tell of every op.
func testModes(t *testing.T, g guest) {
	for _, mode := range []string{"entry-only", "aggregate"} {
		name := "mode-" + mode
		g.wantStatus(t, name, 0)
		wantModel(t, modelOf(t, g.ops(t, name), "face_detection_short_range"), "face_detection_short_range", invokes)
		name += "-delegated"
		g.wantStatus(t, name, 0)
		for _, op := range modelOf(t, g.ops(t, name), "face_detection_short_range").Ops {
			if op.Count != invokes {
				t.Errorf("%s: %s, operator %d of node %d, ran %d times", mode, op.Op, op.OperatorIndex, op.DelegateNode, op.Count)
			}
		}
	}
}

// What an op's thread paid, all of which Debian's Linux tells but for what the machine doesn't have.
func testPaid(t *testing.T, g guest) {
	g.wantStatus(t, "paid", 0)
	result := g.ops(t, "paid")
	for _, f := range result.Recording.Followed {
		if asked := f.Part != "heap"; (f.Missing != "") != (f.Part == "frequency" || !asked) {
			t.Errorf("%s is missing: %q", f.Part, f.Missing)
		}
	}
	for _, op := range modelOf(t, result, "custom").Ops {
		blocked := slices.ContainsFunc(op.Causes, func(c analyze.Cause) bool { return c.Name == analyze.CauseBlocked })
		if blocked != op.Custom { // which sleeps
			t.Errorf("%s is called blocked: %t", op.Op, blocked)
		}
	}
}

// A custom op whose functions take user data before their context.
func testWithData(t *testing.T, g guest, method probes.Method) {
	name := "data-" + string(method)
	g.wantStatus(t, name, 0)
	wantModel(t, modelOf(t, g.ops(t, name), "custom"), "custom", invokes)
}

// Processes that may be gone before anything can be asked about them: then the
// file of their model isn't known.
func testLibrary(t *testing.T, g guest, method probes.Method) {
	name := "library-" + string(method)
	g.wantStatus(t, name, 0)
	result := g.ops(t, name)
	if len(result.Models) != 3 {
		t.Fatalf("%d models, want one of each of 3 processes; stderr:\n%s", len(result.Models), g[name+".err"])
	}
	for _, m := range result.Models {
		wantOps(t, m, "if", 1)
	}
}

func testBest(t *testing.T, g guest, method probes.Method) {
	g.wantStatus(t, "best", 0)
	result := g.ops(t, "best")
	if got := result.Recording.AttachMethod; got != string(method) {
		t.Errorf("attached by %s, want %s", got, method)
	}
	wantModel(t, modelOf(t, result, "custom"), "custom", invokes)
}

func testAbort(t *testing.T, g guest) {
	g.wantStatus(t, "abort", 0)
	m := modelOf(t, g.ops(t, "abort"), "custom")
	if len(m.Ops) != 1 || m.Ops[0].Op != "ADD" || m.Ops[0].Count != 1 {
		t.Errorf("%d nodes finished, want the ADD before the custom op, once", len(m.Ops))
	}
	stderr := g.text(t, "abort.err")
	for _, part := range []string{"ended inside EdgexrayTestCustom (node 1 of subgraph 0)", "exit status is 134"} {
		if !strings.Contains(stderr, part) {
			t.Errorf("stderr is %q, want %q in it", stderr, part)
		}
	}
}

func testRunning(t *testing.T, g guest) {
	g.wantStatus(t, "running", 0)
	result := g.ops(t, "running")
	wantModel(t, modelOf(t, result, "okay_nabu"), "okay_nabu", invokes)
	if result.Recording.EndReason != "target exited" {
		t.Errorf("the recording's end is %q, want that of the app", result.Recording.EndReason)
	}
}

func testKilled(t *testing.T, g guest) {
	if events := g.text(t, "events-killed"); !strings.Contains(events, ":edgexray_") {
		t.Errorf("a killed recorder left the events %q, want its own", events)
	}
	if events := g.text(t, "events-after"); events != "" {
		t.Errorf("events are left after the next recording: %q", events)
	}
}
