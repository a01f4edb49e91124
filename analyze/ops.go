package analyze

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// Options says what Ops adds to its result.
type Options struct {
	By By // groups to sum up; none when empty
}

// Ops reads a whole trace and sums up its ops. A trace that ends early is no error: the result says so.
// The caller keeps r and closes it.
func Ops(r *trace.Reader, options Options) (*OpsResult, error) {
	rec, err := readRecording(r)
	if err != nil {
		return nil, err
	}
	return rec.result(options), nil
}

func (rec *recording) result(options Options) *OpsResult {
	result := rec.overview()
	b := builder{rec: rec, ops: make(map[*row]*Op), models: make(map[*graph]*Model), heap: rec.opHeaps()}
	result.Models = b.buildModels()
	result.stacks = b.stacks()
	result.heapSites = b.heapSites()
	result.samples = b.sampled()
	result.ids = b.ids(result.Processes)
	result.By = options.By
	result.Groups = result.group(rec)
	return result
}

func (rec *recording) overview() *OpsResult {
	h := rec.header
	result := &OpsResult{
		DurationNS: rec.durationNS(),
		Lost:       rec.lost(),
		Recording: Recording{
			Recorder:       h.GetRecorder(),
			CommandLine:    notNil(h.GetCommandLine()),
			Linux:          h.GetLinux(),
			Architecture:   h.GetArchitecture(),
			Hostname:       h.GetHostname(),
			StartUnixNS:    h.GetStartUnixNs(),
			StartNS:        h.GetStartNs(),
			AttachMethod:   h.GetAttachMethod(),
			ProbeCosts:     []ProbeCost{},
			Followed:       []Followed{},
			Cores:          []Core{},
			EndReason:      rec.end.GetReason(),
			EntryOnly:      h.GetEntryOnly(),
			Only:           notNil(h.GetOnly()),
			Budget:         h.GetBudget(),
			CostNS:         rec.end.GetCostNs(),
			Gaps:           rec.gaps.count,
			GapsNS:         rec.gapsNS(),
			SamplePeriodNS: h.GetSamplePeriodNs(),
			MinorFaultNS:   h.GetMinorFaultNs(),
			SamplesOutside: rec.samples.outside,
		},
		Notes:     []Note{},
		Processes: []*Process{},
	}
	for _, c := range h.GetProbeCosts() {
		result.Recording.ProbeCosts = append(result.Recording.ProbeCosts, ProbeCost{c.InstructionClass, c.TotalNs, c.InsideNs})
	}
	for _, f := range h.GetFollowed() {
		result.Recording.Followed = append(result.Recording.Followed, Followed{f.Part, f.Missing})
	}
	for _, c := range h.GetCores() {
		result.Recording.Cores = append(result.Recording.Cores, Core{c.Capacity, c.MaxKhz, c.Khz})
	}
	if octave := h.GetAggregateOctave(); octave != 0 {
		result.Recording.AggregateError = 1/float64(2*octave) + 1/float64(2*octaveSize) // the recorder's buckets, put into ours
	}
	if rec.truncation != nil {
		result.Truncated = rec.truncation.String()
	}
	for _, n := range rec.notes {
		result.Notes = append(result.Notes, Note{n.Kind, n.Text})
	}
	for _, id := range slices.Sorted(maps.Keys(rec.processes)) {
		p := rec.processes[id]
		result.Processes = append(result.Processes, &Process{p.Pid, rec.processName(id), p.Exited, p.LastWords, p.Received})
	}
	for _, t := range rec.threads {
		result.Recording.Ops += t.wall.Count
	}
	if len(rec.kernels) == 0 {
		result.ProbeCostNS = rec.probeCost("")
	}
	for _, k := range rec.kernels {
		result.ProbeCostNS = max(result.ProbeCostNS, rec.probeCost(k.SiteClass))
	}
	return result
}

// builder makes the result's models and ops of the recording's graphs and rows.
type builder struct {
	rec    *recording
	ops    map[*row]*Op
	models map[*graph]*Model
	heap   map[*row]*OpHeap // nil when it was not recorded
}

