package agent

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/tflite"
)

// maxVectorBytes bounds what is read of a vector of nodes: more than 100 000 nodes are no real model's.
const maxVectorBytes = 16 << 20

// reachNodes looks at all nodes of a subgraph for kernels that have no probe yet: custom ops and delegates of the app's
// own, which no search of the runtime's library finds.
func (s *Session) reachNodes(g *subgraph) {
	if g.stride == 0 || g.end-g.begin > maxVectorBytes {
		return
	}
	memory := make([]byte, g.end-g.begin)
	if g.process.read(g.begin, memory) != nil {
		return // gone already; the probes in its own kernels go on working
	}
	for ; len(memory) >= g.stride; memory = memory[g.stride:] {
		registration, _, ok := tflite.FindRegistration(memory[:g.stride], 0)
		if !ok || registration.Invoke == 0 {
			continue
		}
		k := s.libraries.byAddress(g.process, registration.Invoke)
		if k == nil {
			var err error
			if k, err = s.libraries.reached(g.process, registration.Invoke); err != nil {
				s.note("site", "%v", err)
				continue
			}
		}
		s.learn(k, registration.BuiltinCode)
	}
}

// look again at subgraphs whose vector of nodes may have changed without any probe noticing: when a delegate whose
// kernel isn't probed took over every op.
func (s *Session) reachAgain() {
	for _, g := range s.subgraphs {
		if g.runs || g.process.described.Exited {
			continue
		}
		s.reachNodes(g)
	}
}

// reachLive finds kernels in a process that built its interpreters before we came.
func (s *Session) reachLive(p *process) {
	if p.memory == nil {
		s.note("process", "process %d: memory not readable: kernels that its own libraries hold are found when they run beside others", p.pid)
		return
	}
	live := probes.ScanMemory(p.memory, p.mappings())
	for _, registration := range live.Registrations {
		if k := s.libraries.byAddress(p, registration.Invoke); k != nil {
			s.learn(k, registration.BuiltinCode)
		}
	}
	for _, g := range live.Subgraphs {
		for _, node := range g.Nodes {
			if node.Invoke == 0 || s.libraries.byAddress(p, node.Invoke) != nil {
				continue
			}
			if _, err := s.libraries.reached(p, node.Invoke); err != nil {
				s.note("site", "%v", err)
			}
		}
	}
}

// ownCost is what the recorder itself used: CPU time in ns, and the largest resident size in bytes.
func ownCost() (cpuNS, maxRSS uint64) {
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) != nil {
		return 0, 0
	}
	return uint64(usage.Utime.Nano() + usage.Stime.Nano()), uint64(usage.Maxrss) << 10
}

func linuxRelease() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return ""
	}
	return fmt.Sprintf("%s %s", unix.ByteSliceToString(name.Release[:]), unix.ByteSliceToString(name.Machine[:]))
}
