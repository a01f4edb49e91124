package fed

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// What combinations are made of.
var (
	Methods = []string{
		"tf1.nearest", "tf1.nearest align-corners", "tf1.bilinear", "tf1.bilinear align-corners", "tf1.bicubic", "tf1.bicubic align-corners", "tf1.area",
		"tf2.nearest", "tf2.bilinear", "tf2.bilinear antialias", "tf2.bicubic", "tf2.bicubic antialias", "tf2.area",
		"tf2.lanczos3", "tf2.lanczos3 antialias", "tf2.lanczos5", "tf2.lanczos5 antialias", "tf2.gaussian", "tf2.gaussian antialias",
		"tf2.mitchellcubic", "tf2.mitchellcubic antialias",
		"opencv.nearest", "opencv.nearest-exact", "opencv.linear", "opencv.linear-exact", "opencv.cubic", "opencv.area", "opencv.lanczos4",
		"pillow.nearest", "pillow.box", "pillow.bilinear", "pillow.hamming", "pillow.bicubic", "pillow.lanczos",
	}
	channels   = []string{"rgb", "bgr", "rgb", "bgr", "gray", "gbr"}
	normalizes = []Normalize{
		{Name: "[0,255]"},
		{Name: "[0,1]", Mean: []float64{0}, Std: []float64{255}},
		{Name: "[-1,1]", Mean: []float64{127.5}, Std: []float64{127.5}},
		{Name: "ImageNet", Mean: []float64{123.675, 116.28, 103.53}, Std: []float64{58.395, 57.12, 57.375}},
		{Name: "Caffe", Mean: []float64{103.939, 116.779, 123.68}, Std: []float64{1}},
		{Name: "by 256", Mean: []float64{0}, Std: []float64{256}},
		{Name: "128 off, by 128", Mean: []float64{128}, Std: []float64{128}},
		{Name: "its own", Mean: []float64{101.3, 99.1, 77.7}, Std: []float64{61.7, 60.2, 66.6}},
	}
	turns = [][]string{
		nil, nil, {"rotate 90"}, {"rotate 180"}, {"rotate 270"}, {"flip horizontal"}, {"flip vertical"}, {"rotate 90", "flip horizontal"},
	}
	sizes  = [][2]int{{224, 224}, {224, 224}, {192, 192}, {160, 160}, {299, 299}, {320, 240}, {128, 128}, {96, 96}}
	quanta = []*Quantize{
		nil, nil, nil,
		{Type: "int8", Scale: 1. / 255, ZeroPoint: -128, Way: "rounded"},
		{Type: "uint8", Scale: 1. / 128, ZeroPoint: 128, Way: "rounded"},
		{Type: "int8", Scale: 2. / 255, ZeroPoint: -1, Way: "rounded"},
		{Type: "int8", Scale: 2. / 255, ZeroPoint: -1, Way: "truncated"},
		{Type: "int8", Scale: 1. / 255, ZeroPoint: -128, Way: "wrapped"},
		{Type: "int8", Scale: 0.0205, ZeroPoint: -14, Way: "rounded"},
	}
	cuts = []string{"none", "none", "central", "square", "letterbox", "pad", "short side", "odd"}
)

// Combinations makes so many cases, each another combination of what apps do, each way to resize as often as any other, over
// all photos in turn. sizesOf are the photos' heights and widths.
func Combinations(n int, photos []Photo, sizesOf map[string][2]int) []Case {
	random := rand.New(rand.NewPCG(1, 2))
	var all []Case
	seen := make(map[string]bool)
	for i := 0; len(all) < n; i++ {
		c := Case{
			ID: fmt.Sprintf("combination-%d", len(all)), Seed: i, Photo: photos[len(all)%len(photos)].Name,
			Resize: Methods[(len(all)+len(all)/len(Methods))%len(Methods)], Channels: pick(random, channels), Normalize: pick(random, normalizes),
			Turn: pick(random, turns), Layout: pick(random, []string{"nhwc", "nhwc", "nchw"}), Float: true, TurnedFirst: random.IntN(2) == 0,
		}
		size := pick(random, sizes)
		c.Width, c.Height = size[0], size[1]
		c.quantize(pick(random, quanta))
		c.cut(pick(random, cuts), sizesOf[c.Photo])
		if family(c.Resize)[:2] == "tf" && c.Quantize == nil && random.IntN(6) == 0 {
			c.Cast = pick(random, []string{"round", "truncate"})
		}
		if len(c.Normalize.Mean) == 0 && c.Quantize == nil && c.Channels != "gray" && random.IntN(2) == 0 {
			c.Float = false
		}
		if c.Channels == "gray" && c.Quantize != nil && c.Quantize.Way == "wrapped" {
			c.Channels = "rgb"
		}
		if c.Channels == "gray" {
			c.Layout = "nhwc"
			if len(c.Normalize.Mean) > 1 {
				c.Normalize = normalizes[2]
			}
		}
		if key := fmt.Sprint(c.Channels, c.Normalize.Name, c.Resize, c.Turn, c.Crop, c.Inside, c.CropAfter, c.Layout, c.Quantize); !seen[key] {
			seen[key] = true
			all = append(all, c)
		}
	}
	return all
}

func pick[E any](random *rand.Rand, from []E) E { return from[random.IntN(len(from))] }

// quantize gives a case elements, and the normalisation that their scale is for.
func (c *Case) quantize(q *Quantize) {
	c.Quantize = q
	switch {
	case q == nil:
	case q.Way == "wrapped":
		c.Normalize, c.Cast = Normalize{Name: "[0,255]"}, ""
		if family(c.Resize)[:2] == "tf" {
			c.Cast = "truncate"
		}
	case q.Scale == 1./255:
		c.Normalize = normalizes[1]
	case q.Scale > 0.02:
		c.Normalize = normalizes[3]
	default:
		c.Normalize = normalizes[2]
	}
}