func (b *builder) buildModels() []*Model {
	models := []*Model{}
	unidentified := make(map[uint32]int) // by process
	graphs := slices.SortedStableFunc(slices.Values(b.rec.graphs), byProcess)
	for _, g := range graphs {
		m := b.model(g)
		if len(m.Ops) == 0 {
			continue // described, but none of it ran
		}
		if m.Name == "" {
			unidentified[g.process]++
			m.Name = m.Process
			if n := unidentified[g.process]; n > 1 {
				m.Name = fmt.Sprintf("%s (model %d)", m.Process, n)
			}
		}
		b.models[g] = m
		models = append(models, m)
	}
	for _, t := range b.rec.threads {
		ran := make(map[*Model]bool)
		for r := range t.stack.roots {
			if m := b.models[r.subgraph.graph]; m != nil {
				ran[m] = true
			}
		}
		for m := range ran {
			m.Threads++
		}
	}
	return models
}

func (b *builder) model(g *graph) *Model {
	rec := b.rec
	primary := g.primary()
	m := &Model{
		PID:          rec.processes[g.process].GetPid(),
		Process:      rec.processName(g.process),
		Interpreters: g.interpreters,
		Ops:          []*Op{},
	}
	if file := rec.models[g.model]; file != nil {
		m.Path, m.SHA256, m.Name = file.Path, file.Sha256, path.Base(file.Path)
	}
	if lib := rec.runtimes[primary.desc.Runtime]; lib != nil {
		m.Runtime = Runtime{lib.Path, lib.Entry, lib.BuildId}
	}
	m.Invokes = primary.invokes.count()
	ops, whole := primary.invokes.whole()
	m.OpsPerInvoke, m.InvokeWall, m.InvokeClean = ops, &whole.Distribution, &whole.clean
	m.InvokesPartial = m.Invokes - m.InvokeWall.Count

	slices.SortStableFunc(g.subgraphs, func(x, y *subgraph) int { return cmp.Compare(uint32(x.desc.Index), uint32(y.desc.Index)) })
	var total uint64
	var rows []*row
	first := uint64(math.MaxUint64)
	for _, s := range g.subgraphs {
		s.placeOperators()
		order := 0
		for _, r := range slices.SortedFunc(maps.Values(s.rows), byRunOrder) {
			if r.wall.Count == 0 {
				continue
			}
			op := b.op(r)
			op.RunOrder, op.model = order, m
			order++
			m.Ops, rows = append(m.Ops, op), append(rows, r)
			total += op.SelfNS
			first = min(first, r.firstStart)
		}
	}
	b.addParts(g, m.Ops, rows)
	if h := rec.header; h.GetStartUnixNs() != 0 {
		m.StartUnixNS = h.StartUnixNs + int64(first-h.StartNs)
	}
	m.Memory = b.modelMemory(g.memory)
	for _, op := range m.Ops {
		op.Share = share(op.SelfNS, total)
		if m.Runtime == (Runtime{}) && op.In != nil {
			m.Runtime = Runtime{op.In.Path, op.In.Entry, op.In.BuildId}
		}
	}
	return m
}

// placeOperators gives operators their delegate node's place in an invoke, in which they follow it by their starts.
func (s *subgraph) placeOperators() {
	positions := make(map[int32]int)
	for _, r := range s.rows {
		if r.desc.Operator == nil && r.desc.Index >= 0 && r.wall.Count > 0 {
			positions[r.desc.Index] = r.position
		}
	}
	for _, r := range s.rows {
		if o := r.desc.Operator; o != nil {
			r.position = positions[o.DelegateIndex]
		}
	}
}

// byRunOrder orders rows as they run in an invoke.
func byRunOrder(a, b *row) int {
	return cmp.Or(cmp.Compare(a.position, b.position), cmp.Compare(a.firstStart, b.firstStart), byPlace(a, b))
}

