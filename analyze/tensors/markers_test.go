package tensors

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/trace"
)

func TestMarkers(t *testing.T) {
	f := &snapshot.File{Markers: []snapshot.Marked{
		{Marker: &trace.Marker{Kind: trace.MarkerKind_BEFORE, Key: "camera", Type: 3, Shape: []int64{1, 2, 3}, Format: "rgb", Bytes: 6}, Data: make([]byte, 6)},
		{Marker: &trace.Marker{Kind: trace.MarkerKind_SENSOR, Key: "tilt", Numbers: []float64{1, 2, 3}}},
		{Marker: &trace.Marker{Kind: trace.MarkerKind_BEFORE, Key: "camera", Type: 3, Shape: []int64{1, 2, 3}, Format: "rgb", Bytes: 6, Missing: "why"}},
		{Marker: &trace.Marker{Kind: trace.MarkerKind_SENSOR, Key: "tilt", Numbers: []float64{4, math.NaN()}}},
		{Marker: &trace.Marker{Kind: trace.MarkerKind_BEFORE, Key: "camera", Type: 3, Shape: []int64{1, 2, 3}, Format: "bgr", Bytes: 6}, Data: make([]byte, 6)},
		{Marker: &trace.Marker{Kind: trace.MarkerKind_LABEL, Text: "cat"}},
	}}
	none := map[string]uint64{}
	want := []*Marker{
		{Key: "camera", Kind: "before", Type: "UINT8", Shape: []int64{1, 2, 3}, Format: "rgb", Count: 2, Bytes: 6, Missing: map[string]uint64{"why": 1}, Numbers: []Number{}},
		{Key: "tilt", Kind: "sensor", Shape: []int64{}, Count: 2, Missing: none, Numbers: []Number{4, Number(math.NaN())}},
		{Key: "camera", Kind: "before", Type: "UINT8", Shape: []int64{1, 2, 3}, Format: "bgr", Count: 1, Bytes: 6, Missing: none, Numbers: []Number{}},
		{Kind: "label", Shape: []int64{}, Count: 1, Missing: none, Text: "cat", Numbers: []Number{}},
	}
	sameNumbers := cmp.Comparer(func(a, b Number) bool { return a == b || math.IsNaN(float64(a)) && math.IsNaN(float64(b)) })
	if diff := cmp.Diff(want, markers(f), sameNumbers); diff != "" {
		t.Error(diff)
	}
}
