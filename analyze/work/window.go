package work

// windowRows are ops that look at a window of their input for each element of their output.
var windowRows = map[string]row{
	// As in flops_registry.py.
	"AVERAGE_POOL_2D": {
		ops:     func(n *node) uint64 { return sum(times(n.out(0).elements(), n.window()), n.out(0).elements()) },
		formula: "1 operation an output element and element of its window, 1 an output element",
	},
	"MAX_POOL_2D": {
		ops:     func(n *node) uint64 { return times(n.out(0).elements(), n.window()) },
		formula: "1 operation an output element and element of its window",
	},
	"L2_POOL_2D": {
		ops: func(n *node) uint64 {
			return sum(times(2, n.out(0).elements(), n.window()), times(2, n.out(0).elements()))
		},
		formula: "2 operations an output element and element of its window, 2 an output element",
	},
	// Squares of 2 * radius + 1 channels, summed up; then a multiplication, an addition, a power and a product.
	"LOCAL_RESPONSE_NORMALIZATION": {
		ops: func(n *node) uint64 {
			radius, known := n.param("radius")
			n.unknown = n.unknown || !known
			return times(n.out(0).elements(), sum(times(2, sum(times(2, radius), 1)), 4))
		},
		formula: "2 operations an output element and channel within the radius, 4 an output element",
	},
	// Four neighbours, each weighted: resize_bilinear.h.
	"RESIZE_BILINEAR": {
		ops:     func(n *node) uint64 { return times(7, n.out(0).elements()) },
		formula: "7 operations an output element",
		unread:  []int{1},
	},
	"RESIZE_NEAREST_NEIGHBOR": {formula: moves, sampled: []int{0}, unread: []int{1}},
}

// window returns the number of elements that a pool looks at for one of its outputs.
func (n *node) window() uint64 {
	height, heightKnown := n.param("filter_height")
	width, widthKnown := n.param("filter_width")
	if heightKnown && widthKnown {
		return times(height, width)
	}
	n.assume("window taken from shapes: as if windows touched but didn't overlap")
	in, out := n.in(0), n.out(0)
	if out.dim(1) == 0 || out.dim(2) == 0 {
		return 0
	}
	return times(ceil(in.dim(1), out.dim(1)), ceil(in.dim(2), out.dim(2)))
}

// ceil divides, rounding up.
func ceil(whole, by uint64) uint64 { return (whole + by - 1) / by }
