package agent

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/trace"
)

// MaxSampleRate is how many samples a second may be asked for, on each core. Linux doesn't fire its clock more often.
const MaxSampleRate = 10_000

// sampling takes samples of what ops are at, and sums them up by where they are.
type sampling struct {
	rate   int // a second and core; 0: none
	images images
	events softwareEvents
	sums   map[string]*trace.SampleStack // since the last flush
	told   uint64                        // samples outside of ops that are in the trace
	others uint64                        // in ops that are not asked for
	counts SampleCounts
	// By tid: what BPF was told of workers.
	stackEnds map[uint32]uint64
}

// SampleCounts says what became of samples.
type SampleCounts struct {
	InOps   uint64 // written, with their op
	Whole   uint64 // of these, with a stack that reaches the op's kernel or the worker thread's first function
	Broken  map[string]uint64
	Outside uint64 // on threads that run ops, but outside of any that is asked for
	Lost    uint64
}

func (s *Session) startSampling() {
	sp := &s.sampling
	sp.rate = s.options.SampleRate
	sp.images = newImages(s)
	sp.sums = make(map[string]*trace.SampleStack)
	sp.counts.Broken = make(map[string]uint64)
	sp.stackEnds = make(map[uint32]uint64)
	if sp.rate == 0 {
		return
	}
	sp.events.attach(unix.PERF_COUNT_SW_CPU_CLOCK, samplePeriod(sp.rate), s.programs.Sample)
	if missing := sp.events.missing(); missing != "" {
		s.note("sample", "samples not taken on every core: %s", missing)
	}
}

// samplePeriod is the time from one sample of a core to the next, in ns; 0 for none.
func samplePeriod(rate int) uint64 {
	if rate == 0 {
		return 0
	}
	return uint64(time.Second) / uint64(rate)
}

// addSample takes a sample. Its op is the one that BPF saw open.
func (s *Session) addSample(r *bpf.SampleRecord, sample []byte) {
	sp := &s.sampling
	p := s.processes[r.Process]
	stack := &trace.SampleStack{
		Kernel: r.Flags&bpf.SampleKernel != 0,
		Worker: r.Flags&bpf.SampleWorker != 0,
	}
	for _, id := range r.Nodes {
		if id == 0 {
			break
		}
		n := s.nodes[id]
		if n == nil {
			p = nil
			break
		}
		s.settle(n)
		stack.Nodes = append(stack.Nodes, n.id)
	}
	if n := s.nodes[r.Nodes[max(len(stack.Nodes), 1)-1]]; n != nil && s.options.Only.excludes(n) {
		sp.others++
		return
	}
	if p == nil || len(stack.Nodes) == 0 {
		sp.counts.Lost++ // its op wasn't described
		return
	}
	stack.Thread = s.threadOf(p, r.Header.Tid)
	if stack.Worker {
		s.tellStackEnd(p, r)
	}
	calls := sp.images.unwind(p, r, r.Copied(sample))
	if calls.outer {
		stack.Nodes = stack.Nodes[:len(stack.Nodes)-1]
	}
	for _, at := range calls.frames {
		stack.Frames = append(stack.Frames, sp.images.describe(at))
	}
	stack.Broken, stack.Guessed = calls.broken, uint32(calls.guessed)
	sp.counts.InOps++
	if calls.broken == "" {
		sp.counts.Whole++
	} else {
		sp.counts.Broken[calls.broken]++
	}
	sp.add(stack)
}

// tellStackEnd tells BPF where a worker's stack ends, so that its first frames are copied even if large arrays lie before
// them. That takes effect from the next sample on.
func (s *Session) tellStackEnd(p *process, r *bpf.SampleRecord) {
	pointer := r.Registers[processor.StackPointer]
	if end := s.sampling.stackEnds[r.Header.Tid]; end > pointer && pointer+maxThreadStack > end {
		return
	}
	m := p.FindMapping(pointer)
	if m == nil && s.sampling.images.refresh(p) {
		m = p.FindMapping(pointer)
	}
	if m == nil {
		return
	}
	end := uint64(m.EndAddr)
	if err := s.programs.StackEnds.Put(r.Header.Tid, end); err == nil {
		s.sampling.stackEnds[r.Header.Tid] = end
	}
}

// maxThreadStack is more than any thread's stack takes. Where a number was given to another thread, the end is farther.
const maxThreadStack = 64 << 20

func (sp *sampling) add(stack *trace.SampleStack) {
	key := stackKey(stack)
	if sp.sums[key] == nil {
		sp.sums[key] = stack
	}
	sp.sums[key].Count++
}

func stackKey(s *trace.SampleStack) string {
	var flags byte
	if s.Kernel {
		flags |= 1
	}
	if s.Worker {
		flags |= 2
	}
	b := binary.LittleEndian.AppendUint32([]byte{flags}, s.Thread)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s.Nodes)))
	for _, ids := range [][]uint32{s.Nodes, s.Frames} {
		for _, id := range ids {
			b = binary.LittleEndian.AppendUint32(b, id)
		}
	}
	return string(append(b, s.Broken...))
}

// flushSamples writes what was summed up.
func (s *Session) flushSamples() {
	sp := &s.sampling
	if sp.rate == 0 {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(sp.sums)) {
		s.describe(sp.sums[key])
	}
	clear(sp.sums)
	sp.images.flushed()
	if n, err := s.programs.Count(bpf.SamplesOutside); err == nil && n+sp.others > sp.told {
		s.describe(&trace.SampleStack{Count: n + sp.others - sp.told})
		sp.told = n + sp.others
	}
	sp.counts.Outside = sp.told
}

// lostSamples returns how many samples during ops are not in the trace.
func (s *Session) lostSamples() uint64 {
	n, err := s.programs.Count(bpf.LostSamples)
	if err != nil {
		s.note("losses", "%v", err)
	}
	return n + s.sampling.counts.Lost
}

func (c *SampleCounts) print(w io.Writer) {
	fmt.Fprintf(w, "samples: %d in ops, %.1f %% of them with a whole stack; %d outside of ops; lost %d\n",
		c.InOps, 100*float64(c.Whole)/float64(max(c.InOps, 1)), c.Outside, c.Lost)
	for _, reason := range slices.Sorted(maps.Keys(c.Broken)) {
		fmt.Fprintf(w, "unwinding broke in %d samples: %s\n", c.Broken[reason], reason)
	}
}
