package test

import (
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// What one frame says of each op is what the trace of the same recording says.
func TestTopOnce(t *testing.T) {
	t.Parallel()
	trace := t.TempDir() + "/run.xray"
	command := litert(t, model(t, "face_landmark"), "--resolver", "builtin", "--invokes", "50")
	got := finish(t, edgexray(t, append([]string{"top", "--once", "--sort", "node", "-o", trace, "--"}, command...)...))
	if got.status != 0 || !strings.Contains(got.stdout, "; lost 0\n") || !strings.Contains(got.stdout, "since the start: 50 invokes") ||
		!strings.Contains(got.stderr, "the command's exit status is 0\n") || !strings.Contains(got.stderr, `"sha256"`) {
		t.Fatalf("exit status %d\n%s\n%s", got.status, got.stdout, got.stderr)
	}
	row := regexp.MustCompile(`(?m)^ +(\d+)  (\w+) +([\d.]+)% +!?([\d.]+) +([\d.]+)  .{10} +(\d+) `)
	rows := row.FindAllStringSubmatch(got.stdout, -1)
	want := (recording{trace: trace}).ops(t).model(t)
	if len(rows) != len(want.Ops) {
		t.Fatalf("%d rows, want %d:\n%s", len(rows), len(want.Ops), got.stdout)
	}
	var total uint64
	for _, op := range want.Ops {
		total += op.SelfNS
	}
	for i, op := range want.Ops {
		figure := func(n int) float64 { v, _ := strconv.ParseFloat(rows[i][n], 64); return v }
		near := func(a, b float64) bool { return math.Abs(a-b) <= 0.051 } // as rounded
		if int(figure(1)) != op.Node || rows[i][2] != op.Op || int(figure(6)) != op.Count ||
			!near(figure(3), 100*float64(op.SelfNS)/float64(total)) || !near(figure(4), op.Wall.Mean/1e3) || !near(figure(5), float64(op.Wall.P99)/1e3) {
			t.Errorf("row %q, want %+v of %d ns", rows[i][0], op, total)
		}
	}
}

func TestTopOnceStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args   []string
		status int
		stderr string
	}{
		{[]string{"top", "-p", "1"}, 2, "--once"}, // no terminal
		{[]string{"top", "--once"}, 2, "0 targets"},
		{[]string{"top", "--once", "-p", noProcess}, 2, "no such process"},
		{[]string{"top", "--once", "--by", "thread", "-p", "1"}, 2, "edgexray ops"},
		{[]string{"top", "--once", "--window", "1s", "-p", "1"}, 2, "5s or more"},
		{[]string{"top", "--once", "--sort", "moon", "-p", "1"}, 2, "share"},
		{[]string{"top", "--once", "--", "true"}, 4, "no TFLite runtime"},
		{[]string{"top", "--once", "--", "/no/such/command"}, 2, "start /no/such/command"},
	} {
		if got := finish(t, edgexray(t, c.args...)); got.status != c.status || !strings.Contains(got.stderr, c.stderr) {
			t.Errorf("%q: exit status %d, want %d with %q:\n%s", c.args, got.status, c.status, c.stderr, got.stderr)
		}
	}
}

// terminal is a pseudo terminal with a program on it.
type terminal struct {
	*running
	master *os.File
	slave  *os.File
	before unix.Termios
	height uint16
}

// onTerminal starts a command on a terminal of 80 columns.
func onTerminal(t *testing.T, command *exec.Cmd) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	x := &terminal{running: &running{command: command, done: make(chan struct{})}, master: master, slave: slave, height: 24}
	x.resize(t)
	x.before = x.state(t)
	command.Stdin, command.Stdout, command.Stderr = slave, slave, slave
	command.Env = append(command.Env, "TERM=xterm-256color", "TMPDIR="+t.TempDir())
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	go io.Copy(x, master)
	go func() {
		command.Wait()
		close(x.done)
	}()
	t.Cleanup(func() {
		command.Process.Kill()
		<-x.done
	})
	return x
}

