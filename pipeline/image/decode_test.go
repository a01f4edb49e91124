package image

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/test/parts"
)

type decodeCase struct {
	Name          string
	Width, Height int
	Turned        [2]int
}

// TestDecode compares with what Pillow and OpenCV read of the same files.
func TestDecode(t *testing.T) {
	folder := t.TempDir()
	if output, err := exec.Command(parts.Path(t, "python-imaging/bin/python"), "testdata/decode.py", folder).CombinedOutput(); err != nil {
		t.Fatalf("decode.py: %v\n%s", err, output)
	}
	var cases []decodeCase
	if err := json.Unmarshal(content(t, folder, "cases.json"), &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 100 {
		t.Fatalf("there are %d files", len(cases))
	}
	for _, c := range cases {
		file := content(t, folder, c.Name)
		m, err := Decode(file)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		sameAs(t, c.Name+" as Pillow", m, c.Width, c.Height, content(t, folder, c.Name+".pillow"), colorLimit(c.Name))
		m, err = decoded(file, decode{exif: true})
		if err != nil {
			t.Fatal(err)
		}
		gray, err := decoded(file, decode{exif: true, gray: true})
		if err != nil {
			t.Fatal(err)
		}
		sameAs(t, c.Name+" in gray", gray, c.Turned[0], c.Turned[1], content(t, folder, c.Name+".gray"), grayLimit(c.Name))
		if !strings.Contains(c.Name, "cmyk") { // OpenCV rounds these in another way
			sameAs(t, c.Name+" as OpenCV", m, c.Turned[0], c.Turned[1], content(t, folder, c.Name+".opencv"), colorLimit(c.Name))
		}
	}
}

// limit is how far elements may be off, at most and on average.
type limit struct{ most, mean float64 }

// colorLimit is that of a file in RGB. Go's inverse cosine transform rounds in another way than libjpeg's.
func colorLimit(name string) limit {
	if strings.HasSuffix(name, ".jpg") {
		return limit{3, 0.2}
	}
	return limit{}
}

// grayLimit is that of a file in gray. OpenCV makes gray of CMYK in a way of its own, and of a BMP file with a bit less.
func grayLimit(name string) limit {
	switch {
	case strings.HasSuffix(name, "cmyk.jpg"):
		return limit{2, 1}
	case strings.HasSuffix(name, ".bmp"):
		return limit{1, 0.01}
	}
	return colorLimit(name)
}

func content(t *testing.T, folder, name string) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func decoded(file []byte, d decode) (Image, error) {
	v, err := d.Apply(step.Value{Bytes: file})
	if err != nil {
		return Image{}, err
	}
	return Of(v.Array)
}

func sameAs(t *testing.T, what string, m Image, width, height int, want []byte, limit limit) {
	t.Helper()
	if m.Width != width || m.Height != height || len(m.Uint8) != len(want) {
		t.Errorf("%s: it is %d x %d, of %d elements; want %d x %d, %d", what, m.Width, m.Height, len(m.Uint8), width, height, len(want))
		return
	}
	most, sum := 0.0, 0.0
	for i, v := range m.Uint8 {
		off := float64(max(v, want[i]) - min(v, want[i]))
		most = max(most, off)
		sum += off
	}
	if mean := sum / float64(len(want)); most > limit.most || mean > limit.mean {
		t.Errorf("%s: off by %g at most, by %.3f on average", what, most, mean)
	} else if testing.Verbose() {
		t.Logf("%s: off by %g at most, by %.3f on average", what, most, mean)
	}
}
