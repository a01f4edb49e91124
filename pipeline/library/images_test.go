package library

import (
	"bytes"
	"encoding/binary"
	stdimage "image"
	"image/color"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/test/parts"
)

// TestImages compares with what models' own code makes of the same picture, in TensorFlow and Keras.
func TestImages(t *testing.T) {
	folder, photo := t.TempDir(), picture(t, 401, 317)
	path := filepath.Join(folder, "photo.png")
	if err := os.WriteFile(path, photo, 0o644); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command(parts.Path(t, "keras/bin/python"), "testdata/keras_inputs.py", path, folder).CombinedOutput(); err != nil {
		t.Fatalf("keras_inputs.py: %v\n%s", err, output)
	}
	for _, name := range []string{
		"mobilenet_v1", "mobilenet_v2", "mobilenet_v3", "inception_v3", "nasnet_mobile",
		"resnet50", "resnet50_v2", "densenet121", "efficientnet_b0", "efficientnet_lite0",
	} {
		p, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pipeline.Run(p.Inputs[0].Steps, step.Value{Bytes: photo})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		same(t, name, got.Array, filepath.Join(folder, name))
	}
}

// same allows for a thousandth of a step of 8 bits, however wide the range.
func same(t *testing.T, name string, got *step.Array, path string) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float32, len(file)/4)
	if _, err := binary.Decode(file, binary.LittleEndian, want); err != nil {
		t.Fatal(err)
	}
	if len(want) != got.Len() {
		t.Errorf("%s: %v has %d elements, want %d", name, got.Shape, got.Len(), len(want))
		return
	}
	low, high, most := want[0], want[0], 0.0
	for i, v := range got.Reals() {
		low, high = min(low, want[i]), max(high, want[i])
		most = max(most, math.Abs(float64(v-want[i])))
	}
	if !(most <= 1e-3*float64(high-low)/255) { // not NaN, either
		t.Errorf("%s: off by %g, of values from %g to %g", name, most, low, high)
	}
}

// TestShipped runs every pipeline for pictures on one.
func TestShipped(t *testing.T) {
	photo := picture(t, 64, 80)
	n := 0
	for _, name := range Names() {
		if !bytes.Contains(Text(name), []byte("\ndecode")) {
			continue
		}
		n++
		p, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if p.Task == "" {
			t.Errorf("%s: it doesn't say what it is for", name)
		}
		got, err := pipeline.Run(p.Inputs[0].Steps, step.Value{Bytes: photo})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if shape := got.Array.Shape; len(shape) != 4 || shape[0] != 1 || shape[3] != 3 || shape[1] != shape[2] {
			t.Errorf("%s: it makes %v", name, shape)
		}
	}
	if n < 20 {
		t.Errorf("%d pipelines are for pictures", n)
	}
}

// picture is a PNG file of waves of colours.
func picture(t *testing.T, width, height int) []byte {
	t.Helper()
	m := stdimage.NewRGBA(stdimage.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			wave := func(c float64) uint8 { return uint8(128 + 120*math.Sin(float64(x)/(3+c))*math.Cos(float64(y)/(5-c))) }
			m.Set(x, y, color.RGBA{wave(0), wave(1), wave(2), 255})
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, m); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}
