package agent

import (
	"errors"
	"os"
	"time"

	"github.com/cilium/ebpf/ringbuf"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/trace"
)

// drain takes everything that is in the ring buffer now.
func (s *Session) drain() {
	if s.ring == nil {
		return
	}
	var record ringbuf.Record
	s.ring.SetDeadline(time.Unix(1, 0)) // long past: take what is there, wait for nothing
	for {
		err := s.ring.ReadInto(&record)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		if err != nil {
			s.note("drain", "read ring buffer: %v", err)
			return
		}
		s.record(record.RawSample)
	}
}

// record takes one record. It is the hot path of the agent: an op costs two map look-ups and a call of the writer.
func (s *Session) record(sample []byte) {
	decoded, err := bpf.Decode(sample)
	if err != nil {
		s.note("drain", "%v", err)
		return
	}
	switch r := decoded.(type) {
	case *bpf.OpRecord:
		s.op(r)
	case *bpf.NodeRecord:
		s.addNode(r)
	case *bpf.TensorRecord:
		s.addTensor(r)
	case *bpf.IndicesRecord:
		s.addReplaced(r)
	case *bpf.OperatorRecord:
		s.addOperator(r)
	case *bpf.OperatorsRanRecord:
		s.operatorsRan(r)
	case *bpf.SubgraphRecord:
		s.addSubgraph(r)
	case *bpf.ExitRecord:
		s.threadExited(r)
	case *bpf.HeapRecord:
		s.heap.used(r)
	case *bpf.HeapSiteRecord:
		s.heap.addSite(r)
	case *bpf.MappedRecord:
		s.mapped(r)
	case *bpf.MarkerRecord:
		s.markers.add(r)
	case *bpf.SampleRecord:
		s.addSample(r, sample)
	}
}

func (s *Session) op(r *bpf.OpRecord) {
	n := s.nodes[r.Node]
	if n == nil {
		s.summary.unattributed++
		return
	}
	if n.id == 0 || n.subgraph.superseded != nil {
		s.settle(n)
	}
	if s.options.Only.hold(n, r) {
		return
	}
	if n.delegate && !n.ran {
		s.releaseHeld(n)
	}
	p := n.subgraph.process
	thread := s.threadOf(p, r.Header.Tid)
	s.budget.count(thread, n)
	if s.options.Only.excludes(n) {
		s.summary.excluded++
		return
	}
	if bpf.ToNext(r) && s.ranLast(n) {
		s.summary.endsUnseen++
		return
	}
	start, duration := r.StartNs, r.DurationNs
	if len(s.pauses.over) > 0 {
		start, duration = s.pauses.takenOut(r)
	}
	op := trace.Op{Thread: thread, Node: n.id, Start: start, Duration: duration, Depth: uint32(r.Depth), Paid: trace.Paid{
		OffCPU: r.OffCpuNs - min(r.DurationNs-duration, r.OffCpuNs), Preempted: r.PreemptedNs, Workers: r.WorkersNs,
		MinorFaults: uint64(r.MinorFaults), MajorFaults: uint64(r.MajorFaults),
		Migrations: uint64(r.Migrations), Threads: uint64(r.Threads), Core: uint64(r.Cpu), KHz: uint64(r.Khz),
		Resident: int64(r.ResidentPages) * int64(os.Getpagesize()),
	}}
	if bpf.ToNext(r) {
		op.ToNext = 1
	}
	if err := s.writer.AddOp(op); err != nil && s.writeErr == nil {
		s.writeErr = err
	}
	p.described.Received++
	s.progress.count(n, r)
}

// threadOf returns the thread's id in the trace.
func (s *Session) threadOf(p *process, tid uint32) uint32 {
	if id := p.threads[tid]; id != 0 {
		return id
	}
	s.nextID.thread++
	p.threads[tid] = s.nextID.thread
	s.describe(&trace.Thread{Id: s.nextID.thread, Process: p.described.Id, Tid: int32(tid), Name: app.ThreadName(p.PID, tid)})
	return s.nextID.thread
}

// mapped looks at code that a target has just mapped.
func (s *Session) mapped(r *bpf.MappedRecord) {
	if r.Stopped != 0 {
		s.pauses.asked[r.Header.Tid] = r.TimeNs
	}
	p := s.processOf(int(r.Tgid), cString(r.Comm[:]))
	p.ReadMaps()
	m := p.Mapping(r.Address)
	if m == nil || !app.IsFile(m) {
		return
	}
	before, marked := len(s.libraries.kernels), len(s.markers.attachments)
	if s.libraries.considerMapping(p.PID, m) != nil {
		p.hasRuntime = true
		s.heap.follow(p)
	}
	if r.Stopped != 0 {
		return
	}
	late := time.Duration(app.Now() - r.TimeNs)
	tell := func(what string, probed bool) {
		if probed {
			s.note("attach", "%s was probed %v after process %d mapped it: %s before that are not in the trace", m.Pathname, late, p.PID, what)
		}
	}
	tell("ops", len(s.libraries.kernels) > before)
	tell("markers", len(s.markers.attachments) > marked)
}
