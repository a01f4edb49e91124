package explain

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/pipeline/image"
	"github.com/edgexray/edgexray/pipeline/step"
)

// making is all that an app may have done with a photo, and how near that comes to what it fed.
type making struct {
	candidate
	fill     float64 // of pixels beyond the photo or around the resized picture
	cast     string  // how the resized picture became one of 8 bits: round or truncate; empty: it already was, or wasn't
	signed   bool    // bytes are taken for signed ones
	channels []int   // of the photo, for each plane; allChannels for their weighted mean
	normal   normal
	way      string  // how elements were made of numbers: one of ways
	left     float64 // root mean square of what is left, in steps of the photo's 8 bits
	halves   float64 // share of the elements that rounding a half makes, one way or the other
	uneven   float64 // by how much padding, which is of one colour, differs in itself
	made     [][]float32
	inside   []bool    // what of it was made: not padding; nil: all
	gains    []float64 // of each plane: steps of the photo's 8 bits that a number is
}

// allChannels stands for the weighted mean of red, green and blue that is a gray picture.
const allChannels = -1

// unknownChannel stands for that of a plane of one value, which may be any.
const unknownChannel = -2

// grayWeights are those of ITU-R BT.601, of all libraries.
var grayWeights = [3]float32{0.299, 0.587, 0.114}

// Ways to make an element q of a number y.
const (
	plainWay     = ""          // the number itself
	quantizedWay = "quantized" // y/scale + zero point, rounded
	truncatedWay = "truncated" // the same, its fraction cut off
	unmovedWay   = "unmoved"   // y/scale, rounded: the zero point is forgotten
	unscaledWay  = "unscaled"  // y, its fraction cut off: neither is used
	unitWay      = "unit"      // as for numbers from 0 to 1, whatever the model says
	wrappedWay   = "wrapped"   // the bits of a byte
)

// ways are those that an array's elements may be made in.
func ways(fed *step.Array) []string {
	switch {
	case fed.Float32 != nil:
		return []string{plainWay}
	case fed.Scale == 0:
		return []string{unscaledWay}
	case fed.ZeroPoint == 0:
		return []string{quantizedWay, truncatedWay, unscaledWay, unitWay}
	}
	return []string{quantizedWay, truncatedWay, unmovedWay, unscaledWay, unitWay}
}

// unit are the scale and zero point that make all elements of a type of numbers from 0 to 1.
func unit(fed *step.Array) (scale, zero float64) {
	low, high := limits(fed)
	return 1 / (high - low), low
}

// domain is how lines over what elements stand for become lines over the numbers that a way made them of.
func domain(fed *step.Array, way string, lines []line) []line {
	out := make([]line, len(lines))
	for i, l := range lines {
		switch way {
		case unmovedWay:
			l.offset += fed.Scale * float64(fed.ZeroPoint)
		case unitWay:
			scale, zero := unit(fed)
			by := scale / fed.Scale
			l.slope, l.offset = l.slope*by, l.offset*by+scale*(float64(fed.ZeroPoint)-zero)
		case unscaledWay:
			if fed.Scale != 0 {
				l.slope, l.offset = l.slope/fed.Scale, l.offset/fed.Scale+float64(fed.ZeroPoint)
			}
		}
		out[i] = l
	}
	return out
}

// meant is the normalisation whose numbers a making's elements stand for, by the tensor's scale and zero point, where its elements
// were made by others: pixel = mean + std*number, and the number is one of the element.
func (m *making) meant(fed *step.Array) (n normal, other bool) {
	zero := float64(fed.ZeroPoint)
	scale, offset := 1.0, 0.0 // element = number/scale + offset
	switch m.way {
	case unmovedWay:
		scale = fed.Scale
	case unitWay:
		scale, offset = unit(fed)
	case unscaledWay:
	default:
		return normal{}, false
	}
	if fed.Scale == 0 {
		return normal{}, false
	}
	for i := range m.placement.view.planes {
		mean, std := m.normal.of(i)
		// element = (pixel-mean)/(std*scale) + offset, and stands for fed.Scale*(element-zero).
		n.mean = append(n.mean, mean+std*scale*(zero-offset))
		n.std = append(n.std, std*scale/fed.Scale)
	}
	return n, true
}

