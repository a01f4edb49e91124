package test

import (
	"bufio"
	"os/exec"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/test/browser"
)

// servePprof runs the web view of the pprof that comes with Go until the test ends, and returns its address.
func servePprof(t *testing.T, args ...string) string {
	t.Helper()
	tool, err := exec.Command("go", "tool", "-n", "pprof").Output()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(strings.TrimSpace(string(tool)), append([]string{"-http=localhost:", "-no_browser"}, args...)...)
	output, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	said := ""
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if _, url, found := strings.Cut(lines.Text(), "Serving web UI on "); found {
			return url
		}
		said += lines.Text() + "\n"
	}
	t.Fatalf("pprof doesn't serve: %s", said)
	return ""
}

// pprof's web view shows a profile, and the difference of two, without complaints.
func TestPprofWeb(t *testing.T) {
	run := func(invokes string) exported {
		return export(t, recordCommand(t, litert(t, model(t, "face_landmark"), "--invokes", invokes)))
	}
	base, more := run("5"), run("8")
	b := chromium(t)
	for name, args := range map[string][]string{
		"one":  {base.path},
		"diff": {"-sample_index=per_invoke", "-diff_base", base.path, more.path},
	} {
		url := servePprof(t, args...)
		for _, page := range []struct{ path, shows string }{
			{"/ui/graph", `document.querySelectorAll("svg g.node").length > 10`},
			{"/ui/top", `document.querySelectorAll("#rows tr").length > 10`},
			{"/ui/flamegraph", `document.body.textContent.includes("face_landmark.tflite")`},
			{"/ui/peek", `document.body.textContent.includes("TfLiteXNNPackDelegate")`},
		} {
			t.Run(name+page.path, func(t *testing.T) {
				p, err := b.Open(url+page.path, browser.Laptop)
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				wantValue(t, p, page.shows, true)
				for _, problem := range p.Problems() {
					t.Errorf("in the page: %s", problem)
				}
			})
		}
	}
}
