package arm64_test

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/test/machine"
	"github.com/edgexray/edgexray/test/parts"
)

// shimApp is an app that the shim gets into, and its architecture's throwing.cc.
type shimApp struct{ name, capi, throwing string }

// The last two run on every Linux.
var shimApps = []shimApp{
	{"arm64-2.9.0", "capi --library /lib-2.9.0.so", "throwing /lib-2.9.0.so"},
	{"arm64-2.17.1", "capi --library /lib-2.17.1.so", "throwing /lib-2.17.1.so"},
	{"arm-2.17.1", "capi-arm --library /lib-arm-2.17.1.so", "throwing-arm /lib-arm-2.17.1.so"},
}

// Models whose tensors are compared, floats and bytes, and those whose ops are timed, one after the other in one process.
const (
	floatModel, byteModel = "face_detection_short_range", "okay_nabu"
	throwingInvokes       = 11 // every second one throws, from the second on
)

var timedModels = []string{"okay_nabu", "if", "while", "custom"}

// The shim on real arm64 Linux, in 64-bit apps and 32-bit ones, for a user without any rights: everything on one Linux, and what
// depends on Linux on the others.
func TestShim(t *testing.T) {
	for _, linux := range machine.All {
		t.Run(string(linux), func(t *testing.T) {
			if linux != machine.Linux61 {
				g := runShim(t, linux, shimApps[1:], []string{byteModel}, false)
				testShim(t, g, shimApps[1:], []string{byteModel}, false)
				return
			}
			g := runShim(t, linux, shimApps, []string{byteModel, floatModel}, true)
			testShim(t, g, shimApps, []string{byteModel, floatModel}, true)
			// An app that asks for XNNPACK runs, with that kept out, as one that doesn't.
			t.Run("markers/arm64", func(t *testing.T) { testCapturedMarkers(t, g, "marked") })
			t.Run("markers/arm", func(t *testing.T) { testCapturedMarkers(t, g, "marked-arm") })
			t.Run("kernels builtin", func(t *testing.T) { testTensors(t, g, "builtin", shimApps[1].name+"-"+floatModel+"-alone") })
		})
	}
}

func testShim(t *testing.T, g guest, tried []shimApp, models []string, all bool) {
	for _, app := range tried {
		for _, model := range models {
			name := app.name + "-" + model
			t.Run(name+"/data", func(t *testing.T) { testTensors(t, g, name+"-data", name+"-alone") })
			if all {
				t.Run(name+"/statistics", func(t *testing.T) { testStatistics(t, g, name) })
			}
		}
		t.Run(app.name+"/timing", func(t *testing.T) { testTiming(t, g, app.name) })
		if all {
			t.Run(app.name+"/exceptions", func(t *testing.T) { testExceptions(t, g, app.name) })
		}
	}
}

// shimScript is what a guest runs.
type shimScript struct {
	text strings.Builder
	out  []string // what it leaves
}

// run runs a command and keeps what it says, its exit status, and the file that it makes.
func (s *shimScript) run(name, command, file string) {
	fmt.Fprintf(&s.text, "%s >%s.out 2>%[2]s.err; echo $? >%[2]s.status\n", command, name)
	for _, end := range []string{".out", ".err", ".status", file} {
		if end != "" {
			s.out = append(s.out, "/tmp/"+name+end)
		}
	}
}

// snapshot runs one of an app.
func (s *shimScript) snapshot(name, flags, app string) {
	s.run(name, fmt.Sprintf("edgexray snapshot %s -o %s.tensors -- %s", flags, name, app), ".tensors")
}

// add adds what is done with one app.
func (s *shimScript) add(app shimApp, models []string, all bool) {
	for _, model := range models {
		name, command := app.name+"-"+model, fmt.Sprintf("%s --model /models/%s.tflite --tensors", app.capi, model)
		s.run(name+"-alone", command, "")
		s.snapshot(name+"-data", "", command)
		if all {
			s.snapshot(name+"-statistics", "--statistics", command)
		}
	}
	command := fmt.Sprintf("%s --interpreters %d --invokes %d --custom-op %s", app.capi, len(timedModels), invokes,
		strings.Join(each(timedModels, "--model /models/%s.tflite"), " "))
	s.run(app.name+"-alone", command, "")
	s.run(app.name+"-timing", fmt.Sprintf("edgexray record --via shim -o %s-timing.xray -- %s", app.name, command), ".xray")
	if !all {
		return
	}
	command = fmt.Sprintf("%s /models/custom.tflite %d", app.throwing, throwingInvokes)
	s.run(app.name+"-throwing-alone", command, "")
	s.snapshot(app.name+"-throwing", "", command)
}

