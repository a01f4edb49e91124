package agent

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/trace"
)

// process is one program run that was seen: an exec makes a new one.
type process struct {
	described *trace.Process
	bpfID     uint64 // 0 until it runs or prepares an op
	pid       int
	maps      []*procfs.ProcMap // as last read, by address; kept when the process is gone
	memory    *os.File          // /proc/PID/mem; nil when it can't be opened
	models    *modelSearch
	lastOp    string // the last words of an app that ended outside of any op: worth telling if it ended badly
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
		pid:          pid,
		threads:      make(map[uint32]uint32),
		interpreters: make(map[uint64]*interpreter),
		contexts:     make(map[uint64]*subgraph),
		described:    &trace.Process{Id: id, Pid: int32(pid), Name: name},
	}
	if proc, err := procfs.NewProc(pid); err == nil {
		p.described.CommandLine, _ = proc.CmdLine()
	}
	p.readMaps()
	p.memory, _ = os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	p.models = &modelSearch{}
	return p
}

// readMaps refreshes the mappings, and keeps the old ones when the process is gone.
func (p *process) readMaps() {
	proc, err := procfs.NewProc(p.pid)
	if err != nil {
		return
	}
	if maps, err := proc.ProcMaps(); err == nil && len(maps) > 0 {
		p.maps = maps
	}
}

// mapping returns the mapping that holds the address, or nil.
func (p *process) mapping(address uint64) *procfs.ProcMap {
	if m := p.findMapping(address); m != nil {
		return m
	}
	p.readMaps()
	return p.findMapping(address)
}

func (p *process) findMapping(address uint64) *procfs.ProcMap {
	i, found := slices.BinarySearchFunc(p.maps, address, func(m *procfs.ProcMap, address uint64) int {
		switch {
		case uint64(m.EndAddr) <= address:
			return -1
		case uint64(m.StartAddr) > address:
			return 1
		}
		return 0
	})
	if !found {
		return nil
	}
	return p.maps[i]
}

// mappings returns the address space as the memory scan wants it.
func (p *process) mappings() []probes.Mapping {
	list := make([]probes.Mapping, len(p.maps))
	for i, m := range p.maps {
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
	return fmt.Errorf("read %d bytes at %#x of process %d: %w", len(b), address, p.pid, err)
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

// fileKey names a file by what it is, not by what it is called, and the library in it when it is an APK.
type fileKey struct {
	device, inode uint64
	size, base    int64
}

// hasEnded tells whether a process is gone, or only waits for its parent to notice.
func hasEnded(pid int) bool {
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return true
	}
	stat, err := proc.Stat()
	return err != nil || stat.State == "Z"
}

func keyOf(info os.FileInfo) fileKey {
	key := fileKey{size: info.Size()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		key.device, key.inode = uint64(stat.Dev), stat.Ino
	}
	return key
}

// openable returns a path through which the mapped file can be opened although the process may be in another mount
// namespace or the file may have been deleted.
func openable(pid int, m *procfs.ProcMap) string {
	inRoot := filepath.Join(fmt.Sprintf("/proc/%d/root", pid), m.Pathname)
	if sameInode(m.Pathname, m.Inode) {
		return m.Pathname
	}
	if sameInode(inRoot, m.Inode) {
		return inRoot
	}
	return fmt.Sprintf("/proc/%d/map_files/%x-%x", pid, m.StartAddr, m.EndAddr)
}

// isFile tells mappings of files from [heap], [vdso], anonymous memory and devices.
func isFile(m *procfs.ProcMap) bool {
	return m.Inode != 0 && strings.HasPrefix(m.Pathname, "/") && !strings.HasPrefix(m.Pathname, "/dev/")
}

// threadName returns the name that a thread gave itself, or "" when it is gone.
func threadName(pid int, tid uint32) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/comm", pid, tid))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// cString returns the bytes before the first NUL.
func cString(b []byte) string {
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end]
	}
	return string(b)
}

// sameInode tells whether path names the file with this inode. The device isn't compared: for overlay file systems
// /proc/PID/maps and stat disagree about it.
func sameInode(path string, inode uint64) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Ino == inode
}
