package explain

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// normal is how numbers are made of the pixels of each plane: (pixel-mean)/std.
type normal struct {
	mean, std []float64 // one for all planes, or one for each
	name      string    // of the convention; empty when it is none
	whole     string    // the step that makes mean and std of the picture itself; empty when they are fixed
}

// wholes are the steps whose numbers depend on the picture.
var wholes = map[string]string{"standardize": "each picture standardized", "min-max": "each picture stretched to [0,1]"}

// wholeOf is the step that makes pictures what these planes together are: of mean 0 and deviation 1, or from 0 to 1.
func wholeOf(planes [][]float32) string {
	var sum, squares, n float64
	low, high := math.Inf(1), math.Inf(-1)
	for _, plane := range planes {
		for _, v := range plane {
			sum += float64(v)
			squares += float64(v) * float64(v)
			low, high = min(low, float64(v)), max(high, float64(v))
			n++
		}
	}
	switch {
	case math.Abs(sum/n) < 1e-4 && math.Abs(squares/n-1) < 1e-3:
		return "standardize"
	case math.Abs(low) < 1e-6 && math.Abs(high-1) < 1e-6:
		return "min-max"
	}
	return ""
}

// conventions are what apps and training code do, the most common first. Means and deviations of ImageNet are those of
// torchvision's transforms; of Caffe, those of its ResNet and VGG models (keras.applications' mode "caffe"); of CLIP, those
// of OpenAI's preprocessing; 117 is that of TensorFlow's first Inception example, 127 and 128 those of its EfficientNet-Lite.
var conventions = []normal{
	{[]float64{127.5}, []float64{127.5}, "[-1,1]", ""},
	{[]float64{0}, []float64{255}, "[0,1]", ""},
	{[]float64{0}, []float64{1}, "[0,255]", ""},
	{[]float64{123.675, 116.28, 103.53}, []float64{58.395, 57.12, 57.375}, "ImageNet's mean and deviation", ""},
	{[]float64{103.53, 116.28, 123.675}, []float64{57.375, 57.12, 58.395}, "ImageNet's mean and deviation, of BGR", ""},
	{[]float64{103.939, 116.779, 123.68}, []float64{1}, "Caffe's mean of BGR", ""},
	{[]float64{123.68, 116.779, 103.939}, []float64{1}, "Caffe's mean of RGB", ""},
	{[]float64{103.94, 116.78, 123.68}, []float64{1 / 0.017}, "Caffe's mean of BGR, times 0.017", ""},
	{[]float64{123.68, 116.78, 103.94}, []float64{1 / 0.017}, "Caffe's mean of RGB, times 0.017", ""},
	{[]float64{104, 117, 123}, []float64{1}, "Caffe's mean of BGR, whole", ""},
	{[]float64{123, 117, 104}, []float64{1}, "Caffe's mean of RGB, whole", ""},
	{[]float64{122.7709383, 116.7460125, 104.09373615}, []float64{68.5005327, 66.6321579, 70.32316305}, "CLIP's mean and deviation", ""},
	{[]float64{127}, []float64{128}, "127 off, by 128", ""},
	{[]float64{128}, []float64{128}, "[-1,1) by 128", ""},
	{[]float64{127.5}, []float64{128}, "127.5 off, by 128", ""},
	{[]float64{128}, []float64{127}, "128 off, by 127", ""},
	{[]float64{127}, []float64{127}, "127 off, by 127", ""},
	{[]float64{127.5}, []float64{255}, "[-0.5,0.5]", ""},
	{[]float64{0}, []float64{256}, "[0,1) by 256", ""},
	{[]float64{0}, []float64{128}, "[0,2) by 128", ""},
	{[]float64{0}, []float64{127.5}, "[0,2]", ""},
	{[]float64{128}, []float64{1}, "128 off", ""},
	{[]float64{127.5}, []float64{1}, "127.5 off", ""},
	{[]float64{127}, []float64{1}, "127 off", ""},
	{[]float64{117}, []float64{1}, "117 off", ""},
	{[]float64{255}, []float64{-255}, "[0,1], the negative", ""},
	{[]float64{255}, []float64{-1}, "[0,255], the negative", ""},
	{[]float64{127.5}, []float64{-127.5}, "[-1,1], the negative", ""},
	{[]float64{0}, []float64{255 * 255}, "[0,1], divided by 255 twice", ""},
	{[]float64{127.5 * 255}, []float64{127.5 * 255}, "[0,1], then as if that were [0,255] to [-1,1]", ""},
	{[]float64{127.5 + 127.5*127.5}, []float64{127.5 * 127.5}, "[-1,1], twice", ""},
	{[]float64{127.5}, []float64{127.5 * 255}, "[-1,1], then divided by 255", ""},
	{[]float64{0.485, 0.456, 0.406}, []float64{0.229, 0.224, 0.225}, "ImageNet's mean and deviation of [0,1], of pixels that are not", ""},
	{[]float64{0.5}, []float64{0.5}, "from [0,1] to [-1,1], of pixels that are not", ""},
}

// of is what a plane's numbers are made by.
func (n normal) of(plane int) (mean, std float64) {
	return n.mean[min(plane, len(n.mean)-1)], n.std[min(plane, len(n.std)-1)]
}

// fits says whether a convention makes lines, one a plane, as near as their errors let them be known: by shift, in steps of
// the photo's 8 bits, at the darkest and the lightest that there is. Beyond those a line says nothing.
func (n normal) fits(lines []line, shift float64) bool {
	if len(lines) == 1 && len(n.mean) > 1 {
		return false
	}
	for i, l := range lines {
		if l.slope == 0 { // of a plane of one value nothing is known
			continue
		}
		mean, std := n.of(i)
		for _, x := range []float64{l.from, l.to} {
			if !(math.Abs((l.slope*x+l.offset)*std-(x-mean)) <= shift) {
				return false
			}
		}
	}
	return true
}

// free is the normalisation that lines say, when it is no convention's: its numbers rounded as far as their error goes.
func free(lines []line) normal {
	n := normal{}
	for _, l := range lines {
		n.std = append(n.std, digits(1/l.slope, 6))
		n.mean = append(n.mean, digits(-l.offset/l.slope, 6))
	}
	if alike := func(v []float64) bool {
		return slices.Max(v)-slices.Min(v) <= 1e-4*math.Abs(v[0])+1e-3
	}; alike(n.mean) && alike(n.std) {
		n.mean, n.std = n.mean[:1], n.std[:1]
	}
	return n
}

// digits rounds to so many digits.
func digits(v float64, n int) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0
	}
	p := math.Pow(10, float64(n)-math.Ceil(math.Log10(math.Abs(v))))
	return math.Round(v*p) / p
}

// line is a normalisation as a line of a pipeline; empty when it changes nothing.
func (n normal) line() string {
	if n.whole != "" {
		return n.whole
	}
	if len(n.mean) == 1 && n.mean[0] == 0 && n.std[0] == 1 {
		return ""
	}
	return fmt.Sprintf("normalize mean=%s std=%s", numbers(n.mean), numbers(n.std))
}

// numbers are those of each plane, or one for all.
func numbers(v []float64) string {
	if slices.Max(v) == slices.Min(v) {
		v = v[:1]
	}
	words := make([]string, len(v))
	for i, n := range v {
		words[i] = fmt.Sprintf("%.10g", n)
	}
	return strings.Join(words, ",")
}

// String is a normalisation in words: the convention's, or its numbers.
func (n normal) String() string {
	if n.name != "" {
		return n.name
	}
	return fmt.Sprintf("mean %s, deviation %s", numbers(n.mean), numbers(n.std))
}
