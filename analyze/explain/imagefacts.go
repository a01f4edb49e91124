package explain

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/step"
)

// imageFacts is what steps do to a picture, aspect by aspect.
type imageFacts struct {
	order    string   // of the channels, "rgb"; "gray"
	normal   normal   // of each plane
	resize   string   // method
	size     string   // WIDTHxHEIGHT
	from              // the photo
	crop     string   // the lines that cut and pad
	padded   bool     // there is one that pads
	fill     float64  // with this, of 8 bits
	where    []string // the lines that say where pixels come from
	layout   string
	signed   bool    // numbers are made of bytes as if these were signed
	elements string  // the lines that make elements of numbers
	gain     float64 // steps of 8 bits of the photo that a number is
	unknown  bool    // there are steps of which isn't known what they do to numbers
}

// wholePicture is what is taken where nothing is cut off or padded.
const wholePicture = "the whole picture"

// from is where in the photo what was fed comes from.
type from struct {
	orientation orientation // of the whole
	source      rectangle   // of the photo, padding included
	wide, high  float64     // of what was fed, as the photo lies
}

// coordinateSteps are the steps that say where a pixel comes from.
var coordinateSteps = []string{"crop", "pad", "letterbox", "resize", "rotate", "flip"}

// knownSteps are those of which is known what they do to numbers.
var knownSteps = append([]string{"decode", "color", "normalize", "standardize", "min-max", "layout", "quantize", "cast", "batch"}, coordinateSteps...)

// factsOf finds what steps do to a photo of a size.
func factsOf(lines []string, height, width int) (imageFacts, error) {
	f, err := numbersOf(lines)
	if err != nil {
		return f, err
	}
	f.from, err = locate(f.where, height, width)
	return f, err
}

// numbersOf finds what steps do, but for where pixels come from.
func numbersOf(lines []string) (imageFacts, error) {
	f := imageFacts{order: "rgb", normal: normal{mean: []float64{0, 0, 0}, std: []float64{1, 1, 1}}, layout: "nhwc"}
	var crops []string
	for _, line := range lines {
		fields := strings.Fields(line)
		name, rest := fields[0], fields[1:]
		args, err := step.Split(rest)
		if err != nil {
			return f, err
		}
		if slices.Contains(coordinateSteps, name) {
			f.where = append(f.where, f.placing(name, rest))
		}
		f.unknown = f.unknown || !slices.Contains(knownSteps, name)
		switch name {
		case "decode":
			if slices.Contains(rest, "gray") {
				f.reorder("gray")
			}
		case "crop", "pad", "letterbox":
			crops = append(crops, line)
			if name != "crop" {
				f.padded, f.fill = true, args.Number("fill", 0)
			}
		case "color":
			f.reorder(args.Word("an order"))
		case "normalize":
			f.sign()
			f.normalize(args.Numbers("mean", 0), args.Numbers("std", 1))
		case "standardize", "min-max":
			f.normal.whole, f.normal.name = name, wholes[name]
		case "layout":
			f.layout = args.Word("a layout")
		case "quantize", "cast":
			f.sign()
			f.elements = line
		}
	}
	f.crop = strings.Join(crops, ", ")
	if f.crop == "" {
		f.crop = wholePicture
	}
	f.name()
	return f, nil
}

// sign is before a step that makes other numbers: of signed bytes, when what was last is the bytes of a picture, and of one whose
// pixels were rounded or cut to 8 bits, which is how it was resized.
func (f *imageFacts) sign() {
	switch {
	case strings.HasSuffix(f.elements, " wrap"):
		f.signed, f.elements = true, ""
	case strings.HasPrefix(f.elements, "cast type=uint8"):
		f.elements = ""
	}
}

// placing is a step that says where a pixel comes from, whatever it is resized by: in the middle of its pixels.
func (f *imageFacts) placing(name string, rest []string) string {
	out := []string{name}
	method := ""
	for _, word := range rest {
		switch {
		case name != "resize" && name != "letterbox":
			out = append(out, word)
		case word == "antialias" || word == "align-corners":
			method += " " + word
		case strings.Contains(word, ".") && !strings.Contains(word, "="):
			method = word
			out = append(out, "tf2.bilinear")
		default:
			if f.size == "" || name == "resize" {
				f.size = word
			}
			out = append(out, word)
		}
	}
	if method != "" {
		f.resize = method
	}
	return strings.Join(out, " ")
}

// reorder is a step that changes the order of channels, and with it that of what was done to each.
func (f *imageFacts) reorder(order string) {
	if order == "gray" || f.order == "gray" {
		f.order = "gray"
		f.normal.mean, f.normal.std = f.normal.mean[:1], f.normal.std[:1]
		return
	}
	if len(order) != 3 || strings.Trim(order, "rgb") != "" {
		f.order = order
		return
	}
	was, mean, std := f.order, slices.Clone(f.normal.mean), slices.Clone(f.normal.std)
	next := []byte(order)
	for i := range next {
		from := strings.IndexByte("rgb", order[i])
		if from < len(was) {
			next[i] = was[from]
		}
		f.normal.mean[i], f.normal.std[i] = mean[from], std[from]
	}
	f.order = string(next)
}

