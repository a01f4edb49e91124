package test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/edgexray/edgexray/trace"
)

// stepsAlone runs an app that was made for --steps without a recorder.
func stepsAlone(t *testing.T, command []string, steps int) outcome {
	t.Helper()
	app := exec.Command(command[0], command[1:]...)
	app.Stdin = strings.NewReader(strings.Repeat("\n", steps))
	return finish(t, app)
}

// lastLine is where an app that was made for --steps says what it did.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

func TestAttachDetachAttach(t *testing.T) {
	for _, app := range []struct {
		name    string
		command []string
		invokes int // in each step
		ops     int // in each invoke
	}{
		{"TFLite 2.9.0", capi(t, "2.9.0", "--model", model(t, "face_landmark"), "--invokes", "2", "--steps"), 2, 97},
		{"TFLite 2.17.1", capi(t, "2.17.1", "--model", model(t, "okay_nabu"), "--invokes", "10", "--steps"), 10, 61},
		{"LiteRT builtin", litert(t, model(t, "hey_jarvis"), "--resolver", "builtin", "--invokes", "5", "--steps"), 5, 45},
		{"LiteRT default", litert(t, model(t, "hey_jarvis"), "--invokes", "5", "--steps"), 5, 3},
	} {
		t.Run(app.name, func(t *testing.T) {
			running := startApp(t, app.command)
			for _, steps := range []int{2, 1} {
				running.step(t) // not recorded
				recorder, r := startRecord(t, "-p", running.pid())
				for range steps {
					running.step(t)
				}
				if got := recorder.stop(t); got.status != 0 || !strings.Contains(got.stdout, "ended: interrupt") || !strings.Contains(got.stdout, "lost 0 ops\n") {
					t.Errorf("exit status %d\n%s", got.status, got.stdout)
				}
				result := r.ops(t)
				wantNothingLost(t, result)
				m := result.model(t)
				if m.Invokes != steps*app.invokes || m.InvokesPartial != 0 || m.OpsPerInvoke != app.ops || m.SHA256 == "" {
					t.Errorf("%d invokes, %d of them partial, of %d ops, model %q; want %d, 0, %d",
						m.Invokes, m.InvokesPartial, m.OpsPerInvoke, m.Model, steps*app.invokes, app.ops)
				}
				for _, op := range m.Ops {
					if op.Node < 0 || op.OpGuessed || op.Incomplete {
						t.Errorf("not wholly known: %+v", op)
					}
				}
			}
			got := running.end(t)
			if want := stepsAlone(t, app.command, 5); got.status != 0 || hashOf(t, lastLine(got.stdout)) != hashOf(t, lastLine(want.stdout)) {
				t.Errorf("the app ended with status %d and %s, without a recorder with %s", got.status, lastLine(got.stdout), lastLine(want.stdout))
			}
		})
	}
}

func TestTargetKilled(t *testing.T) {
	t.Run("between invokes", func(t *testing.T) {
		app := startApp(t, capi(t, "2.17.1", "--model", model(t, "while"), "--invokes", "3", "--steps"))
		recorder, r := startRecord(t, "-p", app.pid())
		app.step(t)
		app.command.Process.Kill()
		<-recorder.done
		for _, want := range []string{"ended: target exited", "recorded 186 ops", "lost 0 ops"} {
			if !strings.Contains(recorder.text(), want) {
				t.Errorf("the summary doesn't say %q:\n%s", want, recorder.text())
			}
		}
		if m := r.ops(t).model(t); m.Invokes != 3 || m.count() != 186 {
			t.Errorf("%d invokes and %d ops, want 3 and 186", m.Invokes, m.count())
		}
	})
	t.Run("inside an op", func(t *testing.T) {
		app := startApp(t, capi(t, "2.17.1", "--model", model(t, "custom"), "--custom-op", "--spin", "1000000000", "--steps"))
		recorder, r := startRecord(t, "-p", app.pid())
		if _, err := fmt.Fprintln(app.stdin); err != nil {
			t.Fatal(err)
		}
		waitForOps(t, r, 1) // the ADD before the custom op, in which it stays
		app.command.Process.Kill()
		<-recorder.done
		if want := "ended inside EdgexrayTestCustom (node 1 of subgraph 0)"; !strings.Contains(recorder.text(), want) {
			t.Errorf("the summary doesn't say %q:\n%s", want, recorder.text())
		}
		if got := r.ops(t).Processes[0]; !got.Exited || !strings.Contains(got.LastWords, "EdgexrayTestCustom") {
			t.Errorf("the trace says of the process: %+v", got)
		}
	})
}

