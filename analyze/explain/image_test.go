package explain

import (
	"bytes"
	"fmt"
	stdimage "image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/image"
	"github.com/edgexray/edgexray/pipeline/step"
)

// scene is a picture with structure of all sizes, and channels that differ.
func scene(height, width int) step.Value {
	random := rand.New(rand.NewPCG(7, 7))
	sum := make([]float64, height*width*3)
	for size := 2.0; size < 200; size *= 1.7 {
		for c := range 3 {
			for range int(4000 / (size * size / 8)) {
				y, x, v := random.Float64()*float64(height), random.Float64()*float64(width), (random.Float64()-0.5)*60
				for yy := max(0, int(y-size)); yy < min(height, int(y+size)); yy++ {
					for xx := max(0, int(x-size)); xx < min(width, int(x+size)); xx++ {
						sum[(yy*width+xx)*3+c] += v
						sum[(yy*width+xx)*3+(c+1)%3] += v / 2
					}
				}
			}
		}
	}
	pixels := make([]uint8, len(sum))
	for i, v := range sum {
		pixels[i] = uint8(clamp(128+v, 0, 255))
	}
	return step.Value{Array: &step.Array{Shape: []int{height, width, 3}, Uint8: pixels}}
}

func parse(t testing.TB, text string) []step.Step {
	t.Helper()
	s, err := steps(strings.Split(text, "; "))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func fedBy(t testing.TB, raw step.Value, text string) *step.Array {
	t.Helper()
	v, err := pipeline.Run(parse(t, text), raw)
	if err != nil {
		t.Fatal(err)
	}
	return v.Array
}

const mobilenet = "crop central=0.875; resize 96x96 tf2.bilinear; normalize mean=127.5 std=127.5; batch"

func TestJudgeImage(t *testing.T) {
	raw := scene(240, 320)
	for _, c := range []struct {
		name, app, reference string
		differ               []string // aspect: app
	}{
		{"the same", mobilenet, mobilenet, nil},
		{"another library's name for the same", "resize 96x96 tf1.area; batch", "resize 96x96 tf2.area; batch", nil},
		{"quantised", "resize 96x96 tf2.bilinear; normalize mean=127.5 std=127.5; quantize scale=2/255 zero-point=-1 type=int8; batch",
			"resize 96x96 tf2.bilinear; normalize mean=127.5 std=127.5; batch", nil},
		{"halves that are rounded up", "resize 96x96 pillow.bilinear; normalize mean=127 std=127.5; quantize scale=1/127.5 zero-point=-1 type=int8; batch",
			"resize 96x96 pillow.bilinear; normalize mean=127.5 std=127.5; quantize scale=0.00784313725 zero-point=-1 type=int8; batch", nil},
		{"BGR", "crop central=0.875; resize 96x96 tf2.bilinear; color bgr; normalize mean=127.5 std=127.5; batch", mobilenet, []string{"channel order: BGR"}},
		{"by 256", "crop central=0.875; resize 96x96 tf2.bilinear; normalize std=256; batch",
			"crop central=0.875; resize 96x96 tf2.bilinear; normalize std=255; batch", []string{"normalization: [0,1) by 256"}},
		{"turned", "rotate 90; crop central=0.875; resize 96x96 tf2.bilinear; normalize mean=127.5 std=127.5; batch", mobilenet, []string{"orientation: rotated 90 degrees clockwise"}},
		{"mirrored", "crop central=0.875; resize 96x96 tf2.bilinear; flip horizontal; normalize mean=127.5 std=127.5; batch", mobilenet, []string{"orientation: mirrored left to right"}},
		{"resized", "crop central=0.875; resize 96x96 tf1.bilinear; normalize mean=127.5 std=127.5; batch", mobilenet, []string{"resize: tf1.bilinear (no half-pixel centers)"}},
		{"resized by an antialiasing library", "crop central=0.875; resize 96x96 pillow.bilinear; normalize mean=127.5 std=127.5; batch", mobilenet, []string{"resize: pillow.bilinear (antialiased)"}},
		{"not cropped", "resize 96x96 tf2.bilinear; normalize mean=127.5 std=127.5; batch", mobilenet, []string{"crop: the whole picture"}},
		{"cropped by a pixel", "crop x=1 y=1 width=318 height=238; resize 96x96 opencv.linear; batch", "resize 96x96 opencv.linear; batch",
			[]string{"crop: crop 318x238"}},
		{"layout", "resize 96x96 opencv.linear; layout nchw; batch", "resize 96x96 opencv.linear; batch", []string{"layout: NCHW"}},
		{"letterboxed", "letterbox 96x96 opencv.linear fill=114; batch", "resize 96x96 opencv.linear; batch", []string{"crop: pad square fill=114"}},
		{"letterboxed on another colour", "letterbox 96x96 opencv.linear; batch", "letterbox 96x96 opencv.linear fill=114; batch", []string{"crop: padded with 0"}},
		{"rounded as another resizer does", "resize 96x96 tf1.bilinear; cast type=uint8 round; normalize std=255; batch", "resize 96x96 opencv.linear; normalize std=255; batch",
			[]string{"resize: tf1.bilinear (no half-pixel centers)"}},
		{"bytes as int8", "resize 96x96 opencv.linear; cast type=int8 wrap; batch", "resize 96x96 opencv.linear; normalize mean=128; cast type=int8; batch",
			[]string{"quantization: the picture's bytes as they are (cast type=int8 wrap)"}},
		{"bytes taken for signed ones", "resize 96x96 opencv.linear; cast type=int8 wrap; normalize mean=127.5 std=127.5; batch", "resize 96x96 opencv.linear; normalize mean=127.5 std=127.5; batch",
			[]string{"normalization: [-1,1], of bytes taken for signed ones"}},
		{"not enlarged", "pad 400x400 fill=114; normalize std=255; batch", "letterbox 400x400 opencv.linear fill=114; normalize std=255; batch",
			[]string{"crop: pad 400x400 fill=114: 400x400 at -40,-80 of the photo"}},
		{"in the middle, to the pixel", "resize 100x96 opencv.linear; crop x=15 y=16 width=69 height=64; batch", "resize 100x96 opencv.linear; crop x=16 y=16 width=69 height=64; batch",
			[]string{"crop: crop 69x64: 221x160 at 48,40 of the photo"}},
		{"standardized", "resize 96x96 tf2.bilinear; standardize; batch", "resize 96x96 tf2.bilinear; normalize mean=127.5 std=127.5; batch",
			[]string{"normalization: each picture standardized"}},
		{"not standardized", "resize 96x96 tf2.bilinear; normalize mean=127.5 std=127.5; batch", "resize 96x96 tf2.bilinear; standardize; batch",
			[]string{"normalization: [-1,1]"}},
		{"standardized as it should be, but BGR", "resize 96x96 tf2.bilinear; color bgr; standardize; batch", "resize 96x96 tf2.bilinear; standardize; batch",
			[]string{"channel order: BGR"}},
		{"stretched", "resize 96x96 tf1.bilinear; min-max; batch", "resize 96x96 tf2.bilinear; min-max; batch", []string{"resize: tf1.bilinear (no half-pixel centers)"}},
		{"all at once", "rotate 90; resize 96x96 tf1.bilinear; color bgr; normalize std=255; batch", "resize 96x96 tf2.bilinear; normalize mean=127.5 std=127.5; batch",
			[]string{"normalization: [0,1]", "channel order: BGR", "orientation: rotated 90 degrees clockwise", "resize: tf1.bilinear (no half-pixel centers)"}},
		{"means in the order of the channels", "resize 96x96 tf2.bilinear; color bgr; normalize mean=103.939,116.779,123.68; batch",
			"resize 96x96 tf2.bilinear; normalize mean=123.68,116.779,103.939; batch", []string{"channel order: BGR"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fed := fedBy(t, raw, c.app)
			v, err := Judge(raw, fed, parse(t, c.reference))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range v.Differences {
				got = append(got, string(d.Aspect)+": "+d.App)
			}
			if !slices.Equal(got, c.differ) || v.Healthy != (c.differ == nil) || !v.Explanation.Explained {
				t.Errorf("healthy %v, explained %v, %.3f from the reference; differences %q, want %q; app %s",
					v.Healthy, v.Explanation.Explained, v.Distance, got, c.differ, pipeline.Words(v.Explanation.Steps))
			}
		})
	}
}

// Where most of what was fed is cut off at a limit of its type, what makes it so is found from the reference: nothing of the
// photo is to be seen. What was never filled is nothing that anybody made.
func TestJudgeCutOff(t *testing.T) {
	raw := scene(240, 320)
	for i, v := range raw.Array.Uint8 {
		raw.Array.Uint8[i] = max(v, 3)
	}
	const reference = "resize 64x64 opencv.area; color bgr; normalize mean=127.5 std=127.5; quantize scale=0.00778162247 zero-point=-2 type=int8; batch"
	fed := func(app string) *step.Array {
		a := fedBy(t, raw, "resize 64x64 opencv.area; "+app+"; batch")
		a.Scale, a.ZeroPoint = 0.00778162247, -2 // the model's, whatever the app takes
		return a
	}
	for app, want := range map[string]string{
		"color bgr; quantize scale=0.00778162247 zero-point=-2 type=int8":                                                      "normalization: [0,255]",
		"color bgr; normalize mean=127.5 std=127.5; quantize scale=1/255 zero-point=-128 type=int8":                            "quantization: another scale and zero point (quantize scale=0.00392156863 zero-point=-128 type=int8)",
		"color bgr; cast type=int8 wrap; normalize mean=127.5 std=127.5; quantize scale=0.00778162247 zero-point=-2 type=int8": "normalization: [-1,1], of bytes taken for signed ones",
		"normalize mean=1000; cast type=int8":                                                                                  "", // all at the lower limit
	} {
		v, err := Judge(raw, fed(app), parse(t, reference))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, d := range v.Differences {
			got += string(d.Aspect) + ": " + d.App
		}
		if got != want || v.Explanation.Explained != (want != "") {
			t.Errorf("%s: %q, want %q (%s)", app, got, want, pipeline.Words(v.Explanation.Steps))
		}
	}
}

// A camera's frame that is taken for one in another format looks like no picture that is made of it otherwise.
func TestJudgeMisread(t *testing.T) {
	frame := &step.Array{Shape: []int{180, 160, 1}}
	of := scene(120, 160).Array.Uint8
	for i := range 160 * 120 {
		frame.Uint8 = append(frame.Uint8, 16+of[3*i]*6/7)
	}
	for i := range 160 * 120 / 4 {
		frame.Uint8 = append(frame.Uint8, 64+of[12*i+1]/2, 64+of[12*i+2]/2)
	}
	picture, err := image.Picture("nv21", frame)
	if err != nil {
		t.Fatal(err)
	}
	raw := step.Value{Array: picture, Frame: frame, Format: "nv21"}
	const reference = "resize 64x64 opencv.linear; normalize mean=127.5 std=127.5; batch"
	for app, want := range map[string]string{
		"yuv 160x120 nv21; " + reference:      "",
		"yuv 160x120 nv21 full; " + reference: "", // which of the two it is no format says
		"yuv 160x120 nv12; " + reference:      "channel order: a frame in NV21 taken for NV12, not NV21",
		"yuv 160x120 nv12; color bgr; resize 64x64 opencv.linear; normalize mean=127.5 std=127.5; batch": "channel order: a frame in NV21 taken for NV12, not NV21; channel order: BGR, not RGB",
	} {
		v, err := Judge(raw, fedBy(t, step.Value{Bytes: frame.Uint8}, app), parse(t, reference))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range v.Differences {
			got = append(got, fmt.Sprintf("%s: %s, not %s", d.Aspect, d.App, d.Reference))
		}
		if strings.Join(got, "; ") != want || v.Healthy != (want == "") {
			t.Errorf("%s: healthy %v, %q, want %q (%s)", app, v.Healthy, got, want, pipeline.Words(v.Explanation.Steps))
		}
	}
}

// Of a photo of few shades hardly more is known than what becomes of these: no normalization is made up that suits them better.
func TestJudgeOfFewShades(t *testing.T) {
	raw := scene(192, 144)
	for i, v := range raw.Array.Uint8 {
		raw.Array.Uint8[i] = 120 + v/16
	}
	const numbers = "normalize mean=127.5 std=127.5; quantize scale=0.00778162247 zero-point=-2 type=int8; batch"
	for app, reference := range map[string]string{
		"resize 64x64 opencv.area; color bgr; " + numbers:                                    "resize 64x64 opencv.area; " + numbers,
		"resize 64x64 opencv.area; color bgr; normalize mean=91 std=133; batch":              "resize 64x64 opencv.area; normalize mean=91 std=133; batch",
		"resize 64x64 opencv.area; color bgr; normalize mean=101,92,133 std=71,62,53; batch": "resize 64x64 opencv.area; normalize mean=133,92,101 std=53,62,71; batch",
	} {
		v, err := Judge(raw, fedBy(t, raw, app), parse(t, reference))
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Differences) != 1 || v.Differences[0].Aspect != Channels {
			t.Errorf("%s for %s: %+v", app, reference, v.Differences)
		}
	}
}

