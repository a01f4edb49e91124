package test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/reference"
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/test/parts"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// way is a way in which broken.c spoils what a node made.
type way struct {
	name string
	fits func(*trace.Node) bool // tells whether it makes sense for a node
}

var ways = []way{
	{"zero-point", makes(quantized)},
	{"rounding", makes(quantized)},
	{"saturation", makes(quantized)},
	{"divisor", func(n *trace.Node) bool { return n.Op == "AVERAGE_POOL_2D" || n.Op == "MEAN" }},
	{"channels", makes(func(t *trace.Tensor) bool { return numeric(t) && len(t.Shape) > 1 && t.Shape[len(t.Shape)-1] > 1 })},
	{"tile", makes(numeric)},
	{"overflow", makes(numeric)},
	{"nan", makes(func(t *trace.Tensor) bool { return tflite.Type(t.Type) == tflite.Float32 })},
	{"zeros", makes(numeric)},
}

func named(names []string) []way {
	return slices.DeleteFunc(slices.Clone(ways), func(w way) bool { return !slices.Contains(names, w.name) })
}

func makes(fits func(*trace.Tensor) bool) func(*trace.Node) bool {
	return func(n *trace.Node) bool { return slices.ContainsFunc(n.Outputs, fits) }
}

func numeric(t *trace.Tensor) bool {
	known := []tflite.Type{tflite.Int8, tflite.UInt8, tflite.Int16, tflite.Int32, tflite.Int64, tflite.Float32}
	return slices.Contains(known, tflite.Type(t.Type))
}

func quantized(t *trace.Tensor) bool {
	return numeric(t) && tflite.Type(t.Type) != tflite.Float32 && t.Scale != 0
}

// victim is a node whose kernel is broken.
type victim struct {
	subgraph, node int32
	op             string
}

func (p victim) String() string { return fmt.Sprintf("%d:%d", p.subgraph, p.node) }

// captured returns the nodes of a snapshot whose outputs are in it, in the order in which they ran.
func captured(f *snapshot.File) []*trace.Node {
	var nodes []*trace.Node
	seen := make(map[victim]bool)
	for _, c := range f.Captures {
		n := f.Nodes[c.Node]
		if p := victimOf(f, n); c.Role == snapshot.Role_OUTPUT && c.Missing == "" && !seen[p] {
			seen[p] = true
			nodes = append(nodes, n)
		}
	}
	return nodes
}

func victimOf(f *snapshot.File, n *trace.Node) victim {
	return victim{f.Subgraphs[n.Subgraph].Index, n.Index, n.Op}
}

// suspect is a model that an app runs, with what is needed to judge it.
type suspect struct {
	model     string
	path      string
	healthy   *snapshot.File
	reference *snapshot.File
	trusted   string // the reference's file
	options   compare.Options
}

// edge is the app whose kernels are broken.
func edge(t testing.TB, path string) []string { return capi(t, "2.17.1", "--model", path) }

// newSuspect runs a model once as it is and once with trusted kernels.
func newSuspect(t testing.TB, name string) *suspect {
	t.Helper()
	s := &suspect{model: name, path: model(t, name)}
	healthy := snapshotCommand(t, edge(t, s.path))
	reference := referenceOf(t, s.path, healthy.file, "")
	s.healthy, s.reference, s.trusted = healthy.whole(t), reference.whole(t), reference.file
	s.options = judging(t, s.path)
	return s
}

// judging returns with what ops of a model are run alone.
func judging(t testing.TB, path string) compare.Options {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := tflite.ParseModel(file)
	if err != nil {
		t.Fatal(err)
	}
	local, err := reference.NewLocal(t.Context(), path, reference.Options{Tools: reference.Tools{Python: parts.Python(t)}})
	if err != nil {
		t.Fatal(err)
	}
	return compare.Options{Model: parsed, Local: local}
}

// referenceOf runs a model on the inputs of a snapshot with kernels of LiteRT, the best ones that can when these are empty.
func referenceOf(t testing.TB, model, inputs, kernels string) taken {
	t.Helper()
	taken := taken{file: filepath.Join(t.TempDir(), "ref.tensors")}
	taken.outcome = finish(t, edgexray(t, "reference", model, "--inputs", inputs, "-o", taken.file, "--python", parts.Python(t), "--runner", "litert", "--kernels", kernels))
	if taken.status != 0 {
		t.Fatalf("%s has no reference run: exit status %d\n%s", model, taken.status, taken.stderr)
	}
	return taken
}

// breakable returns the nodes for which a way makes sense.
func (s *suspect) breakable(fits func(*trace.Node) bool) []victim {
	var victims []victim
	for _, n := range captured(s.healthy) {
		if fits(n) {
			victims = append(victims, victimOf(s.healthy, n))
		}
	}
	return victims
}

// draw returns up to n of the victims, without order.
func draw(victims []victim, n int, random *rand.Rand) []victim {
	random.Shuffle(len(victims), func(i, j int) { victims[i], victims[j] = victims[j], victims[i] })
	return victims[:min(n, len(victims))]
}

// spoiled is what broken.c tells when it has spoiled outputs of a node.
var spoiled = regexp.MustCompile(`(?m)^broken: (\d+:\d+): (\d+) of (\d+) elements, (\d+) by more than a step$`)

// damage is what was done to a node's outputs, in elements of all invokes.
type damage struct {
	of, changed int
	far         int // by more than one quantization step; of floats all that changed
}

