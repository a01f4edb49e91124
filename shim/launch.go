package shim

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// The names of the environment's variables that bring the shim into a program.
const (
	preloadVariable = "LD_PRELOAD"
	areaVariable    = "EDGEXRAY_SHIM"
)

// command is the program that was started.
type command struct {
	pid    int
	exited chan struct{}
	status int // as a shell reports it, once exited is closed
}

// prepare returns the command with the shim in its environment, ready to start.
func (o *Options) prepare(a *area, p *player) (*exec.Cmd, error) {
	c := exec.Command(o.Command[0], o.Command[1:]...)
	if c.Err != nil {
		return nil, fmt.Errorf("run %s: %w", o.Command[0], c.Err)
	}
	machine, err := check(c.Path)
	if err != nil {
		return nil, err
	}
	library, err := extract(machine)
	if err != nil {
		return nil, err
	}
	c.Stdin, c.Stdout, c.Stderr = cmp.Or(o.Stdin, os.Stdin), cmp.Or(o.Stdout, os.Stdout), cmp.Or(o.Stderr, os.Stderr)
	c.Env = preloading(o.env(), library, a.path())
	if p != nil {
		c.Env = append(c.Env, replayVariable+"="+p.path())
	}
	return c, nil
}

// preloading adds the shim to an environment, before what that preloads already.
func preloading(env []string, library, area string) []string {
	var added []string
	for _, variable := range env {
		if value, ok := strings.CutPrefix(variable, preloadVariable+"="); ok {
			if value != "" {
				library += ":" + value
			}
			continue
		}
		if !strings.HasPrefix(variable, areaVariable+"=") && !strings.HasPrefix(variable, replayVariable+"=") {
			added = append(added, variable)
		}
	}
	return append(added, preloadVariable+"="+library, areaVariable+"="+area)
}

// start starts the command.
func start(c *exec.Cmd) (*command, error) {
	if err := c.Start(); errors.Is(err, syscall.ENOEXEC) {
		return nil, fmt.Errorf("run %s: %w: Linux here runs no code for its processor (run edgexray on the device itself)", c.Args[0], ErrOtherMachine)
	} else if err != nil {
		return nil, fmt.Errorf("run %s: %w", c.Args[0], err)
	}
	started := &command{pid: c.Process.Pid, exited: make(chan struct{})}
	go func() {
		started.status = exitStatus(c.Wait())
		close(started.exited)
	}()
	return started, nil
}

func exitStatus(err error) int {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}

// hasExited tells whether the command has.
func (c *command) hasExited() bool {
	select {
	case <-c.exited:
		return true
	default:
		return false
	}
}