// waitForOps waits until a trace that is being written has so many ops.
func waitForOps(t *testing.T, r recording, n int) {
	t.Helper()
	waitForBlocks(t, r, fmt.Sprintf("%d ops", n), func(b *trace.Block) bool {
		for _, batch := range b.Ops {
			n -= len(batch.Node)
		}
		return n <= 0
	})
}

// waitForBlocks waits until a check holds for what a growing trace has got. It
// is asked about each block once, in order.
func waitForBlocks(t *testing.T, r recording, what string, check func(*trace.Block) bool) {
	t.Helper()
	seen := 0
	eventually(t, func() error {
		reader, err := trace.Open(r.trace)
		if err != nil {
			return err
		}
		defer reader.Close()
		for i := 0; reader.Next(); i++ {
			if i < seen {
				continue
			}
			seen++
			if check(reader.Block()) {
				return nil
			}
		}
		return fmt.Errorf("no %s in the trace's %d blocks", what, seen)
	})
}

// A recorder that is killed leaves a trace that can be read up to what it wrote
// last, and an app that goes on.
func TestRecorderKilled(t *testing.T) {
	command := capi(t, "2.17.1", "--model", model(t, "while"), "--invokes", "100", "--steps")
	want := hashOf(t, lastLine(stepsAlone(t, command, 3).stdout))

	check := func(t *testing.T, recorder *running, r recording, step func()) {
		waitForOps(t, r, 6200)
		recorder.command.Process.Kill()
		recorder.command.Process.Wait()
		step()
		result := r.ops(t)
		if m := result.model(t); m.Invokes != 100 || m.count() != 6200 || result.Truncated == "" || len(result.Lost) != 0 {
			t.Errorf("%d invokes, %d ops, truncated %q, lost %v; want 100, 6200, a reason and none", m.Invokes, m.count(), result.Truncated, result.Lost)
		}
	}
	t.Run("attached", func(t *testing.T) {
		app := startApp(t, command)
		recorder, r := startRecord(t, "-p", app.pid())
		app.step(t)
		check(t, recorder, r, func() { app.step(t) })
		again, second := startRecord(t, "-p", app.pid())
		app.step(t)
		again.stop(t)
		if n := second.ops(t).count(); n != 6200 {
			t.Errorf("%d ops in the recording after, want 6200", n)
		}
		if got := app.end(t); got.status != 0 || hashOf(t, lastLine(got.stdout)) != want {
			t.Errorf("the app ended with status %d and %s, want hash %s", got.status, lastLine(got.stdout), want)
		}
	})
	t.Run("parent of the app", func(t *testing.T) {
		recorder, r := startRecord(t, append([]string{"--"}, command...)...)
		recorder.wait(t, "ready\n", 1)
		recorder.step(t) // the app has its standard streams
		check(t, recorder, r, func() { recorder.step(t); recorder.step(t) })
		if got := recorder.end(t); hashOf(t, lastLine(got.stdout)) != want {
			t.Errorf("the app ended with %s, want hash %s", lastLine(got.stdout), want)
		}
	})
}

