package test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgexray/edgexray/trace"
)

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
	command.WaitDelay = patience // its children may hold its streams open, and what they print then counts, too
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
		r.stdin.Close() // a child that outlives it waits for that
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
