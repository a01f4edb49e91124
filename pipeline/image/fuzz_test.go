package image

import (
	"bytes"
	stdimage "image"
	"image/jpeg"
	"image/png"
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
	f.Add([]byte("BM"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPVP8L"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if o := Orientation(file); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
		if len(file) > 1<<16 {
			return
		}
		for _, d := range []decode{{exif: true}, {gray: true}, {fast: true}} {
			if m, err := decoded(file, d); err == nil && m.check() != nil {
				t.Error(m.check())
			}
		}
	})
}