func runShim(t *testing.T, linux machine.Linux, tried []shimApp, models []string, all bool) guest {
	t.Helper()
	files := map[string]string{
		"/bin/edgexray":      edgexray(t),
		"/bin/capi":          capi(t, "arm64"),
		"/bin/capi-arm":      capi(t, "arm"),
		"/bin/marked":        marked(t, "arm64"),
		"/bin/marked-arm":    marked(t, "arm"),
		"/bin/throwing":      throwing(t, "arm64"),
		"/bin/throwing-arm":  throwing(t, "arm"),
		"/lib-2.9.0.so":      parts.Path(t, "tflite-2.9.0/arm64/libtensorflowlite_c.so"),
		"/lib-2.17.1.so":     parts.Path(t, "tflite-2.17.1/arm64/libtensorflowlite_c.so"),
		"/lib-arm-2.17.1.so": parts.Path(t, "tflite-2.17.1/arm/libtensorflowlite_c.so"),
	}
	for _, name := range append(timedModels, models...) {
		files["/models/"+name+".tflite"] = modelPath(t, name)
	}
	var script shimScript
	for _, app := range tried {
		script.add(app, models, all)
	}
	if all {
		for _, app := range []string{"marked", "marked-arm"} {
			script.snapshot(app+"-noise", "", app+" --frames 2")
			script.snapshot(app+"-again", "--replay "+app+"-noise.tensors", app+" --frames 2")
			script.snapshot(app+"-bad", "", app+" --bad --crop")
		}
		script.snapshot("builtin", "--kernels builtin", shimApps[1].capi+" --model /models/"+floatModel+".tflite --tensors --xnnpack 2")
	}
	result := machine.Run(t, linux, machine.Options{
		Files: files, Arm32: true, Unprivileged: true, Script: "id -u\n" + script.text.String(), Out: script.out, Timeout: 10 * time.Minute,
	})
	if result.Status != 0 || result.Output != "1000\n" {
		t.Fatalf("exit status is %d; output:\n%s", result.Status, result.Output)
	}
	g := make(guest)
	for file, content := range result.Files {
		g[path.Base(file)] = content
	}
	return g
}

// testTensors compares what kernels make with what they make without the shim, and with what was captured.
func testTensors(t *testing.T, g guest, name, alone string) {
	g.wantSameOutput(t, name, alone)
	want := apps.MadeByKernels(t, g.text(t, alone+".out"))
	if diff := cmp.Diff(want, apps.MadeByKernels(t, g.text(t, name+".out"))); diff != "" {
		t.Errorf("with the shim kernels make (-without +with):\n%s", diff)
	}
	got := apps.MadeInSnapshot(g.snapshot(t, name))
	if len(got) < 2*len(want) || len(want) < 50 { // the app looks in the second invoke; the first may run more
		t.Fatalf("%d outputs captured, want twice %d and more", len(got), len(want))
	}
	if diff := cmp.Diff(want, got[len(got)-len(want):]); diff != "" {
		t.Errorf("outputs (-of the kernels +captured):\n%s", diff)
	}
}

// testStatistics compares those of an app's data with the data.
func testStatistics(t *testing.T, g guest, name string) {
	g.wantSameOutput(t, name+"-statistics", name+"-alone")
	data, f := g.snapshot(t, name+"-data"), g.snapshot(t, name+"-statistics")
	if len(f.Captures) != len(data.Captures) {
		t.Fatalf("%d captures, want %d", len(f.Captures), len(data.Captures))
	}
	compared := 0
	for i, c := range f.Captures {
		of := data.Captures[i]
		if c.Tensor != of.Tensor || c.Invoke != of.Invoke || c.Role != of.Role || c.Missing != of.Missing {
			t.Fatalf("capture %d is %v, want that of %v", i, c.Capture, of.Capture)
		}
		if of.Missing != "" {
			continue
		}
		values, err := snapshot.NewValues(data.Tensor(of.Capture), of.Data)
		if err != nil {
			t.Fatal(err)
		}
		want := snapshot.Summarize(values)
		// The app sums up in single precision.
		if diff := cmp.Diff(want, c.Statistics, protocmp.Transform(), cmpopts.EquateApprox(1e-5, 1e-5*want.Rms)); diff != "" {
			t.Errorf("%v (-of the data +within the app):\n%s", of.Capture, diff)
		}
		compared++
	}
	if compared < 100 {
		t.Errorf("statistics of %d tensors compared, want 100 and more", compared)
	}
}

