package html

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

// numberOf reads a place along a chart.
func numberOf(t *testing.T, percentage string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(strings.TrimSuffix(percentage, "%"), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// wantWithin checks that frames lie within the chart and, row by row, beside each other.
func wantWithin(t *testing.T, frames []frame) {
	t.Helper()
	const rounding = 0.001
	ends := make(map[int]float64)
	for _, f := range frames {
		x, width := numberOf(t, f.X), numberOf(t, f.Width)
		if x < 0 || width < 0 || x+width > 100+rounding {
			t.Errorf("%q is from %v%% on, %v%% wide", f.Text, x, width)
		}
		if x < ends[f.Y]-rounding {
			t.Errorf("%q begins at %v%%, before the end of the one before it at %v%%", f.Text, x, ends[f.Y])
		}
		ends[f.Y] = x + width
	}
}

func newBuilder(r *Run) *builder {
	return &builder{colours: newPalette([]*Run{r}), ids: make(map[*analyze.Op]int), data: &data{}}
}

func TestFlame(t *testing.T) {
	r := run(t, tracetest.Sample)
	for _, m := range r.Ops.Models {
		g := newBuilder(r).flame(r.Ops.Stacks(), m)
		wantWithin(t, g.Frames)
		if g.Frames[0].Width != "100%" || g.Hidden != 0 {
			t.Errorf("%s: the root is %s wide, %d frames are hidden", m.Name, g.Frames[0].Width, g.Hidden)
		}
	}
	// Frames of an op within another one are beneath it.
	var rows []string
	for _, f := range newBuilder(r).flame(r.Ops.Stacks(), r.Ops.Models[0]).Frames {
		rows = append(rows, fmt.Sprintf("%d %s", f.Y/frameHeight, f.Label))
	}
	all := strings.Join(rows, "\n")
	for _, want := range []string{"0 ssd.tflite", "1 subgraph 0, main", "2 IF", "3 node 3", "4 subgraph 1, then", "5 MyCustomOp", "6 node 1:1"} {
		if !strings.Contains(all, want+"\n") {
			t.Errorf("no frame %q among\n%s", want, all)
		}
	}
}

func TestTimeline(t *testing.T) {
	r := run(t, tracetest.Sample)
	m := r.Ops.Models[0]
	v := newBuilder(r).timeline(m, r.Typical[m])
	wantWithin(t, v.Lanes[0].Frames)
	var depths []string
	for _, f := range v.Lanes[0].Frames {
		depths = append(depths, fmt.Sprintf("%s %d", f.Label, (f.Y-axisHeight-laneHead)/frameHeight))
	}
	if got, want := strings.Join(depths, ", "), "CONV_2D 0, TfLiteXNNPackDelegate 0, IF 0, ADD 1, MyCustomOp 1, RESHAPE 0"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// loop is a model whose only node runs n times within another one.
func loop(n int) func(io.Writer) error {
	return func(w io.Writer) error {
		out, err := trace.NewWriter(w, &trace.Header{})
		if err != nil {
			return err
		}
		for _, d := range []trace.Description{
			&trace.Process{Id: 1, Pid: 1}, &trace.Thread{Id: 1, Process: 1, Tid: 1},
			&trace.Subgraph{Id: 1, Process: 1, Interpreter: 1, Index: 0}, &trace.Subgraph{Id: 2, Process: 1, Interpreter: 1, Index: 1},
			&trace.Node{Id: 1, Subgraph: 1, Op: "WHILE"}, &trace.Node{Id: 2, Subgraph: 2, Op: "ADD"},
		} {
			if err := out.Describe(d); err != nil {
				return err
			}
		}
		for invoke := range uint64(3) {
			start := invoke * 1e9
			for i := range uint64(n) {
				if err := out.AddOp(trace.Op{Thread: 1, Node: 2, Start: start + 10 + 100*i, Duration: 50, Depth: 1}); err != nil {
					return err
				}
			}
			if err := out.AddOp(trace.Op{Thread: 1, Node: 1, Start: start, Duration: 100*uint64(n) + 100}); err != nil {
				return err
			}
		}
		return out.Close(&trace.End{DurationNs: 3e9})
	}
}

// A loop of many runs doesn't make a page without end, and the page says what isn't there.
func TestTimelineIsBounded(t *testing.T) {
	r := run(t, loop(3*maxFrames))
	m := r.Ops.Models[0]
	v := newBuilder(r).timeline(m, r.Typical[m])
	if n := len(v.Lanes[0].Frames); n != maxFrames || v.Hidden != 2*maxFrames+1 {
		t.Errorf("%d frames and %d hidden, want %d and %d", n, v.Hidden, maxFrames, 2*maxFrames+1)
	}
	if v.Lanes[0].Frames[0].Label != "WHILE" {
		t.Errorf("the longest is not there, but %q", v.Lanes[0].Frames[0].Label)
	}
}

func TestMemoryHasItsPeak(t *testing.T) {
	r := run(t, tracetest.Sample)
	m := r.Ops.Models[0]
	b := newBuilder(r)
	b.opRows(m)
	v := b.memory(m)
	if v.Setter != "CONV_2D (node 0)" || b.data.Ops[v.SetterID].Op != "CONV_2D" {
		t.Errorf("the peak is set by %s, details of %d", v.Setter, v.SetterID)
	}
	if v.Runs[0].PeakAt != at(0.5, float64(v.Runs[0].Nodes)) {
		t.Errorf("it is at %s of the chart, want in the middle of the first op", v.Runs[0].PeakAt)
	}
	wantWithin(t, v.Runs[0].Frames)
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		total uint64
		last  string
		n     int
	}{{1, "", 10}, {1000, "900 ns", 10}, {3_870_000, "3.5 ms", 8}, {12_345, "12 µs", 7}} {
		got := ticks(c.total)
		if len(got) > 10 || len(got) != c.n {
			t.Errorf("%d ns: %d marks, want %d: %v", c.total, len(got), c.n, got)
		}
		if last := strings.ReplaceAll(got[len(got)-1].Label, "\u00a0", " "); c.last != "" && last != c.last {
			t.Errorf("%d ns: the last one is %q, want %q", c.total, last, c.last)
		}
	}
}
