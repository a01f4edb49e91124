package xnnpack

import "math"

// SlotLayout is where a slot has the ids of the values that it reads and writes, from its first operator on. The zero value
// is an unknown one.
type SlotLayout struct {
	Inputs, Outputs int
	Counted         bool // a number of ids precedes them
}

// ValueLayout is the size of a value, and where in it the address of its data is. The zero value is an unknown one.
type ValueLayout struct{ Stride, Data int }

// noValue is the id of an input that an operator goes without, such as a bias.
// Source: XNN_INVALID_VALUE_ID in XNNPACK's include/xnnpack.h.
const noValue = math.MaxUint32

// More of them no operator has.
const (
	maxInputs  = 16
	maxOutputs = 8
)

// inputs returns the ids that a slot reads; false when they make no sense. Without a count, ids of 0 at the end may mean
// nothing, and any but the first may be none.
func (l SlotLayout) inputs(s slot, values int) ([]uint32, bool) {
	return l.ids(s, l.Inputs, (l.Outputs-l.Inputs)/wordBytes, values)
}

// outputs returns the ids that a slot writes.
func (l SlotLayout) outputs(s slot, values int) ([]uint32, bool) {
	most := maxOutputs
	if !l.Counted {
		most = (l.Outputs - l.Inputs) / wordBytes
	}
	return l.ids(s, l.Outputs, most, values)
}

func (l SlotLayout) ids(s slot, at, most, values int) ([]uint32, bool) {
	n := most
	if l.Counted {
		if at < wordBytes || at > len(s.memory) {
			return nil, false
		}
		n = int(int32(le.Uint32(s.memory[at-wordBytes:])))
	}
	if n < 0 || n > most || at+n*wordBytes > len(s.memory) {
		return nil, false
	}
	ids := make([]uint32, 0, n)
	for i := range n {
		id := le.Uint32(s.memory[at+i*wordBytes:])
		if !l.Counted && i > 0 && id == noValue {
			continue
		}
		if int64(id) >= int64(values) {
			return nil, false
		}
		ids = append(ids, id)
	}
	for !l.Counted && len(ids) > 1 && ids[len(ids)-1] == 0 {
		ids = ids[:len(ids)-1]
	}
	return ids, true
}
