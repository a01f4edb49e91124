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

// counts is what a recording of interpreters comes to.
type counts struct {
	processes, models, interpreters, threads, invokes, ops int
}

func countsOf(result opsJSON) counts {
	pids := make(map[int]bool)
	c := counts{models: len(result.Models), ops: result.count()}
	for _, m := range result.Models {
		pids[m.PID] = true
		c.interpreters += m.Interpreters
		c.threads += m.Threads
		c.invokes += m.Invokes
	}
	c.processes = len(pids)
	return c
}

// An invoke is 62 ops of "while", 5 of "if" with the first input, and 61 of
// "okay_nabu", whose first invoke has 12 more.
func TestInterpreters(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want counts
	}{
		"1000, one after the other": {
			[]string{"--model", model(t, "okay_nabu"), "--interpreters", "1000"}, counts{1, 1, 1000, 1, 1000, 73000}},
		"two models in turn": {
			[]string{"--model", model(t, "if"), "--model", model(t, "while"), "--interpreters", "200"}, counts{1, 2, 200, 2, 200, 100 * 67}},
		"two threads": {
			[]string{"--model", model(t, "okay_nabu"), "--threads", "2", "--invokes", "200"}, counts{1, 1, 2, 2, 400, 24400 + 24}},
		"many on four threads": {
			[]string{"--model", model(t, "while"), "--threads", "4", "--interpreters", "50"}, counts{1, 1, 200, 4, 200, 12400}},
		"library loaded again": {
			[]string{"--model", model(t, "while"), "--reload", "--invokes", "5"}, counts{1, 1, 2, 1, 10, 620}},
		"child process": {
			[]string{"--model", model(t, "while"), "--fork", "--invokes", "5"}, counts{1, 1, 1, 1, 5, 310}},
	} {
		for _, version := range []string{"2.9.0", "2.17.1"} {
			t.Run(name+"/"+version, func(t *testing.T) {
				r := recordCommand(t, capi(t, version, test.args...))
				result := r.ops(t)
				wantNothingLost(t, result)
				if got := countsOf(result); got != test.want {
					t.Errorf("%+v, want %+v", got, test.want)
				}
				for _, m := range result.Models {
					if m.SHA256 == "" || m.InvokesPartial != 0 {
						t.Errorf("model %q with %d partial invokes", m.Model, m.InvokesPartial)
					}
				}
				var app struct{ PID, Invokes int }
				decode(t, r.stdout, &app)
				if m := result.Models[0]; m.PID != app.PID || app.Invokes != test.want.invokes {
					t.Errorf("recorded process %d, the app says %+v", m.PID, app)
				}
			})
		}
	}
}

func TestThreadsAreToldApart(t *testing.T) {
	r := recordCommand(t, capi(t, "2.17.1", "--model", model(t, "face_landmark"), "--threads", "2", "--invokes", "3"))
	groups := r.ops(t, "--by", "thread").Groups
	if len(groups) != 2 || groups[0].Count != 3*97 || groups[1].Count != 3*97 {
		t.Errorf("%+v, want two threads with %d ops each", groups, 3*97)
	}
}

