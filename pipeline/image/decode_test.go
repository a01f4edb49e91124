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

// TestDecodeFast compares with what TensorFlow reads of JPEG files by default: it is the same to the bit.
func TestDecodeFast(t *testing.T) {
	folder := t.TempDir()
	photos := []string{parts.Path(t, "photos/ultralytics/zidane.jpg"), parts.Path(t, "photos/ultralytics/bus.jpg"), parts.Path(t, "photos/scikit-learn/flower.jpg")}
	if output, err := exec.Command(parts.Path(t, "keras/bin/python"), append([]string{"testdata/decode_fast.py", folder}, photos...)...).CombinedOutput(); err != nil {
		t.Fatalf("decode_fast.py: %v\n%s", err, output)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.jpg"))
	if err != nil || len(files) != 10*len(photos) {
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
		sameAs(t, name, m, width, height, want, limit{})
	}
}

// What can't be read of a JPEG file is an error that says why.
func TestReadJPEG(t *testing.T) {
	const (
		begin    = "\xff\xd8"
		gray     = "\xff\xc0\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00"
		progress = "\xff\xc2\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00"
		code     = "\xff\xc4\x00\x14\x00\x01" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00"
		scan     = "\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
	)
	ones := "\xff\xdb\x00\x43\x00" + strings.Repeat("\x01", 64)
	for _, c := range []struct{ name, file, says string }{
		{"nothing", begin, "it has no picture"},
		{"nothing but fill bytes", begin + strings.Repeat("\xff", 100), "it has no picture"},
		{"no scan", begin + ones + gray, "in none of its scans"},
		{"cut off", begin + ones[:10], "isn't all there"},
		{"a table that is cut off", begin + "\xff\xdb\x00\x04\x00\x01", "quantization table can't be read"},
		{"no table", begin + gray + scan, "no quantization table"},
		{"no code", begin + ones + gray + scan, "no Huffman code"},
		{"a code of too many values", begin + "\xff\xc4\x00\x16\x00\x03" + strings.Repeat("\x00", 15) + "\x00\x00\x00", "Huffman code can't be read"},
		{"two pictures", begin + gray + gray, "two pictures"},
		{"four colours", begin + "\xff\xc0\x00\x14\x08\x00\x08\x00\x08\x04" + strings.Repeat("\x01\x11\x00", 4), "aren't YCbCr or gray"},
		{"12 bits", begin + strings.Replace(gray, "\x0b\x08", "\x0b\x0c", 1), "12 bits"},
		{"too large", begin + strings.Replace(gray, "\x00\x08\x00\x08", "\xff\xff\xff\xff", 1), "it can't be 65535x65535"},
		{"coefficients that aren't", begin + ones + progress + code + strings.Replace(scan, "\x3f", "\x40", 1), "a scan of the coefficients"},
		{"a component that isn't", begin + ones + gray + strings.Replace(scan, "\x01\x01", "\x01\x02", 1), "isn't the picture's"},
		{"no data", begin + ones + progress + code + strings.Replace(scan, "\x3f", "\x00", 1), "data end early"},
	} {
		if _, err := readJPEG([]byte(c.file)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %q", c.name, err, c.says)
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
