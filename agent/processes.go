package agent

import (
	"fmt"
	"slices"
	"strconv"
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

// threadExited keeps what a thread was doing when it ended, and notices the end of a process.
func (s *Session) threadExited(r *bpf.ExitRecord) {
	p := s.processes[r.Process]
	if p == nil {
		return
	}
	p.leaveFrame(r.Header.Tid)
	switch words, abrupt := s.lastWords(r); {
	case abrupt:
		p.described.LastWords = words
	case words != "":
		p.lastOp = words
	}
	if r.WholeProcess == 0 {
		return
	}
	p.described.Exited = true
	s.heap.exited(p)
	s.describe(p.snapshot())
	s.ended = append(s.ended, p)
	s.forgetProcess(p)
}

// endedBadly adds the last op that each ended process finished to what is told of it.
func (s *Session) endedBadly() {
	for _, p := range s.ended {
		if p.described.LastWords == "" && p.lastOp != "" {
			p.described.LastWords = p.lastOp
			s.describe(p.snapshot())
		}
	}
}

// forgetProcess drops what is kept of a process that has ended.
func (s *Session) forgetProcess(p *process) {
	for _, g := range p.contexts {
		s.aggregates.takeSubgraph(g)
		s.identifyModel(g)
		s.forgetSubgraph(g.before)
		s.forgetSubgraph(g)
	}
	clear(p.contexts)
	clear(p.interpreters)
	p.close()
	if s.byPID[p.PID] == p {
		delete(s.byPID, p.PID)
	}
	delete(s.processes, p.bpfID)
}

// lastWords says what a thread was doing when it ended; abrupt, when it was in the middle of it.
func (s *Session) lastWords(r *bpf.ExitRecord) (words string, abrupt bool) {
	if n := s.nodes[r.Node]; r.Depth > 0 && n != nil {
		s.settle(n)
		words := fmt.Sprintf("ended inside %s, %v after it began", n.label(), time.Duration(r.TimeNs-r.StartNs))
		if outer := s.nodes[r.Outermost]; outer != nil && outer != n {
			s.settle(outer)
			words += ", within " + outer.label()
		}
		return words, true
	}
	if n := s.nodes[r.PreparedNode]; n != nil {
		s.settle(n)
		return fmt.Sprintf("ended in or after the preparation of %s", n.label()), true
	}
	if n := s.nodes[r.LastNode]; n != nil {
		s.settle(n)
		return fmt.Sprintf("ended %[2]v after its last op, %[1]s", n.label(), time.Duration(r.TimeNs-r.LastNs)), false
	}
	return "", false
}

// names returns what processes are to be looked for by.
func (s *Session) names() []string {
	if s.options.Name != "" {
		return []string{s.options.Name}
	}
	if s.options.Library != "" {
		return s.options.Only.Processes
	}
	return nil // the command's processes, or the one that was named, are targets already
}

// lookForNames makes targets of all processes with a name asked for: the command name, the first argument or its last
// part (Android's package names are too long for the command name). Processes get their name after they start (exec,
// and Android's zygote even later), so those without it are asked again, but not every time.
func (s *Session) lookForNames() {
	if len(s.names()) == 0 {
		return
	}
	all, err := procfs.AllProcs()
	if err != nil {
		s.note("process", "list processes: %v", err)
		return
	}
	s.looks++
	for _, proc := range all {
		again := (s.looks+proc.PID)%namesAgain == 0
		if age, asked := s.asked[proc.PID]; asked && age > youngLooks && !again {
			continue
		}
		s.asked[proc.PID]++
		if s.byPID[proc.PID] == nil && hasSomeName(proc, s.names()) {
			s.target(proc.PID)
		}
	}
}

// A process is asked for its name this often after it appeared, and then every so many looks.
const (
	youngLooks = 40
	namesAgain = 20
)

func hasSomeName(proc procfs.Proc, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return name == strconv.Itoa(proc.PID) || hasName(proc, name) })
}

func hasName(proc procfs.Proc, name string) bool {
	if comm, err := proc.Comm(); err == nil && comm == name {
		return true
	}
	line, err := proc.CmdLine()
	return err == nil && len(line) > 0 && (line[0] == name || strings.HasSuffix(line[0], "/"+name))
}
