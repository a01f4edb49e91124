package explain

import (
	"math"
	"sync"

	"github.com/edgexray/edgexray/pipeline/image"
)

// taps are the input positions that each output position of one side takes from, and their weights.
type taps []tapped

// tapped are those of one output position: one behind the other.
type tapped struct {
	first   int
	weights []float32
}

// responses finds what methods to resize take from by asking them: by their response to impulses.
type responses struct {
	mutex sync.Mutex
	known map[response]func() taps
}

type response struct {
	method        string
	input, output int
}

func (r *responses) of(method image.Method, input, output int) taps {
	key := response{method.String(), input, output}
	r.mutex.Lock()
	once, ok := r.known[key]
	if !ok {
		once = sync.OnceValue(func() taps { return probe(method, input, output) })
		r.known[key] = once
	}
	r.mutex.Unlock()
	return once()
}

// widest is how many times the distance between output positions any method's taps lie apart: TensorFlow's lanczos5
// takes from five on both sides.
const widest = 10

// probe resizes a picture of one row, whose channels have an impulse each at every so many positions: farther apart than
// any method's taps, so that each is known by its channel.
func probe(method image.Method, input, output int) taps {
	scale := float64(input) / float64(output)
	apart := min(input, int(widest*math.Ceil(max(scale, 1)))+4)
	impulses := image.Image{Width: input, Height: 1, Channels: apart, Float32: make([]float32, input*apart)}
	for i := range input {
		impulses.Float32[i*apart+i%apart] = 1
	}
	answer := image.Resize(impulses, output, 1, method)
	out := make(taps, output)
	for j := range out {
		center := int((float64(j) + 0.5) * scale)
		low := max(0, min(center-apart/2, input-apart))
		weights := make([]float32, apart)
		first, last := apart, -1
		for k := range apart {
			i := low + k
			w := answer.Float32[j*apart+i%apart]
			weights[k] = w
			if w != 0 {
				first, last = min(first, k), max(last, k)
			}
		}
		if last >= 0 {
			out[j].first, out[j].weights = low+first, weights[first:last+1]
		}
	}
	return out
}

// line is the straight line through the middles of what is taken from: input position = slope*output + offset, both from
// edge to edge.
func (t taps) line() line {
	x, y := make([]float32, 0, len(t)), make([]float32, 0, len(t))
	for j := range t {
		sum, total := 0.0, 0.0
		for k, w := range t[j].weights {
			sum += float64(w) * (float64(t[j].first+k) + 0.5)
			total += float64(w)
		}
		if total > 0.5 {
			x, y = append(x, float32(j)+0.5), append(y, float32(sum/total))
		}
	}
	return fitLine(x, y, nil)
}

// mirrored are the taps when both sides are counted from their other end.
func (t taps) mirrored(input int) taps {
	out := make(taps, len(t))
	for j := range t {
		from := t[len(t)-1-j]
		n := len(from.weights)
		out[j].first = input - from.first - n
		out[j].weights = make([]float32, n)
		for k, w := range from.weights {
			out[j].weights[n-1-k] = w
		}
	}
	return out
}

// equal says whether taps are those of other, but for rounding.
func (t taps) equal(other taps) bool {
	for j := range t {
		a, b := t[j], other[j]
		low, high := min(a.first, b.first), max(a.first+len(a.weights), b.first+len(b.weights))
		for i := low; i < high; i++ {
			if math.Abs(float64(a.at(i)-b.at(i))) > 1e-4 {
				return false
			}
		}
	}
	return true
}

func (t tapped) at(i int) float32 {
	if i < t.first || i >= t.first+len(t.weights) {
		return 0
	}
	return t.weights[i-t.first]
}
