package probes

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Where tracefs is: its own place since Linux 4.1, and the one within debugfs that older Androids mount.
var tracefsDirs = []string{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}

// uprobeEvents defines uprobes in tracefs. Several probes under one event name are one event (Linux 5.4, commit
// 41af3cf587c9): one perf event, and one grace period to remove them all. The syntax is that of
// Documentation/trace/uprobetracer.rst.
type uprobeEvents struct {
	dir   string
	file  *os.File // uprobe_events
	group string   // of this process's events
	count atomic.Uint32
}

// groupPrefix and a process's number begin the name of its group of events, so that what a killed recorder left behind
// can be told and removed. What follows keeps recorders apart that have the same number in different containers.
const groupPrefix = "edgexray_"

// ownEvents is opened once, and stays open.
var ownEvents = sync.OnceValues(openUprobeEvents)

func openUprobeEvents() (*uprobeEvents, error) {
	var failure error
	for _, dir := range tracefsDirs {
		// Appending: without it, opening for writing removes everybody's events.
		file, err := os.OpenFile(filepath.Join(dir, "uprobe_events"), os.O_RDWR|os.O_APPEND, 0)
		if err != nil {
			failure = err
			continue
		}
		e := &uprobeEvents{dir: dir, file: file, group: fmt.Sprintf("%s%d_%08x", groupPrefix, os.Getpid(), rand.Uint32())}
		return e, e.removeLeftovers()
	}
	return nil, fmt.Errorf("define uprobe events in one of %v: %w (mount -t tracefs none %s, if Linux has it)", tracefsDirs, failure, tracefsDirs[0])
}

// attach defines one event with probes at all points of the file, and attaches a program to it, for one process or, with
// 0, for all. Linux refuses an event as a whole.
func (e *uprobeEvents) attach(program *ebpf.Program, path string, pid int, points []Point, onReturn bool) (io.Closer, error) {
	// tracefs splits its input at blanks, and looks the path up at once: through a descriptor any name will do.
	file, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s for probing: %w", path, err)
	}
	defer unix.Close(file)
	kind := "p"
	if onReturn {
		kind = "r"
	}
	event := &groupEvent{events: e, name: fmt.Sprintf("%s/e%d", e.group, e.count.Add(1)), perf: -1}
	for _, point := range points {
		count := ""
		if point.RefCount != 0 {
			count = fmt.Sprintf("(%#x)", point.RefCount)
		}
		if err := e.command("%s:%s /proc/self/fd/%d:%#x%s", kind, event.name, file, point.Offset, count); err != nil {
			return nil, errors.Join(err, event.Close())
		}
	}
	if err := event.open(program, pid); err != nil {
		return nil, errors.Join(err, event.Close())
	}
	return event, nil
}

// command writes one line, which is how tracefs wants them.
func (e *uprobeEvents) command(format string, args ...any) error {
	line := fmt.Sprintf(format, args...)
	if _, err := e.file.WriteString(line + "\n"); err != nil {
		return fmt.Errorf("write %q: %w", line, err)
	}
	return nil
}

// removeLeftovers removes the events of recorders that are gone. An event that is in use can't be removed: that of a
// recorder in another container, whose number says nothing here.
func (e *uprobeEvents) removeLeftovers() error {
	definitions, err := io.ReadAll(io.NewSectionReader(e.file, 0, 64<<20))
	if err != nil {
		return fmt.Errorf("read uprobe events: %w", err)
	}
	seen := make(map[string]bool)
	for line := range strings.Lines(string(definitions)) {
		_, name, _ := strings.Cut(strings.Fields(line)[0], ":") // p:GROUP/EVENT PATH:OFFSET
		if !seen[name] && abandoned(name) {
			e.command("-:%s", name)
		}
		seen[name] = true
	}
	return nil
}

// abandoned tells whether an event is one of a recorder that doesn't live any more.
func abandoned(event string) bool {
	rest, ours := strings.CutPrefix(event, groupPrefix)
	number, _, _ := strings.Cut(rest, "_")
	pid, err := strconv.Atoi(number)
	return ours && err == nil && (pid == os.Getpid() || errors.Is(unix.Kill(pid, 0), unix.ESRCH))
}

// groupEvent is one event of tracefs with a program attached.
type groupEvent struct {
	events *uprobeEvents
	name   string // GROUP/EVENT
	perf   int    // perf event, -1 while there is none
}

func (g *groupEvent) open(program *ebpf.Program, pid int) error {
	number, err := os.ReadFile(filepath.Join(g.events.dir, "events", g.name, "id"))
	if err != nil {
		return fmt.Errorf("find uprobe event: %w", err)
	}
	id, err := strconv.ParseUint(strings.TrimSpace(string(number)), 10, 64)
	if err != nil {
		return fmt.Errorf("find uprobe event %s: %w", g.name, err)
	}
	// Programs run on every CPU, whichever one the perf event names, and in every thread of a process's memory.
	cpu := -1
	if pid == 0 {
		pid, cpu = -1, 0
	}
	attr := &unix.PerfEventAttr{Type: unix.PERF_TYPE_TRACEPOINT, Config: id, Sample: 1, Wakeup: 1}
	g.perf, err = unix.PerfEventOpen(attr, pid, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("open uprobe event: %w", err)
	}
	if err := unix.IoctlSetInt(g.perf, unix.PERF_EVENT_IOC_SET_BPF, program.FD()); err != nil {
		return fmt.Errorf("attach program to uprobe event: %w", err)
	}
	return nil
}

// Close removes the probes and their definition.
func (g *groupEvent) Close() error {
	if g.perf >= 0 {
		if err := unix.Close(g.perf); err != nil {
			return fmt.Errorf("close uprobe event: %w", err)
		}
	}
	// An event whose first probe was refused doesn't exist.
	if err := g.events.command("-:%s", g.name); err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("remove uprobe event: %w", err)
	}
	return nil
}
