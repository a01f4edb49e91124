package agent

import (
	"errors"
	"time"

	"github.com/edgexray/edgexray/probes"
)

// reachNodes looks at all nodes of a subgraph for kernels that have no probe yet: custom ops and delegates of the app's
// own, which no search of the runtime's library finds.
func (s *Session) reachNodes(g *subgraph) {
	p := g.process
	if p.memory == nil {
		return
	}
	if live, ok := probes.ReadSubgraph(p.memory, g.described.Context); ok {
		s.reachAll(p, live.Nodes)
		s.want(g, live.Nodes)
	}
}

func (s *Session) reachAll(p *process, nodes []probes.LiveNode) {
	for _, n := range nodes {
		if n.Invoke == 0 {
			if n.CustomName != 0 {
				name, _ := p.readString(n.CustomName, 256)
				s.note("site", "custom op %s has no invoke that is known: not probed", name)
			}
			continue
		}
		k := s.libraries.byAddress(p, n.Invoke)
		if k == nil {
			var err error
			if k, err = s.libraries.reach(p, n.RawRegistration); errors.Is(err, errNoCode) {
				continue // it is looked at again when it runs, or before
			}
			if err != nil {
				s.note("site", "%v", err)
				continue
			}
		}
		s.learn(k, n.BuiltinCode)
	}
}

// reachAgain looks at subgraphs that were prepared but have run nothing: a delegate whose kernel isn't probed yet may
// have taken over every op.
func (s *Session) reachAgain() {
	for _, g := range s.subgraphs {
		if !g.runs && !g.process.described.Exited {
			s.reachNodes(g)
		}
	}
}

// scanQuiet scans processes that have a runtime but hit no probe.
func (s *Session) scanQuiet() {
	for _, p := range s.byPID {
		if !p.hasRuntime || len(p.contexts) > 0 || time.Now().Before(p.nextScan) {
			continue
		}
		before := len(s.libraries.kernels)
		s.reachLive(p)
		if p.scannedFrom == 0 && len(s.libraries.kernels) > before {
			p.scannedFrom = uint32(before) + 1
		}
		p.scanAfter = min(max(2*p.scanAfter, lookEvery), longestQuiet)
		p.nextScan = time.Now().Add(p.scanAfter)
	}
}

// noteScanned tells of ops that may be missing if the first node that a process runs has a kernel that scanning its memory
// found. If it has another kernel, whose probe was there all the time, nothing ran before.
func (s *Session) noteScanned(n *node) {
	p, k := n.subgraph.process, s.kernelOf(n)
	if p.scannedFrom == 0 || k == nil {
		return
	}
	if k.described.Id >= p.scannedFrom {
		s.note("site", "process %d runs kernels of its own, which were found by scanning its memory: ops before that are not in the trace", p.PID)
	}
	p.scannedFrom = 0
}

// longestQuiet bounds the interval between scans of a process that runs nothing, which cost some 10 ms each.
const longestQuiet = 10 * time.Second

// reachLive finds kernels in a process that built its interpreters before we came.
func (s *Session) reachLive(p *process) {
	if p.memory == nil {
		s.note("process", "process %d: its memory can't be read: kernels in its own libraries are found only beside others", p.PID)
		return
	}
	p.ReadMaps()
	live := probes.ScanMemory(p.memory, p.mappings())
	for _, registration := range live.Registrations {
		if k := s.libraries.byAddress(p, registration.Invoke); k != nil {
			s.learn(k, registration.BuiltinCode)
		}
	}
	for _, g := range live.Subgraphs {
		s.reachAll(p, g.Nodes)
	}
}
