package frames

import (
	"hash/maphash"
	"slices"
)

// Pair is a frame of the edge with that of the reference that belongs to it.
type Pair struct {
	Edge, Reference *Frame // Reference may be nil
}

// Pairing is how frames were paired.
type Pairing string

// The ways to pair frames.
const (
	ByPlay   Pairing = "what was played"
	ByInputs Pairing = "same inputs"
	ByOrder  Pairing = "order"
)

var seed = maphash.MakeSeed()

// PairUp pairs the edge's frames with the reference's: as the reference says whose raw data was played to it, or by what went into
// the model when that is the same in some frames, else by order. A reference that has as many frames as the edge has with raw data was made of these, in their order.
func PairUp(edge, reference *Log) ([]Pair, Pairing) {
	pairs := make([]Pair, len(edge.Frames))
	for i, f := range edge.Frames {
		pairs[i].Edge = f
	}
	if reference == nil {
		return pairs, ByOrder
	}
	if byPlay(pairs, reference) {
		return pairs, ByPlay
	}
	if byInputs(pairs, reference) {
		return pairs, ByInputs
	}
	raw := 0
	for _, f := range edge.Frames {
		if f.Raw() != nil {
			raw++
		}
	}
	onlyRaw, next := raw == len(reference.Frames) && raw < len(edge.Frames), 0
	for i := range pairs {
		if onlyRaw && pairs[i].Edge.Raw() == nil {
			continue
		}
		if next < len(reference.Frames) {
			pairs[i].Reference = reference.Frames[next]
			next++
		}
	}
	return pairs, ByOrder
}

// byPlay pairs frames by their numbers, and tells whether the reference has these, each at most once.
func byPlay(pairs []Pair, reference *Log) bool {
	numbers := reference.File.PlayedFrames()
	if len(numbers) == 0 || numbers[len(numbers)-1] > len(pairs) {
		return false
	}
	for i := 1; i < len(numbers); i++ {
		if numbers[i] <= numbers[i-1] {
			return false
		}
	}
	for _, f := range reference.Frames {
		if i := f.Invoke - 1; i < uint64(len(numbers)) {
			pairs[numbers[i]-1].Reference = f
		}
	}
	return true
}

// byInputs pairs frames with the same inputs, and tells whether there are any.
func byInputs(pairs []Pair, reference *Log) bool {
	byHash := make(map[uint64][]*Frame)
	for _, f := range reference.Frames {
		if h, ok := f.hash(); ok {
			byHash[h] = append(byHash[h], f)
		}
	}
	any := false
	for i := range pairs {
		h, ok := pairs[i].Edge.hash()
		if list := byHash[h]; ok && len(list) > 0 {
			pairs[i].Reference, any = list[0], true
			if len(list) > 1 { // the same data once more
				byHash[h] = list[1:]
			}
		}
	}
	return any
}

// hash is of the data of all inputs; false when some is missing.
func (f *Frame) hash() (uint64, bool) {
	if len(f.Inputs) == 0 || slices.ContainsFunc(f.Inputs, (*Tensor).lacks) {
		return 0, false
	}
	var h maphash.Hash
	h.SetSeed(seed)
	for _, t := range f.Inputs {
		h.Write(t.data)
	}
	return h.Sum64(), true
}
