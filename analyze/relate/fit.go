package relate

import "math"

// sums are those of a linear regression.
type sums struct{ n, x, y, xx, xy, yy float64 }

func (s *sums) add(x, y float64) {
	s.n++
	s.x += x
	s.y += y
	s.xx += x * x
	s.xy += x * y
	s.yy += y * y
}

// line returns the least squares fit y = slope*x + offset, what it leaves of the squares, and what there was around the mean.
func (s *sums) line() (slope, offset, left, around float64) {
	vx, vxy := s.xx-s.x*s.x/s.n, s.xy-s.x*s.y/s.n
	around = max(0, s.yy-s.y*s.y/s.n)
	if vx <= 1e-12*s.xx {
		return 0, s.y / s.n, around, around
	}
	slope = vxy / vx
	return slope, (s.y - slope*s.x) / s.n, max(0, around-slope*vxy), around
}

// fitOf fits the edge's channels to those of the rearranged reference, one line each unless one for all of them does
// nearly as well, on at most so many pixels.
func fitOf(e, r *view, c candidate, most int) *fit {
	stride := max(1, int(math.Ceil(math.Sqrt(float64(e.rows)*float64(e.cols)/float64(most)))))
	if !e.image() {
		stride = max(1, e.cols/most)
	}
	f := &fit{candidate: c, slopes: make([]float64, e.chs), offsets: make([]float64, e.chs)}
	all, left, around := sums{}, 0.0, 0.0
	for ch := range e.chs {
		var s sums
		for y := 0; y < e.rows; y += stride {
			for x := 0; x < e.cols; x += stride {
				fromY, fromX := turns[c.turn].from(y, x, r.rows, r.cols)
				was, is := r.at(fromY, fromX, c.channels[ch]), e.at(y, x, ch)
				s.add(was, is)
				all.add(was, is)
			}
		}
		slope, offset, l, a := s.line()
		f.slopes[ch], f.offsets[ch] = slope, offset
		left, around = left+l, around+a
	}
	// One line for all channels is simpler: it is taken where it leaves hardly more.
	if slope, offset, l, _ := all.line(); l <= left*1.05+1e-9*around {
		for ch := range e.chs {
			f.slopes[ch], f.offsets[ch] = slope, offset
		}
		left = l
	}
	f.residual = math.Sqrt(left / all.n)
	if around > 0 {
		f.explained = 1 - left/around
	}
	return f
}

// plain is the root mean square of the difference of two tensors with the same shape.
func plain(e, r *view) float64 {
	sum := 0.0
	for i, v := range e.values {
		d := float64(v) - float64(r.values[i])
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(e.values)))
}
