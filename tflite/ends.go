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
	begin, end, ok := vector(raw, 4)
	if begin == 0 {
		return IndexVector{}, ok && end == 0
	}
	return IndexVector{begin, end}, ok && plausiblePointer(begin) && (end-begin)%4 == 0 && (end-begin)/4 <= maxEnds
}

// vector decodes a std::vector of elements of so many bytes: {begin, end, end of the room}. A C++ library may count elements
// instead (libc++ where it is built with _LIBCPP_ABI_SIZE_BASED_VECTOR, as in MediaPipe 1.2): these numbers are less than any
// address.
func vector(raw []byte, element uint64) (begin, end uint64, ok bool) {
	begin, end = le.Uint64(raw), le.Uint64(raw[8:])
	room := le.Uint64(raw[16:])
	if end >= begin {
		return begin, end, room >= end
	}
	count := end
	return begin, begin + count*element, room >= count && count <= maxVector/element
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
		if le.Uint64(raw[at:]) == nodesBegin && endsAt(nodesBegin, le.Uint64(raw[at+8:]), nodesEnd) {
			at += endsBehindNodes
			return at, nodesBegin != 0 && raw[at-8] <= 1
		}
	}
	return 0, false
}

// endsAt reports whether a vector of nodes that says so ends there.
func endsAt(begin, says, end uint64) bool {
	if says >= begin || says == 0 {
		return says == end
	}
	stride := (end - begin) / says
	return (end-begin)%says == 0 && minStride <= stride && stride <= maxStride
}
