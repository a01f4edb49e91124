package image

import (
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"testing"
)

// TestAndroid compares with what Android 14 made of the same pictures: testdata/ScaledBitmaps.java.
func TestAndroid(t *testing.T) {
	file, err := os.Open("testdata/scaled-bitmaps.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cases, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; ; n++ {
		var size [5]int32
		if err := binary.Read(cases, binary.BigEndian, &size); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		picture := readRGB(t, cases, size[0], size[1])
		want := readRGB(t, cases, size[2], size[3])
		compareResized(t, resizeCase{
			Width: picture.Width, Height: picture.Height, Channels: 3, ToWidth: want.Width, ToHeight: want.Height,
			picture: picture, method: android[size[4]],
		}, want.floats().Float32, 0)
	}
	if n < 10 {
		t.Errorf("the file has %d cases", n)
	}
}

func readRGB(t *testing.T, r io.Reader, width, height int32) Image {
	t.Helper()
	m := Image{Width: int(width), Height: int(height), Channels: 3, Uint8: make([]uint8, width*height*3)}
	if _, err := io.ReadFull(r, m.Uint8); err != nil {
		t.Fatal(err)
	}
	return m
}