func testTiming(t *testing.T, g guest, app string) {
	name := app + "-timing"
	g.wantStatus(t, name, 0)
	g.wantSameOutput(t, name, app+"-alone")
	result := g.ops(t, name)
	if got := result.Recording.AttachMethod; got != "shim" {
		t.Errorf("attached by %s, want the shim", got)
	}
	for _, model := range timedModels {
		wantModel(t, modelOf(t, result, model), model, invokes)
	}
	wantNested(t, modelOf(t, result, "while"))
}

// An exception passes through the shim to the app, as the unwinder of each architecture wants it.
func testExceptions(t *testing.T, g guest, app string) {
	const want = "6 ended, 5 threw\n"
	for _, name := range []string{app + "-throwing-alone", app + "-throwing"} {
		g.wantStatus(t, name, 0)
		if got := g.text(t, name+".out"); got != want {
			t.Errorf("%s printed %q, want %q", name, got, want)
		}
	}
	made := make(map[int]int) // outputs by node
	for _, m := range apps.MadeInSnapshot(g.snapshot(t, app+"-throwing")) {
		made[m.Node]++
	}
	if diff := cmp.Diff(map[int]int{0: throwingInvokes, 1: 6, 2: 6}, made); diff != "" {
		t.Errorf("outputs of each node (-want +got):\n%s", diff)
	}
}

// testCapturedMarkers: what an app marks is recorded as the app has it, and played to it again; what it marks wrongly harms nobody.
func testCapturedMarkers(t *testing.T, g guest, app string) {
	f, again := g.snapshot(t, app+"-noise"), g.snapshot(t, app+"-again")
	if !strings.Contains(g.text(t, app+"-again.err"), `replayed 2 of 2 "camera"`+"\n") || len(f.Markers) != 17 || len(again.Markers) != 17 {
		t.Errorf("%d markers, %d when played again:\n%s", len(f.Markers), len(again.Markers), g.text(t, app+"-again.err"))
	}
	for i, m := range f.Markers {
		if string(m.Data) != string(again.Markers[i].Data) || m.Missing != "" {
			t.Errorf("marker %v isn't %v", m.Marker, again.Markers[i].Marker)
		}
	}
	bad := g.open(t, app+"-bad")
	bytes := make(map[string]int)
	for _, m := range bad.Markers {
		bytes[m.Key] += len(m.Data)
	}
	// Two keys and two texts that can't be read, and events with too many numbers, too small, and of no kind.
	want := map[string]uint64{"markers_lost": 6, "records_without_sense": 1}
	if diff := cmp.Diff(want, bad.Losses); diff != "" || bytes["fine"] != 24 || bytes["i420"] != 27 || bytes["camera"] != 61*40*3 || bytes["half there"] != 0 {
		t.Errorf("bytes %v, losses (-want +got):\n%s", bytes, diff)
	}
	if !strings.Contains(g.text(t, app+"-bad.err"), "the command's exit status is 0\n") {
		t.Errorf("the app didn't end well:\n%s", g.text(t, app+"-bad.err"))
	}
}

// open opens the snapshot that was taken under a name.
func (g guest) open(t *testing.T, name string) *snapshot.File {
	t.Helper()
	g.wantStatus(t, name, 0)
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(g.text(t, name+".tensors")), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := snapshot.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// snapshot is open for one that must be whole.
func (g guest) snapshot(t *testing.T, name string) *snapshot.File {
	t.Helper()
	f := g.open(t, name)
	if stderr := g.text(t, name+".err"); f.Cut != "" || f.End == nil || len(f.Losses) > 0 || !strings.Contains(stderr, "lost nothing") {
		t.Fatalf("cut %q, end %v, losses %v; want a whole snapshot\n%s", f.Cut, f.End, f.Losses, stderr)
	}
	return f
}
