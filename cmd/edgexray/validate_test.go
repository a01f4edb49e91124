package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze/frames/framestest"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// photographed is an app that feeds a classifier pictures of 16x16 pixels.
func photographed(feed func(photo []float32) []float32) framestest.App {
	app := framestest.App{
		Model:   "/data/net.tflite",
		Inputs:  []*trace.Tensor{{Name: "image", Type: int32(tflite.Float32), Shape: []int32{1, 16, 16, 3}}},
		Outputs: []*trace.Tensor{{Name: "scores", Type: int32(tflite.Float32), Shape: []int32{1, 2}}},
	}
	for seed := range uint64(4) {
		app.Frames = append(app.Frames, framestest.Frame{
			Inputs: []any{feed(framestest.Photo(seed, 16))}, Outputs: []any{[]float32{float32(seed), 1}},
		})
	}
	return app
}

func plain(photo []float32) []float32 { return photo }

func bgr(photo []float32) []float32 {
	out := make([]float32, len(photo))
	for i := range photo {
		out[i] = photo[i-i%3+2-i%3]
	}
	return out
}

func TestValidate(t *testing.T) {
	star := filepath.Join(t.TempDir(), "mine.star")
	if err := os.WriteFile(star, []byte("def check_scores(edge):\n  if edge.outputs[0].max() > 2: fail('score', edge.outputs[0].max())\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "broken.star")
	if err := os.WriteFile(broken, []byte("def check_x(edge):\n  return edge.nothing\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	right, wrong := photographed(plain).Write(t), photographed(bgr).Write(t)
	junit := filepath.Join(t.TempDir(), "result.xml")
	for name, c := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"right":                {[]string{"--edge", right, "--skip", "channels"}, exitOK, "PASS: "},
		"BGR":                  {[]string{"--edge", wrong, "--ref", right}, exitFailed, "BGR, where the reference has RGB, in 4 of 4 frames"},
		"a user's check":       {[]string{star, "--edge", right, "--junit", junit}, exitFailed, "score 3 (" + star + ":2:37), in 1 of 4 frames"},
		"a broken check":       {[]string{broken, "--edge", right}, exitMisuse, broken + ":2:14: in check_x: frame has no .nothing"},
		"nothing":              {nil, exitMisuse, "there is nothing to look at"},
		"no such snapshot":     {[]string{"--edge", right + "x"}, exitMisuse, "no such file"},
		"no such check":        {[]string{"--edge", right, "--skip", "x"}, exitMisuse, `no built-in check "x"`},
		"no snapshot":          {[]string{"--edge", star}, exitMisuse, "not an edgexray snapshot"},
		"no pipeline":          {[]string{"--edge", right, "--pipeline", star + "x"}, exitMisuse, "pipeline"},
		"Markdown":             {[]string{"--edge", wrong, "--ref", right, "--markdown"}, exitFailed, "| channels | FAIL |"},
		"no such raw data":     {[]string{"--edge", right, "--raw", star + "x"}, exitMisuse, "no such file"},
		"fewer than no frames": {[]string{"--edge", right, "--frames", "-1"}, exitMisuse, "--frames is -1"},
		"no such interpreter":  {[]string{"--edge", right, "--interpreter", "9"}, exitMisuse, "interpreter 9"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs strings.Builder
			status := run(append([]string{"validate"}, c.args...), &out, &errs)
			if text := out.String() + errs.String(); status != c.status || !strings.Contains(text, c.says) {
				t.Errorf("exit status %d, without %q:\n%s", status, c.says, text)
			}
		})
	}
	if xml, err := os.ReadFile(junit); err != nil || !strings.Contains(string(xml), `<testcase classname=`) || !strings.Contains(string(xml), "score 3") {
		t.Errorf("JUnit is %s (%v)", xml, err)
	}
	var out, errs strings.Builder
	run([]string{"validate", "--edge", wrong, "--ref", right, "--json"}, &out, &errs)
	var result struct {
		Verdict, Edge, Model string
		Frames, Failures     int
		Checks               []struct{ Check, Of, Verdict, Evidence string }
	}
	if err := json.Unmarshal([]byte(out.String()), &result); err != nil || result.Verdict != "FAIL" || result.Frames != 4 || result.Failures != 2 || result.Model != "net.tflite" || result.Edge != wrong {
		t.Errorf("JSON is %+v (%v): %s", result, err, &errs)
	}
}
