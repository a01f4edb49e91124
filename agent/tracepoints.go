package agent

import (
	"errors"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"github.com/edgexray/edgexray/bpf"
)

// tracepoints are those by which threads, programs and mappings are followed.
type tracepoints struct {
	mappings bool // follow them, too: then every system call pays, and on x86-64 a return probe is one
	follow   bpf.Follow
	tried    []tracepoint
}

type tracepoint struct {
	name    string
	without string // what is lost without it
	link    link.Link
	err     error // why there is none
}

// attach attaches those that this Linux has, instead of any that were attached before.
func (ts *tracepoints) attach(programs *bpf.Programs) {
	ts.close()
	ts.try("sched_process_exit", programs.ThreadExit, "what a process was doing when it ended is not known")
	ts.try("sched_process_exec", programs.ProgramExec, "a program started by exec in a recorded process may be mixed up with the one before")
	if ts.mappings {
		ts.try("sys_exit", programs.Mapped, "a library loaded during the recording is noticed late")
	}
	if ts.follow.Scheduling {
		ts.try(schedSwitch, programs.Switched, "time off the CPU is not told")
	}
	if ts.follow.Frequency {
		ts.try(cpuFrequency, programs.FrequencyChanged, "cores' frequencies are those at the beginning")
	}
	if ts.follow.Workers {
		ts.try(schedWaking, programs.Waking, withoutWorkers)
		ts.try("sched_wakeup_new", programs.WakingNew, withoutWorkers)
	}
}

const (
	cpuFrequency   = "cpu_frequency"
	schedSwitch    = "sched_switch"
	schedWaking    = "sched_waking"
	withoutWorkers = "CPU time of worker threads is not told"
)

// refused returns why a tracepoint isn't attached, nil when it is or was not tried.
func (ts *tracepoints) refused(name string) error {
	for _, t := range ts.tried {
		if t.name == name {
			return t.err
		}
	}
	return nil
}

func (ts *tracepoints) try(name string, program *ebpf.Program, without string) {
	l, err := link.AttachRawTracepoint(link.RawTracepointOptions{Name: name, Program: program})
	ts.tried = append(ts.tried, tracepoint{name, without, l, err})
}

func (ts *tracepoints) close() error {
	var errs []error
	for _, t := range ts.tried {
		if t.err == nil {
			errs = append(errs, t.link.Close())
		}
	}
	ts.tried = nil
	return errors.Join(errs...)
}
