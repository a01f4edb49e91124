package test

import (
	"fmt"
	"maps"
	"math"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/edgexray/edgexray/symbolize"
)

// exported is a recording as a profile.
type exported struct {
	path    string
	profile *profile.Profile
}

func export(t *testing.T, r recording) exported {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.pb.gz")
	got := finish(t, edgexray(t, "pprof", r.trace, "-o", path))
	if got.status != 0 || !strings.Contains(got.stderr, "go tool pprof") || !strings.Contains(got.stderr, path) {
		t.Fatalf("exit status %d\n%s", got.status, got.stderr)
	}
	return parseProfile(t, path)
}

func parseProfile(t *testing.T, path string) exported {
	t.Helper()
	p, err := profile.ParseData(read(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return exported{path, p}
}

// tool runs the pprof that comes with Go, which must not complain.
func (e exported) tool(t *testing.T, flags ...string) string {
	t.Helper()
	got := finish(t, exec.Command("go", append(append([]string{"tool", "pprof"}, flags...), e.path)...))
	if got.status != 0 || got.stderr != "" {
		t.Fatalf("pprof %q: exit status %d\n%s", flags, got.status, got.stderr)
	}
	return got.stdout
}

// frames returns a sample's frames from the root.
func frames(s *profile.Sample) []string {
	var names []string
	for _, l := range s.Location {
		names = append(names, l.Line[0].Function.Name)
	}
	slices.Reverse(names)
	return names
}

var rawSample = regexp.MustCompile(`(?m)^ +(\d+) +(\d+) +\d+: [\d ]+$`)

// wantSums checks that pprof reads what `edgexray ops` says.
func wantSums(t *testing.T, e exported, result opsJSON) {
	t.Helper()
	var count, self uint64
	for _, m := range result.Models {
		for _, op := range m.Ops {
			count += uint64(op.Count)
			self += op.SelfNS
		}
	}
	var gotCount, gotSelf uint64
	for _, sample := range rawSample.FindAllStringSubmatch(e.tool(t, "-raw"), -1) {
		for i, sum := range []*uint64{&gotCount, &gotSelf} {
			n, err := strconv.ParseUint(sample[i+1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			*sum += n
		}
	}
	if count == 0 || gotCount != count || gotSelf != self {
		t.Errorf("pprof reads %d ops of %d ns, `edgexray ops` says %d of %d", gotCount, gotSelf, count, self)
	}
	for _, total := range []struct {
		flags []string
		want  string
	}{
		{[]string{"-sample_index=wall", "-unit=ns"}, fmt.Sprintf("of %dns total", self)},
		{[]string{"-sample_index=count"}, fmt.Sprintf("of %d total", count)},
	} {
		if top := e.tool(t, append(total.flags, "-top")...); !strings.Contains(top, total.want) {
			t.Errorf("the top with %q isn't %q:\n%s", total.flags, total.want, top)
		}
	}
}

// cumulated reads a function's cumulated ns from `pprof -top`; -1 without one.
func cumulated(t *testing.T, top, function string) int64 {
	t.Helper()
	line := regexp.MustCompile(`(?m)^ *\S+ +\S+ +\S+ +(\d+)(?:ns)? +\S+ +` + regexp.QuoteMeta(function) + `$`)
	found := line.FindStringSubmatch(top)
	if found == nil {
		return -1
	}
	n, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPprof(t *testing.T) {
	r := recordCommand(t, litert(t, model(t, "face_landmark"), "--resolver", "builtin", "--invokes", "3"))
	result := r.ops(t)
	wantNothingLost(t, result)
	m := result.model(t)
	e := export(t, r)
	wantSums(t, e, result)

	t.Run("op types", func(t *testing.T) {
		top := e.tool(t, "-top", "-unit=ns", "-nodecount=10000", "-nodefraction=0", "-edgefraction=0")
		groups := r.ops(t, "--by", "op").Groups
		if len(groups) < 5 {
			t.Errorf("%d types of ops", len(groups))
		}
		for _, group := range groups {
			if got := cumulated(t, top, group.Name); got != int64(group.Wall.Sum) {
				t.Errorf("pprof says %d ns of %s, `edgexray ops` %d", got, group.Name, group.Wall.Sum)
			}
		}
	})

	t.Run("samples", func(t *testing.T) {
		if len(e.profile.Sample) != len(m.Ops) {
			t.Fatalf("%d samples, want one for each of %d nodes", len(e.profile.Sample), len(m.Ops))
		}
		byNode := make(map[string]*profile.Sample)
		for _, s := range e.profile.Sample {
			byNode[s.Label["node"][0]] = s
		}
		for _, op := range m.Ops {
			s := byNode[fmt.Sprint(op.Node)]
			if s == nil {
				t.Errorf("no sample of node %d", op.Node)
				continue
			}
			node := fmt.Sprintf("%s #%d %s", op.Op, op.Node, op.Outputs[0].Name)
			want := []string{m.Name, "subgraph 0 " + op.SubgraphName, op.Op, node, op.Kernel}
			if got := frames(s); !slices.Equal(got, want) {
				t.Errorf("node %d has frames %q, want %q", op.Node, got, want)
			}
			var shape []string
			for _, n := range op.Outputs[0].Shape {
				shape = append(shape, fmt.Sprint(n))
			}
			process := fmt.Sprintf("%s (%d)", m.Process, m.PID)
			labels := map[string][]string{"op": {op.Op}, "node": {fmt.Sprint(op.Node)}, "type": {op.Outputs[0].Type},
				"shape": {strings.Join(shape, "x")}, "thread": {process}, "process": {process}} // the main thread has its process's name
			if !maps.EqualFunc(s.Label, labels, slices.Equal) {
				t.Errorf("node %d has labels %v, want %v", op.Node, s.Label, labels)
			}
			if want := []int64{int64(op.Count), int64(op.SelfNS), int64(math.Round(float64(op.SelfNS) / float64(m.Invokes)))}; !slices.Equal(s.Value, want) {
				t.Errorf("node %d has values %v, want %v", op.Node, s.Value, want)
			}
		}
	})

	t.Run("shown", func(t *testing.T) {
		conv := slices.IndexFunc(m.Ops, func(op opJSON) bool { return op.Op == "CONV_2D" })
		for _, c := range []struct {
			flags []string
			want  []string
		}{
			{[]string{"-peek", "^CONV_2D$"}, []string{"|   subgraph 0 ", "| CONV_2D\n", fmt.Sprintf("|   CONV_2D #%d ", m.Ops[conv].Node)}},
			{[]string{"-tags"}, []string{" op: Total", " node: Total", " type: Total", " shape: Total", " thread: Total", "CONV_2D", "FLOAT32", "1x96x96x16"}},
			{[]string{"-comments"}, append(costs(t, r), "recorded by edgexray", "attached with "+result.Recording.AttachMethod, "lost: nothing")},
		} {
			got := e.tool(t, c.flags...)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("pprof %q doesn't say %q:\n%s", c.flags, want, got)
				}
			}
		}
	})
}

// costs are the comments that a trace's probe costs must become.
func costs(t *testing.T, r recording) []string {
	t.Helper()
	var result struct {
		Recording struct {
			Costs []struct {
				Class  string `json:"instruction_class"`
				Total  int    `json:"total_ns"`
				Inside int    `json:"inside_ns"`
			} `json:"probe_costs"`
		}
	}
	readJSON(t, edgexray(t, "ops", r.trace, "--json"), &result)
	if len(result.Recording.Costs) == 0 {
		t.Error("the trace says nothing of the probes' cost")
	}
	var comments []string
	for _, c := range result.Recording.Costs {
		comments = append(comments, fmt.Sprintf("probe cost (%s): %d ns an op, %d ns of them in its times", c.Class, c.Total, c.Inside))
	}
	return comments
}

// Ops that WHILE runs are below it, and their time isn't in its own.
func TestPprofNesting(t *testing.T) {
	r := recordCommand(t, capi(t, "2.17.1", "--model", model(t, "while"), "--invokes", "10"))
	result := r.ops(t)
	wantNothingLost(t, result)
	m := result.model(t)
	e := export(t, r)
	wantSums(t, e, result)

	loop := m.Ops[slices.IndexFunc(m.Ops, func(op opJSON) bool { return op.Op == "WHILE" })]
	top := e.tool(t, "-top", "-unit=ns", "-nodecount=10000", "-nodefraction=0", "-edgefraction=0")
	if got := cumulated(t, top, "WHILE"); got != int64(loop.Wall.Sum) || loop.SelfNS >= loop.Wall.Sum {
		t.Errorf("pprof says %d ns of WHILE, `edgexray ops` %d, %d of them its own", got, loop.Wall.Sum, loop.SelfNS)
	}
	nested := 0
	for _, s := range e.profile.Sample {
		got := frames(s)
		if got[0] != m.Name || !strings.HasPrefix(got[1], "subgraph 0") || got[2] != "WHILE" || !strings.HasPrefix(got[3], "WHILE #0") || got[4] != loop.Kernel {
			t.Errorf("a sample isn't below WHILE: %q", got)
		}
		if len(got) == 5 {
			continue
		}
		nested++
		op := s.Label["op"][0]
		if len(got) != 9 || !strings.HasPrefix(got[5], "subgraph ") || got[6] != op || !strings.HasPrefix(got[7], op+" #") {
			t.Errorf("a sample of %s has frames %q", op, got)
		}
	}
	if nested != len(m.Ops)-1 || nested < 6 {
		t.Errorf("%d samples of ops in WHILE, want %d", nested, len(m.Ops)-1)
	}

	file, err := symbolize.Open(library(t, "2.17.1"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if file.BuildID == "" || len(e.profile.Mapping) != 1 {
		t.Fatalf("build ID %q, mappings %v", file.BuildID, e.profile.Mapping)
	}
	if mapping := e.profile.Mapping[0]; mapping.BuildID != file.BuildID || mapping.File != library(t, "2.17.1") {
		t.Errorf("the mapping is %v, want build ID %s", mapping, file.BuildID)
	}
	if got := e.tool(t, "-top"); !strings.Contains(got, "Build ID: "+file.BuildID) {
		t.Errorf("pprof doesn't show the build ID %s:\n%s", file.BuildID, got)
	}
}

// What was lost is told.
func TestPprofTellsLosses(t *testing.T) {
	whole := read(t, realTrace(t).trace)
	cut := recording{trace: write(t, "cut.xray", whole[:len(whole)*3/4])}
	result := cut.ops(t)
	if got := export(t, cut).tool(t, "-comments"); result.Truncated == "" || !strings.Contains(got, result.Truncated) {
		t.Errorf("pprof doesn't say %q:\n%s", result.Truncated, got)
	}
}