func TestInterrupt(t *testing.T) {
	command := capi(t, "2.9.0", "--model", model(t, "while"), "--steps")
	recorder, r := startRecord(t, append([]string{"--"}, command...)...)
	recorder.wait(t, "ready\n", 1)
	recorder.step(t)
	recorder.command.Process.Signal(syscall.SIGINT)
	recorder.wait(t, "recorded 62 ops", 1)
	recorder.step(t) // the app goes on without a recorder
	got := recorder.end(t)
	if got.status != 0 || !strings.Contains(got.stdout, "ended: interrupt") || !strings.Contains(got.stdout, `"invokes":2`) {
		t.Errorf("exit status %d\n%s", got.status, got.stdout)
	}
	if result := r.ops(t); result.Truncated != "" || result.count() != 62 {
		t.Errorf("%d ops, truncated %q; want 62 in a whole trace", result.count(), result.Truncated)
	}
}

// What an app was doing when it died.
func TestAborts(t *testing.T) {
	for name, test := range map[string]struct {
		command []string
		status  int
		words   string
	}{
		"in a custom op's invoke": {
			capi(t, "2.17.1", "--model", model(t, "custom"), "--custom-op", "--abort-in-invoke"), 0,
			"ended inside EdgexrayTestCustom (node 1 of subgraph 0)"},
		"in a custom op's prepare": {
			capi(t, "2.17.1", "--model", model(t, "custom"), "--custom-op", "--abort-in-prepare"), 4,
			"ended in or after the preparation of EdgexrayTestCustom (node 1 of subgraph 0)"},
		"in a custom op's prepare, 2.9.0": {
			capi(t, "2.9.0", "--model", model(t, "custom"), "--custom-op", "--abort-in-prepare"), 4,
			"ended in or after the preparation of EdgexrayTestCustom (node 1 of subgraph 0)"},
		"in LiteRT's reference SOFTMAX": {
			litert(t, model(t, "mobilenet_v1_int8"), "--resolver", "builtin_ref"), 4,
			"ended in or after the preparation of SOFTMAX (node 30 of subgraph 0)"},
		"after an op": {
			append([]string{"sh", "-c", `"$0" "$@"; kill -ABRT $$`}, capi(t, "2.9.0", "--model", model(t, "while"))...), 0,
			"after its last op, WHILE (node 0 of subgraph 0)"},
	} {
		t.Run(name, func(t *testing.T) {
			r := record(t, append([]string{"--"}, test.command...)...)
			if r.status != test.status || !strings.Contains(r.stderr, "the command's exit status is 134\n") || !strings.Contains(r.stderr, test.words) {
				t.Errorf("exit status %d, want %d, a command's of 134 and %q\n%s", r.status, test.status, test.words, r.stderr)
			}
			told := 0
			for _, p := range r.ops(t).Processes {
				if p.Exited && strings.Contains(p.LastWords, test.words) {
					told++
				}
			}
			if told != 1 {
				t.Errorf("the trace says of the processes: %+v", r.ops(t).Processes)
			}
		})
	}
}