// cut gives a case one of the cuts.
func (c *Case) cut(how string, photo [2]int) {
	h, w := photo[0], photo[1]
	switch how {
	case "central":
		x, y := (w-w*7/8)/2, (h-h*7/8)/2
		c.Crop = []int{x, y, w - 2*x, h - 2*y}
	case "square":
		side := min(w, h)
		c.Crop = []int{(w - side) / 2, (h - side) / 2, side, side}
	case "odd":
		c.Crop = []int{w / 13, h / 7, w*3/4 + 1, h*2/3 + 3}
	case "pad":
		if w != h {
			side := max(w, h)
			c.Crop = []int{-(side - w) / 2, -(side - h) / 2, side, side}
		}
	case "letterbox":
		scale := min(float64(c.Width)/float64(w), float64(c.Height)/float64(h))
		width, height := int(math.Round(scale*float64(w))), int(math.Round(scale*float64(h)))
		if width != c.Width || height != c.Height {
			c.Inside, c.Fill = []int{(c.Width - width) / 2, (c.Height - height) / 2, width, height}, 114
			c.TurnedFirst = false
		}
	case "short side":
		width, height := c.Width, c.Height
		scale := 256. / 224 * max(float64(width)/float64(w), float64(height)/float64(h))
		c.Width, c.Height = int(scale*float64(w)), int(scale*float64(h))
		c.CropAfter = []int{(c.Width - width) / 2, (c.Height - height) / 2, width, height}
		c.TurnedFirst = false
	}
}

// Outsides are what no pipeline says, done to photos.
var Outsides = []string{
	"gamma 1.5", "gamma 0.8", "srgb to linear", "solarized", "posterized", "equalized", "clahe", "blurred", "boxed", "median", "bilateral", "moved",
	"sharpened", "embossed", "noise 25", "noise 60", "salted", "jpeg 30", "jpeg 10", "hue", "saturation", "contrast", "turned 7 degrees",
	"turned 45 degrees", "perspective", "sheared", "barrel", "vignette", "cutout", "rolled", "mosaic", "negative with a curve",
	"another photo", "two photos", "mean picture", "shuffled",
}

// Outside makes cases of all Outsides, each on so many photos.
func Outside(each int, photos []Photo) []Case {
	var all []Case
	methods := []string{"opencv.linear", "pillow.bilinear", "opencv.area"}
	for i, what := range Outsides {
		for k := range each {
			at := (i*each + k) % len(photos)
			all = append(all, Case{
				ID: fmt.Sprintf("outside-%d-%d", i, k), Seed: i, Photo: photos[at].Name, Other: photos[(at+1)%len(photos)].Name,
				Resize: methods[k%len(methods)], Width: 224, Height: 224, Channels: "rgb", Normalize: normalizes[2], Layout: "nhwc", Float: true, Outside: what,
			})
		}
	}
	return all
}

// Noise makes cases of which the photo isn't known to the last bit: each value differs by one at most, or it was a JPEG file
// of quality 97 or 90 meanwhile.
func Noise(photos []Photo) []Case {
	var all []Case
	for i, p := range photos {
		for k, noise := range []string{"one", "97", "90"} {
			for _, method := range [][]string{{"tf1.bilinear", "pillow.bilinear"}, {"opencv.area", "opencv.linear"}}[(i+k)%2] {
				all = append(all, Case{
					ID: fmt.Sprintf("noise-%s-%s-%s", p.Name, method, noise), Seed: i, Photo: p.Name, Resize: method, Width: 224, Height: 224,
					Channels: []string{"rgb", "bgr", "bgr"}[k], Normalize: normalizes[2], Layout: "nhwc", Float: true, Noise: noise,
				})
			}
		}
	}
	return all
}

// Pixel makes cases of which the photo is cut by a pixel.
func Pixel(photos []Photo, sizesOf map[string][2]int) []Case {
	var all []Case
	for i, p := range photos {
		h, w := sizesOf[p.Name][0], sizesOf[p.Name][1]
		for k, crop := range [][]int{{1, 1, w - 2, h - 2}, {0, 0, w - 1, h - 1}, {1, 0, w - 1, h}} {
			method := []string{"opencv.linear", "tf2.bilinear", "pillow.bicubic", "opencv.area"}[(i+k)%4]
			all = append(all, Case{
				ID: fmt.Sprintf("pixel-%s-%d", p.Name, k), Seed: i, Photo: p.Name, Resize: method, Width: 224, Height: 224,
				Channels: "rgb", Normalize: normalizes[2], Layout: "nhwc", Float: true, Crop: crop,
			})
		}
	}
	return all
}

// LargePhotos are two photos of 11 and 12 million pixels.
func LargePhotos(photos []Photo) []Photo {
	var all []Photo
	for _, p := range photos {
		switch p.Name {
		case "china":
			p.Width = 4096
		case "astronaut":
			p.Width = 3464
		default:
			continue
		}
		all = append(all, p)
	}
	return all
}

// Large makes cases of LargePhotos.
func Large() []Case {
	var all []Case
	for i, method := range []string{"opencv.linear", "tf1.bilinear", "pillow.bilinear", "tf2.area", "tf2.lanczos5 antialias", "opencv.nearest"} {
		all = append(all, Case{
			ID: fmt.Sprintf("large-%d", i), Photo: []string{"china", "astronaut"}[i%2], Resize: method, Width: 224, Height: 224, Channels: "bgr",
			Normalize: normalizes[2], Turn: []string{"rotate 90"}, Layout: "nhwc", Float: true,
		})
	}
	return all
}
