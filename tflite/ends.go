package tflite

// IndexVector is a std::vector<int> in a process: the addresses of its first element and behind its last one.
type IndexVector struct{ Begin, End uint64 }

const (
	maxEnds = 1 << 16 // inputs or outputs of a subgraph: more than any has

	// Subgraph's members behind its node vector: consistent_ (a bool), inputs_, outputs_, variables_, so since 2.3.
	// Source: tflite/core/subgraph.h.
	endsBehindNodes = 24 + 8
	vectorSize      = 24
	// Between variables_ and execution_plan_ are a pointer and some integers: 16 to 24 bytes so far.
	planBehindEnds = 64
)

// FindEnds finds where a subgraph lists the tensors that go into and come out of it. raw is the first bytes (1 KiB is
// plenty) of the tflite::Subgraph, whose nodes are in the vector [nodesBegin, nodesEnd). It reports false when what is
// there isn't three vectors of indices; whether these are those of tensors, the elements have to show.
func FindEnds(raw []byte, nodesBegin, nodesEnd uint64) (inputs, outputs IndexVector, ok bool) {
	at, ok := behindNodes(raw, nodesBegin, nodesEnd)
	if !ok || at+3*vectorSize > len(raw) {
		return IndexVector{}, IndexVector{}, false
	}
	inputs, ok1 := indexVector(raw[at:])
	outputs, ok2 := indexVector(raw[at+vectorSize:])
	_, ok3 := indexVector(raw[at+2*vectorSize:])
	return inputs, outputs, ok1 && ok2 && ok3
}

func indexVector(raw []byte) (IndexVector, bool) {
	v, capacity := IndexVector{le.Uint64(raw), le.Uint64(raw[8:])}, le.Uint64(raw[16:])
	if v.Begin == 0 {
		return v, v.End == 0 && capacity == 0
	}
	size := v.End - v.Begin
	return v, plausiblePointer(v.Begin) && v.End >= v.Begin && capacity >= v.End && size%4 == 0 && size/4 <= maxEnds
}

// FindPlans finds where a subgraph may list its nodes in the order in which they run, likeliest first; raw is as for
// FindEnds. In memory, the first that is not empty and holds distinct indices of nodes is the list: others are what it was
// before a delegate took nodes over.
func FindPlans(raw []byte, nodesBegin, nodesEnd uint64) []IndexVector {
	at, ok := behindNodes(raw, nodesBegin, nodesEnd)
	if !ok {
		return nil
	}
	at += 3 * vectorSize
	var plans []IndexVector
	for last := at + planBehindEnds; at <= last && at+vectorSize <= len(raw); at += 8 {
		if v, ok := indexVector(raw[at:]); ok && v.End > v.Begin {
			plans = append(plans, v)
		}
	}
	return plans
}

// behindNodes returns the place in raw of inputs_.
func behindNodes(raw []byte, nodesBegin, nodesEnd uint64) (at int, ok bool) {
	for at = ContextInSubgraph + minContextSize; at+endsBehindNodes <= len(raw); at += 8 {
		if le.Uint64(raw[at:]) == nodesBegin && le.Uint64(raw[at+8:]) == nodesEnd {
			at += endsBehindNodes
			return at, nodesBegin != 0 && raw[at-8] <= 1
		}
	}
	return 0, false
}
