// Package test runs edgexray as its users do: the whole command, on real
// runtimes, apps and models, as root on Linux with BPF.
package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/test/parts"
	"github.com/edgexray/edgexray/trace"
)

// builds is where commands are built once for all tests; it also holds
// edgexray's cache, which starts empty.
var builds string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	var err error
	if builds, err = os.MkdirTemp("", "edgexray-test"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(builds)
	return m.Run()
}

// kept is a test whose temporary folder outlives it.
type kept struct{ testing.TB }

func (kept) TempDir() string { return builds }

var built sync.Map

// once makes a file the first time it is asked for.
func once(t testing.TB, name string, make func(testing.TB) string) string {
	t.Helper()
	if path, ok := built.Load(name); ok {
		return path.(string)
	}
	path := make(kept{t})
	built.Store(name, path)
	return path
}

// edgexray returns the command under test.
func edgexray(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	binary := once(t, "edgexray", func(t testing.TB) string {
		return apps.Go(t, "github.com/edgexray/edgexray/cmd/edgexray", "amd64")
	})
	command := exec.Command(binary, args...)
	command.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(builds, "cache"))
	return command
}

// Apps, as command lines.

func capi(t testing.TB, version string, args ...string) []string {
	t.Helper()
	return append([]string{once(t, "capi", func(t testing.TB) string { return apps.CAPI(t, "amd64") }), "--library", library(t, version)}, args...)
}

func library(t testing.TB, version string) string {
	t.Helper()
	return parts.Path(t, "tflite-"+version+"/amd64/libtensorflowlite_c.so")
}

func litert(t testing.TB, args ...string) []string {
	t.Helper()
	script := once(t, "litert_run.py", func(t testing.TB) string { return apps.Script(t, "litert_run.py") })
	return append([]string{parts.Python(t), script}, args...)
}

func benchmark(t testing.TB, args ...string) []string {
	t.Helper()
	return append([]string{filepath.Join(filepath.Dir(parts.Python(t)), "litert-benchmark")}, args...)
}

// model returns the path of a model by its file name without extension.
func model(t testing.TB, name string) string {
	t.Helper()
	part := "models"
	switch {
	case strings.HasPrefix(name, "face_"), strings.HasPrefix(name, "iris_"):
		part = "face"
	case strings.HasPrefix(name, "hey_"), name == "alexa", name == "okay_nabu":
		part = "wakeword"
	}
	return parts.Path(t, part+"/"+name+".tflite")
}

// outcome is what a command left.
type outcome struct {
	status         int
	stdout, stderr string
}

// finish runs a command to its end.
func finish(t testing.TB, command *exec.Cmd) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run %s: %v", command, err)
	}
	return outcome{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// recording is one that has ended.
type recording struct {
	outcome
	trace string
}

// record runs `edgexray record` with a new trace to its end.
func record(t testing.TB, args ...string) recording {
	t.Helper()
	file := filepath.Join(t.TempDir(), "run.xray")
	return recording{finish(t, edgexray(t, append([]string{"record", "-o", file}, args...)...)), file}
}

// recordCommand records a command, which must succeed.
func recordCommand(t testing.TB, command []string, flags ...string) recording {
	t.Helper()
	r := record(t, append(append(flags, "--"), command...)...)
	if r.status != 0 || !strings.Contains(r.stderr, "the command's exit status is 0\n") {
		t.Fatalf("record %q: exit status %d\n%s", command, r.status, r.stderr)
	}
	return r
}

// ops reads the trace with `edgexray ops --json`.
func (r recording) ops(t testing.TB, flags ...string) opsJSON {
	t.Helper()
	var result opsJSON
	readJSON(t, edgexray(t, append([]string{"ops", r.trace, "--json"}, flags...)...), &result)
	return result
}

// readJSON runs a command that must succeed and decodes what it prints.
func readJSON(t testing.TB, command *exec.Cmd, into any) {
	t.Helper()
	got := finish(t, command)
	if got.status != 0 {
		t.Fatalf("run %s: exit status %d\n%s", command, got.status, got.stderr)
	}
	decode(t, got.stdout, into)
}

func decode(t testing.TB, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("decode: %v\n%s", err, text)
	}
}

// The parts of docs/ops-json.md and docs/device-json.md that tests look at.
type (
	opsJSON struct {
		Duration  uint64            `json:"duration_ns"`
		Lost      map[string]uint64 `json:"lost"`
		ProbeCost uint64            `json:"probe_cost_ns"`
		Truncated string            `json:"truncated"`
		Notes     []struct{ Kind, Text string }
		Processes []struct {
			PID       int
			Process   string
			Exited    bool
			LastWords string `json:"last_words"`
			Received  int
		}
		Recording struct {
			AttachMethod string `json:"attach_method"`
			EndReason    string `json:"end_reason"`
			Ops          int
		}
		Models []modelJSON
		Groups []struct {
			Name  string
			Count int
			Wall  wallJSON `json:"wall_ns"`
		}
	}
	modelJSON struct {
		PID            int
		Process        string
		Model          string
		SHA256         string `json:"model_sha256"`
		Name           string
		Runtime        struct{ Path, Entry, BuildID string }
		Interpreters   int
		Threads        int
		Invokes        int
		InvokesPartial int      `json:"invokes_partial"`
		OpsPerInvoke   int      `json:"ops_per_invoke"`
		InvokeWall     wallJSON `json:"invoke_wall_ns"`
		Ops            []opJSON
	}
	opJSON struct {
		Subgraph        int
		SubgraphName    string `json:"subgraph_name"`
		Node            int
		Op              string
		Custom          bool
		Kernel          string
		Delegate        string
		Replaced        []int
		Inputs, Outputs []tensorJSON
		Count           int
		Wall            wallJSON `json:"wall_ns"`
		SelfNS          uint64   `json:"self_ns"`
		ProbeCost       uint64   `json:"probe_cost_ns"`
		OpGuessed       bool     `json:"op_guessed"`
		Incomplete      bool
	}
	tensorJSON struct {
		Index     int
		Name      string
		Type      string
		Shape     []int
		Scale     float64
		ZeroPoint int `json:"zero_point"`
		Channels  int
	}
	wallJSON struct {
		Mean                         float64
		P50, P90, P99, Min, Max, Sum uint64
	}
	discoveryJSON struct {
		PID       int
		Libraries []struct {
			Path, Entry, ID, Machine string
			BuildID                  string       `json:"build_id"`
			NotProbeable             string       `json:"not_probeable"`
			Kernels                  []kernelJSON `json:"kernels"`
		}
		Subgraphs []struct {
			Nodes []struct {
				Index    int
				Op       string
				Delegate bool
				Library  string
				Offset   int64 `json:"file_offset"`
				Refused  string
			}
		}
		Unusable []struct{ Path, Why string }
	}
	kernelJSON struct {
		Role, Symbol, Name, Instruction, Class, Refused string
		FileOffset                                      int64 `json:"file_offset"`
		SiteOffset                                      int64 `json:"site_file_offset"`
		Address                                         uint64
		Emulated                                        bool
		Ops                                             []string
	}
)

