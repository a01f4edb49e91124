package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// process is a running app.
type process struct {
	command *exec.Cmd
	stdin   io.WriteCloser
	stdout  *bufio.Reader
}

// start starts an app and returns when it is ready to invoke.
func (b *bench) start(a app, more ...string) (*process, error) {
	line, err := b.line(a)
	if err != nil {
		return nil, err
	}
	return start(exec.Command(line[0], append(line[1:], more...)...))
}

// startUnder starts an app as the command of a verb of edgexray.
func (b *bench) startUnder(a app, verb ...string) (*process, error) {
	line, err := b.line(a)
	if err != nil {
		return nil, err
	}
	return start(b.command("cache", append(append(verb, "--"), line...)...))
}

func start(command *exec.Cmd) (p *process, err error) {
	p = &process{command: command}
	if p.stdin, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.stdout = bufio.NewReader(stdout)
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.command, err)
	}
	if _, err := p.untilReady(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// untilReady returns what invokes took until the app is ready for the next
// step, in ns.
func (p *process) untilReady() ([]float64, error) {
	var times []float64
	for {
		line, err := p.stdout.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("read what %s says: %w", p.command, err)
		}
		if line == "ready\n" {
			return times, nil
		}
		for i, field := range strings.Fields(line) {
			if i == 0 {
				continue // "invoke_ns"
			}
			took, err := strconv.ParseFloat(field, 64)
			if err != nil {
				return nil, fmt.Errorf("read what %s says: %w", p.command, err)
			}
			times = append(times, took)
		}
	}
}

// step lets the app do its invokes and returns what each took, in ns.
func (p *process) step() ([]float64, error) {
	if _, err := io.WriteString(p.stdin, "\n"); err != nil {
		return nil, fmt.Errorf("step %s: %w", p.command, err)
	}
	return p.untilReady()
}

// warmStep is the second one of two steps.
func (p *process) warmStep() ([]float64, error) {
	if _, err := p.step(); err != nil {
		return nil, err
	}
	return p.step()
}

func (p *process) pid() string { return strconv.Itoa(p.command.Process.Pid) }

// close ends the app.
func (p *process) close() {
	p.stdin.Close()
	p.command.Process.Kill() // it has nothing left to do
	p.command.Wait()
}

// end lets the app come to its end.
func (p *process) end() error {
	p.stdin.Close()
	if _, err := io.Copy(io.Discard, p.stdout); err != nil {
		return err
	}
	return p.command.Wait()
}

// eventually calls check until it returns true, for half a minute.
func eventually(what string, check func() (bool, error)) error {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if done, err := check(); done || err != nil {
			return err
		}
	}
	return fmt.Errorf("wait until %s: %w", what, os.ErrDeadlineExceeded)
}
