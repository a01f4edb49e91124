package test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/analyze/diff"
	"github.com/edgexray/edgexray/analyze/stragglers"
	"github.com/edgexray/edgexray/report/html"
	"github.com/edgexray/edgexray/test/browser"
	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

// What would run if a name of a device weren't escaped where it stands.
const hostileScript = `window.ran = 1`

var hostile = map[string]string{
	"script":    `</script><script>` + hostileScript + `</script><img src=x onerror="` + hostileScript + `">`,
	"svg":       `</title></text></svg><svg onload="` + hostileScript + `"><image href="x" onerror="` + hostileScript + `">`,
	"attribute": `" onmouseover="` + hostileScript + `" autofocus onfocus="` + hostileScript + `" x='` + "`",
	"style":     `</style><style>*{background:url(https://example.com/x)}</style>}*{color:red}`,
	"url":       `javascript:` + hostileScript + `//`,
	"template":  `{{.}} ${` + hostileScript + `} <!-- ]]> --> <![CDATA[`,
	"lines":     "\u2028" + hostileScript + "\u2029\n" + hostileScript + "\r\x00\x1b[2J\u202e",
	"bytes":     "\xff\xfe<\xc0\xbcimg src=x onerror=" + hostileScript + ">",
	"long":      strings.Repeat(`<b onclick="`+hostileScript+`">`, 2900), // a description takes 256 KiB at the most
}

// wantHarmless uses all of a page, and checks that nothing of a name got into it but as text.
func wantHarmless(t *testing.T, b *browser.Browser, path string) {
	t.Helper()
	p := openPage(t, b, path, browser.Laptop)
	do(t, p, chromedp.Evaluate[chromedp.Void](`for (const element of document.querySelectorAll("button, .f, summary")) element.dispatchEvent(new MouseEvent("click", {bubbles: true}))`),
		chromedp.Evaluate[chromedp.Void](`for (const element of document.querySelectorAll("*")) for (const type of ["pointerover", "mouseover", "focus"]) element.dispatchEvent(new MouseEvent(type, {bubbles: true}))`))
	wantValue(t, p, `window.ran === undefined`, true)
	wantValue(t, p, `document.querySelectorAll("img, image, iframe, object, b, style:not(head style), script:not(#data):not(body > script:last-of-type)").length`, 0)
	wantValue(t, p, `[...document.querySelectorAll("*")].flatMap((e) => e.getAttributeNames()).filter((name) => name.startsWith("on")).length`, 0)
	wantValue(t, p, `[...document.querySelectorAll("a, link")].filter((a) => !/^(#|data:,)/.test(a.getAttribute("href"))).length`, 0)
	wantValue(t, p, `document.documentElement.scrollWidth`, int(browser.Laptop.Width))
	wantQuiet(t, p, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 5<<20 {
		t.Errorf("the page has %d bytes", info.Size())
	}
}

// Whatever a device calls things, nothing of it runs, and it is shown as it is.
func TestReportHostileNames(t *testing.T) {
	b := chromium(t)
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			run := chain(t, 20, 5, tracetest.Names{Model: text, Process: text, Thread: text, Op: text, Tensor: text, Kernel: text})
			wantHarmless(t, b, report(t, run, run))
		})
	}
}

// The same of texts in what the page has from elsewhere: all of them.
func TestReportHostileResults(t *testing.T) {
	b := chromium(t)
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			in := &html.Input{NotDiff: text, Diff: new(diff.Result), Compared: new(compare.Result)}
			fill(reflect.ValueOf(in.Diff).Elem(), text, 0)
			fill(reflect.ValueOf(in.Compared).Elem(), text, 0)
			run := hostileRun(t, text)
			run.Stragglers, run.Unjudged = new(stragglers.Result), text
			fill(reflect.ValueOf(run.Stragglers).Elem(), text, 0)
			for _, m := range run.Stragglers.Models {
				m.Model, m.PID = run.Ops.Models[0].Name, run.Ops.Models[0].PID
			}
			for _, s := range run.Stragglers.Stragglers {
				s.Model, s.PID = run.Ops.Models[0].Name, run.Ops.Models[0].PID
			}
			for _, f := range run.Stragglers.Findings {
				f.Model, f.PID = run.Ops.Models[0].Name, run.Ops.Models[0].PID
			}
			in.Runs = []*html.Run{run}
			var page bytes.Buffer
			if err := html.Write(&page, in); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "report.html")
			if err := os.WriteFile(path, page.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			wantHarmless(t, b, path)
		})
	}
}

// hostileRun reads a recording in which everything has the same name.
func hostileRun(t *testing.T, text string) *html.Run {
	t.Helper()
	var file bytes.Buffer
	if err := tracetest.Chain(&file, 5, 3, tracetest.Names{Model: text, Op: text}); err != nil {
		t.Fatal(err)
	}
	r, err := trace.NewReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ops, err := analyze.Ops(r, analyze.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &html.Run{Name: text, Ops: ops}
}

// fill sets all texts in v to text, numbers to 1, and gives lists two elements.
func fill(v reflect.Value, text string, depth int) {
	if depth > 8 || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text, depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), text, depth+1)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, text, depth+1)
		fill(value, text, depth+1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), text, depth+1)
		}
	}
}
