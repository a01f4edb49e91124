package report

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

func liveSample(t *testing.T, o analyze.LiveOptions, blocks int) *analyze.Snapshot {
	t.Helper()
	var file bytes.Buffer
	if err := tracetest.Sample(&file); err != nil {
		t.Fatal(err)
	}
	r, err := trace.NewReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	live := analyze.NewLive(10 * time.Second)
	for range blocks {
		if !r.Next() {
			live.End(r.Truncated())
			break
		}
		live.Add(r.Block())
	}
	return live.Snapshot(o)
}

const (
	whole = 100         // more blocks than the sample has
	later = 500_000_000 // ns, after the recording began
)

func screen(lines []LiveLine) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString([]string{Plain: "  ", Heading: "# ", Alert: "! "}[l.Mark] + l.Text + "\n")
	}
	return b.String()
}

func TestLiveGolden(t *testing.T) {
	recent := analyze.LiveOptions{NowNS: later, Recent: true, By: analyze.ByNode}
	cases := []struct {
		golden  string
		blocks  int
		options analyze.LiveOptions
		view    LiveView
	}{
		{"80x24", 2, recent, LiveView{Width: 80, Height: 24, Sort: SortShare}},
		{"160x24", whole, analyze.LiveOptions{By: analyze.ByNode}, LiveView{Width: 160, Height: 24, Sort: SortMean}},
		{"80x24-second", whole, analyze.LiveOptions{By: analyze.ByNode}, LiveView{Width: 80, Height: 24, Model: 1, Sort: SortName, Reverse: true}},
		{"80x24-by-op", 2, analyze.LiveOptions{NowNS: later, Recent: true, By: analyze.ByOp}, LiveView{Width: 80, Height: 24, Sort: SortCount, Paused: true}},
		{"80x24-by-kernel", 2, analyze.LiveOptions{NowNS: later, By: analyze.ByKernel}, LiveView{Width: 80, Height: 24, Sort: SortP99}},
		{"80x9-scrolled", 2, recent, LiveView{Width: 80, Height: 9, Sort: SortNode, First: 2}},
		{"40x12", 2, recent, LiveView{Width: 40, Height: 12, Sort: SortShare}},
		{"20x4", 2, recent, LiveView{Width: 20, Height: 4, Sort: SortShare}},
		{"80x24-waiting", 1, recent, LiveView{Width: 80, Height: 24, Sort: SortShare}},
		{"80x24-idle", 2, analyze.LiveOptions{NowNS: 60_000_000_000, Recent: true, By: analyze.ByNode}, LiveView{Width: 80, Height: 24, Sort: SortShare}},
		{"80x24-help", 2, recent, LiveView{Width: 80, Height: 24, Help: true}},
	}
	for _, c := range cases {
		t.Run(c.golden, func(t *testing.T) {
			c.view.Target = "python app.py --model /data/ssd.tflite"
			golden(t, "testdata/live-"+c.golden+".txt", screen(Live(liveSample(t, c.options, c.blocks), c.view)))
		})
	}
	for _, width := range []int{0, 80} {
		var text bytes.Buffer
		if err := LiveText(&text, liveSample(t, analyze.LiveOptions{By: analyze.ByNode}, whole), SortShare, width); err != nil {
			t.Fatal(err)
		}
		golden(t, fmt.Sprintf("testdata/live-once-%d.txt", width), text.String())
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: %s", path, diff)
	}
}

// A screen of any size is never exceeded, and always says what was lost.
func TestLiveFits(t *testing.T) {
	for _, by := range []analyze.By{analyze.ByNode, analyze.ByOp, analyze.ByKernel} {
		for _, blocks := range []int{0, 1, 2, whole} {
			s := liveSample(t, analyze.LiveOptions{NowNS: later, By: by}, blocks)
			for width := 1; width <= 170; width += 1 + width/20 {
				for height := 1; height <= 40; height++ {
					v := LiveView{Target: "app", Width: width, Height: height, Sort: SortShare, Model: height % 3, First: height - 10}
					lines := Live(s, v)
					if len(lines) > height {
						t.Errorf("%dx%d: %d lines", width, height, len(lines))
					}
					found := false
					for _, l := range lines {
						if n := utf8.RuneCountInString(l.Text); n > width || strings.ContainsAny(l.Text, "\x1b\n") {
							t.Errorf("%dx%d: %d characters: %q", width, height, n, l.Text)
						}
						found = found || strings.HasPrefix(strings.ToLower(l.Text), "lost")
					}
					if width >= 6 && !found {
						t.Errorf("%dx%d: nothing about losses:\n%s", width, height, screen(lines))
					}
				}
			}
		}
	}
}

func TestRestrictions(t *testing.T) {
	s := &analyze.Snapshot{DurationNS: 100, Recording: analyze.Recording{Budget: 0.01, GapsNS: 75, EntryOnly: true, Only: []string{"ADD", "7"}}}
	want := "; 25.0% of the time recorded for a budget of 1.0%; entry probes only; only ADD, 7"
	if got := restrictions(s); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTrend(t *testing.T) {
	for _, c := range []struct {
		trend []float64
		want  string
	}{
		{[]float64{}, "          "},
		{[]float64{5, 5, 5, 5, 5, 5, 5, 5, 5, 5}, "▅▅▅▅▅▅▅▅▅▅"},
		{[]float64{0, 0, 0, 10, 10, 10, 10, 10, 10, 11}, "   ▄▄▄▄▄▄▅"},
		{[]float64{1, 1, 1, 1, 1, 9, 9, 9, 9, 9}, "▁▁▁▁▁█████"},
	} {
		var r analyze.LiveRow
		copy(r.Trend[:], c.trend)
		if got := trend(r); got != c.want {
			t.Errorf("%v: %q, want %q", c.trend, got, c.want)
		}
	}
}
