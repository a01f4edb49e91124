package image

import (
	"bytes"
	stdimage "image"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

func FuzzDecode(f *testing.F) {
	m := stdimage.NewRGBA(stdimage.Rect(0, 0, 9, 5))
	var jpegFile, pngFile bytes.Buffer
	if err := jpeg.Encode(&jpegFile, m, nil); err != nil {
		f.Fatal(err)
	}
	if err := png.Encode(&pngFile, m); err != nil {
		f.Fatal(err)
	}
	f.Add(jpegFile.Bytes())
	f.Add(pngFile.Bytes())
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"))
	// A block of gray, progressive, with each kind of scan: DC, its next bit, AC, their next bit.
	f.Add([]byte("\xff\xd8\xff\xdb\x00\x43\x00" + strings.Repeat("\x02", 64) + "\xff\xc2\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00" +
		"\xff\xc4\x00\x15\x00\x02" + strings.Repeat("\x00", 15) + "\x00\x05" + "\xff\xc4\x00\x15\x10\x02" + strings.Repeat("\x00", 15) + "\x01\x00" +
		"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x01\xa0\xff\xda\x00\x08\x01\x01\x00\x00\x00\x10\x80" +
		"\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x01\x38\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x10\x38\xff\xd9"))
	f.Add([]byte("BM"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPVP8L"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if o := Orientation(file); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
		if len(file) > 1<<16 {
			return
		}
		for _, d := range []decode{{exif: true}, {gray: true}, {fast: true}, {gray: true, fast: true}} {
			if m, err := decoded(file, d); err == nil && m.check() != nil {
				t.Error(m.check())
			}
		}
	})
}