// score orders makings: by what they leave, and then by how often they had to suppose how a half was rounded.
func (m *making) score() float64 { return math.Hypot(m.left, 0.1*m.halves) }

// element is what an element stands for that a way makes of a number. A half is rounded to what was fed, if that is next to
// it: libraries don't agree on halves, and they are common.
func element(fed *step.Array, way string, y, was, low, high float64) (element float64, half bool) {
	scale, zero := fed.Scale, float64(fed.ZeroPoint)
	if scale == 0 {
		scale, zero = 1, 0
	}
	var q float64
	switch way {
	case plainWay:
		return y, false
	case quantizedWay:
		q, half = round(y/scale, was/scale)
		q += zero
	case truncatedWay:
		q = math.Trunc(y/scale + zero)
	case unmovedWay:
		q, half = round(y/scale, was/scale+zero)
	case unitWay:
		unitScale, unitZero := unit(fed)
		q, half = round(y/unitScale, was/scale+zero-unitZero)
		q += unitZero
	case unscaledWay:
		q = math.Trunc(y)
	case wrappedWay:
		return y, false
	}
	return scale * (clamp(q, low, high) - zero), half
}

func round(v, toward float64) (whole float64, half bool) {
	whole = math.Floor(v)
	fraction := v - whole
	half = math.Abs(fraction-0.5) <= 1e-3
	if half && toward > v || !half && fraction > 0.5 {
		whole++
	}
	return whole, half
}

// realLimits are what limits stand for, but for a part of a step that rounding may take: what isn't between them is at a limit.
func realLimits(fed *step.Array) (low, high float32) {
	l, h := limits(fed)
	if fed.Scale != 0 {
		l, h = fed.Scale*(l+0.25-float64(fed.ZeroPoint)), fed.Scale*(h-0.25-float64(fed.ZeroPoint))
	}
	return float32(l), float32(h)
}

// limits are the least and the largest element of an array's type.
func limits(fed *step.Array) (low, high float64) {
	switch {
	case fed.Uint8 != nil:
		return 0, math.MaxUint8
	case fed.Int8 != nil:
		return math.MinInt8, math.MaxInt8
	case fed.Int16 != nil:
		return math.MinInt16, math.MaxInt16
	case fed.Int32 != nil:
		return math.MinInt32, math.MaxInt32
	}
	return math.Inf(-1), math.Inf(1)
}

// order is the order of a making's channels, "rgb" or "gray"; empty when no step makes it: when one comes twice.
func (m *making) order() string {
	word := ""
	for _, c := range m.channels {
		switch c {
		case unknownChannel:
			return ""
		case allChannels:
			word += "y"
		default:
			word += "rgb"[c : c+1]
		}
	}
	switch {
	case strings.Trim(word, "y") == "":
		return "gray"
	case len(word) == 3 && strings.Contains(word, "r") && strings.Contains(word, "g") && strings.Contains(word, "b"):
		return word
	}
	return ""
}

// lines are a making as lines of a pipeline.
func (m *making) lines(ph photo, fed *step.Array) []string {
	var out []string
	p, v := m.plan, m.placement.view
	if m.asExpected {
		out = append(out, m.expected.lines...)
	} else {
		out = append(out, taken(p.x, p.y, p.width, p.height, ph.width, ph.height, m.fill)...)
		out = append(out, m.turnedAndResized()...)
	}
	if m.cast != "" {
		line := "cast type=uint8"
		if m.cast == "round" {
			line += " round"
		}
		out = append(out, line)
	}
	out = append(out, m.colorLines(ph)...)
	if m.signed {
		out = append(out, "cast type=int8 wrap")
	}
	if line := m.normal.line(); line != "" {
		out = append(out, line)
	}
	out = append(out, m.elements(fed)...)
	if v.layout == "nchw" {
		out = append(out, "layout nchw")
	}
	return out
}

