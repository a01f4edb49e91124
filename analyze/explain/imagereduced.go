package explain

import (
	"fmt"

	"github.com/edgexray/edgexray/pipeline/step"
)

// photo is the raw picture: RGB or gray, 8 bits.
type photo struct {
	height, width, channels int
	pixels                  []uint8
}

func newPhoto(a *step.Array) (photo, error) {
	shape := a.Shape
	for len(shape) > 3 && shape[0] == 1 {
		shape = shape[1:]
	}
	if len(shape) == 2 {
		shape = []int{shape[0], shape[1], 1}
	}
	if len(shape) != 3 || shape[2] != 3 && shape[2] != 1 || a.Uint8 == nil {
		return photo{}, fmt.Errorf("explain: the raw data is %s: it takes a picture of 8 bits, [height, width, 3] or [height, width]", step.Value{Array: a}.Describe())
	}
	p := photo{shape[0], shape[1], shape[2], a.Uint8}
	if p.height < leastSide || p.width < leastSide || len(p.pixels) != p.height*p.width*p.channels {
		return photo{}, fmt.Errorf("explain: the raw data is %s with %d elements: no picture of at least %d pixels a side",
			step.Value{Array: a}.Describe(), len(p.pixels), leastSide)
	}
	return p, nil
}

// array is the photo's pixels.
func (p photo) array() *step.Array {
	return &step.Array{Shape: []int{p.height, p.width, p.channels}, Uint8: p.pixels}
}

// reduced is a photo made smaller by a whole factor, each pixel the mean of factor*factor pixels.
type reduced struct {
	factor        int
	height, width int         // whole pixels only: what is left over at the right and below is left out
	planes        [][]float32 // a channel each
	sums          [][]float64 // of the planes: [y*(width+1)+x] is the sum over all pixels above and left of (y, x)
}

func reduce(p photo, factor int) *reduced {
	factor = max(1, min(factor, p.height/leastSide, p.width/leastSide))
	r := &reduced{factor: factor, height: p.height / factor, width: p.width / factor}
	r.planes = make([][]float32, p.channels)
	for c := range r.planes {
		r.planes[c] = make([]float32, r.height*r.width)
	}
	inParallel(r.height, func(y int) {
		row := make([]int, r.width*p.channels)
		for fy := range factor {
			line := p.pixels[(y*factor+fy)*p.width*p.channels:]
			i := 0
			for x := range r.width {
				for range factor {
					for c := range p.channels {
						row[x*p.channels+c] += int(line[i])
						i++
					}
				}
			}
		}
		for x := range r.width {
			for c := range p.channels {
				r.planes[c][y*r.width+x] = float32(row[x*p.channels+c]) / float32(factor*factor)
			}
		}
	})
	for _, plane := range r.planes {
		r.sums = append(r.sums, integral(plane, r.height, r.width))
	}
	return r
}

func integral(plane []float32, height, width int) []float64 {
	sums := make([]float64, (height+1)*(width+1))
	for y := range height {
		row := 0.0
		for x := range width {
			row += float64(plane[y*width+x])
			sums[(y+1)*(width+1)+x+1] = sums[y*(width+1)+x+1] + row
		}
	}
	return sums
}

// mean is the mean of a channel over a rectangle in the photo's own pixels, with parts of the reduced ones.
func (r *reduced) mean(channel int, x0, y0, x1, y1 float64) float64 {
	f := float64(r.factor)
	x0, x1 = clamp(x0/f, 0, float64(r.width)), clamp(x1/f, 0, float64(r.width))
	y0, y1 = clamp(y0/f, 0, float64(r.height)), clamp(y1/f, 0, float64(r.height))
	if x1-x0 < 1e-6 || y1-y0 < 1e-6 {
		return 0
	}
	s := r.sums[channel]
	return (r.sum(s, x1, y1) - r.sum(s, x0, y1) - r.sum(s, x1, y0) + r.sum(s, x0, y0)) / ((x1 - x0) * (y1 - y0))
}

// sum is the sum above and left of a point, linear between whole ones.
func (r *reduced) sum(s []float64, x, y float64) float64 {
	w := r.width + 1
	ix, iy := min(int(x), r.width-1), min(int(y), r.height-1)
	fx, fy := x-float64(ix), y-float64(iy)
	at := s[iy*w+ix:]
	below := s[(iy+1)*w+ix:]
	return (at[0]*(1-fx)+at[1]*fx)*(1-fy) + (below[0]*(1-fx)+below[1]*fx)*fy
}

func clamp(v, low, high float64) float64 { return max(low, min(high, v)) }
