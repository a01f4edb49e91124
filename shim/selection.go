package shim

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/tflite"
)

// Selection is what of a command is captured, in the words of snapshot's flags; zero is everything.
type Selection struct {
	Only       []string // ops and nodes, see tflite.ParseSelection
	Tensors    []string // patterns of names, with * and ?
	Every      uint64   // each so many-th invoke; 0: all
	Invokes    string   // "10-20", "10-" or "10", counted from 1; empty: all
	EndsOnly   bool     // only what goes into and comes out of the models
	Statistics bool     // instead of data
	Budget     uint64   // bytes of data; 0: any
	WhenFull   string   // "block", "drop" or "sample": what happens when there is no room in the ring; empty: "block"
	Kernels    string   // "builtin" keeps delegates out as far as possible; empty: leaves them
}

// KernelsBuiltin keeps delegates out.
const KernelsBuiltin = "builtin"

// whenFull is what can be done when there is no room in the ring.
var whenFull = map[string]uint32{"block": fullBlock, "drop": fullDrop, "sample": fullSample}

func (s *Selection) whenFull() string { return cmp.Or(s.WhenFull, "block") }

// compile returns the selection as the shim reads it.
func (s *Selection) compile(mode uint32) (*selection, error) {
	c := &selection{mode: mode, every: max(s.Every, 1), first: 1, budget: s.Budget}
	if s.Statistics {
		c.mode = modeStatistics
	}
	if s.EndsOnly {
		c.endsOnly = 1
	}
	var known bool
	if c.whenFull, known = whenFull[s.whenFull()]; !known {
		return nil, fmt.Errorf("--when-full %s: no such way (block, drop or sample)", s.WhenFull)
	}
	switch s.Kernels {
	case "":
	case KernelsBuiltin:
		c.keepDelegatesOut = 1
	default:
		return nil, fmt.Errorf("--kernels %s: no such kernels (builtin)", s.Kernels)
	}
	if s.Every > math.MaxUint32 {
		return nil, fmt.Errorf("--every %d: more than %d", s.Every, uint32(math.MaxUint32))
	}
	if err := s.invokes(c); err != nil {
		return nil, err
	}
	if err := s.only(c); err != nil {
		return nil, err
	}
	return c, patterns(s.Tensors, c.tensorPattern[:], &c.tensorPatterns)
}

func (s *Selection) invokes(c *selection) error {
	if s.Invokes == "" {
		return nil
	}
	first, last, ranged := strings.Cut(s.Invokes, "-")
	endless := ranged && last == ""
	if !ranged || endless {
		last = first
	}
	var err1, err2 error
	c.first, err1 = strconv.ParseUint(first, 10, 63)
	c.last, err2 = strconv.ParseUint(last, 10, 63)
	if err1 != nil || err2 != nil || c.first == 0 || c.last < c.first {
		return fmt.Errorf("--invokes %s: not a range of invokes (write 10, 10-20 or 10-; the first one is 1)", s.Invokes)
	}
	if endless {
		c.last = 0
	}
	return nil
}

// only names ops by their codes, and those that have none, which are custom ones, by patterns of their names.
func (s *Selection) only(c *selection) error {
	wanted, err := tflite.ParseSelection(s.Only)
	if err != nil {
		return err
	}
	var custom []string
	for _, op := range wanted.Ops {
		code, known := tflite.ParseOpCode(op)
		switch {
		case !known:
			custom = append(custom, op)
		case c.ops == maxOps:
			return fmt.Errorf("only %d ops and more: not more than %d", maxOps+1, maxOps)
		default:
			c.op[c.ops] = int32(code)
			c.ops++
		}
	}
	if len(wanted.Nodes) > maxRanges {
		return fmt.Errorf("only %d ranges of nodes: not more than %d", len(wanted.Nodes), maxRanges)
	}
	for i, n := range wanted.Nodes {
		c.range_[i] = nodeRange{n.Subgraph, n.First, n.Last}
	}
	c.ranges = uint32(len(wanted.Nodes))
	return patterns(custom, c.opPattern[:], &c.opPatterns)
}

func patterns(list []string, room []byte, bytes *uint32) error {
	for _, p := range list {
		if p == "" || strings.ContainsRune(p, 0) {
			return fmt.Errorf("only names like %q: no name is", p)
		}
		if len(p)+1 > len(room)-int(*bytes) {
			return fmt.Errorf("only names like %s: all patterns together have more than %d bytes", p, len(room))
		}
		*bytes += uint32(copy(room[*bytes:], p)) + 1
	}
	return nil
}

// said returns the selection as flags, for whoever reads the file.
func (s *Selection) said() []string {
	var said []string
	add := func(flag, value string) {
		if value != "" {
			said = append(said, "--"+flag+" "+value)
		}
	}
	add("only", strings.Join(s.Only, ","))
	add("tensors", strings.Join(s.Tensors, ","))
	if s.Every > 1 {
		add("every", strconv.FormatUint(s.Every, 10))
	}
	add("invokes", s.Invokes)
	if s.EndsOnly {
		said = append(said, "--ends-only")
	}
	if s.Statistics {
		said = append(said, "--statistics")
	}
	if s.Budget > 0 {
		add("budget", strconv.FormatUint(s.Budget, 10))
	}
	return said
}