// normalize is a step behind what was done before.
func (f *imageFacts) normalize(mean, std []float64) {
	for i := range f.normal.mean {
		m, s := mean[min(i, len(mean)-1)], std[min(i, len(std)-1)]
		f.normal.mean[i] += m * f.normal.std[i]
		f.normal.std[i] *= s
	}
}

// name names the convention.
func (f *imageFacts) name() {
	if f.normal.whole != "" {
		f.gain = 1 // that of the picture isn't known
		return
	}
	for _, n := range conventions {
		if f.normal.near(n) {
			f.normal.name = n.name
			break
		}
	}
	for _, s := range f.normal.std {
		f.gain += math.Abs(s) / float64(len(f.normal.std))
	}
	if first := f.normal; slices.Max(first.mean) == slices.Min(first.mean) && slices.Max(first.std) == slices.Min(first.std) {
		f.normal.mean, f.normal.std = first.mean[:1], first.std[:1]
	}
}

// near says whether two normalisations make the same of pixels, but for a hundredth of a step.
func (n normal) near(o normal) bool { return n.within(0.01, o) }

// within says whether two normalisations make numbers that are as near as so many steps of the photo's 8 bits.
func (n normal) within(steps float64, o normal) bool {
	if n.whole != "" || o.whole != "" {
		return n.whole == o.whole
	}
	for i := range 3 {
		mean, std := n.of(i)
		otherMean, otherStd := o.of(i)
		for _, x := range []float64{0, 255} {
			if !(math.Abs((x-mean)/std-(x-otherMean)/otherStd)*math.Abs(std) < steps) {
				return false
			}
		}
	}
	return true
}

// locate finds where pixels come from, by a picture that tells where: of coordinates.
func locate(where []string, height, width int) (from, error) {
	ramp := &step.Array{Shape: []int{height, width, 3}, Float32: make([]float32, height*width*3)}
	for i := range height * width {
		ramp.Float32[3*i], ramp.Float32[3*i+1], ramp.Float32[3*i+2] = float32(i%width)+0.5, float32(i/width)+0.5, 1
	}
	s, err := steps(where)
	if err != nil {
		return from{}, err
	}
	out, err := pipeline.Run(s, step.Value{Array: ramp})
	if err != nil {
		return from{}, err
	}
	shape := out.Array.Squeezed()
	if len(shape) != 3 || shape[2] != 3 {
		return from{}, fmt.Errorf("the steps make %s", out.Describe())
	}
	return fromCoordinates(out.Array.Reals(), shape[0], shape[1])
}

// fromCoordinates reads a picture of coordinates.
func fromCoordinates(coordinates []float32, height, width int) (f from, err error) {
	var columns [2][]float32 // x and y in what was fed
	var photo [2][]float32   // x and y in the photo
	for y := range height {
		for x := range width {
			at := coordinates[3*(y*width+x):]
			if math.Abs(float64(at[2])-1) > 1e-3 {
				continue // padding
			}
			columns[0], columns[1] = append(columns[0], float32(x)+0.5), append(columns[1], float32(y)+0.5)
			photo[0], photo[1] = append(photo[0], at[0]), append(photo[1], at[1])
		}
	}
	if len(photo[0]) < 4 {
		return f, errors.New("the steps leave nothing of a photo")
	}
	base := newBasis(columns[:])
	x, _ := base.fit(photo[0])
	y, _ := base.fit(photo[1])
	f.orientation.transposed = math.Abs(x[1]) > math.Abs(x[0])
	ax, ay := x[0], y[1]
	f.wide, f.high = float64(width), float64(height)
	if f.orientation.transposed {
		ax, ay = x[1], y[0]
		f.wide, f.high = f.high, f.wide
		f.orientation.mirroredX, f.orientation.mirroredY = ay < 0, ax < 0
	} else {
		f.orientation.mirroredX, f.orientation.mirroredY = ax < 0, ay < 0
	}
	f.source = rectangle{
		x[2] + min(0, ax*f.wide), y[2] + min(0, ay*f.high),
		math.Abs(ax) * f.wide, math.Abs(ay) * f.high,
	}
	return f, nil
}

// apart is by how many pixels of what was fed the corners of two sources lie apart.
func (f from) apart(o from) float64 {
	a, b := f.source, o.source
	sx, sy := f.wide/a.width, f.high/a.height
	return max(
		math.Abs(a.x-b.x)*sx, math.Abs(a.x+a.width-b.x-b.width)*sx,
		math.Abs(a.y-b.y)*sy, math.Abs(a.y+a.height-b.y-b.height)*sy,
	)
}
