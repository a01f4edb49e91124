package agent

import (
	"errors"
	"os"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/symbolize"
	"github.com/edgexray/edgexray/trace"
)

// heap follows the memory that ops ask for.
type heap struct {
	session *Session
	wanted  bool
	refused error // why the programs for it can't be loaded
	files   map[app.FileKey][]probes.HeapFunction
	uses    map[uint32]*trace.HeapUse // by node
	changed map[uint32]bool           // nodes, since they were written
	sites   map[siteKey]*heapSite
	lastID  uint32
	written time.Time
	lost    uint64 // records of nodes that aren't known
}

type siteKey struct{ node, stack uint64 } // as BPF has it

type heapSite struct {
	use     trace.HeapUse // as last written
	process *process
}

// heapEvery is how often sums go into the trace: they are all that is lost when the recorder is killed.
const heapEvery = 5 * time.Second

func newHeap(s *Session) heap {
	return heap{
		session: s, wanted: s.options.Heap,
		files: make(map[app.FileKey][]probes.HeapFunction),
		uses:  make(map[uint32]*trace.HeapUse), changed: make(map[uint32]bool), sites: make(map[siteKey]*heapSite),
	}
}

// follow attaches to the allocators that a process has mapped, the first time it is called for that process.
func (h *heap) follow(p *process) {
	if !h.wanted || h.refused != nil || p.heapFollowed {
		return
	}
	p.heapFollowed = true
	attached := 0
	looked := make(map[app.FileKey]bool)
	for _, m := range p.Maps {
		if !m.Perms.Execute || !app.IsFile(m) {
			continue
		}
		path := app.Openable(p.PID, m)
		info, err := os.Stat(path)
		if err != nil || looked[app.KeyOf(info)] {
			continue
		}
		looked[app.KeyOf(info)] = true
		functions := h.find(app.KeyOf(info), path, m.Pathname, m.Offset)
		if len(functions) == 0 {
			continue
		}
		attachment, err := probes.AttachHeap(h.session.method, h.session.programs, path, p.PID, functions)
		if err != nil {
			h.session.note("heap", "%s: %v", m.Pathname, err)
			continue
		}
		for _, refused := range attachment.Refused {
			h.session.note("heap", "%s at offset %#x: Linux refused: %v: its allocations are not told", m.Pathname, refused.Point.Offset, refused.Err)
		}
		p.heapProbes = append(p.heapProbes, attachment)
		attached += attachment.Attached
	}
	if attached == 0 {
		h.session.note("heap", "process %d: no allocator was found: what its ops allocate is not told", p.PID)
	}
}

// find returns the functions of the allocator in a file, none for most files.
func (h *heap) find(key app.FileKey, path, shown string, offset int64) []probes.HeapFunction {
	if functions, known := h.files[key]; known {
		return functions
	}
	h.files[key] = nil
	file, err := symbolize.OpenAt(path, offset)
	if err != nil {
		return nil
	}
	defer file.Close()
	if probes.Probeable(file) != nil {
		return nil
	}
	functions, err := probes.FindHeap(file)
	if err != nil {
		return nil
	}
	for _, f := range functions {
		if f.Found.Refused != "" {
			h.session.note("heap", "%s in %s: not probed: %s", f.Found.Name, shown, f.Found.Refused)
		}
	}
	h.files[key] = functions
	return functions
}

// used adds what an op has allocated to its node's sums.
func (h *heap) used(r *bpf.HeapRecord) {
	n := h.session.nodes[r.Node]
	if n == nil {
		h.lost++
		return
	}
	h.session.settle(n)
	if h.session.options.Only.excludes(n) {
		return
	}
	use := h.uses[n.id]
	if use == nil {
		use = &trace.HeapUse{Node: n.id}
		h.uses[n.id] = use
	}
	use.Bytes += r.Bytes
	use.Count += r.Count
	use.Kept += r.Kept
	use.Peak = max(use.Peak, r.Peak)
	h.changed[n.id] = true
}

