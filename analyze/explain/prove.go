package explain

import (
	"fmt"
	"math"
	"slices"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Prove says what a tensor's own values prove about it, without raw data: NaN, infinities, constant channels, a range
// that can't be the reference's, saturation, a wrong quantisation.
func Prove(fed *step.Array, reference []step.Step) []Difference {
	if err := check(fed); err != nil {
		return []Difference{{Aspect: Data, App: err.Error()}}
	}
	var found []Difference
	for _, prove := range []func(*step.Array, []step.Step) []Difference{proveNumbers, proveConstant, proveSaturated, proveQuantized, proveRange} {
		found = append(found, prove(fed, reference)...)
		if len(found) > 0 {
			break // what is said of a range, say, would follow from NaN
		}
	}
	return found
}

func proveNumbers(fed *step.Array, _ []step.Step) []Difference {
	nan, inf := 0, 0
	for _, v := range fed.Reals() {
		switch {
		case math.IsNaN(float64(v)):
			nan++
		case math.IsInf(float64(v), 0):
			inf++
		}
	}
	if nan+inf == 0 {
		return nil
	}
	return []Difference{{
		Aspect: Data, App: fmt.Sprintf("%d NaN and %d infinities among %d elements", nan, inf, fed.Len()), Reference: "numbers",
		Advice: "find the division by 0 or the memory that nobody wrote before the input tensor is filled",
	}}
}

func proveConstant(fed *step.Array, _ []step.Step) []Difference {
	const few = 16 // a tensor of fewer elements may well be of one value
	reals := fed.Reals()
	if len(reals) < few {
		return nil
	}
	advice := "check that the input tensor is filled before each invoke, and with all channels"
	if oneValue(reals) {
		return []Difference{{Aspect: Data, App: fmt.Sprintf("all %d elements are %g", len(reals), reals[0]), Reference: "data that vary", Advice: advice}}
	}
	all, err := views(fed)
	if err != nil || len(all[0].planes) == 1 {
		return nil
	}
	var found []Difference
	for c, plane := range all[0].planes {
		if oneValue(plane) {
			found = append(found, Difference{Aspect: Data, App: fmt.Sprintf("all elements of channel %d are %g", c, plane[0]), Reference: "data that vary", Advice: advice})
		}
	}
	return found
}

func oneValue(v []float32) bool { return slices.Max(v) == slices.Min(v) }

// saturatedShare is the share of elements at a type's limits from which on a tensor counts as saturated. Photographs that
// are overexposed have up to a third of their pixels there, at one limit.
const saturatedShare = 0.5

func proveSaturated(fed *step.Array, _ []step.Step) []Difference {
	if fed.Float32 != nil || fed.Int32 != nil {
		return nil
	}
	low, high := limits(fed)
	scale, zero := fed.Scale, float64(fed.ZeroPoint)
	if scale == 0 {
		scale, zero = 1, 0
	}
	first, last := float32(scale*(low-zero)), float32(scale*(high-zero))
	at := 0
	for _, v := range fed.Reals() {
		if v == first || v == last {
			at++
		}
	}
	share := float64(at) / float64(fed.Len())
	if share < saturatedShare {
		return nil
	}
	return []Difference{{
		Aspect: Data, App: fmt.Sprintf("%.0f %% of the elements are at the limits of %v", 100*share, fed.Type()), Reference: "elements within its limits",
		Advice: "scale the data to the range that the model's input is quantised for before it is quantised",
	}}
}

// proveQuantized finds elements that use so little of their type that they can't have been quantised: numbers that were cast.
func proveQuantized(fed *step.Array, _ []step.Step) []Difference {
	if fed.Scale == 0 || fed.Float32 != nil || fed.Len() < manyElements {
		return nil
	}
	least, most := extent(fed.Reals())
	if levels := math.Round((most-least)/fed.Scale) + 1; levels <= 3 {
		return []Difference{{
			Aspect: Quantization, App: fmt.Sprintf("only %.0f neighbouring values among %d elements", levels, fed.Len()), Reference: fmt.Sprintf("scale %.6g, zero point %d", fed.Scale, fed.ZeroPoint),
			Advice: "divide by the input's scale and add its zero point: a number from 0 to 1 that is cast to an integer is 0",
		}}
	}
	return nil
}

// manyElements is how many elements a picture has at least for its values to prove something.
const manyElements = 3000

// proveRange compares what was fed with the range that a reference makes of pixels from 0 to 255.
func proveRange(fed *step.Array, reference []step.Step) []Difference {
	low, high, ok := rangeOf(reference)
	if !ok || fed.Len() < manyElements {
		return nil
	}
	least, most := extent(fed.Reals())
	// A resizer that sharpens goes beyond the pixels' range, by less than a quarter of it.
	beyond, level := 0.25*(high-low), (high-low)/255
	says := Difference{
		Aspect: Normalization, App: fmt.Sprintf("values from %.4g to %.4g", least, most), Reference: fmt.Sprintf("values from %.4g to %.4g", low, high),
		Advice: "normalize as the reference does",
	}
	switch {
	case least < low-beyond-fed.Scale || most > high+beyond+fed.Scale:
		return []Difference{says}
	case low < -level && least >= 0:
		says.App = fmt.Sprintf("none of %d elements is negative: values from %.4g to %.4g", fed.Len(), least, most)
		return []Difference{says}
	case most-least < 4*level && high-low > 0:
		says.App = fmt.Sprintf("all %d elements are from %.4g to %.4g: less than 4 of 255 steps", fed.Len(), least, most)
		return []Difference{says}
	}
	return nil
}

func extent(v []float32) (least, most float64) {
	least, most = math.Inf(1), math.Inf(-1)
	for _, x := range v {
		least, most = min(least, float64(x)), max(most, float64(x))
	}
	return least, most
}

// rangeOf is the range of numbers that a reference makes of pixels from 0 to 255; false when it isn't known.
func rangeOf(reference []step.Step) (low, high float64, ok bool) {
	if len(reference) == 0 {
		return 0, 0, false
	}
	f, err := numbersOf(lines(reference))
	if err != nil || f.unknown || f.normal.whole != "" {
		return 0, 0, false
	}
	low, high = math.Inf(1), math.Inf(-1)
	for i := range f.normal.mean {
		mean, std := f.normal.of(i)
		for _, x := range []float64{0, 255} {
			low, high = min(low, (x-mean)/std), max(high, (x-mean)/std)
		}
	}
	return low, high, true
}
