package image

import (
	"encoding/json"
	"fmt"
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

// TestDecodeFast compares with what TensorFlow reads of JPEG files by default. Where samples were cut off at black and white their
// coefficients aren't known, and few steps make a block of many small ones.
func TestDecodeFast(t *testing.T) {
	folder := t.TempDir()
	photos := []string{parts.Path(t, "photos/ultralytics/zidane.jpg"), parts.Path(t, "photos/ultralytics/bus.jpg"), parts.Path(t, "photos/scikit-learn/flower.jpg")}
	if output, err := exec.Command(parts.Path(t, "keras/bin/python"), append([]string{"testdata/decode_fast.py", folder}, photos...)...).CombinedOutput(); err != nil {
		t.Fatalf("decode_fast.py: %v\n%s", err, output)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.jpg"))
	if err != nil || len(files) != 5*len(photos) {
		t.Fatalf("there are %d files, %v", len(files), err)
	}
	for _, path := range files {
		read, err := filepath.Glob(path + ".*")
		if err != nil || len(read) != 1 {
			t.Fatalf("%s: %v, %v", path, read, err)
		}
		var width, height int
		if _, err := fmt.Sscanf(filepath.Ext(read[0]), ".%dx%d", &width, &height); err != nil {
			t.Fatal(err)
		}
		name, want := filepath.Base(path), content(t, folder, filepath.Base(read[0]))
		m, err := decoded(content(t, folder, name), decode{fast: true})
		if err != nil {
			t.Fatal(err)
		}
		sameAs(t, name, m, width, height, want, limit{24, 0.15})
	}
}

// What isn't known of a JPEG file's tables leaves it as it is decoded else.
func TestQuantizationTables(t *testing.T) {
	for name, file := range map[string]string{
		"nothing":                "\xff\xd8",
		"cut off":                "\xff\xd8\xff\xdb\x00\x43\x00\x01",
		"no frame":               "\xff\xd8\xff\xda\x00\x02",
		"a table that isn't":     "\xff\xd8\xff\xc0\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x09\xff\xda\x00\x02",
		"of zeros":               "\xff\xd8\xff\xdb\x00\x43\x00" + strings.Repeat("\x00", 64) + "\xff\xda\x00\x02",
		"four colours' tables":   "\xff\xd8\xff\xdb\x00\x43\x00" + strings.Repeat("\x01", 64) + "\xff\xc0\x00\x14\x08\x00\x08\x00\x08\x04" + strings.Repeat("\x01\x11\x00", 4) + "\xff\xda\x00\x02",
		"a size that can't be":   "\xff\xd8\xff\xdb\x00\x01",
		"nothing but fill bytes": "\xff\xd8" + strings.Repeat("\xff", 100),
	} {
		if _, ok := quantizationTables([]byte(file)); ok {
			t.Errorf("%s: it has tables", name)
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