func TestProcesses(t *testing.T) {
	line := func(version, name string) string {
		return strings.Join(capi(t, version, "--model", model(t, name)), " ")
	}
	for name, test := range map[string]struct {
		script string
		want   counts
	}{
		"one after the other":  {line("2.9.0", "if") + "; " + line("2.17.1", "if"), counts{2, 2, 2, 2, 2, 10}},
		"at the same time":     {line("2.9.0", "if") + " & " + line("2.9.0", "while") + " & wait", counts{2, 2, 2, 2, 2, 67}},
		"exec":                 {"exec " + line("2.17.1", "while"), counts{1, 1, 1, 1, 1, 62}},
		"child of a child":     {"sh -c '" + line("2.17.1", "if") + " --fork; true'", counts{1, 1, 1, 1, 1, 5}},
		"C and Python at once": {line("2.9.0", "while") + " & " + strings.Join(litert(t, model(t, "while"), "--resolver", "builtin"), " ") + " & wait", counts{2, 2, 2, 2, 2, 124}},
	} {
		t.Run(name, func(t *testing.T) {
			result := recordCommand(t, []string{"sh", "-c", test.script}).ops(t)
			wantNothingLost(t, result)
			if got := countsOf(result); got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}

// Control-flow ops run subgraphs within their own time.
func TestNesting(t *testing.T) {
	type place struct{ subgraph, node int }
	for name, test := range map[string]struct {
		depth int // of the deepest op
		count map[place]int
	}{
		// WHILE, its condition 11 times, its body 10 times.
		"while": {1, map[place]int{{0, 0}: 1, {1, 0}: 11, {2, 0}: 10, {2, 1}: 10, {2, 2}: 10, {2, 3}: 10, {2, 4}: 10}},
		"if":    {2, nil}, // which branches run depends on the input
	} {
		for _, app := range map[string][]string{
			"TFLite 2.9.0":   capi(t, "2.9.0", "--model", model(t, name), "--invokes", "20"),
			"LiteRT builtin": litert(t, model(t, name), "--resolver", "builtin", "--invokes", "20"),
		} {
			t.Run(name, func(t *testing.T) {
				r := recordCommand(t, app)
				m := r.ops(t).model(t)
				for _, op := range m.Ops {
					if want := 20 * test.count[place{op.Subgraph, op.Node}]; test.count != nil && op.Count != want {
						t.Errorf("%s at %d:%d ran %d times, want %d", op.Op, op.Subgraph, op.Node, op.Count, want)
					}
				}
				wantNested(t, r.trace, test.depth)
			})
		}
	}
}

// wantNested checks that every op of a trace with one thread that has a depth
// lies within one of the depth above.
func wantNested(t *testing.T, path string, deepest int) {
	t.Helper()
	ops, nodes := records(t, path)
	slices.SortFunc(ops, func(a, b trace.Op) int { return int(int64(a.Start - b.Start)) })
	var open []trace.Op // by depth
	reached := 0
	for _, op := range ops {
		depth := int(op.Depth)
		reached = max(reached, depth)
		if depth > len(open) {
			t.Fatalf("%s at depth %d follows depth %d", nodes[op.Node].Op, depth, len(open)-1)
		}
		open = append(open[:depth], op)
		if depth == 0 {
			continue
		}
		outer := open[depth-1]
		if op.Start+op.Duration > outer.Start+outer.Duration {
			t.Errorf("%s ends after %s, which it runs in", nodes[op.Node].Op, nodes[outer.Node].Op)
		}
		if name := nodes[outer.Node].Op; name != "IF" && name != "WHILE" {
			t.Errorf("%s runs within %s", nodes[op.Node].Op, name)
		}
	}
	if reached != deepest {
		t.Errorf("the deepest op is at %d, want %d", reached, deepest)
	}
}

// Shapes that change while an interpreter lives are told apart.
func TestResize(t *testing.T) {
	for _, version := range []string{"2.9.0", "2.17.1"} {
		t.Run(version, func(t *testing.T) {
			result := recordCommand(t, capi(t, version, "--model", model(t, "dynamic"),
				"--resize", "1,4,5,3", "--resize", "1,2,2,3", "--invokes", "3")).ops(t)
			wantNothingLost(t, result)
			m := result.model(t)
			if m.Interpreters != 1 || m.Invokes != 6 || m.InvokesPartial != 0 {
				t.Errorf("%d interpreters with %d invokes, %d of them partial; want 1, 6 and 0", m.Interpreters, m.Invokes, m.InvokesPartial)
			}
			var shapes []string
			for _, op := range m.Ops {
				if op.Op == "GREATER" {
					shapes = append(shapes, fmt.Sprintf("%v to %v: %d", op.Inputs[0].Shape, op.Outputs[0].Shape, op.Count))
				}
			}
			slices.Sort(shapes)
			if want := []string{"[1 2 2 3] to [1 2 2 3]: 3", "[1 4 5 3] to [1 4 5 3]: 3"}; !slices.Equal(shapes, want) {
				t.Errorf("GREATER has shapes %q, want %q", shapes, want)
			}
		})
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
			if p := r.ops(t).Processes; len(p) != 1 || !p[0].Exited || !strings.Contains(p[0].LastWords, test.words) {
				t.Errorf("the trace says of the processes: %+v", p)
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
