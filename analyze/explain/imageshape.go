package explain

import (
	"math"
	"slices"
)

// shape is a thumbnail less its mean, of length 1: what is left of it when numbers may be scaled and moved.
type shape []float64

// shapes leaves out planes of one value, which have none.
func shapes(planes [][]float32) []shape {
	var all []shape
	for _, plane := range planes {
		s, middle := make(shape, len(plane)), mean(plane)
		for i, v := range plane {
			s[i] = float64(v) - middle
		}
		if s.unit() {
			all = append(all, s)
		}
	}
	return all
}

// unit gives a shape the length 1; false when it has none to speak of.
func (s shape) unit() bool {
	length := math.Sqrt(s.dot(s))
	for i := range s {
		s[i] /= length
	}
	return length > 0
}

func (s shape) dot(o shape) float64 {
	var sums [4]float64 // that don't wait for each other
	for i := 0; i < len(s); i += len(sums) {
		a, b := s[i:i+len(sums)], o[i:i+len(sums)]
		sums[0] += a[0] * b[0]
		sums[1] += a[1] * b[1]
		sums[2] += a[2] * b[2]
		sums[3] += a[3] * b[3]
	}
	return sums[0] + sums[1] + sums[2] + sums[3]
}

// independent makes shapes at right angles to each other of shapes, of the same sums (Gram and Schmidt); one that says nothing
// which those before it don't say is left out.
func independent(all []shape) []shape {
	var out []shape
	for _, s := range all {
		s = slices.Clone(s)
		for _, o := range out {
			part := s.dot(o)
			for i := range s {
				s[i] -= part * o[i]
			}
		}
		if s.dot(s) > singular && s.unit() {
			out = append(out, s)
		}
	}
	return out
}

// likeness is the share of the variance of the fed planes that sums of the photo's channels explain; the planes count alike.
func likeness(fed, of []shape) float64 {
	total := 0.0
	for _, plane := range fed {
		for _, o := range of {
			part := plane.dot(o)
			total += part * part
		}
	}
	return total / float64(max(1, len(fed)))
}
