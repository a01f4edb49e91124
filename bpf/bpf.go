// Package bpf holds the BPF programs behind the probes and the records they emit.
//
// The programs' source is edgexray.bpf.c; records.h is the one definition of the records, from which the Go types here
// are generated. The compiled objects are committed, so building needs no clang.
package bpf

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/cilium/ebpf"
)

// Variant names a set of entry and return programs by how they are attached.
type Variant string

// The variants differ in how a program learns which site was hit.
const (
	Multi   Variant = "multi"   // uprobe_multi link, site in the attach cookie; Linux 6.6
	Cookie  Variant = "cookie"  // perf uprobe, site in the attach cookie; Linux 5.15
	Address Variant = "address" // perf uprobe, site from the probed address
)

// Options says what the programs do besides recording ops.
type Options struct {
	Variant Variant
	// OnlyTargets records only the processes in Programs.Targets; otherwise every process that hits a probe.
	OnlyTargets bool
	// StopSignal is sent to a thread that maps executable code or shows a new subgraph. Zero sends none.
	StopSignal syscall.Signal
	// Follow says what of the ops' costs is told.
	Follow Follow
	// EntryOnly loads Programs.EnterOnly.
	EntryOnly bool
	// Aggregate says what becomes of an op that ended.
	Aggregate Aggregate
	// Heap loads the programs for an allocator's functions.
	Heap bool
	// Sample loads the program that takes samples, for a perf event.
	Sample bool
	// RingBytes is the ring buffer's size, a power of two; zero means 4 MiB.
	RingBytes int
}

// Aggregate says whether ops are summed up by node in Programs.Aggregates.
type Aggregate uint32

const (
	AggregateOff     Aggregate = iota // a record each
	AggregateInstead                  // of records
	AggregateToo
)

// MaxAggregates is for how many nodes ops are summed up at the same time. Linux sets that memory aside: 10 MiB.
const MaxAggregates = 4096

// Follow is what the programs need to tell what ops pay for, beside the tracepoints and events that are attached to
// them later. What is not followed is 0 in every op.
type Follow struct {
	Scheduling bool // time off the CPU, migrations
	Workers    bool // CPU time of threads that work for an op's; needs Task.PID
	Frequency  bool // of cores; needs Programs.SetFrequency for each, as changes only are noticed
	Task       Task
	CPUs       int       // possible ones: those of Workers are looked at
	Resident   *Resident // how much the process's resident memory grew; nil: not told
}

// MaxCPUs is how many CPUs Follow.Workers can have.
const MaxCPUs = 256

// Programs are loaded programs and their maps. Close releases them; links that were made from them go on living.
type Programs struct {
	Enter, Leave, Prepare, Init, Operator *ebpf.Program
	Marker                                *ebpf.Program
	EnterOnly                             *ebpf.Program // nil unless it was asked for: Enter, for kernels without Leave
	ThreadExit, ProgramExec, Mapped       *ebpf.Program
	Switched, Waking, WakingNew           *ebpf.Program
	FrequencyChanged                      *ebpf.Program
	MinorFault, MajorFault                *ebpf.Program              // on perf events
	Heap                                  map[HeapCall]*ebpf.Program // nil without Options.Heap
	Ring, Counters, Targets               *ebpf.Map
	Aggregates                            *ebpf.Map     // by node id
	Enclosing                             *ebpf.Map     // of NodeKey: nodes of EnterOnly that run subgraphs
	Sample                                *ebpf.Program // on a perf event; nil unless Options.Sample
	StackEnds                             *ebpf.Map     // of sampled workers' stacks: tid, uint32, to address, uint64; nil unless Options.Sample
	collection                            *ebpf.Collection
}

