package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze/frames/framestest"
)

// answered is an app that answers with a class a frame, of two; right is a label a frame.
func answered(classes, right string) framestest.App {
	app := photographed(plain)
	app.Frames = nil
	for i, c := range classes {
		scores := []float32{0.2, 0.2}
		scores[c-'0'] = 0.8
		f := framestest.Frame{Inputs: []any{framestest.Photo(uint64(i), 16)}, Outputs: []any{scores}}
		if right != "" {
			f.Before = []framestest.Marker{framestest.Label(string(right[i]))}
		}
		app.Frames = append(app.Frames, f)
	}
	return app
}

func TestAccuracy(t *testing.T) {
	right := "0101010101"
	edge, unlabelled, ref := answered("1111111111", right).Write(t), answered("1111111111", "").Write(t), answered(right, "").Write(t)
	labels, folder := filepath.Join(t.TempDir(), "labels.csv"), t.TempDir()
	var rows strings.Builder
	for i, c := range right {
		rows.WriteString("frame" + string(rune('0'+i)) + ".jpg," + []string{"cat", "dog"}[c-'0'] + "\n")
		path := filepath.Join(folder, []string{"cat", "dog"}[c-'0'], "x"+string(rune('0'+i)))
		os.MkdirAll(filepath.Dir(path), 0o755)
		os.WriteFile(path, []byte("x"), 0o644)
	}
	classes := filepath.Join(t.TempDir(), "classes.txt")
	metric := filepath.Join(t.TempDir(), "metric.star")
	for path, content := range map[string]string{labels: rows.String(), classes: "cat\ndog\n", metric: "def metric(outputs, label): return outputs[0][0, int(label)]"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"worse":            {[]string{"--edge", edge, "--ref", ref}, exitFailed, "WORSE: top-1 0.500 on the edge, 1.000 in the reference: -0.500"},
		"the same":         {[]string{"--edge", edge, "--ref", edge}, exitOK, "NO DIFFERENCE SHOWN"},
		"alone":            {[]string{"--edge", edge}, exitOK, "top-1 0.500 over 10 samples"},
		"labels of a file": {[]string{"--edge", unlabelled, "--ref", ref, "--labels", labels, "--classes", classes}, exitFailed, "WORSE"},
		"folders":          {[]string{"--edge", unlabelled, "--data", folder}, exitOK, "top-1 0.500"},
		"a metric":         {[]string{"--edge", edge, "--ref", ref, "--metric", metric}, exitFailed, "WORSE: metric 0.500 on the edge, 0.800 in the reference"},
		"no labels":        {[]string{"--edge", unlabelled, "--ref", ref}, exitMisuse, "no right answers are known"},
		"no such task":     {[]string{"--edge", edge, "--task", "cooking"}, exitMisuse, `no metric for task "cooking"`},
		"no edge":          {nil, exitMisuse, "edge"},
		"JSON":             {[]string{"--edge", edge, "--ref", ref, "--json"}, exitFailed, `"verdict": "worse"`},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs strings.Builder
			status := run(append([]string{"accuracy"}, c.args...), &out, &errs)
			if text := out.String() + errs.String(); status != c.status || !strings.Contains(text, c.says) {
				t.Errorf("exit status %d, without %q:\n%s", status, c.says, text)
			}
		})
	}
}