func (b *builder) op(r *row) *Op {
	d := r.desc
	op := &Op{
		Subgraph:      r.subgraph.desc.Index,
		SubgraphName:  r.subgraph.desc.Name,
		Node:          d.Index,
		Op:            d.Op,
		Custom:        d.Custom,
		Delegate:      d.Delegate,
		Replaced:      notNil(d.Replaced),
		Inputs:        tensors(d.Inputs),
		Outputs:       tensors(d.Outputs),
		Params:        map[string]int64{},
		OperatorIndex: -1,
		DelegateNode:  -1,
		MappedNodes:   []int32{},
		MappedOps:     []string{},
		Count:         r.wall.Count,
		Wall:          &r.wall,
		Clean:         &r.clean,
		SelfNS:        r.self,
		FirstNS:       r.first,
		Running:       r.clean.running(),
		Course:        &r.course,
		FirstPaid:     r.firstPaid,
		EndsInferred:  r.toNext,
		Paid:          &r.paid,
		OpGuessed:     d.OpGuessed,
		Incomplete:    d.Incomplete,
		KernelAt:      b.rec.kernels[d.Kernel],
	}
	if o := d.Operator; o != nil {
		op.Operator, op.OperatorIndex, op.Mapping = o.Name, int(o.Place), o.Mapping
		op.DelegateNode, op.MappedNodes, op.MappedOps = o.DelegateIndex, notNil(o.Nodes), notNil(o.Ops)
	}
	if op.Op == "" {
		op.Op = "UNKNOWN"
	}
	op.In = b.rec.runtimes[op.KernelAt.GetRuntime()]
	op.Kernel = kernelName(op.KernelAt, op.In)
	op.ProbeCostNS = b.rec.probeCost(op.KernelAt.GetSiteClass())
	op.Memory = opMemory(r)
	op.Heap = b.heap[r]
	op.Trusted = op.ProbeCostNS != 0 && r.wall.Quantile(0.5) >= TrustFactor*op.ProbeCostNS
	op.Causes = b.rec.causes(op)
	b.ops[r] = op
	return op
}

// kernelName returns the kernel's symbol without the parameters that every kernel has, or else where it is, by file
// offset: "libtensorflowlite_c.so+0x1f2a40".
func kernelName(k *trace.Kernel, in *trace.Runtime) string {
	if k == nil || k.Symbol != "" {
		return strings.TrimSuffix(k.GetSymbol(), "(TfLiteContext*, TfLiteNode*)")
	}
	return placeName(in, k.FileOffset)
}

// placeName names what has no symbol.
func placeName(in *trace.Runtime, place uint64) string {
	file := cmp.Or(in.GetEntry(), in.GetPath(), "unknown")
	return fmt.Sprintf("%s+%#x", path.Base(file), place)
}

func tensors(from []*trace.Tensor) []Tensor {
	to := make([]Tensor, len(from))
	for i, t := range from {
		allocation := tflite.AllocationType(t.Allocation)
		to[i] = Tensor{
			t.Index, t.Name, tflite.Type(t.Type).String(), notNil(t.Shape), finite(t.Scale), t.ZeroPoint, t.Channels,
			allocation == tflite.MmapRo || allocation == tflite.PersistentRo, t.Variable, len(t.Shape) == 0 && t.Bytes == 0,
		}
	}
	return to
}

// finite replaces what JSON can't hold; only damaged memory has such a scale.
func finite(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

// stacks returns the calls of all threads, in the order of thread ids.
func (b *builder) stacks() []Stack {
	var stacks []Stack
	for _, id := range slices.Sorted(maps.Keys(b.rec.threads)) {
		t := b.rec.threads[id]
		base := Stack{
			Process: b.rec.processName(t.desc.Process),
			PID:     b.rec.processes[t.desc.Process].GetPid(),
			Thread:  t.desc.Name,
			TID:     t.desc.Tid,
		}
		stacks = b.appendStacks(stacks, base, t.stack.roots)
	}
	return stacks
}

func (b *builder) appendStacks(stacks []Stack, outer Stack, calls calls) []Stack {
	for _, r := range slices.SortedFunc(maps.Keys(calls), byRunOrder) {
		c := calls[r]
		s := outer
		s.Models = append(slices.Clip(outer.Models), b.models[r.subgraph.graph])
		s.Ops = append(slices.Clip(outer.Ops), b.ops[r])
		s.Count, s.SelfNS, s.SelfResident = c.count, c.self, c.selfResident()
		stacks = append(stacks, s)
		stacks = b.appendStacks(stacks, s, c.children)
	}
	return stacks
}

func (rec *recording) processName(id uint32) string {
	p := rec.processes[id]
	if p.GetName() == "" {
		return fmt.Sprintf("process %d", p.GetPid())
	}
	return p.Name
}

func share(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// notNil makes JSON show an empty list as [].
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func byProcess(a, b *graph) int { return cmp.Compare(a.process, b.process) }
