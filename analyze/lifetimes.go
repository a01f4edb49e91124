package analyze

import (
	"cmp"
	"math"
	"slices"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// Kind is where a tensor's memory comes from.
type Kind string

// The kinds. Tensors of the arena and weights may share memory, so there addresses count; others have memory of their own.
const (
	Weights    Kind = "weights"    // in the model's file
	Arena      Kind = "arena"      // planned by the runtime, for as long as the tensor is in use
	Persistent Kind = "persistent" // kept between invokes
	Dynamic    Kind = "dynamic"    // allocated while the model runs
	Custom     Kind = "custom"     // the app's, or within an op's subgraph that of the op's inputs and outputs
	Elsewhere  Kind = "elsewhere"  // not in the process's memory, or nobody knows where
)

var kinds = map[tflite.AllocationType]Kind{
	tflite.MmapRo:            Weights,
	tflite.ArenaRw:           Arena,
	tflite.ArenaRwPersistent: Persistent,
	tflite.PersistentRo:      Persistent,
	tflite.Dynamic:           Dynamic,
	tflite.VariantObject:     Dynamic,
	tflite.CustomAllocation:  Custom,
}

func kindOf(t *trace.Tensor) Kind {
	return cmp.Or(kinds[tflite.AllocationType(t.Allocation)], Elsewhere)
}

// known tells whether the tensor's memory can be accounted for. Temporaries that their kernel has no use for have none.
func (v *life) known() bool {
	switch t := v.tensor; v.kind {
	case Arena, Weights:
		return t.Bytes == 0 || t.Address != 0
	case Elsewhere:
		return t.Bytes == 0 && (v.temporary || tflite.Type(t.Type) != tflite.NoType) // else it was not read
	}
	return true
}

// life is a tensor in one order, from the first op that needs its memory to the last one.
type life struct {
	tensor      *trace.Tensor // as it was last described
	kind        Kind
	address     uint64 // 0 when not known
	first, last int    // places in the order
	by          *node  // that made it; nil for what was there before
	user        *node  // that was first to have it, at which place
	seen        int
	read        bool
	temporary   bool
	clashes     bool // lies across another one: their addresses are of different times
}

// lifetimes is what one order needs of memory.
type lifetimes struct {
	order   *order
	ends    bool    // it is known what the app puts in and takes out
	lives   []*life // by first, then index
	sights  []sight
	live    []uint64 // by place: bytes in use while the op runs, weights and persistent tensors aside
	unknown []int    // by place: tensors in use that can't be accounted for
	unmade  int      // tensors that were read or taken out although nothing had made them
}

// newLifetimes follows the tensors through an order. A tensor is in use from the op that makes it to the last one that
// reads it; what the app puts in, from the beginning; what it puts in or takes out, to the end, as the runtime's planner
// has it. A kernel's temporaries are in use during its op.
func newLifetimes(o *order, ends *trace.Subgraph) *lifetimes {
	l := &lifetimes{order: o, ends: ends.GetEndsKnown()}
	byIndex := make(map[int32]*life)
	for place, n := range o.nodes {
		for _, t := range n.desc.Inputs {
			if v := l.use(byIndex, t, n, place); v != nil {
				v.read = true
			}
		}
		for _, t := range n.desc.Outputs {
			if v := l.use(byIndex, t, n, place); v != nil && v.user == n && !v.read {
				v.by = n
			}
		}
		for _, t := range n.desc.Temporaries {
			if v := l.use(byIndex, t, n, place); v != nil && v.user == n && !v.read {
				v.by, v.temporary = n, true
			}
		}
	}
	followArena(l.sights, len(o.nodes))
	l.sights = nil
	l.settleEnds(byIndex, ends)
	slices.SortFunc(l.lives, func(a, b *life) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.tensor.Index, b.tensor.Index))
	})
	l.sum()
	return l
}