// roundings is the share of elements that are one step off where healthy kernels round differently: the optimized ones of
// LiteRT 2.3.0, TFLite 2.17.1 and 2.9.0 against reference kernels reach 0.0043 (docs/compare.md).
const roundings = 0.005

// visible tells whether the damage is more than what healthy kernels differ by.
func (d damage) visible() bool {
	return d.far > 0 || float64(d.changed) > roundings*float64(d.of)
}

func brokenLibrary(t testing.TB) string { return builds.Once(t, "broken.so", apps.Broken) }

// breaking takes a snapshot of a command in an environment with more in it.
func breaking(t testing.TB, command []string, env ...string) taken {
	t.Helper()
	file := filepath.Join(t.TempDir(), "edge.tensors")
	take := edgexray(t, append([]string{"snapshot", "-o", file, "--"}, command...)...)
	take.Env = append(take.Env, env...)
	return taken{finish(t, take), file}
}

// broken takes a snapshot of the app while kernels of some nodes are broken. It tells what was done to each,
// by the node's String.
func (s *suspect) broken(t testing.TB, way string, victims ...victim) (taken, map[string]damage) {
	t.Helper()
	var list []string
	for _, v := range victims {
		list = append(list, v.String())
	}
	run := breaking(t, edge(t, s.path), "LD_PRELOAD="+brokenLibrary(t), "EDGEXRAY_BREAK="+way+" "+strings.Join(list, ","))
	done := make(map[string]damage)
	for _, line := range spoiled.FindAllStringSubmatch(run.stderr, -1) {
		d := done[line[1]]
		for i, sum := range []*int{&d.changed, &d.of, &d.far} {
			n, _ := strconv.Atoi(line[i+2])
			*sum += n
		}
		done[line[1]] = d
	}
	if len(done) != len(victims) {
		t.Fatalf("%s in %v of %s: %v were broken\n%s", way, victims, s.model, done, run.stderr)
	}
	return run, done
}

// compare judges a run of the app.
func (s *suspect) compare(t testing.TB, run *snapshot.File) *compare.Result {
	t.Helper()
	r, err := compare.Compare(t.Context(), run, s.reference, s.options)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// first returns what a verdict names first, nil for nothing.
func first(v compare.Verdict) *compare.Finding {
	for _, list := range [][]compare.Finding{v.Guilty, v.Suspects} {
		if len(list) > 0 {
			return &list[0]
		}
	}
	return nil
}

// tally counts cases by model and way.
type tally struct {
	cases, convicted, unseen map[[2]string]int
	slight, slightConvicted  int // of unseen, what changed something after all
	missed                   []string
}

func newTally() *tally {
	return &tally{cases: make(map[[2]string]int), convicted: make(map[[2]string]int), unseen: make(map[[2]string]int)}
}

// add takes in a case: what was blamed, nil for nobody.
func (c *tally) add(model, way string, p victim, done damage, blamed *compare.Finding) {
	key := [2]string{model, way}
	right := blamed != nil && blamed.Subgraph == p.subgraph && blamed.Node == p.node
	if !done.visible() {
		c.unseen[key]++
		if done.changed > 0 {
			c.slight++
		}
		if right {
			c.slightConvicted++
		}
		return
	}
	switch {
	case right:
		c.convicted[key]++
	case blamed == nil:
		c.missed = append(c.missed, fmt.Sprintf("%s, %s in %v %s, %+v: nobody blamed", model, way, p, p.op, done))
	default:
		c.missed = append(c.missed, fmt.Sprintf("%s, %s in %v %s, %+v: blamed %d:%d %s: %s", model, way, p, p.op, done,
			blamed.Subgraph, blamed.Node, blamed.Op, blamed.Why))
	}
	c.cases[key]++
}

func total(counts map[[2]string]int, fits func(model, way string) bool) int {
	n := 0
	for key, count := range counts {
		if fits(key[0], key[1]) {
			n += count
		}
	}
	return n
}

// String is a Markdown table: convicted of cases, by model and way, and what wasn't visible.
func (c *tally) String() string {
	var b strings.Builder
	cell := func(fits func(model, way string) bool) {
		cases, unseen := total(c.cases, fits), total(c.unseen, fits)
		text := fmt.Sprintf("%d/%d", total(c.convicted, fits), cases)
		if cases == 0 {
			text = ""
		}
		if unseen > 0 {
			text += fmt.Sprintf(" (+%d)", unseen)
		}
		fmt.Fprintf(&b, " %s |", text)
	}
	row := func(name string, fits func(model string) bool) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, w := range ways {
			cell(func(model, way string) bool { return fits(model) && way == w.name })
		}
		cell(func(model, _ string) bool { return fits(model) })
		b.WriteString("\n")
	}
	b.WriteString("| model |")
	for _, w := range ways {
		fmt.Fprintf(&b, " %s |", w.name)
	}
	b.WriteString(" all |\n|---|" + strings.Repeat("---|", len(ways)+1) + "\n")
	models := make(map[string]bool)
	for _, counts := range []map[[2]string]int{c.cases, c.unseen} {
		for key := range counts {
			models[key[0]] = true
		}
	}
	for _, name := range slices.SortedFunc(maps.Keys(models), cmp.Compare[string]) {
		row(name, func(model string) bool { return model == name })
	}
	row("all", func(string) bool { return true })
	return b.String()
}
