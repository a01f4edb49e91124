package agent

import (
	"os/exec"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What a command does, and how it ends, is the same under the launcher as without it.
func TestLaunch(t *testing.T) {
	for _, test := range []struct {
		name    string
		command []string
		status  int
		execs   int // of the command and its children
	}{
		{"success", []string{"true"}, 0, 1},
		{"failure", []string{"sh", "-c", "exit 3"}, 3, 1},
		{"killed", []string{"sh", "-c", "kill -KILL $$"}, 128 + 9, 1},
		{"signal handled", []string{"sh", "-c", "trap 'exit 7' TERM; kill -TERM $$; exit 1"}, 7, 1},
		{"our signal from another process", []string{"sh", "-c", "trap 'exit 8' URG; kill -URG $$; exit 1"}, 8, 1},
		{"ignored signal", []string{"sh", "-c", "trap '' TERM; kill -TERM $$; exit 9"}, 9, 1},
		{"child", []string{"sh", "-c", "/bin/true; exit 4"}, 4, 2},
		{"grandchild", []string{"sh", "-c", "sh -c '/bin/true; exit 5'; exit $?"}, 5, 3},
		{"exec", []string{"sh", "-c", "exec sh -c 'exit 6'"}, 6, 2},
		{"background child", []string{"sh", "-c", "/bin/true & wait; exit 2"}, 2, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			var lock sync.Mutex
			followed, execs := make(map[int]bool), 0
			l, err := launch(exec.Command(test.command[0], test.command[1:]...),
				func(pid int) {
					lock.Lock()
					defer lock.Unlock()
					followed[pid] = true
				},
				func(pid int, exec bool) {
					lock.Lock()
					defer lock.Unlock()
					if !followed[pid] {
						t.Errorf("process %d arrived before it was followed", pid)
					}
					if exec {
						execs++
					}
				})
			if err != nil {
				t.Fatal(err)
			}
			<-l.exited
			if l.status != test.status || execs != test.execs {
				t.Errorf("status %d after %d programs, want %d after %d", l.status, execs, test.status, test.execs)
			}
		})
	}
}

// A command that stops itself stays stopped until somebody continues it, and is not stuck then.
func TestLaunchKeepsJobControl(t *testing.T) {
	l, err := launch(exec.Command("sh", "-c", "kill -STOP $$; exit 5"), func(int) {}, func(int, bool) {})
	if err != nil {
		t.Fatal(err)
	}
	continued := 0
	for ended := false; !ended; {
		select {
		case <-l.exited:
			ended = true
		case <-time.After(5 * time.Millisecond): // sent too early it is without effect
			continued++
			unix.Kill(l.pid, unix.SIGCONT)
		}
	}
	if l.status != 5 || continued == 0 {
		t.Errorf("status %d after being continued %d times, want 5 after at least once", l.status, continued)
	}
}

func TestLaunchNoSuchCommand(t *testing.T) {
	if _, err := launch(exec.Command("/no/such/command"), func(int) {}, func(int, bool) {}); err == nil {
		t.Error("no error")
	}
}
