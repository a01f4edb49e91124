package test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/test/parts"
)

// discover runs `edgexray discover` with a cache folder; an empty one where
// nothing is to be known before.
func discover(t *testing.T, cache, target string) (d discoveryJSON) {
	t.Helper()
	command := edgexray(t, "discover", "--json", target)
	command.Env = append(command.Env, "XDG_CACHE_HOME="+cache)
	readJSON(t, command, &d)
	return d
}

// kernels returns those of a role.
func kernels(of []kernelJSON, role string) []kernelJSON {
	return slices.DeleteFunc(slices.Clone(of), func(k kernelJSON) bool { return k.Role != role })
}

var siteClasses = []string{"push", "branch", "nop", "stepped"}

func TestDiscoverLibrary(t *testing.T) {
	for _, file := range []string{
		"litert-2.3.0/amd64/libpywrap_litert_common.so", "litert-2.3.0/arm64/libpywrap_litert_common.so",
		"tflite-2.9.0/amd64/libtensorflowlite_c.so", "tflite-2.17.1/arm64/libtensorflowlite_c.so",
	} {
		t.Run(file, func(t *testing.T) {
			path := parts.Path(t, file)
			d := discover(t, t.TempDir(), path)
			if len(d.Libraries) != 1 || d.Libraries[0].Path != path {
				t.Fatalf("%d libraries, want %s", len(d.Libraries), path)
			}
			invokes := kernels(d.Libraries[0].Kernels, "invoke")
			refused := 0
			for _, k := range invokes {
				if k.Refused != "" {
					refused++
				} else if k.SiteOffset < k.FileOffset || k.Instruction == "" || !slices.Contains(siteClasses, k.Class) {
					t.Errorf("neither a site nor a reason: %+v", k)
				}
			}
			if len(invokes) <= 100 || refused > len(invokes)/10 {
				t.Errorf("%d kernels, %d of them not probed", len(invokes), refused)
			}

			table := finish(t, edgexray(t, "discover", path))
			if want := fmt.Sprintf("%d kernels, ", len(invokes)); table.status != 0 || !strings.Contains(table.stdout, want) {
				t.Errorf("exit status %d, and the table doesn't say %q:\n%s", table.status, want, table.stdout)
			}
		})
	}
}

// An AAR is an APK as far as its libraries go, but compresses them.
func TestDiscoverAndroid(t *testing.T) {
	for abi, why := range map[string]string{ // not probeable on x86-64
		"x86_64":      "",
		"arm64-v8a":   "code for EM_AARCH64, this machine's is EM_X86_64 (record on the device itself)",
		"x86":         "32-bit code (EM_386): Linux on a 64-bit processor refuses uprobes in 32-bit apps",
		"armeabi-v7a": "32-bit code (EM_ARM): Linux on a 64-bit processor refuses uprobes in 32-bit apps",
	} {
		t.Run(abi, func(t *testing.T) {
			d := discover(t, t.TempDir(), parts.Path(t, "android-2.16.1/"+abi+"/libtensorflowlite_jni.so"))
			got := d.Libraries[0]
			if n := len(kernels(got.Kernels, "invoke")); n <= 100 {
				t.Errorf("%d kernels", n)
			}
			if why == "" && got.NotProbeable != "" || !strings.Contains(got.NotProbeable, why) {
				t.Errorf("not probeable because %q, want %q", got.NotProbeable, why)
			}
		})
	}
}

