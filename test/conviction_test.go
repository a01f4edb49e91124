package test

import (
	"bytes"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/test/parts"
	"github.com/edgexray/edgexray/trace"
)

var convictions = flag.Int("convictions", 0, "break so many nodes of each model in each way; 0: a few in all")

// experiments are models whose kernels are broken, and the ways in which a test breaks them; -convictions breaks them in all.
var experiments = []struct {
	model string
	ways  []string
}{
	{"mobilenet_v1_float", nil},
	{"mobilenet_v1_int8", nil},
	{"mobilenet_v1_int8_logits", nil},
	{"mobilenet_v2_float", []string{"tile", "overflow", "divisor"}},
	{"mobilenet_v2_int8", nil},
	{"mobilenet_v2_int8_logits", nil},
	{"mobilenet_v3_small_float", nil},
	{"mobilenet_v3_small_int8", nil},
	{"mobilenet_v3_small_int8_logits", []string{"zero-point", "rounding", "divisor", "channels"}},
	{"face_landmark", []string{"nan", "zeros", "channels"}},
	{"face_detection_short_range", nil},
	{"face_detection_full_range", nil},
	{"iris_landmark", nil},
	{"okay_nabu", []string{"saturation", "overflow", "tile"}},
	{"hey_jarvis", nil},
	{"if", nil},
	{"while", nil},
	{"dynamic", nil},
	{"mobilenet_v1_float_hybrid", nil},
	{"mobilenet_v3_small_float_hybrid", []string{"channels", "tile"}},
}

const wantConvicted = 0.98 // of the cases

// The node whose kernel is broken is named first, of all that its error spreads to.
func TestBrokenKernelsAreConvicted(t *testing.T) {
	counts := newTally()
	for _, e := range experiments {
		per, chosen := *convictions, ways
		if per == 0 {
			per, chosen = 1, named(e.ways)
		}
		if len(chosen) > 0 {
			t.Run(e.model, func(t *testing.T) { counts.breakKernels(t, e.model, chosen, per) })
		}
	}
	t.Logf("named first of cases that could be seen (and others):\n%v", counts)
	t.Logf("of the others %d changed something, of these %d were named first", counts.slight, counts.slightConvicted)
	any := func(string, string) bool { return true }
	cases, convicted := total(counts.cases, any), total(counts.convicted, any)
	want := wantConvicted
	if *convictions == 0 {
		want = 1
	}
	if float64(convicted) < want*float64(cases) || cases == 0 {
		t.Errorf("%d of %d broken kernels were named first, want %g", convicted, cases, want)
	}
}

// breakKernels breaks so many nodes of a model in each of some ways, one at a time.
func (c *tally) breakKernels(t *testing.T, model string, ways []way, per int) {
	s := newSuspect(t, model)
	before := len(c.missed)
	for _, way := range ways {
		seed := fnv.New64()
		seed.Write([]byte(model + way.name))
		random := rand.New(rand.NewPCG(seed.Sum64(), 0))
		for _, v := range draw(s.breakable(way.fits), per, random) {
			run, done := s.broken(t, way.name, v)
			c.add(model, way.name, v, done[v.String()], first(s.compare(t, run.whole(t)).Verdict))
		}
	}
	for _, text := range c.missed[before:] {
		t.Log(text)
	}
}

// A kernel that is broken in all its nodes is named where it first did harm, from one input.
func TestABrokenOpIsNamed(t *testing.T) {
	for _, c := range []struct{ model, op, way string }{
		{"mobilenet_v2_int8", "DEPTHWISE_CONV_2D", "overflow"},
		{"mobilenet_v2_int8_logits", "DEPTHWISE_CONV_2D", "rounding"},
		{"mobilenet_v3_small_int8_logits", "MEAN", "divisor"},
		{"mobilenet_v3_small_float", "MEAN", "divisor"},
	} {
		t.Run(c.model+"/"+c.op+"/"+c.way, func(t *testing.T) {
			s := newSuspect(t, c.model)
			victims := s.breakable(func(n *trace.Node) bool { return n.Op == c.op })
			run, done := s.broken(t, c.way, victims...)
			guilty := victims[slices.IndexFunc(victims, func(v victim) bool { return done[v.String()].visible() })]
			got := finish(t, edgexray(t, "compare", run.file, s.trusted, "--model", s.path, "--python", parts.Python(t)))
			want := fmt.Sprintf("PAST TOLERANCE: node %d, %s, is wrong by itself", guilty.node, c.op)
			if got.status != 1 || !strings.HasPrefix(got.stdout, want) {
				t.Errorf("exit status %d, want 1 and %q:\n%s%s", got.status, want, got.stdout, got.stderr)
			}
		})
	}
}

