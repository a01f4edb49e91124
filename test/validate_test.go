package test

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze/frames/framestest"
	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/test/parts"
)

// fedSide is the pixels a side that the model takes, fedPictures how many the app feeds it, brokenPicture the one of which the raw file is broken.
const (
	fedSide       = 64
	fedPictures   = 7
	brokenPicture = 2
)

// pictures writes the same pictures as PNG files and as the app reads them. One PNG is broken.
func pictures(t *testing.T) (raw, pixels string) {
	t.Helper()
	raw, pixels = t.TempDir(), t.TempDir()
	for i := range fedPictures {
		picture := image.NewRGBA(image.Rect(0, 0, fedSide, fedSide))
		var data []byte
		for _, v := range framestest.Photo(uint64(i), fedSide) {
			data = append(data, uint8(math.Round(float64(v)*255)))
		}
		for p := range fedSide * fedSide {
			picture.Set(p%fedSide, p/fedSide, color.RGBA{data[3*p], data[3*p+1], data[3*p+2], 255})
		}
		if err := os.WriteFile(filepath.Join(pixels, fmt.Sprintf("%d.rgb", i)), data, 0o644); err != nil {
			t.Fatal(err)
		}
		file, err := os.Create(filepath.Join(raw, fmt.Sprintf("%d.png", i)))
		if err != nil {
			t.Fatal(err)
		}
		if i == brokenPicture {
			_, err = file.WriteString("\x89PNG\r\n\x1a\nand no more")
		} else {
			err = png.Encode(file, picture)
		}
		if err := errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return raw, pixels
}

// TestFed has an app that nobody instrumented, right and with its channels in the wrong order. What it feeds its model is judged by the files
// that its pictures came from, and by a reference run of these.
func TestFed(t *testing.T) {
	raw, pixels := pictures(t)
	python := parts.Python(t)
	model, err := filepath.Abs("../examples/models/fabrics_mobilenet_float.tflite")
	if err != nil {
		t.Fatal(err)
	}
	steps := filepath.Join(t.TempDir(), "net.pipeline")
	if err := os.WriteFile(steps, []byte("task classification\ndecode\nnormalize mean=127.5 std=127.5\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	app := []string{python, apps.Script(t, "feed.py"), model, pixels}
	right, wrong := snapshotCommand(t, app, "--kernels", "builtin"), snapshotCommand(t, append(slices.Clone(app), "--bgr"), "--kernels", "builtin")

	reference := filepath.Join(t.TempDir(), "ref.tensors")
	played := finish(t, edgexray(t, "play", steps, "--data", raw, "--model", model, "--run", reference, "--python", python))
	if !strings.Contains(played.stderr, "6 of 7 pieces of data, 6 invokes") || !strings.Contains(played.stderr, "left out: 2.png: ") {
		t.Errorf("play says:\n%s", played.stderr)
	}
	for name, c := range map[string]struct {
		edge             string
		channels, debugs string
		status           int
	}{
		"right": {right.file, "pass", "healthy", 0},
		"BGR":   {wrong.file, "FAIL", "preprocessing", 1},
	} {
		t.Run(name, func(t *testing.T) {
			validated := finish(t, edgexray(t, "validate", "--edge", c.edge, "--ref", reference, "--json"))
			var found struct {
				Checks []struct {
					Check, Verdict, Evidence string
					Frames                   int
				}
			}
			decode(t, validated.stdout, &found)
			for _, o := range found.Checks {
				if o.Check == "channels" && c.channels != o.Verdict {
					t.Errorf("%+v", o)
				}
				if o.Verdict == "FAIL" && o.Check != "channels" && o.Check != "preprocessing" {
					t.Errorf("accused, too: %+v", o)
				}
				if o.Verdict == "FAIL" && !strings.Contains(o.Evidence, "6 frames") {
					t.Errorf("not of the 6 frames that were played: %+v", o)
				}
			}
			debugged := finish(t, edgexray(t, "debug", "--edge", c.edge, "--model", model, "--pipeline", steps, "--data", raw, "--python", python, "--json"))
			var result struct {
				Verdict, Summary string
				Questions        []struct {
					Question, Answer string
					Known, Wrong     bool
				}
				Problems []string
			}
			decode(t, debugged.stdout, &result)
			if result.Verdict != c.debugs || debugged.status != c.status || c.status == 1 && !strings.Contains(result.Summary, "BGR") {
				t.Errorf("exit status %d, %s: %s\n%s", debugged.status, result.Verdict, result.Summary, debugged.stderr)
			}
			if q := result.Questions[0]; q.Known || !strings.Contains(q.Answer, "no right answers are known") {
				t.Errorf("without labels: %+v", q)
			}
			if q := result.Questions[2]; !q.Known || q.Wrong || !strings.Contains(q.Answer, "right when run alone") {
				t.Errorf("the ops are right: %+v", q)
			}
			if !slices.ContainsFunc(result.Problems, func(p string) bool { return strings.Contains(p, "2.png") }) {
				t.Errorf("the broken file isn't named: %q", result.Problems)
			}
		})
	}
}