// Offsets are those in the APK, where an app's mappings and probes are.
func TestDiscoverAPK(t *testing.T) {
	const storedName, compressedName = "lib/x86_64/libtensorflowlite_c.so", "lib/x86_64/libcompressed.so"
	runtime := read(t, library(t, "2.17.1"))
	var file bytes.Buffer
	archive := zip.NewWriter(&file)
	for _, entry := range []struct {
		name    string
		method  uint16
		content []byte
	}{
		{"AndroidManifest.xml", zip.Deflate, []byte("<manifest/>")},
		{compressedName, zip.Deflate, runtime},
		{storedName, zip.Store, runtime},
	} {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: entry.name, Method: entry.method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(entry.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	path := write(t, "app.apk", file.Bytes())

	alone := discover(t, t.TempDir(), library(t, "2.17.1")).Libraries[0]
	cache := t.TempDir()
	for _, from := range []string{"the file", "the cache"} {
		d := discover(t, cache, path)
		if len(d.Libraries) != 1 || d.Libraries[0].Path != path || d.Libraries[0].Entry != storedName {
			t.Fatalf("from %s: libraries %+v, want %s in %s", from, d.Libraries, storedName, path)
		}
		if len(d.Unusable) != 1 || d.Unusable[0].Path != compressedName || !strings.Contains(d.Unusable[0].Why, "compressed in the APK (name the copy") {
			t.Errorf("from %s: unusable %+v, want %s, which is compressed", from, d.Unusable, compressedName)
		}
		if len(d.Libraries[0].Kernels) != len(alone.Kernels) {
			t.Fatalf("from %s: %d kernels, alone it has %d", from, len(d.Libraries[0].Kernels), len(alone.Kernels))
		}
		const compared = 16 // bytes of code
		for i, k := range d.Libraries[0].Kernels {
			want := alone.Kernels[i]
			base := k.FileOffset - want.FileOffset
			if k.Address != want.Address || base != d.Libraries[0].Kernels[0].FileOffset-alone.Kernels[0].FileOffset || base <= 0 {
				t.Fatalf("from %s: kernel at %#x in the APK, %#x alone", from, k.FileOffset, want.FileOffset)
			}
			if k.Refused == "" && k.SiteOffset-want.SiteOffset != base {
				t.Errorf("from %s: site at %#x in the APK, %#x alone", from, k.SiteOffset, want.SiteOffset)
			}
			if !bytes.Equal(file.Bytes()[k.FileOffset:][:compared], runtime[want.FileOffset:][:compared]) {
				t.Errorf("from %s: other code at %#x in the APK than at %#x alone", from, k.FileOffset, want.FileOffset)
			}
		}
	}
}

// node is a live one as tests name it.
type node struct {
	op       string
	delegate bool
}

// liveGraphs returns the nodes of a process's subgraphs. Each must have a kernel that can be probed.
func liveGraphs(t *testing.T, d discoveryJSON) [][]node {
	t.Helper()
	var graphs [][]node
	for _, g := range d.Subgraphs {
		var nodes []node
		for i, n := range g.Nodes {
			if n.Index != i || n.Library == "" || n.Offset == 0 || n.Refused != "" {
				t.Errorf("node %d is %+v", i, n)
			}
			nodes = append(nodes, node{n.Op, n.Delegate})
		}
		graphs = append(graphs, nodes)
	}
	return graphs
}

// opsAt returns the ops that are known of a library's kernels, by file offset.
func opsAt(d discoveryJSON, path string) map[int64][]string {
	known := make(map[int64][]string)
	for _, l := range d.Libraries {
		for _, k := range l.Kernels {
			if l.Path == path && k.Role == "invoke" && len(k.Ops) > 0 {
				known[k.FileOffset] = k.Ops
			}
		}
	}
	return known
}

// wantKnown checks that every live node's kernel is known to run its op.
func wantKnown(t *testing.T, d discoveryJSON) {
	t.Helper()
	for _, g := range d.Subgraphs {
		for _, n := range g.Nodes {
			if ops := opsAt(d, n.Library)[n.Offset]; !n.Delegate && !slices.Contains(ops, n.Op) {
				t.Errorf("the kernel of %s at %#x is known to run %v", n.Op, n.Offset, ops)
			}
		}
	}
}

// What is learned from a process is known of its library from then on.
func TestDiscoverProcess(t *testing.T) {
	app := startApp(t, capi(t, "2.17.1", "--model", model(t, "while"), "--steps"))
	app.step(t) // subgraphs 1 and 2 are prepared
	cache, path := t.TempDir(), library(t, "2.17.1")
	if known := opsAt(discover(t, cache, path), path); len(known) != 0 {
		t.Fatalf("ops are known before any process was seen: %v", known)
	}

	d := discover(t, cache, app.pid())
	if fmt.Sprint(d.PID) != app.pid() || len(d.Libraries) != 1 || d.Libraries[0].Path != path {
		t.Errorf("process %d with libraries %+v, want %s", d.PID, d.Libraries, path)
	}
	got := liveGraphs(t, d)
	for _, want := range [][]node{
		{{"WHILE", false}},
		{{"LESS", false}},
		{{"ADD", false}, {"TANH", false}, {"MUL", false}, {"ADD", false}, {"ADD", false}},
	} {
		if !slices.ContainsFunc(got, func(nodes []node) bool { return slices.Equal(nodes, want) }) {
			t.Errorf("no subgraph %v in %v", want, got)
		}
	}
	if len(got) != 3 {
		t.Errorf("%d subgraphs, want 3: %v", len(got), got)
	}
	wantKnown(t, d)

	known := opsAt(d, path)
	if len(known) != 5 {
		t.Errorf("%d kernels have an op, want 5: %v", len(known), known)
	}
	if diff := cmp.Diff(known, opsAt(discover(t, cache, path), path)); diff != "" {
		t.Errorf("what is known of the library (-from the process +afterwards):\n%s", diff)
	}
	if got := app.end(t); got.status != 0 {
		t.Errorf("the app ended with status %d:\n%s", got.status, got.stdout)
	}
}

// XNNPACK's node comes after those that it took over.
func TestDiscoverDelegate(t *testing.T) {
	for resolver, delegates := range map[string]int{"default": 1, "builtin": 0} {
		t.Run(resolver, func(t *testing.T) {
			const name = "face_landmark"
			app := startApp(t, litert(t, model(t, name), "--resolver", resolver, "--wait"))
			d := discover(t, t.TempDir(), app.pid())
			wantKnown(t, d)
			graphs := liveGraphs(t, d)
			if len(graphs) != 1 {
				t.Fatalf("%d subgraphs, want 1", len(graphs))
			}
			var want []node
			file := parse(t, model(t, name))
			for _, operator := range file.Subgraphs[0].Operators {
				want = append(want, node{file.OperatorCodes[operator.Opcode].String(), false})
			}
			for range delegates {
				want = append(want, node{"TfLiteXNNPackDelegate", true})
			}
			if diff := cmp.Diff(want, graphs[0], cmp.AllowUnexported(node{})); diff != "" {
				t.Errorf("nodes (-want +got):\n%s", diff)
			}
			if _, err := io.WriteString(app.stdin, "\n"); err != nil {
				t.Fatal(err)
			}
			if got := app.end(t); got.status != 0 {
				t.Errorf("the app ended with status %d:\n%s", got.status, got.stdout)
			}
		})
	}
}