// What another library put in place of kernels is seen whichever of the two was loaded first.
func TestReplacedKernels(t *testing.T) {
	path := model(t, "face_detection_short_range")
	for runtime, command := range map[string][]string{
		"TFLite": edge(t, path),
		"LiteRT": litert(t, path, "--resolver", "builtin"),
	} {
		healthy := snapshotCommand(t, command).whole(t)
		for order, run := range map[string]taken{
			"shim first": breaking(t, command, "EDGEXRAY_BREAK=zeros 0:20", "LD_PRELOAD="+brokenLibrary(t)),
			"shim last": breaking(t, append([]string{"sh", "-c", `LD_PRELOAD=$0:$LD_PRELOAD exec "$@"`, brokenLibrary(t)}, command...),
				"EDGEXRAY_BREAK=zeros 0:20"),
		} {
			f := run.whole(t)
			if len(f.Captures) != len(healthy.Captures) {
				t.Fatalf("%s, %s: %d captures, want %d\n%s", runtime, order, len(f.Captures), len(healthy.Captures), run.stderr)
			}
			for i, c := range f.Captures {
				node := f.Nodes[c.Node].Index
				same := bytes.Equal(c.Data, healthy.Captures[i].Data)
				if zeros := len(bytes.Trim(c.Data, "\x00")) == 0; c.Invoke != 1 || node < 20 && !same || node == 20 && (same || !zeros) {
					t.Errorf("%s, %s: invoke %d, node %d: as without: %t, zeros: %t", runtime, order, c.Invoke, node, same, zeros)
				}
			}
		}
	}
}

// healthy are runs of models, with another run of the same, or of a twin, that differ as they should.
var healthy = []struct {
	name      string
	edge      func(t testing.TB, path string) []string
	reference func(t testing.TB, path, inputs string) taken
	models    []string // of the edge, and what the reference runs in place of it
	all       []string // with -convictions
}{
	{"LiteRT against its reference kernels", litertBuiltin, withKernels("reference"), []string{"mobilenet_v3_small_int8_logits", "face_landmark"}, exact},
	{"TFLite 2.9.0 against 2.17.1", capiOf("2.9.0"), withCAPI("2.17.1"), []string{"okay_nabu", "mobilenet_v3_small_float_hybrid"}, everything},
	{"TFLite 2.17.1 against LiteRT", capiOf("2.17.1"), withKernels("builtin"), []string{"mobilenet_v2_int8"}, everything},
	{"TFLite 2.9.0 against LiteRT", capiOf("2.9.0"), withKernels("builtin"), []string{"mobilenet_v1_float_hybrid"}, everything},
	{"XNNPACK in LiteRT against its built-in kernels", litertDefault, withKernels("builtin"), []string{"mobilenet_v2_float"}, everything},
	{"XNNPACK in TFLite 2.17.1 against LiteRT", capiOf("2.17.1", "--xnnpack", "1"), withKernels("builtin"), nil, everything},
	{"a model against its twin", capiOf("2.17.1"), withTwin, []string{"mobilenet_v3_small_int8"}, []string{
		"mobilenet_v1_int8", "mobilenet_v1_float", "mobilenet_v2_int8", "mobilenet_v2_float", "mobilenet_v3_small_int8", "mobilenet_v3_small_float",
	}},
}

var everything = []string{
	"mobilenet_v1_float", "mobilenet_v1_int8", "mobilenet_v2_float", "mobilenet_v2_int8", "mobilenet_v3_small_float", "mobilenet_v3_small_int8",
	"face_landmark", "face_detection_short_range", "face_detection_full_range", "iris_landmark", "okay_nabu", "hey_jarvis", "alexa",
	"if", "while", "dynamic", "mobilenet_v1_float_hybrid", "mobilenet_v2_float_hybrid", "mobilenet_v3_small_float_hybrid",
}

// exact are those that the reference kernels of LiteRT can run.
var exact = []string{
	"mobilenet_v1_float", "mobilenet_v1_int8_logits", "mobilenet_v2_float", "mobilenet_v2_int8_logits", "mobilenet_v3_small_float",
	"mobilenet_v3_small_int8_logits", "face_landmark", "face_detection_short_range", "face_detection_full_range", "iris_landmark",
	"okay_nabu", "hey_jarvis", "alexa", "if", "while", "dynamic", "mobilenet_v2_float_hybrid", "mobilenet_v3_small_float_hybrid",
}

func litertBuiltin(t testing.TB, path string) []string {
	return litert(t, path, "--resolver", "builtin")
}

func litertDefault(t testing.TB, path string) []string { return litert(t, path) }

func capiOf(version string, args ...string) func(testing.TB, string) []string {
	return func(t testing.TB, path string) []string { return capi(t, version, append(args, "--model", path)...) }
}

func withKernels(kernels string) func(t testing.TB, path, inputs string) taken {
	return func(t testing.TB, path, inputs string) taken { return referenceOf(t, path, inputs, kernels) }
}

func withCAPI(version string) func(t testing.TB, path, inputs string) taken {
	return func(t testing.TB, path, _ string) taken { return snapshotCommand(t, capi(t, version, "--model", path)) }
}

func withTwin(t testing.TB, path, inputs string) taken {
	twin := strings.NewReplacer("_int8.", "_float.", "_float.", "_int8.").Replace(path)
	return referenceOf(t, twin, inputs, "builtin")
}

// Nobody is convicted where nothing is broken.
func TestHealthyKernelsAreNot(t *testing.T) {
	for _, h := range healthy {
		models := h.models
		if *convictions > 0 {
			models = h.all
		}
		for _, name := range models {
			t.Run(h.name+"/"+name, func(t *testing.T) {
				path := model(t, name)
				run := snapshotCommand(t, h.edge(t, path))
				trusted := h.reference(t, path, run.file)
				got := finish(t, edgexray(t, "compare", run.file, trusted.file, "--model", path, "--python", parts.Python(t)))
				if got.status != 0 || !strings.HasPrefix(got.stdout, "WITHIN TOLERANCE") {
					t.Errorf("exit status %d:\n%s%s", got.status, got.stdout, got.stderr)
				}
			})
		}
	}
}
