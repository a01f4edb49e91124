// Package app is what Linux tells of a running app: its processes, what they map, and the model files around them.
package app

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/prometheus/procfs"
)

// Process is one program run.
type Process struct {
	PID         int
	CommandLine []string
	Maps        []*procfs.ProcMap // as last read, by address; kept when the process is gone
	models      modelSearch
}

// NewProcess reads what can be read of a process; of one that is gone that is nothing.
func NewProcess(pid int) Process {
	p := Process{PID: pid}
	if proc, err := procfs.NewProc(pid); err == nil {
		p.CommandLine, _ = proc.CmdLine()
	}
	p.ReadMaps()
	return p
}

// ReadMaps refreshes the mappings, and keeps the old ones when the process is gone.
func (p *Process) ReadMaps() {
	proc, err := procfs.NewProc(p.PID)
	if err != nil {
		return
	}
	if maps, err := proc.ProcMaps(); err == nil && len(maps) > 0 {
		p.Maps = maps
	}
}

// Mapping returns the mapping that holds the address, or nil. It reads the mappings again when none does.
func (p *Process) Mapping(address uint64) *procfs.ProcMap {
	if m := p.FindMapping(address); m != nil {
		return m
	}
	p.ReadMaps()
	return p.FindMapping(address)
}

// FindMapping returns which of the mappings as last read holds the address, or nil.
func (p *Process) FindMapping(address uint64) *procfs.ProcMap {
	i, found := slices.BinarySearchFunc(p.Maps, address, func(m *procfs.ProcMap, address uint64) int {
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
	return p.Maps[i]
}

// HasEnded tells whether a process is gone, or only waits for its parent to notice.
func HasEnded(pid int) bool {
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return true
	}
	stat, err := proc.Stat()
	return err != nil || stat.State == "Z"
}

// Name returns the command name of a process, or "" when it is gone.
func Name(pid int) string {
	return comm(fmt.Sprintf("/proc/%d/comm", pid))
}

// ThreadName returns the name that a thread gave itself, or "" when it is gone.
func ThreadName(pid int, tid uint32) string {
	return comm(fmt.Sprintf("/proc/%d/task/%d/comm", pid, tid))
}

func comm(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
