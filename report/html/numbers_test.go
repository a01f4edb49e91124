package html

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/edgexray/edgexray/analyze"
)

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{duration(uint64(0)), "0 ns"},
		{duration(uint64(999)), "999 ns"},
		{duration(uint64(1000)), "1 µs"},
		{duration(999_499.0), "999 µs"},
		{duration(999_600.0), "1 ms"},
		{duration(3_868_123.0), "3.87 ms"},
		{duration(uint64(12_345_678_000)), "12.3 s"},
		{duration(9.996), "10 ns"},
		{duration(99.96), "100 ns"},
		{size(uint64(1023)), "1023 B"},
		{size(uint64(1536)), "1.5 KiB"},
		{size(uint64(5419008)), "5.17 MiB"},
		{percent(0.0312), "3.1 %"},
		{percent(0.0996), "10 %"},
		{percent(0.456), "46 %"},
		{number(26000), "26,000"},
		{number(-1234567), "-1,234,567"},
		{number(999), "999"},
		{count(1, "op"), "1 op"},
		{count(1200, "op"), "1,200 ops"},
		{at(1, 3), "33.3333%"},
		{at(0, 0), "0%"},
		{at(1, 1), "100%"},
	} {
		if got := strings.ReplaceAll(c.got, "\u00a0", " "); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestShown(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"MobilenetV2/Conv/Relu6", "MobilenetV2/Conv/Relu6"},
		{"a\x1b[2Jb\u2028c\u202ed", `a\x1b[2Jb\u2028c\u202ed`},
		{"größe", "größe"},
		{"\xff", "\ufffd"},
	} {
		if got := shown(c.name); got != c.want {
			t.Errorf("shown(%q) = %q, want %q", c.name, got, c.want)
		}
	}
	for _, long := range []string{strings.Repeat("x", 100_000), strings.Repeat("ö", 100_000), strings.Repeat("\x01", 100_000)} {
		if got := shown(long); utf8.RuneCountInString(got) != maxName || !strings.HasSuffix(got, "…") {
			t.Errorf("a long name is shown as %d characters, %q", utf8.RuneCountInString(got), got)
		}
	}
}

// distribution returns one of these values.
func distribution(values ...uint64) *analyze.Distribution {
	d := new(analyze.Distribution)
	for _, v := range values {
		d.Add(v)
	}
	return d
}

func TestHistogram(t *testing.T) {
	values := []uint64{100, 100, 110, 120}
	for range 200 {
		values = append(values, 105)
	}
	h := newHistogram(distribution(append(values, 10_000)...))
	var sum uint64
	for _, n := range h.Counts {
		sum += n
	}
	if len(h.Counts) != histogramBins || sum != 204 || h.Beyond != 1 {
		t.Errorf("%d bars hold %d runs, and %d are beyond; want %d, 204 and 1", len(h.Counts), sum, h.Beyond, histogramBins)
	}
	if h.Counts[0] != 2 {
		t.Errorf("the first bar holds %d, want the 2 runs that took least", h.Counts[0])
	}
	if one := newHistogram(distribution(7)); one.Counts[0] != 1 || one.Beyond != 0 {
		t.Errorf("a single run: %+v", one)
	}
	if none := newHistogram(distribution()); none != nil {
		t.Errorf("no run: %+v", none)
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []uint64
		want   string
	}{
		{"none", nil, ""},
		{"all alike", []uint64{1000, 1000, 1000}, "M8 16v-16h1v16"},
		{"one far longer", []uint64{1000, 1000, 1000, 90_000}, "M8 16v-16h1v16M23 16v-5.33h1v5.33"},
		{"one far shorter", []uint64{10, 1000, 1000, 1000}, "M0 16v-5.33h1v5.33M8 16v-16h1v16"},
	} {
		if got := spread(distribution(c.values...)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