// colorLines are the lines that make channels of the photo's.
func (m *making) colorLines(ph photo) []string {
	var out []string
	if order := m.order(); ph.channels == 3 && order != "rgb" {
		out = append(out, "color "+order)
	}
	if gray := ph.channels == 1 || m.order() == "gray"; gray && len(m.channels) == 3 {
		out = append(out, "color rgb")
	}
	return out
}

// turnedAndResized are the lines that turn a picture, resize it, and cut or pad it to what was fed.
func (m *making) turnedAndResized() []string {
	p, v, o := m.plan, m.placement.view, m.placement.orientation
	width, height := v.width, v.height
	if m.turnedFirst {
		p, width, height = p.turned(o, width, height)
	}
	resize := []string{fmt.Sprintf("resize %dx%d %v", p.toWidth, p.toHeight, m.method)}
	resize = append(resize, taken(p.atX, p.atY, width, height, p.toWidth, p.toHeight, m.fill)...)
	if m.turnedFirst {
		return append(slices.Clone(o.lines()), resize...)
	}
	return append(resize, o.lines()...)
}

// taken are the lines that take a part of a picture that may reach beyond it.
func taken(x, y, width, height, ofWidth, ofHeight int, fill float64) []string {
	x0, y0, x1, y1 := max(0, x), max(0, y), min(ofWidth, x+width), min(ofHeight, y+height)
	var out []string
	if x1-x0 < ofWidth || y1-y0 < ofHeight {
		out = append(out, cropLine(x0, y0, x1-x0, y1-y0, ofWidth, ofHeight))
	}
	if x1-x0 < width || y1-y0 < height {
		line := fmt.Sprintf("pad %dx%d", width, height)
		if width == height && width == max(x1-x0, y1-y0) {
			line = "pad square"
		}
		if x0-x != (width-(x1-x0))/2 || y0-y != (height-(y1-y0))/2 {
			line += fmt.Sprintf(" x=%d y=%d", x0-x, y0-y)
		}
		if fill != 0 {
			line += " fill=" + numbers([]float64{fill})
		}
		out = append(out, line)
	}
	return out
}

// namedCrops are parts of pictures that have a name.
var namedCrops = []struct {
	line string
	of   func(width, height int) image.Rectangle
}{
	{"crop square", func(w, h int) image.Rectangle { return image.Square(w, h, 1, false) }},
	{"crop central=0.875", func(w, h int) image.Rectangle { return image.Central(w, h, 0.875) }},
	{"crop square=0.875", func(w, h int) image.Rectangle { return image.Square(w, h, 0.875, false) }},
	{"crop square=0.875 round-up", func(w, h int) image.Rectangle { return image.Square(w, h, 0.875, true) }},
}

func cropLine(x, y, width, height, ofWidth, ofHeight int) string {
	for _, named := range namedCrops {
		if named.of(ofWidth, ofHeight) == (image.Rectangle{X: x, Y: y, Width: width, Height: height}) {
			return named.line
		}
	}
	if x == (ofWidth-width)/2 && y == (ofHeight-height)/2 {
		return fmt.Sprintf("crop %dx%d", width, height)
	}
	return fmt.Sprintf("crop x=%d y=%d width=%d height=%d", x, y, width, height)
}

// elements are the lines that make an array's elements of numbers.
func (m *making) elements(fed *step.Array) []string {
	name := strings.ToLower(fed.Type().String())
	scale := func(zero int, more string) []string {
		return []string{fmt.Sprintf("quantize scale=%.9g zero-point=%d type=%s%s", fed.Scale, zero, name, more)}
	}
	switch m.way {
	case quantizedWay:
		return scale(fed.ZeroPoint, "")
	case truncatedWay:
		return scale(fed.ZeroPoint, " truncate")
	case unmovedWay:
		return scale(0, "")
	case unitWay:
		scale, zero := unit(fed)
		return []string{fmt.Sprintf("quantize scale=%.9g zero-point=%.0f type=%s", scale, zero, name)}
	case unscaledWay:
		return []string{"cast type=" + name}
	case wrappedWay:
		return []string{"cast type=" + name + " wrap"}
	}
	if m.normal.line() == "" {
		return []string{"cast type=" + name}
	}
	return nil
}
