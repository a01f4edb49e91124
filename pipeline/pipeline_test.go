package pipeline

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/pipeline/step"
)

func TestRead(t *testing.T) {
	p, err := Read(strings.NewReader(`
# two inputs
task detection
decode exif        # a photograph
resize 8x6 opencv.area
input 3
decode
normalize mean=0,0,0 std=1/2
`), "test")
	if err != nil {
		t.Fatal(err)
	}
	if p.Task != "detection" || len(p.Inputs) != 2 || p.Inputs[0].Index != 0 || p.Inputs[1].Index != 3 {
		t.Errorf("it reads %+v", p)
	}
	for i, want := range []string{"decode exif, resize 8x6 opencv.area", "decode, normalize std=0.5"} {
		if got := Words(p.Inputs[i].Steps); got != want {
			t.Errorf("input %d: %s, want %s", i, got, want)
		}
	}
}

// Files that steps need are beside the pipeline's, wherever that is read from.
func TestOpen(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"p.pipeline": "words vocab=words.txt\n", "words.txt": "good\nbad\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := Open(filepath.Join(folder, "p.pipeline"))
	if err != nil {
		t.Fatal(err)
	}
	if made, err := Run(p.Inputs[0].Steps, step.Value{Bytes: []byte("bad good")}); err != nil || !slices.Equal(made.Array.Int32, []int32{1, 0}) {
		t.Errorf("tokens %v: %v", made.Array, err)
	}
}

func TestReadRefuses(t *testing.T) {
	for text, why := range map[string]string{
		"":                                 "no steps",
		"# nothing":                        "no steps",
		"task cooking":                     "line 1: task takes one of",
		"decode\nrotat 90":                 `line 2: there is no step "rotat"`,
		"resize 8x6 bilinear":              "opencv.linear",
		"resize 8x6 tf2.area antialias":    `takes no "antialias"`,
		"normalize std=0":                  "other than 0",
		"normalize mean=1,2 std=1,2,3":     "as many",
		"quantize scale=0 type=int8":       "above 0",
		"quantize scale=1 type=float32":    "int8, uint8 or int16",
		"cast type=float64":                "float32",
		"layout hwcn":                      "nchw or nhwc",
		"decode speed=9":                   "takes no speed=",
		"decode a=1 a=2":                   "given twice",
		"input -1":                         "an index",
		"input 0\ndecode\ninput 0\ndecode": "already has steps",
		"decode\ninput 1":                  "input 1 has no steps",
		"resize 8x6 tf1.area align-corners antialias": `takes no "antialias"`,
		"color gray opencv tf":                        `takes no "tf"`,
		"crop central=0.5 square":                     `takes no "square"`,
		"crop 8x6 round-up":                           `takes no "round-up"`,
		"length 8 front both":                         `takes no "both"`,
		"microfrontend low=3e38 high=3.3e38":          "low < high",
		"gain":                                        "missing",
		"clip 1 x":                                    `"x" is no number`,
	} {
		if _, err := Read(strings.NewReader(text), "test"); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// soundSteps and textSteps are steps with many of their arguments.
const (
	soundSteps = "mono mean\nresample 8000 linear truncate always\ngain 1/2\nfloat\nclip -1 1\nlevel rms\npreemphasis 0.97\nskip -3\nlength 50 both value=1\n" +
		"frame length=16 step=8 reflect\nwindow povey symmetric length=11\nspectrogram power fft=32\nmel slaney bins=4 low=0 high=4000 norm=none rate=8000\n" +
		"log db floor=1e-3 range=80\nmfcc ortho 2\ntranspose"
	frontEnd  = "mono right\nresample 16000 fourier round\nint16 multiply=2 floor wrap\nmicrofrontend channels=4 window=4 step=2 low=100 no-pcan integer"
	textSteps = "unicode nfc\nstrip-accents\nbytes offset=3\nsurround begin=1 end=2\ntruncate 3 front\nadd -2\nlength 8 front\nmask pad=1"
)

// FuzzRun applies steps to a picture, a sound and bytes: what they make has as many elements as its shape says.
func FuzzRun(f *testing.F) {
	f.Add("crop square=0.875 round-up\nresize 8x6 opencv.area\nrotate 90\ncolor gray tf\npad square x=1 fill=3\nnormalize mean=1/3 std=1e-5\nquantize scale=0.5 zero-point=-3 type=int16")
	f.Add("letterbox 8x6 tf2.bilinear antialias round fill=114\nflip horizontal\ncast type=uint8 round\nlayout nchw\nbatch")
	f.Add(soundSteps)
	f.Add(frontEnd)
	f.Add(textSteps)
	large := regexp.MustCompile(`[0-9]{4}|[eE]\+?[0-9]{2}|program|vocab`) // what takes long, or is other people's
	sound := make([]int16, 400)
	for i := range sound {
		sound[i] = int16(i * i)
	}
	values := []step.Value{
		{Bytes: []byte("RIFF or UTF-8")},
		{Array: &step.Array{Shape: []int{1, 5, 4, 3}, Uint8: make([]uint8, 60)}},
		{Array: &step.Array{Shape: []int{200, 2}, Int16: sound}, Rate: 8000},
		{Array: &step.Array{Shape: []int{400}, Int16: sound}, Rate: 16000},
	}
	f.Fuzz(func(t *testing.T, text string) {
		if large.MatchString(strings.NewReplacer("16000", "", "8000", "").Replace(text)) || strings.Count(text, "\n") > 20 {
			return
		}
		p, err := Read(strings.NewReader(text), "fuzz")
		if err != nil {
			return
		}
		for _, v := range values {
			made, err := Run(p.Inputs[0].Steps, v)
			if err == nil && made.Array != nil && made.Array.Len() != len(made.Array.Reals()) {
				t.Errorf("%q makes %v of %d elements", Words(p.Inputs[0].Steps), made.Array.Shape, len(made.Array.Reals()))
			}
		}
	})
}

// FuzzRead reads what steps say that they are: it must be the same steps.
func FuzzRead(f *testing.F) {
	f.Add("task sounds\nwav\nmono mean\nresample 16000 polyphase\nfloat\nlength 15600")
	f.Add("decode exif gray\nyuv 8x6 nv21 full\ncolor gray tf\ncrop square=0.875 round-up\npad square x=1 y=2 fill=3")
	f.Add("letterbox 8x6 tf2.bilinear antialias round fill=114\nrotate 90\nflip horizontal\ninput 2\ncast type=uint8 round")
	f.Add("crop x=1 y=2 width=3 height=4\nnormalize mean=1/3,2,3 std=1e-5\nquantize scale=0.5 zero-point=-3 type=int16 truncate\nlayout nhwc\nbatch")
	f.Add(soundSteps)
	f.Add(frontEnd)
	f.Add(textSteps)
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "vocab") {
			return // it would open files
		}
		p, err := Read(strings.NewReader(text), "fuzz")
		if err != nil {
			return
		}
		for _, input := range p.Inputs {
			for _, s := range input.Steps {
				again, err := Step(strings.Fields(s.String()))
				if err != nil || again.String() != s.String() {
					t.Errorf("%q reads %v, %v", s, again, err)
				}
			}
		}
	})
}
