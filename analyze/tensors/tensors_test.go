package tensors

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/shim/snapshot/snapshottest"
	"github.com/edgexray/edgexray/trace"
)

// written opens the snapshot that write writes.
func written(t *testing.T, write func(*os.File) error) *snapshot.File {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "x.tensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := write(out); err != nil {
		t.Fatal(err)
	}
	f, err := snapshot.Open(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// Interpreters of the same model are one; dynamic tensors are rows of their own.
func TestList(t *testing.T) {
	r := List(written(t, snapshottest.Sample), 0)
	type sums struct {
		Name                      string
		Index                     int32
		Interpreters, Rows        int
		Captures, Bytes, Missing  uint64
		Failed, Statistics        uint64
		FirstInvoke, LatestInvoke uint64
	}
	var got []sums
	for _, s := range r.Subgraphs {
		sum := sums{Name: s.Name, Index: s.Index, Interpreters: s.Interpreters, Rows: len(s.Tensors), FirstInvoke: math.MaxUint64}
		for _, row := range s.Tensors {
			sum.Captures += row.Captures
			sum.Bytes += row.Bytes
			sum.Missing += uint64(len(row.Missing))
			sum.Failed += row.Failed
			sum.Statistics += row.Statistics
			sum.FirstInvoke, sum.LatestInvoke = min(sum.FirstInvoke, row.FirstInvoke), max(sum.LatestInvoke, row.LastInvoke)
		}
		got = append(got, sum)
	}
	want := []sums{
		{Name: "ssd.tflite", Interpreters: 2, Rows: 18, Captures: 54, Bytes: 939, FirstInvoke: 1, LatestInvoke: 2},
		{Name: "ssd.tflite", Index: 1, Interpreters: 1, Rows: 2, Captures: 3, Bytes: 20, Missing: 1, Failed: 1, FirstInvoke: 2, LatestInvoke: 2},
		{Name: "keyword", Interpreters: 1, Rows: 1, Captures: 1, Statistics: 1, FirstInvoke: 7, LatestInvoke: 7},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if r.Captures != 58 || r.Bytes != 959 || r.Missing != 1 || len(r.Notes) != 1 || *r.Snapshot.ExitStatus != 0 {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff(map[string]uint64{"dropped": 5}, r.Lost); diff != "" {
		t.Error(diff)
	}
}

func TestShow(t *testing.T) {
	f := written(t, snapshottest.Sample)
	for _, c := range []struct {
		place  string
		invoke uint64
		shown  []string // names of tensors
	}{
		{"0", 0, []string{"image", "conv", "probability"}},
		{"0", 2, []string{"image", "conv"}},
		{"1:0", 0, []string{"tanh", "tanh"}},
		{"1:1", 0, nil},
		{"7", 0, nil},
	} {
		place, err := ParsePlace(c.place)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, s := range Show(f, place, c.invoke).Shown {
			names = append(names, s.Name)
			if s.Stored == nil || s.Stored.Histogram == nil || c.invoke != 0 && s.Invoke != c.invoke {
				t.Errorf("%s: %+v", c.place, s)
			}
		}
		if diff := cmp.Diff(c.shown, names); diff != "" {
			t.Errorf("node %s: %s", c.place, diff)
		}
	}
}

// A capture with data is shown rather than one before it without.
func TestShowPrefersData(t *testing.T) {
	f := written(t, func(out *os.File) error {
		w, err := snapshot.NewWriter(out, &snapshot.Beginning{})
		if err != nil {
			return err
		}
		err = w.Describe(&trace.Node{Id: 1, Outputs: []*trace.Tensor{{Index: 1, Type: 9, Shape: []int32{1}}}})
		for _, data := range [][]byte{nil, {5}, {6}} {
			c := &snapshot.Capture{Node: 1, Tensor: 1}
			if data == nil {
				c.Missing = "gone"
			}
			err = errors.Join(err, w.Add(c, data))
		}
		return errors.Join(err, w.Close(nil, &trace.End{}))
	})
	shown := Show(f, Place{}, 0).Shown
	if len(shown) != 1 || shown[0].Missing != "" || shown[0].Stored.Min != 5 || shown[0].Others != 2 {
		t.Errorf("%+v", shown[0])
	}
}

func TestParsePlace(t *testing.T) {
	for _, s := range []string{"", "x", "-1", "1:", ":1", "1:2:3", "99999999999"} {
		if place, err := ParsePlace(s); err == nil {
			t.Errorf("%q is %v", s, place)
		}
	}
}

func TestBounds(t *testing.T) {
	exponents := &Histogram{Buckets: make([]uint32, 64), Exponent: -16}
	linear := &Histogram{Buckets: make([]uint32, 64), Low: -128, Width: 4}
	for _, c := range []struct {
		h         *Histogram
		bucket    int
		low, high float64
	}{
		{exponents, 32, 0, 0x1p-15},
		{exponents, 33, 0x1p-15, 0x1p-14},
		{exponents, 63, 0x1p15, 0x1p16},
		{exponents, 31, -0x1p-15, 0},
		{exponents, 0, -0x1p16, -0x1p15},
		{linear, 0, -128, -124},
		{linear, 63, 124, 128},
	} {
		if low, high := c.h.Bounds(c.bucket); low != c.low || high != c.high {
			t.Errorf("bucket %d: %v to %v, want %v to %v", c.bucket, low, high, c.low, c.high)
		}
	}
}
