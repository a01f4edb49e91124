package compare

import (
	"fmt"
	"math"
)

const (
	// freeElements may be off in any tensor: a share says nothing of a few elements.
	freeElements = 2
	// viaFloatShare of the elements may be off when the trusted kernel ran in float: what rounds to the nearest in float may
	// round otherwise in integers. Healthy kernels reach 0.12 (HARD_SWISH), a wrong zero point or rounding 0.5 and more.
	viaFloatShare = 0.25
	// unbounded is how far past the limit an error is that has no size.
	unbounded = math.MaxFloat64
)

// judge says by how many times the limit a local error is past it, and why; a number up to 1 is within. terms is how many
// terms an element of the output sums up, exact as in LocalResult.
func judge(m *Metrics, l Limits, terms float64, exact bool) (over float64, why string) {
	switch {
	case m.Identical:
		return 0, ""
	case m.NonfiniteDiffers > 0 && !math.IsInf(l.Relative, 1):
		return unbounded, fmt.Sprintf("NaN or infinite on one side only, or another, in %d of %d elements", m.NonfiniteDiffers, m.Elements)
	case m.Off != nil:
		return judgeOff(m.Off, l, exact)
	}
	limit := l.Relative * math.Sqrt(terms)
	return ratio(m.MaxRelative, limit), fmt.Sprintf("an element is off by %.2g of its size, %.2g is allowed", m.MaxRelative, limit)
}

func judgeOff(o *Off, l Limits, exact bool) (over float64, why string) {
	steps, share := l.Off, l.Share
	if !exact {
		steps, share = steps+1, max(share, viaFloatShare)
	}
	if over := ratio(float64(o.Max), steps); over > 1 {
		return over, fmt.Sprintf("off by up to %d, %g allowed, in %d elements", o.Max, steps, o.count())
	}
	unsaturated := float64(o.By0 - o.Saturated + o.count())
	allowed := share * unsaturated
	if share > 0 {
		allowed += freeElements
	}
	elements := "the elements"
	if o.Saturated > 0 {
		elements = "the unsaturated elements"
	}
	return ratio(float64(o.count()), allowed), fmt.Sprintf("%.1f%% of %s are off%s, %.1f%% allowed",
		100*float64(o.count())/max(unsaturated, 1), elements, o.direction(), 100*share)
}

// direction tells a bias, such as of a wrong zero point or rounding.
func (o *Off) direction() string {
	switch {
	case o.Down == 0:
		return ", all upwards"
	case o.Up == 0:
		return ", all downwards"
	}
	return ""
}

func ratio(value, limit float64) float64 {
	switch {
	case value == 0 || math.IsInf(limit, 1):
		return 0
	case limit == 0:
		return unbounded
	}
	return finite(value / limit)
}
