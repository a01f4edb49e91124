package agent

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/trace"
)

// process is one program run that was seen: an exec makes a new one.
type process struct {
	app.Process
	described *trace.Process
	bpfID     uint64   // 0 until it runs or prepares an op
	memory    *os.File // /proc/PID/mem; nil when it can't be opened
	lastOp    string   // the last words of an app that ended outside of any op: worth telling if it ended badly
	// A process with a runtime of which no probe was hit is scanned for interpreters whose ops all have kernels of the
	// app's own, at growing intervals.
	hasRuntime bool
	nextScan   time.Time
	scanAfter  time.Duration
	// The first kernel that such a scan found, until the process runs one; 0: none.
	scannedFrom uint32

	heapFollowed bool // was looked at for allocators
	heapProbes   []*probes.Attachment

	threads map[uint32]uint32 // tid -> id in the trace
	frames  map[uint32]frames // by tid

	interpreters map[uint64]*interpreter // by the address of their vector of subgraphs
	contexts     map[uint64]*subgraph    // by the address of their TfLiteContext
}

// interpreter is a TFLite interpreter: a number that its subgraphs share.
type interpreter struct {
	id        uint32
	subgraphs uint32
	seen      map[int32]bool // by their index
}

func newProcess(id uint32, pid int, name string) *process {
	p := &process{
		Process:      app.NewProcess(pid),
		threads:      make(map[uint32]uint32),
		frames:       make(map[uint32]frames),
		interpreters: make(map[uint64]*interpreter),
		contexts:     make(map[uint64]*subgraph),
	}
	p.described = &trace.Process{Id: id, Pid: int32(pid), Name: name, CommandLine: p.CommandLine}
	p.memory, _ = os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	return p
}

// mappings returns the address space as the memory scan wants it.
func (p *process) mappings() []probes.Mapping {
	list := make([]probes.Mapping, len(p.Maps))
	for i, m := range p.Maps {
		list[i] = probes.Mapping{
			Start: uint64(m.StartAddr), End: uint64(m.EndAddr),
			Writable: m.Perms.Read && m.Perms.Write, Exec: m.Perms.Execute,
		}
	}
	return list
}

// read copies the process's memory at address. It fails once the process is gone.
func (p *process) read(address uint64, b []byte) error {
	if p.memory == nil {
		return errors.New("memory not readable")
	}
	n, err := p.memory.ReadAt(b, int64(address))
	if n == len(b) {
		return nil
	}
	if err == nil {
		err = errors.New("short read")
	}
	return fmt.Errorf("read %d bytes at %#x of process %d: %w", len(b), address, p.PID, err)
}

// readString copies the NUL-terminated string at address, at most limit bytes of it.
func (p *process) readString(address uint64, limit int) (string, bool) {
	if p.memory == nil || address == 0 {
		return "", false
	}
	for size := min(128, limit); ; size = min(16*size, limit) { // most are short
		b := make([]byte, size)
		n, _ := p.memory.ReadAt(b, int64(address)) // stops at the end of the mapping
		if end := bytes.IndexByte(b[:n], 0); end >= 0 {
			return string(b[:end]), true
		}
		if n < size || size == limit {
			return "", false
		}
	}
}

// snapshot returns the description as it stands, for the trace to keep.
func (p *process) snapshot() *trace.Process { return proto.CloneOf(p.described) }

func (p *process) close() {
	p.detachHeap()
	if p.memory != nil {
		p.memory.Close()
		p.memory = nil
	}
}

// cString returns the bytes before the first NUL.
func cString(b []byte) string {
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end]
	}
	return string(b)
}
