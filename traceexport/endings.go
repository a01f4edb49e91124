package traceexport

import "github.com/edgexray/edgexray/analyze"

// endings are the ends of the executions of an invoke that are open, innermost last.
type endings []ending

type ending struct {
	depth int
	name  string
	ns    uint64
}

// close ends all that is not around an execution of that depth, innermost first.
func (s *endings) close(depth int, end func(ending)) {
	for len(*s) > 0 && (*s)[len(*s)-1].depth >= depth {
		end((*s)[len(*s)-1])
		*s = (*s)[:len(*s)-1]
	}
}

func (s *endings) open(e *analyze.Execution, name string) {
	*s = append(*s, ending{e.Depth, name, e.StartNS + e.DurationNS})
}
