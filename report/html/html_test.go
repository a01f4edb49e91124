package html

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

// run reads a trace that write makes.
func run(t *testing.T, write func(io.Writer) error) *Run {
	t.Helper()
	var file bytes.Buffer
	if err := write(&file); err != nil {
		t.Fatal(err)
	}
	r, err := trace.NewReader(bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	run := &Run{Name: "run.xray"}
	if run.Ops, err = analyze.Ops(r, analyze.Options{}); err != nil {
		t.Fatal(err)
	}
	if run.Typical, err = run.Ops.Typical(r); err != nil {
		t.Fatal(err)
	}
	return run
}

func text(t *testing.T, in *Input) string {
	t.Helper()
	var page strings.Builder
	if err := Write(&page, in); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

func empty(w io.Writer) error {
	out, err := trace.NewWriter(w, &trace.Header{Recorder: "edgexray 0.1.0", Linux: "6.1.0"})
	if err != nil {
		return err
	}
	return out.Close(&trace.End{DurationNs: 1, Reason: "duration"})
}

func TestPageHolds(t *testing.T) {
	chain := func(w io.Writer) error { return tracetest.Chain(w, 5, 3, tracetest.Names{}) }
	for _, c := range []struct {
		name         string
		in           *Input
		holds, lacks []string
	}{
		{"one model", &Input{Runs: []*Run{run(t, chain)}},
			[]string{"<title>chain.tflite - edgexray report</title>", `id="m1-ops"`, `id="m1-types"`, `id="m1-timeline"`, `id="m1-flame"`, `id="m1-memory"`, `id="recording"`,
				"CONV_2D takes 58", "LOST: ring full: 5", "a note"},
			[]string{`id="m2-ops"`, `id="layers"`}},
		{"two models, one without a file", &Input{Runs: []*Run{run(t, tracetest.Sample)}},
			[]string{`id="m1-ops"`, `id="m2-ops"`, "ssd.tflite in detector (pid 100)", "keyword in keyword (pid 200)", "died in SOFTMAX (node 1)", `evil\x1b[2J|name`},
			[]string{"evil\x1b"}},
		{"two recordings", &Input{Runs: []*Run{run(t, chain), run(t, chain)}}, []string{`id="m2-timeline"`, "2 recordings of 1 model"}, nil},
		{"without ops", &Input{Runs: []*Run{run(t, empty)}},
			[]string{"No op of a model was recorded in run.xray.", `id="recording"`}, []string{`id="m1-ops"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			page := strings.ReplaceAll(text(t, c.in), "\u00a0", " ")
			for _, want := range c.holds {
				if !strings.Contains(page, want) {
					t.Errorf("it doesn't hold %q", want)
				}
			}
			for _, not := range c.lacks {
				if strings.Contains(page, not) {
					t.Errorf("it holds %q", not)
				}
			}
		})
	}
}

// The page's policy lets its own script and style through, as they are in the page.
func TestPolicyAllowsOwn(t *testing.T) {
	page := text(t, &Input{Runs: []*Run{run(t, tracetest.Sample)}})
	for _, tag := range []string{"script", "style"} {
		own := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllStringSubmatch(page, -1)
		if len(own) != 1 {
			t.Fatalf("%d <%s>, want 1", len(own), tag)
		}
		if !strings.Contains(policy, tag+"-src "+hash(own[0][1])) {
			t.Errorf("the policy doesn't allow the page's <%s>: %s", tag, policy)
		}
	}
	for _, address := range regexp.MustCompile(`(?i)(?:src|href|action)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(address[1], "#") && address[1] != "data:," {
			t.Errorf("the page refers to %q", address[1])
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteFails(t *testing.T) {
	err := Write(full{}, &Input{Runs: []*Run{run(t, tracetest.Sample)}})
	if err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("error %v, want that the disk is full", err)
	}
}
