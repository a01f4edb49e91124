package shim

import (
	"slices"
	"strings"
	"testing"
)

func TestSelection(t *testing.T) {
	s := Selection{
		Only: []string{"conv_2d", "OP_217", "MyOp", "3-7", "1:4"}, Tensors: []string{"a*", "b?"}, Every: 10, Invokes: "5-9",
		EndsOnly: true, Budget: 1000, WhenFull: "sample", Kernels: "builtin",
	}
	c, err := s.compile(modeData)
	if err != nil {
		t.Fatal(err)
	}
	if c.mode != modeData || c.whenFull != fullSample || c.endsOnly != 1 || c.keepDelegatesOut != 1 || c.every != 10 ||
		c.first != 5 || c.last != 9 || c.budget != 1000 {
		t.Errorf("%d %d %d %d %d %d %d %d", c.mode, c.whenFull, c.endsOnly, c.keepDelegatesOut, c.every, c.first, c.last, c.budget)
	}
	if !slices.Equal(c.op[:c.ops], []int32{3, 217}) || !slices.Equal(c.range_[:c.ranges], []nodeRange{{0, 3, 7}, {1, 4, 4}}) {
		t.Errorf("ops %v, nodes %v", c.op[:c.ops], c.range_[:c.ranges])
	}
	if string(c.opPattern[:c.opPatterns]) != "MyOp\x00" || string(c.tensorPattern[:c.tensorPatterns]) != "a*\x00b?\x00" {
		t.Errorf("patterns %q, %q", c.opPattern[:c.opPatterns], c.tensorPattern[:c.tensorPatterns])
	}
	want := []string{"--only conv_2d,OP_217,MyOp,3-7,1:4", "--tensors a*,b?", "--every 10", "--invokes 5-9", "--ends-only", "--budget 1000"}
	if got := s.said(); !slices.Equal(got, want) {
		t.Errorf("said %q", got)
	}
	for _, c := range []struct {
		invokes     string
		first, last uint64
	}{{"", 1, 0}, {"3", 3, 3}, {"3-", 3, 0}, {"3-3", 3, 3}} {
		s := Selection{Invokes: c.invokes}
		if got, err := s.compile(modeData); err != nil || got.first != c.first || got.last != c.last {
			t.Errorf("invokes %q: %v, %v", c.invokes, got, err)
		}
	}
	for _, c := range []struct {
		bad Selection
		why string
	}{
		{Selection{Invokes: "0"}, "--invokes 0"},
		{Selection{Invokes: "9-5"}, "--invokes 9-5"},
		{Selection{Invokes: "-5"}, "--invokes -5"},
		{Selection{Invokes: "1-2-3"}, "--invokes 1-2-3"},
		{Selection{WhenFull: "wait"}, "block, drop or sample"},
		{Selection{Kernels: "reference"}, "builtin"},
		{Selection{Only: []string{"7-3"}}, "7-3"},
		{Selection{Only: slices.Repeat([]string{"1"}, maxRanges+1)}, "not more than 64"},
		{Selection{Only: slices.Repeat([]string{"ADD"}, maxOps+1)}, "not more than 64"},
		{Selection{Tensors: []string{""}}, "no name"},
		{Selection{Tensors: []string{strings.Repeat("x", patternBytes)}}, "more than 4096 bytes"},
		{Selection{Every: 1 << 40}, "--every"},
	} {
		if _, err := c.bad.compile(modeData); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%+v: %v", c.bad, err)
		}
	}
}

func TestRanges(t *testing.T) {
	if got := ranges([]uint32{7, 3, 4, 5, 9, 4}); got != "3-5, 7, 9" {
		t.Error(got)
	}
	if got := shortened(strings.Repeat("12345678, ", 20)); got != strings.Repeat("12345678, ", 7)+"12345678, ..." {
		t.Error(got)
	}
}