// Load loads the programs of one variant. It needs CAP_BPF and CAP_PERFMON, or root, and before Linux 5.11 a raised
// RLIMIT_MEMLOCK. A program that this Linux doesn't know the kind of is an error that names it.
func Load(options Options) (*Programs, error) {
	spec, err := loadPrograms()
	if err != nil {
		return nil, fmt.Errorf("read BPF object: %w", err)
	}
	suffix := "_" + string(options.Variant)
	keep := map[string]bool{"thread_exit": true, "program_exec": true, "mapped": true,
		"switched": true, "waking": true, "waking_new": true, "minor_fault": true, "major_fault": true, "frequency_changed": true}
	for _, name := range []string{"enter", "leave", "prepare", "init", "operator", "marker"} {
		keep[name+suffix] = true
	}
	if options.EntryOnly {
		keep["enter_only"+suffix] = true
	}
	options.loadHeap(spec, keep)
	sample := planSampling(spec, options.Sample)
	keep[sample] = sample != ""
	if r := options.Follow.Resident; r != nil && r.CounterPerCPU != 0 {
		keep["find_bases"] = true
	}
	for name := range spec.Programs {
		if !keep[name] {
			delete(spec.Programs, name)
		}
	}
	if options.RingBytes != 0 {
		spec.Maps["ring"].MaxEntries = uint32(options.RingBytes)
	}
	if options.Aggregate != AggregateOff {
		spec.Maps["aggregates"].MaxEntries = MaxAggregates
	}
	follow := options.Follow
	errs := []error{setResident(spec, follow.Resident)}
	for name, value := range map[string]uint32{
		"entry_only":        flag(options.EntryOnly),
		"aggregate_ops":     uint32(options.Aggregate),
		"only_targets":      flag(options.OnlyTargets),
		"stop_signal":       uint32(options.StopSignal),
		"follow_scheduling": flag(follow.Scheduling),
		"follow_workers":    flag(follow.Workers),
		"follow_heap":       flag(options.Heap),
		"follow_frequency":  flag(follow.Frequency),
		"cpus":              uint32(follow.CPUs),
		"task_pid":          follow.Task.PID,
		"task_state":        follow.Task.State,
		"task_state_bytes":  follow.Task.StateBytes,
		"state_argument":    flag(follow.Task.StateArgument),
	} {
		errs = append(errs, spec.Variables[name].Set(value))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("set BPF constants: %w", err)
	}
	collection, err := ebpf.NewCollection(spec)
	if err != nil {
		return nil, fmt.Errorf("load BPF programs (%s): %w", options.Variant, err)
	}
	if err := follow.Resident.findBases(collection.Programs["find_bases"]); err != nil {
		collection.Close()
		return nil, err
	}
	program := func(name string) *ebpf.Program { return collection.Programs[name] }
	return &Programs{
		Enter:            program("enter" + suffix),
		EnterOnly:        program("enter_only" + suffix),
		Leave:            program("leave" + suffix),
		Prepare:          program("prepare" + suffix),
		Init:             program("init" + suffix),
		Operator:         program("operator" + suffix),
		Marker:           program("marker" + suffix),
		ThreadExit:       program("thread_exit"),
		ProgramExec:      program("program_exec"),
		Mapped:           program("mapped"),
		Switched:         program("switched"),
		Waking:           program("waking"),
		WakingNew:        program("waking_new"),
		FrequencyChanged: program("frequency_changed"),
		MinorFault:       program("minor_fault"),
		MajorFault:       program("major_fault"),
		Sample:           program(sample),
		StackEnds:        collection.Maps["stack_ends"],
		Ring:             collection.Maps["ring"],
		Counters:         collection.Maps["counters"],
		Targets:          collection.Maps["targets"],
		Aggregates:       collection.Maps["aggregates"],
		Enclosing:        collection.Maps["enclosing"],
		Heap:             heapPrograms(collection),
		collection:       collection,
	}, nil
}

func flag(set bool) uint32 {
	if set {
		return 1
	}
	return 0
}

// SetFrequency says what a core's frequency is now. Cores beyond MaxCPUs have none.
func (p *Programs) SetFrequency(cpu, khz uint32) error {
	if cpu >= MaxCPUs {
		return nil
	}
	if err := p.collection.Maps["frequencies"].Put(cpu, khz); err != nil {
		return fmt.Errorf("set the frequency of core %d: %w", cpu, err)
	}
	return nil
}

// Close unloads the programs once their last link is gone.
func (p *Programs) Close() error {
	p.collection.Close()
	return nil
}

// Count returns the sum over all CPUs of one of the counters that the programs keep.
func (p *Programs) Count(counter programsCounter) (uint64, error) {
	var perCPU []uint64
	if err := p.Counters.Lookup(uint32(counter), &perCPU); err != nil {
		return 0, fmt.Errorf("read BPF counter %d: %w", counter, err)
	}
	var sum uint64
	for _, n := range perCPU {
		sum += n
	}
	return sum, nil
}

// Missed returns how many hits Linux did not run a program for, because one was running on the same CPU already.
func (p *Programs) Missed() (uint64, error) { return missed(p.Enter, p.EnterOnly, p.Leave, p.Operator) }

// MarkersMissed is Missed for the program on markers.
func (p *Programs) MarkersMissed() (uint64, error) { return missed(p.Marker) }

func missed(programs ...*ebpf.Program) (uint64, error) {
	var sum uint64
	for _, program := range programs {
		if program == nil {
			continue
		}
		stats, err := program.Stats()
		if err != nil {
			return 0, fmt.Errorf("read program statistics: %w", err)
		}
		sum += stats.RecursionMisses
	}
	return sum, nil
}

// Reset sets all counters to zero. Hits that Linux missed are not among them.
func (p *Programs) Reset() error {
	zero := make([]uint64, ebpf.MustPossibleCPU())
	for counter := range uint32(programsCounterCOUNTERS) {
		if err := p.Counters.Put(counter, zero); err != nil {
			return fmt.Errorf("reset BPF counter %d: %w", counter, err)
		}
	}
	return nil
}

// SetPeriod pauses the programs with an odd number, so that probes can be removed and put back, and lets them go on with
// the next even one: ops that are open by then are forgotten when their thread runs the next one.
func (p *Programs) SetPeriod(number uint32) error {
	if err := p.collection.Variables["period"].Set(number); err != nil {
		return fmt.Errorf("tell the programs of a pause: %w", err)
	}
	return nil
}