// A name is that of processes that run already or start later.
func TestName(t *testing.T) {
	app := capi(t, "2.9.0", "--model", model(t, "while"), "--steps")
	const name = "xray-test-app"
	named := filepath.Join(t.TempDir(), name)
	run(t, "cp", app[0], named)
	app[0] = named

	early := startApp(t, app)
	recorder, r := startRecord(t, "-n", name)
	early.step(t)
	late := startApp(t, app)
	waitForBlocks(t, r, "second process", func(b *trace.Block) bool {
		return slices.ContainsFunc(b.Processes, func(p *trace.Process) bool { return fmt.Sprint(p.Pid) == late.pid() })
	})
	late.step(t)
	if got := recorder.stop(t); got.status != 0 {
		t.Errorf("exit status %d\n%s", got.status, got.stdout)
	}
	result := r.ops(t)
	wantNothingLost(t, result)
	if got, want := countsOf(result), (counts{2, 2, 2, 2, 2, 124}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A library is recorded in every process that maps it, and in no other.
func TestLibrary(t *testing.T) {
	app := capi(t, "2.9.0")
	copied := filepath.Join(t.TempDir(), "libtensorflowlite_c.so")
	run(t, "cp", library(t, "2.9.0"), copied)
	recorder, r := startRecord(t, "--library", copied)
	for _, command := range [][]string{
		{app[0], "--library", copied, "--model", model(t, "if")},
		{app[0], "--library", copied, "--model", model(t, "while")},
		{app[0], "--library", copied, "--model", model(t, "okay_nabu"), "--interpreters", "2"},
		{app[0], "--library", library(t, "2.9.0"), "--model", model(t, "if")},
	} {
		run(t, command...)
	}
	if got := recorder.stop(t); got.status != 0 {
		t.Errorf("exit status %d\n%s", got.status, got.stdout)
	}
	result := r.ops(t)
	wantNothingLost(t, result)
	if got, want := countsOf(result), (counts{3, 3, 4, 3, 4, 5 + 62 + 2*73}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, m := range result.Models {
		if m.Runtime.Path != copied {
			t.Errorf("the runtime is %s, want %s", m.Runtime.Path, copied)
		}
	}
}

// A custom op's own file is only known when its interpreter is, and nothing holds a process that we did not start: what it
// missed is told.
func TestLibraryCustomOp(t *testing.T) {
	app := capi(t, "2.17.1")
	copied := filepath.Join(t.TempDir(), "libtensorflowlite_c.so")
	run(t, "cp", library(t, "2.17.1"), copied)
	recorder, r := startRecord(t, "--library", copied)
	started := startApp(t, []string{app[0], "--library", copied, "--model", model(t, "custom"), "--custom-op-with-data", "--steps"})
	started.step(t)
	waitForOps(t, r, 2)
	started.step(t)
	got := recorder.stop(t)
	if want := "its ops before that are not in the trace"; got.status != 0 || strings.Count(got.stdout, want) != 1 {
		t.Errorf("exit status %d, want 0 and one note of ops that are missing:\n%s", got.status, got.stdout)
	}
	m := r.ops(t).Models[0]
	if len(m.Ops) != 3 || m.Ops[1].Op != "EdgexrayTestCustom" || m.Ops[1].Count == 0 {
		t.Errorf("%d nodes ran, want 3 with EdgexrayTestCustom between", len(m.Ops))
	}
}

func TestDuration(t *testing.T) {
	app := start(t, exec.Command(capi(t, "2.9.0")[0], "--library", library(t, "2.9.0"), "--model", model(t, "if"), "--invokes", "2000000000", "--wait"))
	app.wait(t, "ready", 1)
	fmt.Fprintln(app.stdin)
	r := record(t, "-p", app.pid(), "-d", "300ms")
	if r.status != 0 || !strings.Contains(r.stderr, "ended: duration") {
		t.Errorf("exit status %d\n%s", r.status, r.stderr)
	}
	if result := r.ops(t); result.Duration < 300e6 || result.count() == 0 || result.Recording.EndReason != "duration" {
		t.Errorf("%d ops in %d ns, ended by %q", result.count(), result.Duration, result.Recording.EndReason)
	}
}

// On a terminal a line shows what goes on.
func TestProgress(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.xray")
	app := start(t, exec.Command(capi(t, "2.9.0")[0], "--library", library(t, "2.9.0"), "--model", model(t, "if"), "--invokes", "2000000000", "--wait"))
	app.wait(t, "ready", 1)
	fmt.Fprintln(app.stdin)
	recorder := edgexray(t, "record", "-o", file, "-d", "3s", "-p", app.pid())
	terminal := exec.Command("script", "--quiet", "--return", "--command", strings.Join(recorder.Args, " "), "/dev/null")
	terminal.Env = recorder.Env
	got := finish(t, terminal)
	for _, want := range []string{"invokes", "ops/s", "lost"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("no %q on the terminal:\n%q", want, got.stdout)
		}
	}
	if got.status != 0 || strings.Count(got.stdout, "\r") < 3 {
		t.Errorf("exit status %d and no line that changes:\n%q", got.status, got.stdout)
	}
}
