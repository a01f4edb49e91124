package test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/edgexray/edgexray/test/browser"
	"github.com/edgexray/edgexray/trace/tracetest"
)

// chain writes a trace of a made-up model and returns its path.
func chain(t *testing.T, nodes, invokes int, names tracetest.Names) string {
	t.Helper()
	var file bytes.Buffer
	if err := tracetest.Chain(&file, nodes, invokes, names); err != nil {
		t.Fatal(err)
	}
	return write(t, "run.xray", file.Bytes())
}

// report writes a page of traces and snapshots, and returns its path.
func report(t *testing.T, args ...string) string {
	t.Helper()
	page := filepath.Join(t.TempDir(), "report.html")
	if got := finish(t, edgexray(t, append([]string{"report", "-o", page}, args...)...)); got.status != 0 {
		t.Fatalf("report %q: exit status %d\n%s", args, got.status, got.stderr)
	}
	return page
}

// openPage opens a page of our own in Chromium.
func openPage(t *testing.T, b *browser.Browser, path string, screen browser.Screen) *browser.Page {
	t.Helper()
	p, err := b.Open("file://"+path, screen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func chromium(t *testing.T) *browser.Browser {
	t.Helper()
	b, err := browser.Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// wantQuiet checks that a page asked for nothing but itself, and that nothing went wrong in it.
func wantQuiet(t *testing.T, p *browser.Page, path string) {
	t.Helper()
	if got := p.Requests(); len(got) != 1 || got[0] != "file://"+path {
		t.Errorf("the page requested %q, want itself only", got)
	}
	for _, problem := range p.Problems() {
		t.Errorf("in the page: %s", problem)
	}
}

// wantValue checks the value of a JavaScript expression.
func wantValue[T comparable](t *testing.T, p *browser.Page, expression string, want T) {
	t.Helper()
	got, err := browser.Evaluate[T](p, expression)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	if got != want {
		t.Errorf("%s = %v, want %v", expression, got, want)
	}
}

func do(t *testing.T, p *browser.Page, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := p.Do(actions...); err != nil {
		t.Fatal(err)
	}
}

const rows = `[...document.querySelectorAll("table.ops tbody tr")].filter((row) => !row.hidden)`

func TestReportOpensFast(t *testing.T) {
	b := chromium(t)
	for _, c := range []struct {
		nodes   int
		largest int64 // bytes; 0: any
	}{{60, 0}, {400, 5 << 20}, {3000, 0}} {
		t.Run(fmt.Sprint(c.nodes), func(t *testing.T) {
			path := report(t, chain(t, c.nodes, 30, tracetest.Names{}))
			begin := time.Now()
			p := openPage(t, b, path, browser.Laptop)
			wantValue(t, p, rows+".length", c.nodes)
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d nodes: %d KiB, open after %v", c.nodes, info.Size()>>10, time.Since(begin).Round(time.Millisecond))
			if c.largest != 0 && info.Size() > c.largest {
				t.Errorf("%d bytes, want at most %d", info.Size(), c.largest)
			}
			wantQuiet(t, p, path)
		})
	}
}

func TestReportIsUsed(t *testing.T) {
	path := report(t, chain(t, 60, 30, tracetest.Names{}))
	p := openPage(t, chromium(t), path, browser.Laptop)

	const filter = `input.filter`
	do(t, p, chromedp.KeyEvent("/"), chromedp.SendKeys(filter, "hard_swish"))
	wantValue(t, p, rows+".length", 12)
	wantValue(t, p, `document.querySelector(".matches").textContent`, "12 of 60 ops")
	do(t, p, chromedp.SendKeys(filter, strings.Repeat(kb.Backspace, 10)))
	wantValue(t, p, rows+".length", 60)

	// The longest op on top by its heading, chosen with the keyboard.
	const median = `document.querySelectorAll("table.ops thead th")[3].querySelector("button")`
	wantValue(t, p, rows+`[0].cells[0].textContent`, "0")
	do(t, p, chromedp.Evaluate[chromedp.Void](median+".focus()"), chromedp.KeyEvent(kb.Enter))
	wantValue(t, p, rows+`[0].cells[0].textContent`, "55")
	wantValue(t, p, `document.querySelectorAll("table.ops thead th")[3].ariaSort`, "descending")

	do(t, p, chromedp.Evaluate[chromedp.Void](rows+`[0].querySelector("button").focus()`), chromedp.KeyEvent(kb.Enter))
	wantValue(t, p, `document.querySelector("#details").open`, true)
	wantValue(t, p, `document.querySelector("#details h2").textContent`, "CONV_2D")
	wantValue(t, p, `document.querySelector("#details .subtitle").textContent`, "node 55")
	do(t, p, chromedp.KeyEvent(kb.Escape))
	wantValue(t, p, `document.querySelector("#details").open`, false)

	// A frame of the flame graph fills the width, and all are there again.
	const flame = `document.querySelector(".chart[data-kind=flame]")`
	do(t, p, chromedp.Evaluate[chromedp.Void](flame+".focus()"), chromedp.KeyEvent(kb.ArrowDown+kb.ArrowDown+kb.ArrowDown+kb.ArrowDown+kb.Enter))
	wantValue(t, p, flame+`.scrollWidth > 5 * `+flame+`.clientWidth`, true)
	do(t, p, chromedp.KeyEvent("0"))
	wantValue(t, p, flame+`.scrollWidth === `+flame+`.clientWidth`, true)

	const timeline = `document.querySelector(".chart[data-kind=timeline]")`
	wantValue(t, p, timeline+`.querySelectorAll(".f").length`, 60)
	do(t, p, chromedp.Evaluate[chromedp.Void](timeline+".focus()"), chromedp.KeyEvent(kb.ArrowRight+kb.ArrowRight))
	wantValue(t, p, timeline+`.parentNode.querySelector(".readout").textContent.startsWith("DEPTHWISE_CONV_2D: node 1, ")`, true)

	dark := `getComputedStyle(document.body).backgroundColor`
	wantValue(t, p, dark, "rgb(255, 255, 255)")
	do(t, p, chromedp.Evaluate[chromedp.Void](`document.querySelector("#theme").click()`))
	wantValue(t, p, dark, "rgb(21, 24, 28)")
	wantQuiet(t, p, path)
}

// On a phone nothing sticks out: what is wider scrolls by itself.
func TestReportFitsScreens(t *testing.T) {
	path := report(t, chain(t, 60, 30, tracetest.Names{Model: strings.Repeat("very_long_name_", 20) + ".tflite"}))
	b := chromium(t)
	for name, screen := range map[string]browser.Screen{"laptop": browser.Laptop, "phone": browser.Phone, "dark phone": {Width: 390, Height: 844, Mobile: true, Dark: true}} {
		t.Run(name, func(t *testing.T) {
			p := openPage(t, b, path, screen)
			wantValue(t, p, `document.documentElement.scrollWidth`, int(screen.Width))
			wantQuiet(t, p, path)
		})
	}
}

// A page of real recordings: of a model with a delegate, beside its twin of another type, and with tensors.
func TestReportOfRealModels(t *testing.T) {
	quantized := recordCommand(t, litert(t, model(t, "mobilenet_v3_small_int8"), "--invokes", "30"))
	float := recordCommand(t, litert(t, model(t, "mobilenet_v3_small_float"), "--invokes", "30"))
	tensors := snapshotCommand(t, litert(t, model(t, "mobilenet_v3_small_int8"), "--resolver", "builtin"), "--invokes", "1").file
	path := report(t, quantized.trace, float.trace, tensors, tensors)
	p := openPage(t, chromium(t), path, browser.Laptop)
	for _, section := range []string{"summary", "against", "m1-stragglers", "m1-types", "m1-ops", "m1-timeline", "m1-flame", "m1-memory", "m2-ops", "m2-timeline", "layers", "recording"} {
		wantValue(t, p, `document.querySelectorAll("#`+section+`").length`, 1)
	}
	ops := quantized.ops(t).model(t)
	wantValue(t, p, `document.querySelectorAll("#m1-table tbody tr").length`, len(ops.Ops)+len(ops.Operators))
	wantValue(t, p, `document.querySelectorAll("#m1-timeline .f").length`, len(ops.Ops)+len(ops.Operators))
	wantValue(t, p, `document.querySelector("#summary").textContent.includes("HARD_SWISH")`, true)
	wantQuiet(t, p, path)
}
