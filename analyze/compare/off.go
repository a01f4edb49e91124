package compare

import (
	"math"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
)

// Off is a histogram of differences between integers.
type Off struct {
	By0       int    `json:"by_0"`
	By1       int    `json:"by_1"`
	By2       int    `json:"by_2"`
	ByMore    int    `json:"by_more"`
	Up        int    `json:"up"` // elements of the edge that are larger
	Down      int    `json:"down"`
	Max       uint64 `json:"max"`
	Saturated int    `json:"saturated"` // equal elements at the type's limits: they may hide a difference
}

func (o *Off) count() int { return o.By1 + o.By2 + o.ByMore }

// distinct is the histogram of two tensors of whole bytes and several channels, with each pair of elements counted once a channel. What an op
// makes of a picture of one colour is a few numbers over and over, and so is a number that another kernel rounds otherwise.
func distinct(edge, reference *view) *Off {
	type pair struct {
		channel         int
		edge, reference [8]byte
	}
	seen := make(map[pair]bool)
	var a, b []byte
	channels, size := edge.channels(), len(edge.data)/edge.real.Len
	for i := range edge.real.Len {
		p := pair{channel: i % channels}
		at, to := i*size, (i+1)*size
		copy(p.edge[:], edge.data[at:to])
		copy(p.reference[:], reference.data[at:to])
		if !seen[p] {
			seen[p] = true
			a, b = append(a, edge.data[at:to]...), append(b, reference.data[at:to]...)
		}
	}
	off := new(Off)
	integers[edge.typ()](off, a, b, len(seen))
	return off
}

// integers are the types whose elements are compared as they are stored, too. Each adds n elements.
var integers = map[tflite.Type]func(o *Off, a, b []byte, n int){
	tflite.Bool:   offBy[uint8](0, 1),
	tflite.Int4:   offInt4,
	tflite.Int8:   offBy[int8](math.MinInt8, math.MaxInt8),
	tflite.UInt8:  offBy[uint8](0, math.MaxUint8),
	tflite.Int16:  offBy[int16](math.MinInt16, math.MaxInt16),
	tflite.UInt16: offBy[uint16](0, math.MaxUint16),
	tflite.Int32:  offBy[int32](math.MinInt32, math.MaxInt32),
	tflite.UInt32: offBy[uint32](0, math.MaxUint32),
	tflite.Int64:  offByWide[int64](math.MinInt64, math.MaxInt64),
	tflite.UInt64: offByWide[uint64](0, math.MaxUint64),
}

// offBy has no branches that depend on how elements differ: of small random differences half would be guessed wrong.
func offBy[T int8 | uint8 | int16 | uint16 | int32 | uint32](low, high T) func(o *Off, a, b []byte, n int) {
	return func(o *Off, a, b []byte, _ int) {
		edge, reference := snapshot.Cast[T](a), snapshot.Cast[T](b)
		reference = reference[:len(edge)]
		var counts [4]int
		var most uint64
		down, saturated := 0, 0
		for i, x := range edge {
			d := int64(x) - int64(reference[i])
			sign := d >> 63 // -1 for negative ones
			by := uint64((d ^ sign) - sign)
			counts[min(by, 3)]++
			most = max(most, by)
			down -= int(sign)
			if (x == low || x == high) && d == 0 {
				saturated++
			}
		}
		*o = Off{counts[0], counts[1], counts[2], counts[3], len(edge) - counts[0] - down, down, most, saturated}
	}
}

// offByWide is for integers whose differences take more than 64 bits with a sign.
func offByWide[T int64 | uint64](low, high T) func(o *Off, a, b []byte, n int) {
	return func(o *Off, a, b []byte, _ int) {
		edge, reference := snapshot.Cast[T](a), snapshot.Cast[T](b)
		for i, x := range edge {
			switch y := reference[i]; {
			case x > y:
				o.add(uint64(x)-uint64(y), 1, true)
			case x < y:
				o.add(uint64(y)-uint64(x), 1, false)
			default:
				o.By0++
				if x == low || x == high {
					o.Saturated++
				}
			}
		}
	}
}

// add counts n elements that are off by so much.
func (o *Off) add(by uint64, n int, up bool) {
	switch by {
	case 1:
		o.By1 += n
	case 2:
		o.By2 += n
	default:
		o.ByMore += n
	}
	if up {
		o.Up += n
	} else {
		o.Down += n
	}
	o.Max = max(o.Max, by)
}

// addPair counts bytes that occur together n times.
func (o *Off) addPair(typ tflite.Type, edge, reference byte, n int) {
	by, low, high := int(edge)-int(reference), byte(0), byte(math.MaxUint8)
	if typ == tflite.Int8 {
		by, low, high = int(int8(edge))-int(int8(reference)), 0x80, 0x7f
	}
	switch {
	case by > 0:
		o.add(uint64(by), n, true)
	case by < 0:
		o.add(uint64(-by), n, false)
	default:
		o.By0 += n
		if edge == low || edge == high {
			o.Saturated += n
		}
	}
}

// offInt4 has two elements a byte, the lower half first.
func offInt4(o *Off, a, b []byte, n int) {
	unpack := func(data []byte) []byte {
		values := make([]byte, 0, 2*len(data))
		for _, v := range data {
			values = append(values, byte(int8(v<<4)>>4), byte(int8(v)>>4))
		}
		return values[:n]
	}
	offBy[int8](-8, 7)(o, unpack(a), unpack(b), n)
}
