package report

import (
	"bytes"
	"encoding/csv"
	"flag"
	"io"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func sample(t *testing.T, by analyze.By) *analyze.OpsResult {
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
	result, err := analyze.Ops(r, analyze.Options{By: by})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestOpsGolden(t *testing.T) {
	type write func(io.Writer, *analyze.OpsResult, Format, int) error
	cases := []struct {
		golden string
		by     analyze.By
		format Format
		width  int
	}{
		{"testdata/sample.txt", "", Text, 0},
		{"testdata/sample-memory.txt", "", Text, 0},
		{"testdata/sample-memory-80.txt", "", Text, 80},
		{"testdata/sample-memory-heap.txt", "", Text, 120},
		{"testdata/sample-memory-heap.csv", "", CSV, 0},
		{"testdata/sample-memory.md", "", Markdown, 0},
		{"testdata/sample-memory.csv", "", CSV, 0},
		{"testdata/sample-paid.txt", "", Text, 0},
		{"testdata/sample-paid-80.txt", "", Text, 80},
		{"testdata/sample-120.txt", "", Text, 120},
		{"testdata/sample-80.txt", "", Text, 80},
		{"testdata/sample.md", "", Markdown, 0},
		{"testdata/sample.csv", "", CSV, 0},
		{"testdata/sample-by-node.txt", analyze.ByNode, Text, 0},
		{"testdata/sample-by-op.txt", analyze.ByOp, Text, 0},
		{"testdata/sample-by-kernel.txt", analyze.ByKernel, Text, 80},
		{"testdata/sample-by-thread.md", analyze.ByThread, Markdown, 0},
		{"testdata/sample-by-thread.csv", analyze.ByThread, CSV, 0},
	}
	for _, c := range cases {
		t.Run(c.golden, func(t *testing.T) {
			var got bytes.Buffer
			write := write(Ops)
			switch {
			case strings.Contains(c.golden, "-memory"):
				write = Memory
			case strings.Contains(c.golden, "-paid"):
				write = Paid
			}
			result := sample(t, c.by)
			if strings.Contains(c.golden, "-heap") {
				addHeap(result)
			}
			if strings.Contains(c.golden, "-paid") {
				addPaid(result)
			}
			if err := write(&got, result, c.format, c.width); err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(c.golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(c.golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Error(diff)
			}
			if strings.ContainsAny(got.String(), "\x1b") {
				t.Error("a control character of the trace came through")
			}
			if c.format == CSV {
				if _, err := csv.NewReader(&got).ReadAll(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// addHeap has the first model's ops allocate: the second one nothing, of the third it isn't known.
func addHeap(r *analyze.OpsResult) {
	for i, op := range r.Models[0].Ops {
		if i != 2 {
			op.Heap = &analyze.OpHeap{}
		}
	}
	*r.Models[0].Ops[0].Heap = analyze.OpHeap{Allocated: 3 << 20, Kept: 1 << 10, Peak: 1 << 20, Allocations: 12}
}

// addPaid has the recording follow nearly everything, and the first op pay for all of it.
func addPaid(r *analyze.OpsResult) {
	r.Recording.Followed = []analyze.Followed{{Part: "scheduling"}, {Part: "preemption"}, {Part: "workers"}, {Part: "minor faults"},
		{Part: "major faults", Missing: "open perf event: permission denied"}}
	little, big := analyze.Core{Capacity: 446, MaxKHz: 1_800_000}, analyze.Core{Capacity: 1024}
	r.Recording.Cores = []analyze.Core{little, little, big}
	p := r.Models[0].Ops[0].Paid
	p.OffCPUNS, p.PreemptedNS, p.WorkersNS, p.MinorFaults, p.Migrations = p.WallNS/2, p.WallNS/4, p.WallNS/4, 100, 1
	p.Cores = map[uint64]uint64{0: 1, 2: 3}
}

func TestTableFits(t *testing.T) {
	result := sample(t, "")
	addHeap(result)
	for width := 60; width <= 200; width++ {
		for _, m := range result.Models {
			for _, table := range []*table{opTable(m.Ops), groupTable(m.ByType(), analyze.ByOp), memoryTable(m.Ops)} {
				var b bytes.Buffer
				if err := table.text(&b, width); err != nil {
					t.Fatal(err)
				}
				for line := range strings.Lines(b.String()) {
					if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
						t.Errorf("width %d: a line of %d characters: %s", width, n, line)
					}
				}
			}
		}
	}
}

func TestPrintable(t *testing.T) {
	cases := []struct{ in, want string }{
		{"MobilenetV2/Conv/Relu6", "MobilenetV2/Conv/Relu6"},
		{"größe 模型", "größe 模型"},
		{"a\x1b[31mb", `a\x1b[31mb`},
		{"a\nb\tc\x00", `a\nb\tc\x00`},
		{"bidi \u202e", `bidi \u202e`},
		{"bad \xff", "bad \uFFFD"},
	}
	for _, c := range cases {
		if got := Printable(c.in); got != c.want {
			t.Errorf("%q: %s, want %s", c.in, got, c.want)
		}
	}
}
