package explain

// orientation is one of the eight ways to turn a picture: it is transposed (x becomes y), then mirrored.
type orientation struct{ transposed, mirroredX, mirroredY bool }

// orientations are all of them, with the lines of a pipeline that do it, the most common first.
var orientations = []struct {
	orientation
	lines []string
	name  string
}{
	{orientation{}, nil, "upright"},
	{orientation{true, true, false}, []string{"rotate 90"}, "rotated 90 degrees clockwise"},
	{orientation{false, true, true}, []string{"rotate 180"}, "rotated 180 degrees"},
	{orientation{true, false, true}, []string{"rotate 270"}, "rotated 90 degrees counterclockwise"},
	{orientation{false, true, false}, []string{"flip horizontal"}, "mirrored left to right"},
	{orientation{false, false, true}, []string{"flip vertical"}, "mirrored upside down"},
	{orientation{true, false, false}, []string{"rotate 90", "flip horizontal"}, "transposed"},
	{orientation{true, true, true}, []string{"rotate 90", "flip vertical"}, "transposed along the other diagonal"},
}

// then is the orientation of what is turned by o, then by next.
func (o orientation) then(next orientation) orientation {
	if next.transposed {
		o.mirroredX, o.mirroredY = o.mirroredY, o.mirroredX
	}
	return orientation{o.transposed != next.transposed, o.mirroredX != next.mirroredX, o.mirroredY != next.mirroredY}
}

func (o orientation) inverse() orientation {
	if o.transposed {
		o.mirroredX, o.mirroredY = o.mirroredY, o.mirroredX
	}
	return o
}

func (o orientation) lines() []string {
	for _, known := range orientations {
		if known.orientation == o {
			return known.lines
		}
	}
	return nil
}

func (o orientation) String() string {
	for _, known := range orientations {
		if known.orientation == o {
			return known.name
		}
	}
	return ""
}

// turn turns a plane of height*width elements.
func turn[E any](plane []E, height, width int, o orientation) []E {
	if o == (orientation{}) {
		return plane
	}
	h, w := height, width
	if o.transposed {
		h, w = width, height
	}
	out := make([]E, len(plane))
	for y := range h {
		fromY := y
		if o.mirroredY {
			fromY = h - 1 - y
		}
		for x := range w {
			fromX := x
			if o.mirroredX {
				fromX = w - 1 - x
			}
			if o.transposed {
				out[y*w+x] = plane[fromX*width+fromY]
			} else {
				out[y*w+x] = plane[fromY*width+fromX]
			}
		}
	}
	return out
}
