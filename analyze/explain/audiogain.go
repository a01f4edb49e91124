package explain

import (
	"fmt"
	"math"
	"slices"

	"github.com/edgexray/edgexray/pipeline/audio"
	"github.com/edgexray/edgexray/pipeline/step"
)

// usualGains are by what apps multiply samples, on purpose or not.
var usualGains = []float64{0.5, 2, 0.25, 4, 0.1, 10, 1.0 / 32768, 1.0 / 32767, 32767.0 / 32768, 32768, 32767, -1}

// triedDecibels are gains that are tried besides where features don't tell it, from -40 to 20 dB.
var triedDecibels = func() (db []float64) {
	for x := -40.0; x <= 20; x += 2 {
		db = append(db, x)
	}
	return db
}()

const gainSlot = "gain"

// gainVariants put a gain at a place: the usual ones and those that the fit makes likely.
func gainVariants(h *hypothesis, at int, whole bool) (out []variant) {
	for _, gain := range slices.Concat(usualGains, likelyGains(h.fit)) {
		out = append(out, withGain(h.steps, at, gain, whole)...)
	}
	for _, db := range triedDecibels {
		if whole && db != 0 {
			out = append(out, withGain(h.steps, at, math.Pow(10, db/20), whole)[:2]...)
		}
	}
	return out
}

// gainBefore are the usual gains before samples are resampled and rounded, where that isn't the same as behind.
func gainBefore(h *hypothesis, at int) (out []variant) {
	resample := slices.IndexFunc(h.steps[:at], isResample)
	if resample < 0 || h.steps[resample].(audio.Resample).Whole == "" {
		return nil
	}
	for _, gain := range usualGains {
		out = append(out, withGain(h.steps, resample, gain, true)...)
	}
	return out
}

// likelyGains follow of the scale and the offset between what was made and what was fed: of samples and magnitudes, powers, and
// logarithms of these.
func likelyGains(f fit) (gains []float64) {
	for _, g := range []float64{f.scale, math.Sqrt(math.Abs(f.scale)), math.Exp(f.offset), math.Exp(f.offset / 2),
		math.Pow(10, f.offset), math.Pow(10, f.offset/10), math.Pow(10, f.offset/20)} {
		if size := math.Abs(g); size > 1e-7 && size < 1e7 && g != 1 {
			gains = append(gains, g)
		}
	}
	return gains
}

// withGain are the ways to put a gain at a place: as it is, limited to 16 bits, and for pipelines that go on with 16 bits made
// whole again in each way there is.
func withGain(steps []step.Step, at int, gain float64, whole bool) (out []variant) {
	c := change{slot: gainSlot, cost: 1, Difference: Difference{Aspect: Level, App: levelOf(gain), Reference: atTheirLevel,
		Advice: "Feed the samples at the level that they were recorded at."}}
	add := func(more ...step.Step) {
		out = append(out, variant{c, replaced(steps, at, 0, append([]step.Step{audio.Gain{Factor: gain}}, more...)...), at})
	}
	if whole {
		for _, rounding := range []string{"", "truncate", "floor"} {
			add(audio.Int16{Multiply: 1, Rounding: rounding})
		}
		if math.Abs(gain) > 1 {
			c.App += ", overflowing 16 bits"
			add(audio.Int16{Multiply: 1, Wrap: true})
		}
		return out
	}
	add()
	if math.Abs(gain) > 1 && math.Abs(gain) < 1000 {
		c.App += ", limited to 16 bits"
		add(audio.Clip{Low: -32768, High: 32767})
	}
	return out
}

// atTheirLevel is how loud a reference takes samples.
const atTheirLevel = "samples at their level"

// levelOf says how much a gain is.
func levelOf(gain float64) string {
	words := fmt.Sprintf("samples times %.6g", gain)
	switch size := math.Abs(gain); {
	case near(size, 1.0/32768):
		words = "samples divided by 32768 once more"
	case near(size, 32768):
		words = "samples as whole numbers of 16 bits"
	case size >= 0.001 && size <= 1000:
		words += fmt.Sprintf(" (%+.1f dB)", 20*math.Log10(size))
	}
	if gain < 0 {
		words += ", upside down"
	}
	return words
}

func near(x, y float64) bool { return math.Abs(x/y-1) < 1e-5 }

// refineAudio looks for what isn't usual, around the best that was tried: a gain, and where frames begin.
func refineAudio(parent *hypothesis, children []*hypothesis, s *variantSearch) []*hypothesis {
	return append(refineGain(parent, children, s), refineTime(parent, children, s)...)
}

// bestOf is the nearest hypothesis whose last change is in a slot and makes a step of a kind, nil if that makes it no nearer or
// explains all already.
func bestOf[S step.Step](slot string, parent *hypothesis, children []*hypothesis, s *variantSearch) (best *hypothesis) {
	for _, h := range children {
		if h.from == len(h.steps) || h.changes[len(h.changes)-1].slot != slot {
			continue
		}
		if _, ok := h.steps[h.from].(S); ok && (best == nil || h.fit.residual < best.fit.residual) {
			best = h
		}
	}
	if best == nil || best.fit.residual <= s.tolerance || best.fit.residual > parent.fit.residual || math.IsInf(best.fit.residual, 1) {
		return nil
	}
	return best
}

// refineGain narrows a gain down.
func refineGain(parent *hypothesis, children []*hypothesis, s *variantSearch) []*hypothesis {
	best := bestOf[audio.Gain](gainSlot, parent, children, s)
	if best == nil {
		return nil
	}
	at := best.from
	gain := best.steps[at].(audio.Gain).Factor
	try := func(gain float64) *hypothesis {
		c := best.changes[len(best.changes)-1]
		c.App, c.cost = levelOf(gain), 2
		return s.child(parent, variant{c, replaced(best.steps, at, 1, audio.Gain{Factor: gain}), at})
	}
	low, high := gain*0.8, gain*1.25
	golden := (math.Sqrt(5) - 1) / 2
	a, b := try(high-golden*(high-low)), try(low+golden*(high-low))
	for range 24 {
		if a.fit.residual < b.fit.residual {
			high, b = low+golden*(high-low), a
			a = try(high - golden*(high-low))
		} else {
			low, a = high-golden*(high-low), b
			b = try(low + golden*(high-low))
		}
	}
	// With something else wrong, the gain that an app has may be a round one beside the nearest.
	near := []*hypothesis{try((low + high) / 2), try(roundedGain((low + high) / 2))}
	for _, h := range near {
		if limited, ok := limitedToOne(h); ok {
			near = append(near, s.child(parent, limited))
		}
	}
	return near
}

// limitedToOne is a gain that is limited to -1 and 1, after samples were divided by 32768, in place of one limited to 16 bits.
func limitedToOne(h *hypothesis) (variant, bool) {
	at := h.from + 1
	if at >= len(h.steps) || h.steps[at] != step.Step(audio.Clip{Low: -32768, High: 32767}) {
		return variant{}, false
	}
	c := h.changes[len(h.changes)-1]
	c.App = levelOf(h.steps[h.from].(audio.Gain).Factor) + ", limited to [-1,1]"
	return variant{c, replaced(h.steps, at, 1, audio.Clip{Low: -32768, High: 32768}), h.from}, true
}

// roundedGain has three digits.
func roundedGain(gain float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(gain)))-2)
	return math.Round(gain/unit) * unit
}
