package image

import (
	"bytes"
	"fmt"
	stdimage "image"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"

	"github.com/edgexray/edgexray/pipeline/step"
)

const pngMagic = "\x89PNG\r\n\x1a\n"

// formats are the files that Decode reads. A file is known by how it begins; in a magic a question mark stands for any byte.
var formats = []struct {
	name, magic string
	config      func(file []byte) (stdimage.Config, error)
	decode      func(file []byte) (Image, error)
	fast        func(file []byte) (Image, error) // nil: as decode
}{
	{"JPEG", "\xff\xd8", configBy(jpeg.DecodeConfig), decodeJPEG, decodeJPEGFast},
	{"PNG", pngMagic, configBy(png.DecodeConfig), decodeBy(png.Decode), nil},
	{"BMP", "BM", configBy(bmp.DecodeConfig), decodeBy(bmp.Decode), nil},
	{"WebP", "RIFF????WEBP", configBy(webp.DecodeConfig), decodeBy(webp.Decode), nil},
}

// Decode makes a picture of a file's content: UINT8, RGB. Transparency is left out. What the file says of how the camera was
// held is not applied: see Orientation.
func Decode(file []byte) (Image, error) { return decodeFile(file, false) }

func decodeFile(file []byte, fast bool) (Image, error) {
	for _, f := range formats {
		if !begins(file, f.magic) {
			continue
		}
		config, err := f.config(file)
		if err == nil {
			err = tooLarge(config.Width, config.Height, 3)
		}
		if err == nil && (config.Width < 1 || config.Height < 1) {
			err = fmt.Errorf("it is empty: %dx%d", config.Width, config.Height)
		}
		if err != nil {
			return Image{}, fmt.Errorf("decode %s: %w", f.name, err)
		}
		read := f.decode
		if fast && f.fast != nil {
			read = f.fast
		}
		m, err := read(file)
		if err != nil {
			return Image{}, fmt.Errorf("decode %s: %w", f.name, err)
		}
		return m, nil
	}
	return Image{}, fmt.Errorf("decode: it is no picture of a known format (JPEG, PNG, BMP, WebP); it begins with %q", file[:min(len(file), 12)])
}

func begins(file []byte, magic string) bool {
	if len(file) < len(magic) {
		return false
	}
	for i := range magic {
		if magic[i] != '?' && magic[i] != file[i] {
			return false
		}
	}
	return true
}

func configBy(config func(r io.Reader) (stdimage.Config, error)) func([]byte) (stdimage.Config, error) {
	return func(file []byte) (stdimage.Config, error) { return config(bytes.NewReader(file)) }
}

func decodeBy(decode func(r io.Reader) (stdimage.Image, error)) func([]byte) (Image, error) {
	return func(file []byte) (Image, error) {
		m, err := decode(bytes.NewReader(file))
		if err != nil {
			return Image{}, err
		}
		// The header that configBy reads may say less than what a WebP file has.
		if err := tooLarge(m.Bounds().Dx(), m.Bounds().Dy(), 3); err != nil {
			return Image{}, err
		}
		return opaque(m), nil
	}
}

// decode is the step.
type decode struct{ exif, gray, fast bool }

func makeDecode(args *step.Arguments) (step.Step, error) {
	return decode{args.Flag("exif"), args.Flag("gray"), args.Flag("fast")}, nil
}

func (d decode) Apply(v step.Value) (step.Value, error) {
	if v.Array != nil {
		return v, fmt.Errorf("it takes a file; it was given %s, decoded already", v.Describe())
	}
	read := Decode
	if d.fast {
		read = DecodeFast
	}
	m, err := read(v.Bytes)
	if err != nil {
		return v, err
	}
	if d.gray {
		m = d.grayOf(v.Bytes, m)
	}
	if d.exif {
		m = Oriented(m, Orientation(v.Bytes))
	}
	return step.Value{Array: m.Array()}, nil
}

// grayOf is a file's picture in gray, as OpenCV and TensorFlow read it: of a JPEG file its luma.
func (d decode) grayOf(file []byte, m Image) Image {
	if begins(file, pngMagic) {
		return Gray(m, grayPNG)
	}
	decoded, err := jpeg.Decode(bytes.NewReader(file))
	if d.fast {
		decoded, err = readFast(file)
	}
	if luma, ok := decoded.(*stdimage.YCbCr); ok && err == nil {
		gray := stdimage.Gray{Pix: luma.Y, Stride: luma.YStride, Rect: luma.Rect}
		m = opaque(&gray)
	}
	return Gray(m, grayOpenCV)
}

func (d decode) String() string {
	words := "decode"
	if d.exif {
		words += " exif"
	}
	if d.gray {
		words += " gray"
	}
	if d.fast {
		words += " fast"
	}
	return words
}