// What is said is what was done: the steps make what was fed.
func TestExplainImageSteps(t *testing.T) {
	raw := scene(200, 260)
	for _, app := range []string{
		mobilenet,
		"resize 80x64 pillow.lanczos; rotate 270; color gray; batch",
		"flip vertical; resize 64x64 tf1.nearest; color gbr; normalize std=255; layout nchw; batch",
		"crop x=31 y=17 width=170 height=160; resize 72x72 opencv.area; normalize mean=128 std=128; quantize scale=1/128 zero-point=128 type=uint8; batch",
		"pad square fill=7; resize 96x96 opencv.linear; batch",
	} {
		fed := fedBy(t, raw, app)
		e, err := Explain(raw, fed)
		if err != nil {
			t.Fatal(err)
		}
		made, err := pipeline.Run(e.Steps, raw)
		if err != nil {
			t.Fatal(err)
		}
		if d := distance(made.Array, fed, 1); !e.Explained || d > 0.05 {
			t.Errorf("%s: explained %v by %s, which is %.4f away (%.4f said)", app, e.Explained, pipeline.Words(e.Steps), d, e.Residual)
		}
	}
}

func TestUnexplainedImage(t *testing.T) {
	raw, other := scene(200, 260), scene(220, 200)
	gamma := &step.Array{Shape: raw.Array.Shape, Uint8: slices.Clone(raw.Array.Uint8)}
	for i, v := range gamma.Uint8 {
		gamma.Uint8[i] = uint8(255 * math.Pow(float64(v)/255, 0.7))
	}
	for name, fed := range map[string]*step.Array{
		"another picture": fedBy(t, other, mobilenet),
		"gamma":           fedBy(t, step.Value{Array: gamma}, mobilenet),
		"not numbers":     {Shape: []int{1, 32, 32, 3}, Float32: slices.Repeat([]float32{0, 1, float32(math.NaN()), 2}, 32*8*3)},
		"constant":        {Shape: []int{1, 32, 32, 3}, Float32: make([]float32, 32*32*3)},
	} {
		v, err := Judge(raw, fed, parse(t, mobilenet))
		if err != nil {
			t.Fatal(err)
		}
		if v.Healthy || v.Explanation.Explained || len(v.Differences) > 0 || len(v.Explanation.Steps)+len(v.Explanation.Notes) == 0 {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// A photo that was compressed again isn't what the app had; the reference isn't accused for it, and a mistake isn't healthy.
func TestJudgeOfAnotherCopy(t *testing.T) {
	raw := scene(240, 320)
	had := step.Value{Array: &step.Array{Shape: raw.Array.Shape, Uint8: slices.Clone(raw.Array.Uint8)}}
	random := rand.New(rand.NewPCG(3, 3))
	for i, v := range had.Array.Uint8 {
		had.Array.Uint8[i] = uint8(clamp(float64(int(v)+random.IntN(5)-2), 0, 255))
	}
	const reference = "resize 96x96 tf1.nearest; normalize mean=127.5 std=127.5; batch"
	v, err := Judge(raw, fedBy(t, had, reference), parse(t, reference))
	if err != nil || !v.Healthy || v.Distance < 1.2 || len(v.Explanation.Notes) == 0 {
		t.Errorf("%v: %+v", err, v)
	}
	v, err = Judge(raw, fedBy(t, had, "resize 96x96 tf1.nearest; color bgr; normalize mean=127.5 std=127.5; batch"), parse(t, reference))
	if err != nil || v.Healthy {
		t.Errorf("BGR: %v: %+v", err, v)
	}
}

func TestExplainBadImage(t *testing.T) {
	good, fed := scene(40, 40), &step.Array{Shape: []int{1, 8, 8, 3}, Uint8: make([]uint8, 192)}
	for _, c := range []struct {
		name string
		raw  step.Value
		fed  *step.Array
		says string
	}{
		{"nothing fed", good, nil, "nothing was fed"},
		{"elements missing", good, &step.Array{Shape: []int{1, 8, 8, 3}, Uint8: make([]uint8, 7)}, "with 7 elements"},
		{"empty", good, &step.Array{Shape: []int{0, 8, 8, 3}}, "elements"},
		{"no picture", good, &step.Array{Shape: []int{1, 1000}, Float32: make([]float32, 1000)}, "no picture"},
		{"tiny", good, &step.Array{Shape: []int{1, 4, 4, 3}, Uint8: make([]uint8, 48)}, "shows nothing"},
		{"raw is floats", step.Value{Array: &step.Array{Shape: []int{8, 8, 3}, Float32: make([]float32, 192)}}, fed, "8 bits"},
		{"raw lacks elements", step.Value{Array: &step.Array{Shape: []int{80, 80, 3}, Uint8: make([]uint8, 192)}}, fed, "192 elements"},
		{"raw is no file of a picture", step.Value{Bytes: []byte{0xff, 0xd8, 0xff, 0}}, fed, "decode"},
	} {
		_, err := Explain(c.raw, c.fed)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestKindOf(t *testing.T) {
	for file, want := range map[string]kind{
		"RIFF\x10\x00\x00\x00WAVEfmt ": ofAudio, "RIFF": ofAudio, "RIFF\x10\x00\x00\x00WEBPVP8 ": ofImage, "\xff\xd8\xff": ofImage, "some words": ofText,
	} {
		if got := kindOf(step.Value{Bytes: []byte(file)}); got != want {
			t.Errorf("%q is of kind %d, want %d", file, got, want)
		}
	}
}

func TestOrientations(t *testing.T) {
	plane := []int{0, 1, 2, 3, 4, 5} // 2 rows
	for _, a := range orientations {
		h, w := 2, 3
		turned := turn(plane, h, w, a.orientation)
		if a.transposed {
			h, w = w, h
		}
		if back := turn(turned, h, w, a.inverse()); !slices.Equal(back, plane) {
			t.Errorf("%s there and back: %v", a.name, back)
		}
		for _, b := range orientations {
			if got, want := turn(plane, 2, 3, a.then(b.orientation)), turn(turned, h, w, b.orientation); !slices.Equal(got, want) {
				t.Errorf("%s, then %s: %v, want %v", a.name, b.name, got, want)
			}
		}
		v := step.Value{Array: &step.Array{Shape: []int{2, 3, 1}, Uint8: []uint8{0, 1, 2, 3, 4, 5}}}
		s, err := steps(a.lines)
		if err != nil {
			t.Fatal(err)
		}
		if v, err = pipeline.Run(s, v); err != nil {
			t.Fatal(err)
		}
		for i, got := range v.Array.Uint8 {
			if int(got) != turned[i] {
				t.Errorf("%s isn't what %q do: %v, %v", a.name, a.lines, turned, v.Array.Uint8)
				break
			}
		}
	}
}

func TestProve(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	floats := func(low, high float32) *step.Array {
		a := &step.Array{Shape: []int{1, 64, 64, 3}, Float32: make([]float32, 64*64*3)}
		for i := range a.Float32 {
			a.Float32[i] = low + (high-low)*random.Float32()
		}
		return a
	}
	with := func(a *step.Array, change func(*step.Array)) *step.Array { change(a); return a }
	reference := "resize 64x64 tf2.bilinear; normalize mean=127.5 std=127.5"
	for _, c := range []struct {
		name      string
		fed       *step.Array
		reference string
		aspect    Aspect // empty: nothing is proved
		says      string
	}{
		{"as it should be", floats(-1, 1), reference, "", ""},
		{"dark", floats(-1, -0.8), reference, "", ""},
		{"NaN", with(floats(-1, 1), func(a *step.Array) { a.Float32[7] = float32(math.NaN()) }), reference, Data, "1 NaN"},
		{"infinite", with(floats(-1, 1), func(a *step.Array) { a.Float32[7] = float32(math.Inf(1)) }), reference, Data, "1 infinities"},
		{"zeros", floats(0, 0), reference, Data, "all 12288 elements are 0"},
		{"a channel of zeros", with(floats(-1, 1), func(a *step.Array) {
			for i := 2; i < len(a.Float32); i += 3 {
				a.Float32[i] = 0
			}
		}), reference, Data, "channel 2"},
		{"[0,1]", floats(0, 1), reference, Normalization, "none of 12288 elements is negative"},
		{"[0,255]", floats(0, 255), reference, Normalization, "values from"},
		{"[-1,1] for [0,255]", floats(-1, 1), "resize 64x64 tf2.bilinear", Normalization, "less than 4"},
		{"no reference", floats(0, 255), "", "", ""},
		{"saturated", &step.Array{Shape: []int{1, 64, 64, 3}, Int8: slices.Repeat([]int8{127, 127, 127, 5}, 64*48), Scale: 0.01}, "", Data, "75 %"},
		{"cast", &step.Array{Shape: []int{1, 64, 64, 3}, Int8: slices.Repeat([]int8{0, 0, 0, 1}, 64*48), Scale: 1. / 255, ZeroPoint: -128}, "", Quantization, "2 neighbouring values"},
	} {
		var r []step.Step
		if c.reference != "" {
			r = parse(t, c.reference)
		}
		got := Prove(c.fed, r)
		switch {
		case c.aspect == "" && len(got) == 0:
		case c.aspect == "" || len(got) != 1 || got[0].Aspect != c.aspect || !strings.Contains(got[0].App, c.says) || got[0].Advice == "":
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// Of a gray photo that a file has in three channels one is made, whichever it is most like.
func TestJudgeGrayPhoto(t *testing.T) {
	raw := scene(240, 320)
	for i := range raw.Array.Uint8 {
		raw.Array.Uint8[i] = raw.Array.Uint8[i/3*3]
	}
	for _, method := range []string{"opencv.area", "opencv.linear", "pillow.bilinear", "tf2.bilinear"} {
		resize := "color gray; resize 96x96 " + method + "; "
		for _, numbers := range []string{"normalize mean=127.5 std=127.5", "normalize mean=128 std=128", "normalize std=256"} {
			v, err := Judge(raw, fedBy(t, raw, resize+numbers+"; batch"), parse(t, resize+"normalize std=255; batch"))
			if err != nil || len(v.Differences) != 1 || v.Differences[0].Aspect != Normalization {
				t.Errorf("%s%s: %v: %+v", resize, numbers, err, v)
			}
		}
	}
}

// A gray photo's only channel is all that anything can be made of.
func TestJudgeGrayCutOff(t *testing.T) {
	raw := step.Value{Array: &step.Array{Shape: []int{64, 64, 1}}}
	for i := range 64 * 64 {
		raw.Array.Uint8 = append(raw.Array.Uint8, uint8(20+i%200))
	}
	fed := &step.Array{Shape: []int{1, 16, 16, 3}, Int8: slices.Repeat([]int8{127}, 16*16*3), Scale: 0.0078}
	v, err := Judge(raw, fed, parse(t, "resize 16x16 opencv.area; color rgb; normalize mean=127.5 std=127.5; quantize scale=0.0078 zero-point=0 type=int8; batch"))
	if err != nil || v.Healthy {
		t.Errorf("%+v, %v", v, err)
	}
}

func FuzzJudgeImage(f *testing.F) {
	f.Add([]byte("some pixels of which there are a few"), uint8(12), uint8(9), uint8(3), uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, height, width, channels, kind uint8) {
		h, w, c := int(height%32), int(width%32), int(channels%5)
		if len(data) == 0 {
			return
		}
		fed := &step.Array{Shape: []int{1, h, w, c}, Scale: float64(kind%3) / 64, ZeroPoint: int(kind) - 128}
		for i := range h * w * c {
			switch kind % 3 {
			case 0:
				fed.Float32 = append(fed.Float32, math.Float32frombits(uint32(data[i%len(data)])<<24|uint32(data[(i+1)%len(data)])<<16))
			case 1:
				fed.Int8 = append(fed.Int8, int8(data[i%len(data)]))
			default:
				fed.Uint8 = append(fed.Uint8, data[i%len(data)])
			}
		}
		raw := &step.Array{Shape: []int{w, h, 3}}
		for i := range w * h * 3 {
			raw.Uint8 = append(raw.Uint8, data[(i*7)%len(data)])
		}
		Prove(fed, nil)
		v, err := Judge(step.Value{Array: raw}, fed, parse(t, "resize 12x9 opencv.linear"))
		if err == nil && v.Healthy && len(v.Differences) > 0 {
			t.Errorf("healthy, and differs: %+v", v)
		}
	})
}

// A picture's bytes are the elements of a model of [-1,1] whose zero point is 127 or 128, but for half a step.
func TestJudgeBytes(t *testing.T) {
	raw := scene(240, 320)
	reference := parse(t, "resize 96x96 opencv.linear; normalize mean=127.5 std=127.5; batch")
	for zero, healthy := range map[int]bool{127: true, 128: true, 0: false} {
		fed := fedBy(t, raw, "resize 96x96 opencv.linear; batch")
		fed.Scale, fed.ZeroPoint = 1/127.5, zero
		if v, err := Judge(raw, fed, reference); err != nil || v.Healthy != healthy || len(v.Differences) > 0 == healthy {
			t.Errorf("of zero point %d: healthy %v, %.2f from the reference, differences %v; %v", zero, v.Healthy, v.Distance, v.Differences, err)
		}
	}
}

// Which decoder of JPEG an app has is no difference, and hides none.
func TestJudgeDecoders(t *testing.T) {
	pixels := scene(240, 320).Array
	m := stdimage.NewRGBA(stdimage.Rect(0, 0, 320, 240))
	for i := range 320 * 240 {
		copy(m.Pix[4*i:], pixels.Uint8[3*i:3*i+3])
		m.Pix[4*i+3] = 255
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, m, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	raw := step.Value{Bytes: file.Bytes()}
	for app, differ := range map[string][]string{
		"decode; ":                 nil,
		"decode fast; ":            nil,
		"decode fast; color bgr; ": {"channel order: BGR"},
		"decode; color bgr; ":      {"channel order: BGR"},
	} {
		for _, reference := range []string{"decode; ", "decode fast; "} {
			const then = "resize 96x96 tf2.bilinear; normalize mean=127.5 std=127.5; batch"
			v, err := Judge(raw, fedBy(t, raw, app+then), parse(t, reference+then))
			var got []string
			for _, d := range v.Differences {
				got = append(got, string(d.Aspect)+": "+d.App)
			}
			noted := slices.Contains(v.Explanation.Notes, fastNote)
			if err != nil || !slices.Equal(got, differ) || v.Healthy != (differ == nil) || noted != (strings.Contains(app, "fast") && reference == "decode; ") {
				t.Errorf("%sby %s: healthy %v, %.2f left, differences %q, notes %q, %v", app, reference, v.Healthy, v.Explanation.Residual, got, v.Explanation.Notes, err)
			}
		}
		e, err := Explain(raw, fedBy(t, raw, app+"resize 96x96 tf2.bilinear; normalize std=255; batch"))
		if noted := slices.Contains(e.Notes, fastNote); err != nil || !e.Explained || noted != strings.Contains(app, "fast") {
			t.Errorf("%s: explained %v, %.2f left, notes %q, %v", app, e.Explained, e.Residual, e.Notes, err)
		}
	}
}

// Numbers that are cast become few elements, which other numbers make, too.
func TestJudgeCast(t *testing.T) {
	raw := scene(240, 320)
	fed := fedBy(t, raw, "resize 96x96 opencv.linear; normalize mean=127.5 std=127.5; cast type=int8; batch")
	fed.Scale = 1 / 127.5
	v, err := Judge(raw, fed, parse(t, "resize 96x96 opencv.linear; normalize mean=127.5 std=127.5; batch"))
	if err != nil || len(v.Differences) != 1 || v.Differences[0].Aspect != Quantization {
		t.Errorf("%+v, %v", v.Differences, err)
	}
}

// What nothing explains is said to be of the reference where nothing comes nearer.
func TestNearestIsTheReference(t *testing.T) {
	raw := scene(240, 320)
	reference := parse(t, "resize 96x96 opencv.linear; normalize std=255; batch")
	fed := fedBy(t, raw, "resize 96x96 opencv.linear; normalize std=255; batch")
	for i := range fed.Float32 {
		fed.Float32[i] += float32(0.03 * math.Sin(float64(i/3%96)/5)) // a ripple
	}
	v, err := Judge(raw, fed, reference)
	if err != nil || v.Healthy || v.Explanation.Explained || !slices.Equal(lines(v.Explanation.Steps), lines(reference)) || v.Explanation.Residual != v.Distance || len(v.Explanation.Notes) != 1 {
		t.Errorf("%+v, %v", v, err)
	}
}
