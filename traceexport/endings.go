package traceexport

import "github.com/edgexray/edgexray/analyze"

// endings are the ends of the executions of an invoke that are open, innermost last.
type endings []ending

type ending struct {
	depth int
	ns    uint64
}

// close ends all that is not around an execution of that depth, innermost first.
func (s *endings) close(depth int, end func(ns uint64)) {
	for len(*s) > 0 && (*s)[len(*s)-1].depth >= depth {
		end((*s)[len(*s)-1].ns)
		*s = (*s)[:len(*s)-1]
	}
}

func (s *endings) open(e *analyze.Execution) {
	*s = append(*s, ending{e.Depth, e.StartNS + e.DurationNS})
}
