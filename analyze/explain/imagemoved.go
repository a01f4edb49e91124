package explain

// axis is one side of a candidate: which lines of what was fed are sampled, and what of the photo they take.
type axis struct {
	taps  taps
	lines []int // of what was fed
	at    int   // in the resized picture, where what was fed begins
	from  int   // in the photo, where the part that is resized begins
	size  int   // of the photo
	step  int   // from one pixel of the photo to the next, in its elements
}

func (c *candidate) axes(ph photo, r *responses) (x, y axis) {
	p, v := c.plan, c.placement.view
	tx, ty := c.taps(r)
	x0, y0, x1, y1 := p.window(v.width, v.height)
	return axis{tx, spread(x0, x1), p.atX, p.x, ph.width, ph.channels}, axis{ty, spread(y0, y1), p.atY, p.y, ph.height, ph.width * ph.channels}
}

// filtered is a photo of which one side is resized to the sampled lines, as far as anybody asked for it. Candidates that differ
// only in the other side, as most neighbours do, have it in common.
type filtered struct {
	photo         photo
	along, across axis
	values        []float32 // [line along][pixel across][channel]
	known         []bool    // [line along][pixel across]
}

func newFiltered(ph photo, along, across axis) *filtered {
	n := len(along.lines) * across.size
	return &filtered{ph, along, across, make([]float32, n*ph.channels), make([]bool, n)}
}

// pixel is what a line has at a pixel across.
func (f *filtered) pixel(line, across int) []float32 {
	k, channels := line*f.across.size+across, f.photo.channels
	out := f.values[k*channels : (k+1)*channels]
	if f.known[k] {
		return out
	}
	f.known[k] = true
	t := f.along.taps[f.along.lines[line]+f.along.at]
	for i, w := range t.weights {
		pixel := f.along.from + t.first + i
		if pixel < 0 || pixel >= f.along.size {
			continue
		}
		from := f.photo.pixels[pixel*f.along.step+across*f.across.step:]
		for ch := range out {
			out[ch] += w * float32(from[ch])
		}
	}
	return out
}

// sampleMoved is sample for a candidate that differs from the one that a photo was filtered for only across.
func (c *candidate) sampleMoved(f *filtered, across axis, byRows bool) {
	columns, rows := across.lines, f.along.lines
	if !byRows {
		columns, rows = rows, columns
	}
	made := blank(f.photo.channels, len(columns)*len(rows))
	for i := range f.along.lines {
		for j, line := range across.lines {
			at := i*len(columns) + j
			if !byRows {
				at = j*len(columns) + i
			}
			t := across.taps[line+across.at]
			for k, w := range t.weights {
				pixel := across.from + t.first + k
				if pixel < 0 || pixel >= across.size {
					continue
				}
				for ch, v := range f.pixel(i, pixel) {
					made[ch][at] += w * v
				}
			}
		}
	}
	c.fit(made, columns, rows)
}

// nearer is the best of a candidate's neighbours, if it comes nearer than the candidate.
func (s *imageSearch) nearer(c candidate) (candidate, bool) {
	x, y := c.axes(s.photo, s.responses)
	byRows, byColumns := newFiltered(s.photo, y, x), newFiltered(s.photo, x, y)
	best, found := c, false
	for _, next := range c.plan.neighbours(c.placement.view) {
		if !next.possible(s.photo, c.placement.view.width, c.placement.view.height) {
			continue
		}
		moved := c
		moved.plan = next
		if x, y := moved.axes(s.photo, s.responses); next.sameRows(c.plan) {
			moved.sampleMoved(byRows, x, true)
		} else {
			moved.sampleMoved(byColumns, y, false)
		}
		if moved.left < best.left-1e-3 {
			best, found = moved, true
		}
	}
	return best, found
}

// sameRows says whether two plans differ only in which columns they take.
func (p plan) sameRows(o plan) bool {
	return p.y == o.y && p.height == o.height && p.toHeight == o.toHeight && p.atY == o.atY
}