func (x *terminal) state(t *testing.T) unix.Termios {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(x.slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *state
}

// resize makes the screen a line higher or lower, upon which all of it is drawn
// anew.
func (x *terminal) resize(t *testing.T) {
	t.Helper()
	x.height = 24 + 25 - x.height
	if err := unix.IoctlSetWinsize(int(x.master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: x.height, Col: 80}); err != nil {
		t.Fatal(err)
	}
}

var escape = regexp.MustCompile(`\x1b(\[[0-9;?$>=]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][0-9A-B]|[=>78])`)

// shows presses a key and waits until the screen, drawn anew, has the words in
// this order.
func (x *terminal) shows(t *testing.T, key string, words ...string) {
	t.Helper()
	if _, err := io.WriteString(x.master, key); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		from := len(x.text())
		x.resize(t)
		time.Sleep(200 * time.Millisecond) // for it to be drawn
		text := x.text()
		plain := strings.Join(strings.Fields(escape.ReplaceAllString(text[from:], " ")), " ")
		rest := plain
		for _, word := range words {
			at := strings.Index(rest, word)
			if at < 0 {
				select {
				case <-x.done:
					t.Fatalf("ended:\n%s", text)
				default:
				}
				return fmt.Errorf("after %q: the screen lacks %q of %q:\n%s", key, word, words, plain)
			}
			rest = rest[at+len(word):]
		}
		if !utf8.ValidString(plain) {
			return fmt.Errorf("a character in parts: %q", plain)
		}
		return nil
	})
}

// leaves waits for the end of the program, which tells something at last and
// leaves the terminal as it was.
func (x *terminal) leaves(t *testing.T, words ...string) {
	t.Helper()
	<-x.done
	for _, word := range words {
		x.wait(t, word, 1)
	}
	if status := x.command.ProcessState.ExitCode(); status != 0 {
		t.Errorf("exit status %d:\n%s", status, x.text())
	}
	if after := x.state(t); after != x.before {
		t.Errorf("the terminal's state is %+v, was %+v", after, x.before)
	}
	text := x.text()
	for on, off := range map[string]string{"\x1b[?1049h": "\x1b[?1049l", "\x1b[?25l": "\x1b[?25h"} {
		if strings.LastIndex(text, on) > strings.LastIndex(text, off) {
			t.Errorf("%q was not undone by %q", on, off)
		}
	}
}

func TestTopScreen(t *testing.T) {
	t.Parallel()
	app := startApp(t, litert(t, model(t, "face_landmark"), "--resolver", "builtin", "--invokes", "100", "--steps"))
	x := onTerminal(t, edgexray(t, "top", "-p", app.pid(), "--window", "1h"))
	x.shows(t, "", "edgexray top: process "+app.pid(), "lost 0; probe", "Waiting for the first op", "q:quit")
	app.step(t)
	x.shows(t, "", "lost 0; probe", "of the ops' time", "face_landmark.tflite in", "nodes 1-", "invokes", "node op ↓share mean us p99 us trend", "CONV_2D")
	x.shows(t, "o", "ops 1-", "op ↓share", "CONV_2D", "DEPTHWISE_CONV_2D")
	x.shows(t, "k", "kernels 1-", "kernel ↓share", "conv::Eval")
	x.shows(t, "n", "nodes 1-", "node op ↓share")
	x.shows(t, "\x1b[C", "node op share ↓mean us")
	x.shows(t, "r", "node op share ↑mean us")
	x.shows(t, "\x1b[D", "node op ↓share")
	x.shows(t, "\x1b[B", "nodes 2-")
	x.shows(t, "w", "since the start:")
	x.shows(t, "p", "PAUSED")
	x.shows(t, "?", "keys and columns", "trend")
	x.shows(t, "x", "PAUSED", "nodes 2-")
	if state := x.state(t); state == x.before {
		t.Error("the terminal's state is as before while the screen is shown")
	}
	io.WriteString(x.master, "q")
	x.leaves(t, "recorded 9700 ops", "lost 0 ops")
	app.step(t) // it goes on as before
}

// However the screen ends, the terminal is as before.
func TestTopEnds(t *testing.T) {
	t.Parallel()
	command := litert(t, model(t, "okay_nabu"), "--invokes", "10")
	for _, c := range []struct {
		name string
		end  func(*terminal) error
	}{
		{"SIGTERM", func(x *terminal) error { return x.command.Process.Signal(syscall.SIGTERM) }},
		{"SIGHUP", func(x *terminal) error { return x.command.Process.Signal(syscall.SIGHUP) }},
		{"Ctrl-C", func(x *terminal) error { _, err := io.WriteString(x.master, "\x03"); return err }},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := onTerminal(t, edgexray(t, append([]string{"top", "--"}, command...)...))
			x.shows(t, "", "okay_nabu.tflite", "ended: command exited", "10 invokes", "q:quit")
			if err := c.end(x); err != nil {
				t.Fatal(err)
			}
			x.leaves(t, "lost 0 ops", ".log\r\n")
			text := x.text()
			// What the command printed is not on the screen but where the summary says.
			_, path, _ := strings.Cut(text, "what the command prints is in ")
			output, err := os.ReadFile(strings.TrimSpace(strings.SplitN(path, "\n", 2)[0]))
			if err != nil || !strings.Contains(string(output), "sha256") || strings.Contains(text, "sha256") {
				t.Errorf("the command's output: %q, %v", output, err)
			}
		})
	}
}