// addSite describes a stack that asks for memory.
func (h *heap) addSite(r *bpf.HeapSiteRecord) {
	n := h.session.nodes[r.Node]
	if n == nil {
		h.lost++
		return
	}
	h.session.settle(n)
	if h.session.options.Only.excludes(n) {
		return
	}
	h.lastID++
	p := n.subgraph.process
	h.sites[siteKey{r.Node, r.Stack}] = &heapSite{use: trace.HeapUse{Site: h.lastID}, process: p}
	site := &trace.HeapSite{Id: h.lastID, Node: n.id, Complete: r.Complete != 0}
	for _, address := range r.Frames[:min(r.Count, uint32(len(r.Frames)))] {
		site.Frames = append(site.Frames, h.frame(p, address))
	}
	h.session.describe(site)
}

// frame names the place that a return address is in: the call right before it is what counts.
func (h *heap) frame(p *process, address uint64) *trace.StackFrame {
	l, inFile, err := h.session.libraries.locate(p, address-1)
	if err != nil {
		return &trace.StackFrame{Address: address}
	}
	f := &trace.StackFrame{Runtime: l.runtime.Id, Address: inFile + 1}
	if symbol, ok := l.file.Symbol(inFile); ok {
		f.Symbol = symbol.Name
	}
	return f
}

// write puts sums that have changed into the trace, if it is time.
func (h *heap) write(now time.Time) {
	if now.Sub(h.written) < heapEvery {
		return
	}
	h.written = now
	for node := range h.changed {
		h.session.describe(proto.CloneOf(h.uses[node]))
	}
	clear(h.changed)
	for key, site := range h.sites {
		h.writeSite(key, site)
	}
}

func (h *heap) writeSite(key siteKey, site *heapSite) {
	use, err := h.session.programs.HeapSite(key.node, key.stack)
	if err != nil {
		h.session.note("heap", "%v", err)
		return
	}
	if use.Count == site.use.Count && use.Kept == site.use.Kept {
		return
	}
	site.use.Bytes, site.use.Count, site.use.Kept = use.Bytes, use.Count, use.Kept
	h.session.describe(proto.CloneOf(&site.use))
}

// exited writes the sums of a process that has ended, and makes room for others'.
func (h *heap) exited(p *process) {
	if !p.heapFollowed {
		return
	}
	for key, site := range h.sites {
		if site.process == p {
			h.writeSite(key, site)
			delete(h.sites, key)
			h.forget(h.session.programs.ForgetHeapSite(key.node, key.stack))
		}
	}
	h.forget(h.session.programs.ForgetBlocks(uint32(p.PID)))
}

func (h *heap) forget(err error) {
	if err != nil {
		h.session.note("heap", "%v", err)
	}
}

// losses are the ways to lose what ops allocated; they lose no op.
func (h *heap) losses() []*trace.Loss {
	if !h.wanted || h.refused != nil {
		return nil
	}
	losses := []*trace.Loss{{Cause: "heap_unattributed", Count: h.lost}}
	for _, cause := range bpf.HeapCauses {
		if n, err := h.session.programs.Count(cause.Counter); err == nil {
			losses = append(losses, &trace.Loss{Cause: cause.Name, Count: n})
		}
	}
	if n, err := h.session.programs.HeapMissed(); err == nil {
		losses = append(losses, &trace.Loss{Cause: "heap_probe_missed", Count: n})
	}
	return losses
}

// describe says for the trace whether allocations are told.
func (h *heap) describe() *trace.Followed {
	f := &trace.Followed{Part: "heap"}
	switch {
	case !h.wanted:
		f.Missing = notAskedFor
	case h.refused != nil:
		f.Missing = h.refused.Error()
	}
	return f
}

func (h *heap) detach() error {
	var errs []error
	for _, p := range h.session.processes {
		errs = append(errs, p.detachHeap())
	}
	for _, p := range h.session.byPID {
		errs = append(errs, p.detachHeap())
	}
	return errors.Join(errs...)
}

func (p *process) detachHeap() error {
	var errs []error
	for _, attachment := range p.heapProbes {
		errs = append(errs, attachment.Close())
	}
	p.heapProbes = nil
	return errors.Join(errs...)
}
