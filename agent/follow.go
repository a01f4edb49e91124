package agent

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/trace"
)

// Follow is what is recorded of what ops pay for, beside their wall time.
type Follow struct {
	Scheduling bool // time off the CPU, and why; migrations
	Workers    bool // CPU time of threads that work for an op's; with Scheduling only
	Faults     bool
	Frequency  bool // of the cores that ops run on
	Resident   bool // by how much the process's resident memory grew: costs each op more than the others
}

// FollowAll is what a recording follows unless told otherwise: what costs next to nothing.
var FollowAll = Follow{Scheduling: true, Workers: true, Faults: true, Frequency: true}

// followed is what of it this Linux tells.
type followed struct {
	wanted Follow
	bpf    bpf.Follow
	task   error // why Linux's types aren't known
	faults [2]softwareEvents
	khz    error // why frequencies aren't
	pages  error // why resident memory isn't
}

// plan decides what the programs are loaded with.
func (f *followed) plan() {
	f.bpf = bpf.Follow{Scheduling: f.wanted.Scheduling, CPUs: bpf.MaxCPUs}
	if cpus, err := ebpf.PossibleCPU(); err == nil {
		f.bpf.CPUs = min(cpus, bpf.MaxCPUs)
	}
	if f.wanted.Scheduling {
		f.bpf.Task, f.task = bpf.ReadTask()
	}
	if f.wanted.Frequency {
		f.khz = tellsFrequencies(app.Cores())
	}
	if f.wanted.Resident {
		var r bpf.Resident
		if r, f.pages = bpf.ReadResident(); f.pages == nil {
			f.bpf.Resident = &r
		}
	}
	f.bpf.Frequency = f.wanted.Frequency && f.khz == nil
	f.bpf.Workers = f.wanted.Scheduling && f.wanted.Workers && f.task == nil
}

// tellsFrequencies returns why they aren't known.
func tellsFrequencies(cores []*trace.Core) error {
	if slices.ContainsFunc(cores, func(c *trace.Core) bool { return c.Khz != 0 }) {
		return nil
	}
	return errors.New("unknown: Linux has no cpufreq for these cores (as in a virtual machine)")
}

// attach attaches the programs that count page faults, and tells what frequencies are before they change.
func (f *followed) attach(programs *bpf.Programs) {
	if f.bpf.Frequency {
		for cpu, core := range app.Cores() {
			f.khz = errors.Join(f.khz, programs.SetFrequency(uint32(cpu), uint32(core.Khz)))
		}
	}
	if f.wanted.Faults {
		f.faults[0].attach(unix.PERF_COUNT_SW_PAGE_FAULTS_MIN, 1, programs.MinorFault)
		f.faults[1].attach(unix.PERF_COUNT_SW_PAGE_FAULTS_MAJ, 1, programs.MajorFault)
	}
}

// minorFaultNS measures what a minor page fault takes while faults are counted: the first touch of a page of zeroes, which
// is the cheapest kind. 0 when faults aren't followed, or this can't be measured.
func (f *followed) minorFaultNS() uint64 {
	const rounds, pages = 5, 256
	if !f.wanted.Faults {
		return 0
	}
	size := os.Getpagesize()
	best := time.Duration(math.MaxInt64)
	for range rounds {
		memory, err := unix.Mmap(-1, 0, pages*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
		if err != nil {
			return 0
		}
		unix.Madvise(memory, unix.MADV_NOHUGEPAGE) // where Linux has no huge pages it fails, and isn't needed
		began := time.Now()
		for at := 0; at < len(memory); at += size {
			memory[at] = 1
		}
		best = min(best, time.Since(began))
		unix.Munmap(memory)
	}
	return uint64(best / pages)
}

func (f *followed) close() error { return errors.Join(f.faults[0].close(), f.faults[1].close()) }

// frequencyPart is missing in most virtual machines, which is no news.
const frequencyPart = "frequency"

const notAskedFor = "not asked for"

// describe lists the parts for the trace, with the reasons for those that are missing.
func (f *followed) describe(ts *tracepoints) []*trace.Followed {
	scheduling, preemption, workers := "", "", ""
	switch err := ts.refused(schedSwitch); {
	case !f.wanted.Scheduling:
		scheduling, preemption, workers = notAskedFor, notAskedFor, notAskedFor
	case err != nil:
		scheduling = fmt.Sprintf("tracepoint %s: %v", schedSwitch, err)
		preemption, workers = scheduling, scheduling
	case f.task != nil:
		preemption, workers = f.task.Error(), f.task.Error()
	}
	switch err := ts.refused(schedWaking); {
	case workers != "":
	case !f.wanted.Workers:
		workers = notAskedFor
	case err != nil:
		workers = fmt.Sprintf("tracepoint %s: %v", schedWaking, err)
	}
	frequency := ""
	switch err := ts.refused(cpuFrequency); {
	case !f.wanted.Frequency:
		frequency = notAskedFor
	case f.khz != nil:
		frequency = f.khz.Error()
	case err != nil:
		frequency = fmt.Sprintf("tracepoint %s: %v", cpuFrequency, err)
	}
	resident := ""
	switch {
	case !f.wanted.Resident:
		resident = notAskedFor
	case f.pages != nil:
		resident = f.pages.Error()
	}
	faults := [2]string{notAskedFor, notAskedFor}
	for i := range faults {
		if f.wanted.Faults {
			faults[i] = f.faults[i].missing()
		}
	}
	return []*trace.Followed{
		{Part: "scheduling", Missing: scheduling}, {Part: "preemption", Missing: preemption}, {Part: "workers", Missing: workers},
		{Part: "minor faults", Missing: faults[0]}, {Part: "major faults", Missing: faults[1]},
		{Part: frequencyPart, Missing: frequency}, {Part: "resident", Missing: resident},
	}
}

// softwareEvents run a program at every so many of one kind of perf's software events, on each CPU.
type softwareEvents struct {
	events []int
	err    error // the last one
}

func (e *softwareEvents) attach(kind, every uint64, program *ebpf.Program) {
	cpus, err := ebpf.PossibleCPU()
	e.err = err
	for cpu := range cpus {
		attr := &unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: kind, Sample: every, Bits: unix.PerfBitExcludeIdle}
		event, err := unix.PerfEventOpen(attr, -1, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if errors.Is(err, unix.ENODEV) {
			continue // a core that is switched off
		}
		if err == nil {
			e.events = append(e.events, event)
			err = unix.IoctlSetInt(event, unix.PERF_EVENT_IOC_SET_BPF, program.FD())
		}
		if err != nil {
			e.err = fmt.Errorf("open perf event on core %d: %w", cpu, err)
			return
		}
	}
}

func (e *softwareEvents) missing() string {
	if e.err != nil {
		return e.err.Error()
	}
	return ""
}

func (e *softwareEvents) close() error {
	var errs []error
	for _, event := range e.events {
		errs = append(errs, unix.Close(event))
	}
	e.events = nil
	return errors.Join(errs...)
}
