package xnnpack

// SlotLayout is where a slot has the ids of the values that it reads and writes, from its first operator on. The zero value
// is an unknown one.
type SlotLayout struct {
	Inputs, Outputs int
	Counted         bool // a number of ids precedes them
}

// ValueLayout is the size of a value, and where in it the address of its data is. The zero value is an unknown one.
type ValueLayout struct{ Stride, Data int }

// More of them no operator has.
const (
	maxInputs  = 16
	maxOutputs = 8
)

// inputs returns the ids that a slot reads; false when they make no sense. Without a count, ids of 0 behind the first may
// mean nothing.
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
	ids := make([]uint32, n)
	for i := range ids {
		ids[i] = le.Uint32(s.memory[at+i*wordBytes:])
		if int64(ids[i]) >= int64(values) {
			return nil, false
		}
	}
	for !l.Counted && n > 1 && ids[n-1] == 0 {
		n--
	}
	return ids[:n], true
}