// use notes that the node at the place has the tensor; nil for an optional one that is absent.
func (l *lifetimes) use(byIndex map[int32]*life, t *trace.Tensor, n *node, place int) *life {
	if t.Index < 0 {
		return nil
	}
	v := byIndex[t.Index]
	if v == nil {
		v = &life{first: place, user: n, seen: place}
		byIndex[t.Index] = v
		l.lives = append(l.lives, v)
	}
	v.last = place
	if v.tensor != nil && t.Bytes == 0 && kindOf(t) == Elsewhere {
		return v // not read this time
	}
	v.tensor, v.kind = t, kindOf(t)
	if v.kind == Arena && t.Address != 0 {
		l.sights = append(l.sights, sight{place, v, t.Address})
	} else {
		v.address = t.Address
	}
	return v
}

// settleEnds extends the lives of what the app puts in and takes out. Where that isn't known, what no op made was put
// in, and what no op reads is taken out.
func (l *lifetimes) settleEnds(byIndex map[int32]*life, ends *trace.Subgraph) {
	end := len(l.order.nodes) - 1
	put := make(map[int32]bool)
	for _, index := range ends.GetInputs() {
		put[index] = true
	}
	for _, v := range l.lives {
		switch {
		case v.kind == Weights, v.kind == Persistent, v.tensor.Variable, put[v.tensor.Index], v.by == nil && !l.ends:
			v.first, v.last = 0, end
		case v.by == nil:
			v.first = 0
			l.unmade++
		case !l.ends && !v.read && !v.temporary:
			v.last = end
		}
	}
	for _, index := range ends.GetOutputs() {
		if v := byIndex[index]; v != nil {
			v.last = end
		} else if index >= 0 && !put[index] {
			l.unmade++
		}
	}
}

// sum adds up what is live at each place.
func (l *lifetimes) sum() {
	l.live, l.unknown = make([]uint64, len(l.order.nodes)), make([]int, len(l.order.nodes))
	next := 0
	var active []*life // by address
	for place := range l.live {
		active = slices.DeleteFunc(active, func(v *life) bool { return v.last < place })
		for ; next < len(l.lives) && l.lives[next].first == place; next++ {
			if v := l.lives[next]; l.counts(v) {
				at, _ := slices.BinarySearchFunc(active, v, func(a, b *life) int { return cmp.Compare(a.address, b.address) })
				active = slices.Insert(active, at, v)
			}
		}
		l.live[place], l.unknown[place] = l.sumOf(active)
	}
}

// counts tells whether the tensor's memory belongs to what is live in some places only. What a subgraph within an op has of
// custom memory is that of the op's own inputs and outputs, which are live around it.
func (l *lifetimes) counts(v *life) bool {
	return v.kind == Arena || v.kind == Dynamic || v.kind == Elsewhere || v.kind == Custom && l.order.outermost
}

// sumOf returns the bytes of tensors, in the order of their addresses, and how many can't be accounted for. Where tensors
// share memory it counts once.
func (l *lifetimes) sumOf(active []*life) (bytes uint64, unknown int) {
	var before *life // that reaches furthest
	for _, v := range active {
		switch {
		case !v.known():
			unknown++
		case v.kind != Arena:
			bytes += v.tensor.Bytes
		case v.tensor.Bytes != 0:
			if before == nil || v.address >= before.end() {
				bytes += v.tensor.Bytes
				before = v
				continue
			}
			if v.address != before.address {
				v.clashes, before.clashes = true, true
			}
			if v.end() > before.end() {
				bytes += v.end() - before.end()
				before = v
			}
		}
	}
	return bytes, unknown
}

// end returns the address behind the tensor's memory.
func (v *life) end() uint64 { return v.address + min(v.tensor.Bytes, math.MaxUint64-v.address) }

// whole tells whether nothing of the order is missing: each tensor that is read or taken out was made before.
func (l *lifetimes) whole() bool { return l.ends && l.unmade == 0 }

// all are the tensors of the node as it is described.
func (n *node) all() []*trace.Tensor {
	return slices.Concat(n.desc.Inputs, n.desc.Outputs, n.desc.Temporaries)
}
