package test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/edgexray/edgexray/test/browser"
	"github.com/edgexray/edgexray/test/parts"
	"github.com/edgexray/edgexray/test/readers"
)

// serve runs a command that says the address of its page, until the test ends, and returns that.
func serve(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	said := &firstAddress{found: make(chan string, 1)}
	command.Stdout, command.Stderr = said, said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() {
		command.Process.Kill()
		<-ended
	})
	select {
	case url := <-said.found:
		return url
	case err := <-ended:
		ended <- err
		t.Fatalf("%s ended: %v\n%s", command, err, said.text)
	}
	return ""
}

// firstAddress finds an address in what is written to it.
type firstAddress struct {
	text  string
	found chan string
	told  bool
}

func (f *firstAddress) Write(p []byte) (int, error) {
	f.text += string(p)
	if at := strings.Index(f.text, "http://"); at >= 0 && !f.told {
		if url, _, whole := strings.Cut(f.text[at:], "\n"); whole {
			f.found <- url
			f.told = true
		}
	}
	return len(p), nil
}

// pprof's web view shows a profile, and the difference of two, without complaints.
func TestPprofWeb(t *testing.T) {
	tool, err := exec.Command("go", "tool", "-n", "pprof").Output() // itself: it can be ended
	if err != nil {
		t.Fatal(err)
	}
	run := func(invokes string) exported {
		return export(t, recordCommand(t, litert(t, model(t, "face_landmark"), "--invokes", invokes)))
	}
	base, more := run("5"), run("8")
	b := chromium(t)
	for name, args := range map[string][]string{
		"one":  {base.path},
		"diff": {"-sample_index=per_invoke", "-diff_base", base.path, more.path},
	} {
		url := serve(t, exec.Command(strings.TrimSpace(string(tool)), append([]string{"-http=localhost:", "-no_browser"}, args...)...))
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

// Model Explorer shows a model with its nodes coloured by what they took.
func TestModelExplorerWeb(t *testing.T) {
	file := model(t, "mobilenet_v1_int8")
	data := exportAs(t, recordCommand(t, litert(t, file, "--invokes", "5")), "model-explorer")
	var graphs map[string]struct {
		Results map[string]struct{ Value json.Number }
	}
	decode(t, string(read(t, data)), &graphs)
	var want []string
	for _, r := range graphs["main"].Results {
		want = append(want, r.Value.String())
	}
	p, err := chromium(t).Open(serve(t, readers.ServeNodes(t, file, data)), browser.Laptop)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	const coloured = `node-data-provider-summary-panel td.value-col[style*="background-color: rgb"]`
	do(t, p, chromedp.WaitVisible(coloured))
	shown, err := browser.Evaluate[[]string](p, "[...document.querySelectorAll('"+coloured+"')].map((cell) => cell.textContent.trim())")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(shown)
	slices.Sort(want)
	if !slices.Equal(shown, want) || len(shown) < 20 {
		t.Errorf("Model Explorer shows %q, want %q", shown, want)
	}
}

// speedscope draws a timeline, without warnings that something isn't within what is around it, and stacks.
func TestSpeedscope(t *testing.T) {
	b := chromium(t)
	r := recordCommand(t, litert(t, model(t, "mobilenet_v1_int8"), "--invokes", "20"))
	for _, format := range []string{"chrome", "folded"} {
		t.Run(format, func(t *testing.T) {
			// What its own command does: the page loads a script that hands it the file.
			script := fmt.Sprintf("speedscope.loadFileFromBase64(%q, %q)", format, base64.StdEncoding.EncodeToString(read(t, exportAs(t, r, format))))
			url := "file://" + parts.Path(t, "speedscope/index.html") + "#localProfilePath=" + write(t, "profile.js", []byte(script))
			p, err := b.Open(url, browser.Laptop)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if err := p.Do(chromedp.Poll[chromedp.Void](`document.title.startsWith("` + format + `")`)); err != nil {
				t.Fatal(err)
			}
			for _, problem := range p.Problems() {
				if strings.Contains(problem, "console.warning") || strings.Contains(problem, "exception") || strings.Contains(problem, "console.error") {
					t.Errorf("in the page: %s", problem)
				}
			}
		})
	}
}
