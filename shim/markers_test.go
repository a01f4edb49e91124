package shim

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/trace"
)

// markerRecordOf is a marker of an array of some bytes, of which a piece is with it.
func markerRecordOf(number uint64, bytes int, piece string) markerRecord {
	return markerRecord{
		header: recordHeader{type_: recordMarker}, kind: uint32(trace.MarkerKind_BEFORE), type_: 3, timeNs: 7, frame: 1, rank: 1,
		dim: [8]int64{int64(bytes)}, capture: markerCapture | number, dataBytes: uint64(bytes), pieceBytes: uint32(len(piece)),
	}
}

func encodeMarker(r markerRecord, key, text, piece string) []byte {
	r.keyBytes, r.textBytes, r.pieceBytes = uint32(len(key)), uint32(len(text)), uint32(len(piece))
	return encode(&r, key, text, piece)
}

// marked is a marker without an array.
func marked(kind trace.MarkerKind, numbers ...float64) markerRecord {
	r := markerRecord{header: recordHeader{type_: recordMarker}, kind: uint32(kind), timeNs: 7, numbers: uint32(len(numbers))}
	copy(r.number[:], numbers)
	return r
}

func TestMarkersOfRecords(t *testing.T) {
	s, path := testSession(t, modeData, newTensorSink)
	image := markerRecordOf(1, 12, "")
	image.format, image.rank, image.dim = 2, 3, [8]int64{2, 2, 3}
	odd, wrong, typeless := markerRecordOf(5, 7, ""), markerRecordOf(6, 5, ""), markerRecordOf(7, 0, "")
	odd.format, odd.rank, odd.dim = 9, 3, [8]int64{2, 3, 1}
	wrong.dim[0] = 6
	typeless.type_ = 5
	gone := markerRecordOf(8, 100, "")
	gone.missing = missingUnreadable
	feed(t, s, example()[0],
		encodeMarker(image, "camera", "", "abcdefghijkl"),
		encodeMarker(markerRecordOf(2, 6, ""), "pieces", "", "abc"),
		encodeMarker(marked(trace.MarkerKind_METRIC, 0.5), "confidence\xff", "", ""),
		encode(&moreRecord{header: recordHeader{type_: recordMore}, capture: markerCapture | 2, offset: 3, pieceBytes: 3}, "def"),
		encodeMarker(markerRecordOf(3, 6, ""), "torn", "", "abc"),
		encode(&moreRecord{header: recordHeader{type_: recordMore}, capture: markerCapture | 3, offset: unreadable}),
		encodeMarker(marked(trace.MarkerKind_LABEL), "", "cat\x00 changed", ""),
		encodeMarker(odd, "odd", "", "abcdefg"), encodeMarker(wrong, "wrong", "", "abcde"), encodeMarker(typeless, "typeless", "", ""),
		encodeMarker(gone, "gone", "", ""),
		encodeMarker(marked(trace.MarkerKind(99)), "", "", ""), // makes no sense
	)
	summary, err := s.finish()
	if err != nil {
		t.Fatal(err)
	}
	f, err := snapshot.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	array := func(key, missing string, bytes uint64, shape ...int64) *trace.Marker {
		return &trace.Marker{Process: 1, Thread: 1, TimeNs: 7, Frame: 1, Kind: trace.MarkerKind_BEFORE, Key: key, Type: 3, Shape: shape, Bytes: bytes, Missing: missing}
	}
	camera, oddImage, text := array("camera", "", 12, 2, 2, 3), array("odd", "", 7, 2, 3, 1), array("typeless", "elements of type STRING have no size that an array could be copied by", 0, 0)
	camera.Format, oddImage.Format, text.Type = "bgr", "i420", 5
	want := []snapshot.Marked{
		{Marker: camera, Data: []byte("abcdefghijkl")},
		{Marker: array("pieces", "", 6, 6), Data: []byte("abcdef")},
		{Marker: &trace.Marker{Process: 1, Thread: 1, TimeNs: 7, Kind: trace.MarkerKind_METRIC, Key: "confidence\uFFFD", Numbers: []float64{0.5}}},
		{Marker: array("torn", missing[missingUnreadable], 6, 6)},
		{Marker: &trace.Marker{Process: 1, Thread: 1, TimeNs: 7, Kind: trace.MarkerKind_LABEL, Text: "cat"}},
		{Marker: oddImage, Data: []byte("abcdefg")},
		{Marker: array("wrong", "it has 5 bytes, which its shape does not take", 5, 6)},
		{Marker: text},
		{Marker: array("gone", missing[missingUnreadable], 100, 100)},
	}
	if diff := cmp.Diff(want, f.Markers, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	if summary.Markers != uint64(len(want)) || f.Losses["records_without_sense"] != 1 || len(f.Losses) != 1 || f.Cut != "" {
		t.Errorf("%d markers, losses %v, cut %q", summary.Markers, f.Losses, f.Cut)
	}
}

// Numbers that are none are kept as they are.
func TestMarkerNumbers(t *testing.T) {
	r := marked(trace.MarkerKind_SENSOR, math.NaN(), math.Inf(-1), 3)
	if m := markerOf(&r); len(m.Numbers) != 3 || !math.IsNaN(m.Numbers[0]) || !math.IsInf(m.Numbers[1], -1) {
		t.Errorf("%v", m.Numbers)
	}
}

func TestReplayed(t *testing.T) {
	for want, r := range map[string]Replayed{
		`replayed 3 of 5 "camera"`:                                {Key: "camera", Given: 3, Of: 5},
		`replayed 2 pieces of "mic", 20 of 30 bytes`:              {Key: "mic", Given: 2, Bytes: 20, OfBytes: 30},
		`4 times the app asked for another size, first for 10 b`:  {Key: "mic", Refused: 4, Asked: 10, Recorded: 20},
		`1 times the app asked for more than there is`:            {Key: "mic", Given: 1, Of: 1, Over: 1},
		`the app never asked for it (edgexray_replay, with this`:  {Key: "mic", Of: 1},
		`2 could not be read or put where the app wanted them`:    {Key: "mic", Of: 2, Failed: 2},
		"replayed 0 of 1 \"a\\x1b[31m\"; the app never asked for": {Key: "a\x1b[31m", Of: 1},
	} {
		if got := r.String(); !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}
