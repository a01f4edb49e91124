package agent

import (
	"encoding/binary"
	"io"
	"math"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/trace"
)

// event is a marker's record without texts, changed.
func event(change func(*bpf.MarkerRecord)) *bpf.MarkerRecord {
	r := &bpf.MarkerRecord{TimeNs: 7}
	r.Event.Kind = uint32(trace.MarkerKind_BEFORE)
	change(r)
	return r
}

func imageOf(format uint32, bytes uint64, dims ...int64) func(*bpf.MarkerRecord) {
	return func(r *bpf.MarkerRecord) {
		r.Event.Type, r.Event.Format, r.Event.Rank, r.Event.Bytes = 3, format, uint32(len(dims)), bytes
		copy(r.Event.Dims[:], dims)
	}
}

// An event is believed as far as it makes sense.
func TestReadMarker(t *testing.T) {
	before := trace.MarkerKind_BEFORE
	for name, test := range map[string]struct {
		change func(*bpf.MarkerRecord)
		want   *trace.Marker // nil: not a marker
	}{
		"nothing":  {func(*bpf.MarkerRecord) {}, &trace.Marker{Kind: before}},
		"an image": {imageOf(1, 24, 2, 4, 3), &trace.Marker{Kind: before, Type: 3, Format: "rgb", Shape: []int64{2, 4, 3}, Bytes: 24}},
		"planes":   {imageOf(7, 4, 3, 1, 1), &trace.Marker{Kind: before, Type: 3, Format: "nv12", Shape: []int64{3, 1, 1}, Bytes: 4}},
		"a scalar": {func(r *bpf.MarkerRecord) { r.Event.Type, r.Event.Bytes = 1, 4 }, &trace.Marker{Kind: before, Type: 1, Bytes: 4}},
		"sound": {func(r *bpf.MarkerRecord) {
			r.Event.Type, r.Event.Rank, r.Event.Dims, r.Event.Rate, r.Event.Bytes = 7, 2, [8]int64{100, 2}, 16000, 400
		}, &trace.Marker{Kind: before, Type: 7, Shape: []int64{100, 2}, Rate: 16000, Bytes: 400}},
		"numbers": {func(r *bpf.MarkerRecord) {
			r.Event.Numbers, r.Event.Number = 2, [3]uint64{math.Float64bits(1.5), math.Float64bits(math.Inf(-1)), 1}
		}, &trace.Marker{Kind: before, Numbers: []float64{1.5, math.Inf(-1)}}},
		"texts": {func(r *bpf.MarkerRecord) {
			r.KeyBytes, r.TextBytes = int32(copy(r.Key[:], "key\x00")), int32(copy(r.Text[:], "text\x00left over"))
		}, &trace.Marker{Kind: before, Key: "key", Text: "text"}},
		"a text that is cut within a character": {func(r *bpf.MarkerRecord) {
			r.TextBytes, r.Cut = int32(copy(r.Text[:], "Gr\xc3\x00")), 1
		}, &trace.Marker{Kind: before, Text: "Gr…"}},
		"unreadable texts":              {func(r *bpf.MarkerRecord) { r.KeyBytes, r.TextBytes = -14, -14 }, &trace.Marker{Kind: before}},
		"texts longer than they can be": {func(r *bpf.MarkerRecord) { r.KeyBytes, r.TextBytes = math.MaxInt32, math.MaxInt32 }, &trace.Marker{Kind: before}},
		"an array that is none":         {func(r *bpf.MarkerRecord) { r.Event.Rate, r.Event.Format, r.Event.Bytes = 8000, 2, 9 }, &trace.Marker{Kind: before}},
		"a rank too high": {func(r *bpf.MarkerRecord) { r.Event.Type, r.Event.Rank = 1, math.MaxUint32 },
			&trace.Marker{Kind: before, Type: 1, Missing: "its rank -1 is above 8"}},
		"a negative dimension":          {imageOf(1, math.MaxUint64, -2, 4, 3), &trace.Marker{Kind: before, Type: 3, Format: "rgb", Missing: "it has a dimension of -2"}},
		"larger than memory":            {imageOf(0, math.MaxUint64, 1<<40, 1<<40), &trace.Marker{Kind: before, Type: 3, Missing: "it is larger than memory can be"}},
		"larger than any address":       {imageOf(3, 1<<62, 1<<30, 1<<30, 4), &trace.Marker{Kind: before, Type: 3, Format: "rgba", Missing: "it is larger than memory can be"}},
		"larger than a number":          {imageOf(0, 0, math.MaxInt64, math.MaxInt64, 4), &trace.Marker{Kind: before, Type: 3, Missing: "it is larger than memory can be"}},
		"a size that isn't its shape's": {imageOf(0, 9, 2, 4), &trace.Marker{Kind: before, Type: 3, Missing: "it has 9 bytes, which its shape does not take"}},
		"planes without a shape":        {imageOf(7, 4), &trace.Marker{Kind: before, Type: 3, Format: "nv12", Missing: "it has 4 bytes, which its shape does not take"}},
		"an image of another size":      {imageOf(1, 25, 2, 4, 3), &trace.Marker{Kind: before, Type: 3, Format: "rgb", Missing: "it has 25 bytes, which its shape does not take"}},
		"a type without a size": {func(r *bpf.MarkerRecord) { r.Event.Type = 5 },
			&trace.Marker{Kind: before, Type: 5, Missing: "elements of type STRING have no size that an array could be copied by"}},
		"no type":                    {func(r *bpf.MarkerRecord) { r.Event.Type = math.MaxUint32 }, &trace.Marker{Kind: before, Type: -1, Missing: "elements of type TYPE_-1 have no size that an array could be copied by"}},
		"nothing that can be marked": {func(r *bpf.MarkerRecord) { r.Event.Type = 0xffff }, &trace.Marker{Kind: before, Type: 0xffff, Missing: trace.NothingMarkable}},
		"no kind":                    {func(r *bpf.MarkerRecord) { r.Event.Kind = 0 }, nil},
		"an unknown kind":            {func(r *bpf.MarkerRecord) { r.Event.Kind = 8 }, nil},
		"a huge kind":                {func(r *bpf.MarkerRecord) { r.Event.Kind = math.MaxUint32 }, nil},
		"too many numbers":           {func(r *bpf.MarkerRecord) { r.Event.Numbers = 4 }, nil},
		"a huge number of numbers":   {func(r *bpf.MarkerRecord) { r.Event.Numbers = math.MaxUint32 }, nil},
		"an unknown format":          {imageOf(11, 24, 2, 4, 3), nil},
	} {
		got, ok := readMarker(event(test.change))
		if !ok {
			got = nil
		}
		if test.want != nil {
			test.want.TimeNs = 7
		}
		if diff := cmp.Diff(test.want, got, protocmp.Transform()); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestFrameOf(t *testing.T) {
	begin, end, value := trace.MarkerKind_FRAME_BEGIN, trace.MarkerKind_FRAME_END, trace.MarkerKind_METRIC
	p := &process{frames: make(map[uint32]frames)}
	for i, step := range []struct {
		tid  uint32
		kind trace.MarkerKind
		want uint64
	}{
		{1, value, 0}, {1, end, 0}, {1, begin, 1}, {2, value, 0}, {1, value, 1}, {1, end, 1}, {1, value, 0}, {1, end, 0},
		{2, begin, 1}, {1, begin, 2}, {1, begin, 3}, {1, value, 3}, {1, end, 3}, {2, end, 1},
	} {
		if got := p.frameOf(step.tid, step.kind); got != step.want {
			t.Errorf("step %d: frame %d, want %d", i, got, step.want)
		}
	}
}

// Whatever an app writes into an event, it is a marker that a trace takes, or none.
func FuzzReadMarker(f *testing.F) {
	size := int(reflect.TypeFor[bpf.MarkerRecord]().Size())
	for _, seed := range [][]byte{make([]byte, size), {}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		record := make([]byte, size)
		copy(record, b)
		binary.LittleEndian.PutUint32(record, 11) // RECORD_MARKER
		decoded, err := bpf.Decode(record)
		if err != nil {
			t.Fatal(err)
		}
		m, ok := readMarker(decoded.(*bpf.MarkerRecord))
		if !ok {
			return
		}
		w, err := trace.NewWriter(io.Discard, &trace.Header{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Describe(m); err != nil {
			t.Error(err)
		}
		if err := w.Close(&trace.End{}); err != nil {
			t.Error(err)
		}
	})
}
