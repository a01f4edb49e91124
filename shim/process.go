package shim

import (
	"cmp"
	"fmt"
	"path/filepath"
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// process is one program run that the shim is in. Numbers in its records are its own.
type process struct {
	app.Process
	session   *session
	name      string
	described *trace.Process // nil until it has a runtime: most that a command starts have none

	modules      map[uint32]loaded
	threads      map[uint32]uint32 // tid -> id in the file
	subgraphs    map[uint32]*subgraph
	contexts     map[uint64]*subgraph    // the current one, by the address of its TfLiteContext
	interpreters map[uint64]*interpreter // by the address of their vector of subgraphs
	nodes        map[uint32]*node
	pending      map[uint64]*pending // captures whose data is coming, by their number

	ended bool
	left  uint64 // up to where the ring holds its records when it has ended
}

// loaded is a library where a process has it.
type loaded struct {
	file *file
	base uint64
}

// interpreter is a TFLite interpreter: a number that its subgraphs share.
type interpreter struct {
	id   uint32
	seen map[int32]bool // subgraphs, by their index
}

// maxProcesses bounds the processes that are known at a time, should an app invent some.
const maxProcesses = 1 << 14

// processOf returns the program that runs as a process, a new one if it has just begun.
func (s *session) processOf(pid int, begins bool) *process {
	key := uint32(pid)
	p := s.processes[key]
	if p != nil && !begins {
		return p
	}
	if p != nil {
		p.forget("its process executed another program")
	}
	if len(s.processes) >= maxProcesses {
		s.lookForEnded()
	}
	p = &process{
		Process:      app.NewProcess(pid),
		name:         app.Name(pid),
		session:      s,
		modules:      make(map[uint32]loaded),
		threads:      make(map[uint32]uint32),
		subgraphs:    make(map[uint32]*subgraph),
		contexts:     make(map[uint64]*subgraph),
		interpreters: make(map[uint64]*interpreter),
		nodes:        make(map[uint32]*node),
		pending:      make(map[uint64]*pending),
	}
	s.processes[key] = p
	s.summary.Processes++
	return p
}

// begin completes what can't be read any more because the process has ended: the command is what we started, and a program
// that was forked off is its parent's.
func (p *process) begin(b []byte) bool {
	r, _, ok := fixed[processRecord](b)
	parent := p.session.processes[r.parent]
	switch {
	case len(p.Maps) > 0 && len(p.CommandLine) > 0:
	case p.PID == p.session.command.pid:
		p.CommandLine, p.name = p.session.options.Command, filepath.Base(p.session.options.Command[0])
	case parent != nil:
		p.CommandLine, p.Maps, p.name = parent.CommandLine, parent.Maps, parent.name
	}
	return ok
}

// meet describes the process, before the first thing of it that is described.
func (p *process) meet() {
	if p.described != nil {
		return
	}
	p.session.nextID.process++
	p.described = &trace.Process{
		Id: p.session.nextID.process, Pid: int32(p.PID), Name: cmp.Or(app.Name(p.PID), p.name), CommandLine: p.CommandLine,
	}
	p.session.describe(proto.CloneOf(p.described))
}

// addModule notes a library whose kernels the shim replaced.
func (p *process) addModule(b []byte) bool {
	r, l, ok := described[moduleRecord](b)
	path := l.text(r.pathBytes)
	if !ok || l.cut || len(p.modules) >= maxModules {
		return false
	}
	p.meet()
	p.ReadMaps()
	p.modules[r.id] = loaded{p.session.files.at(p, r.textStart, path), r.base}
	return true
}

const maxModules = 1 << 12

// threadOf returns the thread's id in the file.
func (p *process) threadOf(tid uint32) uint32 {
	if id := p.threads[tid]; id != 0 {
		return id
	}
	p.meet()
	p.session.nextID.thread++
	id := p.session.nextID.thread
	p.threads[tid] = id
	p.session.describe(&trace.Thread{Id: id, Process: p.described.Id, Tid: int32(tid), Name: app.ThreadName(p.PID, tid)})
	return id
}

// lookForEnded notices processes that have ended, and forgets them once all is taken that they left in the ring.
func (s *session) lookForEnded() {
	for _, p := range s.processes {
		if p.PID == s.command.pid && !s.command.hasExited() {
			continue // how it ends isn't known yet
		}
		if !p.ended && app.HasEnded(p.PID) {
			p.ended, p.left = true, s.reader.filled()
		}
		if p.ended && s.reader.position >= p.left {
			p.exited()
		}
	}
}

// exited keeps what a process was doing when it ended.
func (p *process) exited() {
	words := p.lastWords()
	if p.PID == p.session.command.pid && p.session.command.status == 0 {
		words = "" // what it was in was left by an exception
	}
	p.forget("its process ended before all of it had come")
	delete(p.session.processes, uint32(p.PID))
	if words != "" {
		p.meet()
		p.session.summary.LastWords = append(p.session.summary.LastWords,
			fmt.Sprintf("process %d (%s) %s", p.PID, p.described.Name, words))
	}
	if p.described != nil {
		p.described.Exited, p.described.LastWords = true, words
		p.session.describe(p.described)
	}
}

// phases are what a kernel was doing when its process ended, in the words of package agent.
var phases = map[uint32]string{
	phaseInvoke: "ended inside ", phasePrepare: "ended inside the preparation of ", phaseInit: "ended while it made ",
}

// lastWords says in which op the process ended, and gives the places in which its threads say that to others.
func (p *process) lastWords() string {
	words := ""
	for i := range p.session.area.open {
		place := &p.session.area.open[i]
		at := *place
		if int(at.pid) != p.PID || at.tid == 0 {
			continue
		}
		if doing, known := phases[at.phase]; known && words == "" {
			words = doing + p.labelOf(&at)
		}
		atomic.StoreUint32(&place.tid, 0)
	}
	return words
}

func (p *process) labelOf(at *openOp) string {
	op, subgraph := "an op", int32(0)
	if at.code >= 0 {
		op = tflite.OpName(tflite.OpCode(at.code), cString(at.name[:]))
	}
	if g := p.subgraphs[at.subgraph]; g != nil {
		subgraph = max(g.described.Index, 0)
		if n := g.latest[at.index]; n != nil {
			op = n.op
		}
	}
	if at.index < 0 {
		return fmt.Sprintf("%s of subgraph %d", op, subgraph)
	}
	return fmt.Sprintf("%s (node %d of subgraph %d)", op, at.index, subgraph)
}

// forget drops what is kept of a program that has ended, or of which nothing more is recorded; why is what becomes of data
// that hasn't come.
func (p *process) forget(why string) {
	for _, c := range p.pending {
		p.session.failed(c.Finish(why))
	}
	for _, g := range p.contexts {
		p.forgetSubgraph(g)
	}
	clear(p.pending)
	clear(p.subgraphs)
	clear(p.nodes)
}
