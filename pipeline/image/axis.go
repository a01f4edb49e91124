package image

// number is what pictures, weights and sums are of.
type number interface {
	uint8 | int32 | float32 | float64
}

// tap is one input position that an output position takes from.
type tap[W number] struct {
	at     int
	weight W
}

// axis has the taps of each output position along one side of a picture.
type axis[W number] [][]tap[W]

// used says which of n input positions an axis takes from.
func (a axis[W]) used(n int) []bool {
	used := make([]bool, n)
	for _, taps := range a {
		for _, t := range taps {
			used[t.at] = true
		}
	}
	return used
}

// across sets each element of out to the sum of a row's elements as the axis says. The sum is that of the weights'
// type, in the order of the taps; products are rounded before they are added, on every processor.
func across[I, W number](out []W, row []I, channels int, a axis[W]) {
	for x, taps := range a {
		pixel := out[x*channels : (x+1)*channels]
		for c := range pixel {
			var sum W
			for _, t := range taps {
				sum += W(W(row[t.at*channels+c]) * t.weight)
			}
			pixel[c] = sum
		}
	}
}

// down sets out to the sum of the rows that the taps name, each stride elements long.
func down[I, W number](out []W, rows []I, taps []tap[W]) {
	clear(out)
	for _, t := range taps {
		row := rows[t.at*len(out):][:len(out)]
		for i, v := range row {
			out[i] += W(W(v) * t.weight)
		}
	}
}

// pick makes the picture whose pixel x, y is that at xs[x], ys[y].
func pick(m Image, xs, ys []int) Image {
	out := m.sized(len(xs), len(ys))
	if m.Uint8 != nil {
		pickElements(out.Uint8, m.Uint8, m, xs, ys)
	} else {
		pickElements(out.Float32, m.Float32, m, xs, ys)
	}
	return out
}

func pickElements[E number](out, in []E, m Image, xs, ys []int) {
	i := 0
	for _, y := range ys {
		row := in[y*m.Width*m.Channels:]
		for _, x := range xs {
			i += copy(out[i:], row[x*m.Channels:(x+1)*m.Channels])
		}
	}
}

// positions are the input positions that a rule names for n output positions, none past the last of the input's.
func positions(n, input int, rule func(i int) int) []int {
	at := make([]int, n)
	for i := range at {
		at[i] = clamp(rule(i), input)
	}
	return at
}

// clamp is the position nearest to i of the n that there are.
func clamp(i, n int) int { return max(0, min(i, n-1)) }
