package agent

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/procfs"

	"github.com/edgexray/edgexray/bpf"
)

// processOf returns the current program of a process, new if it was not seen before.
func (s *Session) processOf(pid int, name string) *process {
	if p := s.byPID[pid]; p != nil {
		return p
	}
	if name == "" {
		if proc, err := procfs.NewProc(pid); err == nil {
			name, _ = proc.Comm()
		}
	}
	s.nextID.process++
	p := newProcess(s.nextID.process, pid, name)
	s.byPID[pid] = p
	s.describe(p.snapshot())
	return p
}

// processWithID returns the process to which BPF gave an id.
func (s *Session) processWithID(id uint64, pid int, name string) *process {
	if p := s.processes[id]; p != nil {
		return p
	}
	p := s.processOf(pid, name)
	if p.bpfID != 0 && p.bpfID != id { // another program, or another process with the same number
		s.forgetProgram(pid)
		p = s.processOf(pid, name)
	}
	p.bpfID = id
	s.processes[id] = p
	return p
}

// forgetProgram notes that what runs under this number from now on is something else.
func (s *Session) forgetProgram(pid int) {
	if p := s.byPID[pid]; p != nil {
		p.close()
		delete(s.byPID, pid)
	}
}

// threadExited keeps what a thread was doing when it ended inside an op, and notices the end of a process.
func (s *Session) threadExited(r *bpf.ExitRecord) {
	p := s.processes[r.Process]
	if p == nil {
		return
	}
	if words := s.lastWords(r); words != "" && (p.described.LastWords == "" || r.Depth > 0) {
		p.described.LastWords = words
	}
	if r.WholeProcess != 0 {
		p.described.Exited = true
		p.close()
		delete(s.byPID, p.pid)
	}
	if p.described.LastWords != "" && !slices.Contains(s.ended, p) {
		s.ended = append(s.ended, p)
	}
	if r.WholeProcess != 0 || p.described.LastWords != "" {
		s.describe(p.snapshot())
	}
}

func (s *Session) lastWords(r *bpf.ExitRecord) string {
	if n := s.nodes[r.Node]; r.Depth > 0 && n != nil {
		s.settle(n)
		words := fmt.Sprintf("ended inside %s, %v after it began", n.label(), time.Duration(r.TimeNs-r.StartNs))
		if outer := s.nodes[r.Outermost]; outer != nil && outer != n {
			s.settle(outer)
			words += ", within " + outer.label()
		}
		return words
	}
	if n := s.nodes[r.PreparedNode]; n != nil {
		s.settle(n)
		return fmt.Sprintf("ended in or after the preparation of %s", n.label())
	}
	if n := s.nodes[r.LastNode]; n != nil {
		s.settle(n)
		return fmt.Sprintf("last op finished: %s, %v before the end", n.label(), time.Duration(r.TimeNs-r.LastNs))
	}
	return ""
}

// lookForNames makes targets of all processes with the name asked for: the command name, the first argument or its last
// part (Android's package names are too long for the command name).
func (s *Session) lookForNames() {
	all, err := procfs.AllProcs()
	if err != nil {
		s.note("process", "list processes: %v", err)
		return
	}
	for _, proc := range all {
		if s.byPID[proc.PID] == nil && hasName(proc, s.options.Name) {
			s.target(proc.PID)
		}
	}
}

func hasName(proc procfs.Proc, name string) bool {
	if comm, err := proc.Comm(); err == nil && comm == name {
		return true
	}
	line, err := proc.CmdLine()
	return err == nil && len(line) > 0 && (line[0] == name || strings.HasSuffix(line[0], "/"+name))
}
