package metadata

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/test/parts"
	"github.com/edgexray/edgexray/tflite"
)

func opened(t testing.TB, path string) (*tflite.Model, *tflite.Metadata, *bytes.Reader, error) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	model, err := tflite.ParseModel(file)
	if err != nil {
		t.Fatal(err)
	}
	r := bytes.NewReader(file)
	m, err := tflite.OpenMetadata(r, r.Size())
	return model, m, r, err
}

// TestPipeline reads what tflite-support's own writers wrote: ../testdata/metadata.py.
func TestPipeline(t *testing.T) {
	for name, want := range map[string]string{
		"image": "decode exif, resize 8x6 tf2.bilinear, normalize mean=127.5 std=127.5, batch",
		"quantized": "decode exif, resize 8x6 tf2.bilinear, normalize mean=123.675,116.28,103.53 std=58.395,57.12,57.375, " +
			"quantize scale=0.007838175 zero-point=128 type=uint8, batch",
		"audio": "wav, mono mean, resample 16000 polyphase, float, length 100",
	} {
		model, m, r, err := opened(t, "../testdata/metadata-"+name+".tflite")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text, err := Pipeline(model, m)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p, err := pipeline.Read(strings.NewReader(text), name)
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
			continue
		}
		if got := pipeline.Words(p.Inputs[0].Steps); !strings.HasPrefix(got, want) {
			t.Errorf("%s: it proposes\n%s\nwant\n%s", name, got, want)
		}
		if labels := m.Outputs[0].Files; len(labels) != 1 || labels[0].Kind != tflite.AxisLabels {
			t.Errorf("%s: the output's files are %+v", name, labels)
		} else if content, err := File(r, r.Size(), labels[0].Name); err != nil || string(content) != "cat\ndog\n" {
			t.Errorf("%s: %s is %q, %v", name, labels[0].Name, content, err)
		}
		if _, err := File(r, r.Size(), "no.txt"); err == nil {
			t.Errorf("%s: a file that isn't there opens", name)
		}
	}
}

func TestNoMetadata(t *testing.T) {
	_, _, r, err := opened(t, parts.Path(t, "face/face_detection_short_range.tflite"))
	if !errors.Is(err, tflite.ErrNoMetadata) {
		t.Errorf("it has metadata: %v", err)
	}
	if _, err := File(r, r.Size(), "labels.txt"); err == nil {
		t.Error("it has labels")
	}
}

func FuzzPipeline(f *testing.F) {
	for _, name := range []string{"image", "quantized", "audio"} {
		file, err := os.ReadFile("../testdata/metadata-" + name + ".tflite")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		r := bytes.NewReader(file)
		m, err := tflite.OpenMetadata(r, r.Size())
		if err != nil {
			return
		}
		if model, err := tflite.ParseModel(file); err == nil {
			if text, err := Pipeline(model, m); err == nil {
				if _, err := pipeline.Read(strings.NewReader(text), "fuzz"); err != nil {
					t.Errorf("%v\n%s", err, text)
				}
			}
		}
		_, _ = File(r, r.Size(), "labels.txt")
	})
}
