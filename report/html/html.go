// Package html writes what is known of recordings as one page that needs nothing else: no server, no network, no other
// file. Its charts are there without its script, which adds sorting, searching, zooming and details.
//
// Names come from devices that nobody trusts. html/template escapes them by where they stand, none gets into a style, and
// the page's own policy lets nothing run but its own script, by its hash.
package html

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/analyze/diff"
	"github.com/edgexray/edgexray/analyze/stragglers"
)

// Input is what a page shows. A section for which there is nothing is left out.
type Input struct {
	Runs     []*Run
	Diff     *diff.Result    // from the first recordings to the last ones; nil for none
	NotDiff  string          // why there is no Diff of several recordings
	Compared *compare.Result // of two snapshots; nil for none
}

// Run is a recording.
type Run struct {
	Name    string // of its file
	Ops     *analyze.OpsResult
	Typical map[*analyze.Model][]*analyze.Invoke // see OpsResult.Typical; nil: no timeline

	Stragglers *stragglers.Result // nil: not judged
	Unjudged   string             // why; empty when they were
}

//go:embed page
var files embed.FS

var (
	style     = file("page/style.css")
	script    = file("page/script.js")
	templates = template.Must(template.ParseFS(files, "page/*.html"))
)

func file(name string) string {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return string(b)
}

// policy is the page's Content-Security-Policy: nothing is loaded from anywhere, and nothing runs that isn't ours.
var policy = fmt.Sprintf("default-src 'none'; script-src %s; style-src %s; img-src data:; base-uri 'none'; form-action 'none'",
	hash(script), hash(style))

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Write writes the page. It is written at once or, on an error, not at all.
func Write(w io.Writer, in *Input) error {
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, "page.html", newPage(in)); err != nil {
		return fmt.Errorf("make page: %w", err)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}
