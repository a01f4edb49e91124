package image

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/edgexray/edgexray/test/parts"
)

// resizeCase is one picture and what becomes of it, as testdata/resize.py reads it.
type resizeCase struct {
	Width    int    `json:"width"`
	Height   int    `json:"height"`
	Channels int    `json:"channels"`
	Type     string `json:"type"`
	ToWidth  int    `json:"to_width"`
	ToHeight int    `json:"to_height"`
	Family   string `json:"family"`
	Name     string `json:"name"`
	Option   string `json:"option"`

	picture Image
	method  Method
}

// sizes are from, to: smaller, larger, both at once, whole ratios, one pixel, one row, the same.
var sizes = [][4]int{
	{64, 48, 32, 24},
	{64, 48, 16, 16},
	{61, 47, 24, 20},
	{33, 65, 67, 31},
	{7, 5, 20, 13},
	{10, 8, 20, 16},
	{300, 200, 96, 96},
	{97, 3, 5, 7},
	{1, 9, 4, 4},
	{9, 1, 3, 2},
	{1, 1, 3, 5},
	{12, 12, 1, 1},
	{17, 13, 17, 29},
	{17, 13, 17, 13},
	{40, 30, 39, 31},
}

func TestResize(t *testing.T) {
	for _, libraries := range []struct {
		name, python string
		families     []string
		tolerance    float64
	}{
		{"imaging", parts.Path(t, "python-imaging/bin/python"), []string{"pillow", "opencv", "skia"}, 0},
		{"tensorflow", parts.Path(t, "keras/bin/python"), []string{"tf1", "tf2"}, 1e-3},
	} {
		t.Run(libraries.name, func(t *testing.T) {
			t.Parallel()
			cases := resizeCases(libraries.families)
			for i, want := range resizedBy(t, libraries.python, cases) {
				compareResized(t, cases[i], want, libraries.tolerance)
			}
		})
	}
}

func resizeCases(families []string) []resizeCase {
	random := rand.New(rand.NewPCG(1, 2))
	var cases []resizeCase
	for _, m := range Methods {
		if !slices.Contains(families, m.Family) {
			continue
		}
		for _, s := range sizes {
			for _, kind := range []string{"uint8", "float32"} {
				if kind == "float32" && m.Family == "skia" {
					continue // its pictures have 8 bits a channel
				}
				for _, channels := range []int{1, 3} {
					picture := noise(random, s[0], s[1], channels)
					if kind == "float32" {
						picture = picture.floats()
					}
					cases = append(cases, resizeCase{s[0], s[1], channels, kind, s[2], s[3], m.Family, m.Name, m.Option, picture, m})
				}
			}
		}
	}
	return cases
}

// noise is a slope with noise on it: values of all sizes, edges of all heights.
func noise(random *rand.Rand, width, height, channels int) Image {
	m := Image{Width: width, Height: height, Channels: channels, Uint8: make([]uint8, width*height*channels)}
	for i := range m.Uint8 {
		m.Uint8[i] = uint8(max(0, min(i*255/len(m.Uint8)+random.IntN(400)-200, 255)))
	}
	return m
}

func resizedBy(t *testing.T, python string, cases []resizeCase) [][]float32 {
	t.Helper()
	folder := t.TempDir()
	var pictures []byte
	for _, c := range cases {
		pictures, _ = binary.Append(pictures, binary.LittleEndian, c.picture.Uint8)
		pictures, _ = binary.Append(pictures, binary.LittleEndian, c.picture.Float32)
	}
	list, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"pictures": pictures, "cases.json": list} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if output, err := exec.Command(python, "testdata/resize.py", folder).CombinedOutput(); err != nil {
		t.Fatalf("resize.py: %v\n%s", err, output)
	}
	resized, err := os.ReadFile(filepath.Join(folder, "resized"))
	if err != nil {
		t.Fatal(err)
	}
	made := make([][]float32, len(cases))
	for i, c := range cases {
		made[i] = make([]float32, c.ToWidth*c.ToHeight*c.Channels)
		n, err := binary.Decode(resized, binary.LittleEndian, made[i])
		if err != nil {
			t.Fatal(err)
		}
		resized = resized[n:]
	}
	return made
}

func compareResized(t *testing.T, c resizeCase, want []float32, tolerance float64) {
	t.Helper()
	got := Resize(c.picture, c.ToWidth, c.ToHeight, c.method)
	if err := got.check(); err != nil || got.Width != c.ToWidth || got.Height != c.ToHeight {
		t.Fatalf("%v: %d x %d, %v", c.method, got.Width, got.Height, err)
	}
	if got.Float32 != nil {
		tolerance = max(tolerance, 2e-4)
	}
	worst, wrong := 0.0, 0
	for i, v := range got.floats().Float32 {
		off := math.Abs(float64(v - want[i]))
		if !(off <= tolerance) { // not NaN, either
			wrong++
		}
		worst = max(worst, off)
	}
	if wrong > 0 {
		t.Errorf("%v %s %dx%dx%d to %dx%d: %d of %d elements differ, by %g at most", c.method, c.Type, c.Width, c.Height, c.Channels, c.ToWidth, c.ToHeight, wrong, len(want), worst)
	}
}
