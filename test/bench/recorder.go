package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/prometheus/procfs"

	"github.com/edgexray/edgexray/trace"
)

// recorder is a running `edgexray record`.
type recorder struct {
	command *exec.Cmd
	trace   string
	stderr  bytes.Buffer
}

// recording is what one came to.
type recording struct {
	trace     string
	ops, lost uint64
	maxRSS    uint64         // of the recorder, bytes
	nodes     map[string]int // that were described, by the class of the instruction that their kernel is probed at
}

// record starts a recorder of an app and returns when its probes are in place.
func (b *bench) record(p *process, flags ...string) (*recorder, error) {
	b.traces++
	r := &recorder{trace: filepath.Join(b.dir, fmt.Sprintf("%d.xray", b.traces))}
	r.command = b.command("cache", append([]string{"record", "-p", p.pid(), "-o", r.trace}, flags...)...)
	r.command.Stderr = &r.stderr
	if err := r.command.Start(); err != nil {
		return nil, err
	}
	if err := eventually("the recorder has attached", r.attached); err != nil {
		r.command.Process.Kill()
		r.command.Wait()
		return nil, fmt.Errorf("record %s: %w\n%s", p.command, err, &r.stderr)
	}
	return r, nil
}

// attached tells whether the second block was written: the first holds the
// header, the next is flushed as soon as everything is attached.
func (r *recorder) attached() (bool, error) {
	t, err := trace.Open(r.trace)
	if err != nil {
		return false, nil // the recorder has not got so far
	}
	defer t.Close()
	blocks := 0
	for t.Next() {
		blocks++
	}
	return blocks > 1, nil
}

// pause keeps the recorder from running for a second, one second from now.
func (r *recorder) pause() {
	for after, signal := range map[time.Duration]os.Signal{1: syscall.SIGSTOP, 2: syscall.SIGCONT} {
		time.AfterFunc(after*time.Second, func() { r.command.Process.Signal(signal) })
	}
}

// cpu is the CPU time that the recorder has used so far. Linux gives it in
// steps of 10 ms.
func (r *recorder) cpu() (time.Duration, error) {
	proc, err := procfs.NewProc(r.command.Process.Pid)
	if err != nil {
		return 0, err
	}
	stat, err := proc.Stat()
	return time.Duration(stat.CPUTime() * float64(time.Second)), err
}

// stop ends the recording as Ctrl-C does.
func (r *recorder) stop() (*recording, error) {
	if err := r.command.Process.Signal(os.Interrupt); err != nil {
		return nil, err
	}
	if err := r.command.Wait(); err != nil {
		return nil, fmt.Errorf("record: %w\n%s", err, &r.stderr)
	}
	usage := r.command.ProcessState.SysUsage().(*syscall.Rusage)
	result := &recording{trace: r.trace, maxRSS: uint64(usage.Maxrss) << 10}
	return result, result.read()
}

// read takes from the trace what was recorded.
func (r *recording) read() error {
	t, err := trace.Open(r.trace)
	if err != nil {
		return err
	}
	defer t.Close()
	r.nodes = make(map[string]int)
	classes := make(map[uint32]string)
	kernels := make(map[uint32]uint32) // by node: a later description wins
	for t.Next() {
		block := t.Block()
		for _, k := range block.Kernels {
			classes[k.Id] = k.SiteClass
		}
		for _, n := range block.Nodes {
			kernels[n.Id] = n.Kernel
		}
		if len(block.Losses) > 0 {
			r.lost = lost(block.Losses)
		}
		if block.End != nil {
			r.ops = block.End.Ops
		}
	}
	for _, kernel := range kernels {
		r.nodes[classes[kernel]]++
	}
	if cut := t.Truncated(); cut != nil {
		return errors.New(cut.String())
	}
	return t.Err()
}

// lost sums up losses of ops. A lost description only makes ops anonymous.
func lost(losses []*trace.Loss) uint64 {
	var sum uint64
	for _, l := range losses {
		if l.Cause != "descriptions" {
			sum += l.Count
		}
	}
	return sum
}