// count sums up how often ops ran.
func (m modelJSON) count() int {
	n := 0
	for _, op := range m.Ops {
		n += op.Count
	}
	return n
}

func (r opsJSON) count() int {
	n := 0
	for _, m := range r.Models {
		n += m.count()
	}
	return n
}

// model returns the only model.
func (r opsJSON) model(t testing.TB) modelJSON {
	t.Helper()
	if len(r.Models) != 1 {
		t.Fatalf("%d models, want 1: %+v", len(r.Models), r.Models)
	}
	return r.Models[0]
}

// wantNothingLost reports losses.
func wantNothingLost(t testing.TB, r opsJSON) {
	t.Helper()
	if len(r.Lost) != 0 || r.Truncated != "" {
		t.Errorf("lost %v, truncated %q; want neither", r.Lost, r.Truncated)
	}
}

// A running command, spoken to through its standard streams.
type running struct {
	command *exec.Cmd
	stdin   io.WriteCloser
	done    chan struct{} // closed when it has ended

	mu     sync.Mutex
	output bytes.Buffer // stdout and stderr
}

func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.output.Write(p)
}

func (r *running) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.output.String()
}

// start starts a command, which is killed at the end of the test if it still
// runs then.
func start(t testing.TB, command *exec.Cmd) *running {
	t.Helper()
	r := &running{command: command, done: make(chan struct{})}
	command.WaitDelay = 5 * time.Second // its children may hold its streams open
	command.Stdout, command.Stderr = r, r
	var err error
	if r.stdin, err = command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		command.Wait()
		close(r.done)
	}()
	t.Cleanup(func() {
		command.Process.Kill()
		<-r.done
	})
	return r
}

// startApp starts an app that prints "ready" when it waits for a line.
func startApp(t testing.TB, line []string) *running {
	t.Helper()
	app := start(t, exec.Command(line[0], line[1:]...))
	app.wait(t, "ready", 1)
	return app
}

func (r *running) pid() string { return fmt.Sprint(r.command.Process.Pid) }

// wait waits until the output has a text so many times.
func (r *running) wait(t testing.TB, text string, times int) {
	t.Helper()
	eventually(t, func() error {
		if output := r.text(); strings.Count(output, text) < times {
			return fmt.Errorf("%s didn't print %q %d times:\n%s", r.command, text, times, output)
		}
		return nil
	})
}

// step lets an app that was started with --steps do its invokes once more.
func (r *running) step(t testing.TB) {
	t.Helper()
	before := strings.Count(r.text(), "ready\n")
	if _, err := io.WriteString(r.stdin, "\n"); err != nil {
		t.Fatal(err)
	}
	r.wait(t, "ready\n", before+1)
}

// end waits for the end of a command whose stdin ends now.
func (r *running) end(t testing.TB) outcome {
	t.Helper()
	r.stdin.Close()
	select {
	case <-r.done:
	case <-time.After(patience):
		t.Fatalf("%s did not end:\n%s", r.command, r.text())
	}
	return outcome{status: r.command.ProcessState.ExitCode(), stdout: r.text()}
}

// startRecord starts a recording and returns when its probes are in place.
func startRecord(t testing.TB, args ...string) (*running, recording) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "run.xray")
	recorder := start(t, edgexray(t, append([]string{"record", "-o", file}, args...)...))
	// The first block has the header; the second is written when everything has
	// been attached.
	eventually(t, func() error {
		select {
		case <-recorder.done:
			t.Fatalf("the recorder ended:\n%s", recorder.text())
		default:
		}
		if n := blocks(file); n < 2 {
			return fmt.Errorf("%d blocks in the trace, want 2:\n%s", n, recorder.text())
		}
		return nil
	})
	return recorder, recording{trace: file}
}

// blocks counts the blocks that can be read from a trace.
func blocks(path string) int {
	r, err := trace.Open(path)
	if err != nil {
		return 0
	}
	defer r.Close()
	n := 0
	for r.Next() {
		n++
	}
	return n
}

// stop ends a recording as Ctrl-C does.
func (r *running) stop(t testing.TB) outcome {
	t.Helper()
	if err := r.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	return r.end(t)
}

// patience is how long something that is certain to happen may take on a
// machine that is busy.
const patience = time.Minute

// eventually waits until something is as it should be.
func eventually(t testing.TB, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
