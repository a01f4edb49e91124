package pipeline

import (
	"os"
	"path/filepath"
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
	} {
		if _, err := Read(strings.NewReader(text), "test"); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzRead reads what steps say that they are: it must be the same steps.
func FuzzRead(f *testing.F) {
	f.Add("task sounds\nwav\nmono mean\nresample 16000 polyphase\nfloat\nlength 15600")
	f.Add("decode exif gray\nyuv 8x6 nv21 full\ncolor gray tf\ncrop square=0.875 round-up\npad square x=1 y=2 fill=3")
	f.Add("letterbox 8x6 tf2.bilinear antialias round fill=114\nrotate 90\nflip horizontal\ninput 2\ncast type=uint8 round")
	f.Add("crop x=1 y=2 width=3 height=4\nnormalize mean=1/3,2,3 std=1e-5\nquantize scale=0.5 zero-point=-3 type=int16 truncate\nlayout nhwc\nbatch")
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
