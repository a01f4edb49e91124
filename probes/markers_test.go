package probes

import (
	"bytes"
	"os"
	"testing"

	"github.com/edgexray/edgexray/symbolize"
)

// A probe goes where the note of a real build says, and nowhere else than on the instruction that edgexray.h has there.
func TestFindMarkers(t *testing.T) {
	for _, name := range []string{"marks/amd64.so", "marks/arm64.so"} {
		content, err := os.ReadFile("../symbolize/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		find := func(b []byte) ([]Point, error) {
			f, err := symbolize.NewFile(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			return FindMarkers(f)
		}
		points, err := find(content)
		if err != nil || len(points) != 1 || points[0].Role != Marker || points[0].RefCount == 0 {
			t.Fatalf("%s: %+v, %v; want one point with a count", name, points, err)
		}
		content[points[0].Offset] ^= 0xff
		if points, err := find(content); err == nil || len(points) != 0 {
			t.Errorf("%s with another instruction: %+v, %v", name, points, err)
		}
	}
}
