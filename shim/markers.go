package shim

import (
	"bytes"
	"slices"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/trace"
)

// addMarker takes what the app marks itself. Its array goes to a snapshot only.
func (p *process) addMarker(b []byte) bool {
	r, rest, ok := fixed[markerRecord](b)
	l := lists{rest: rest}
	key := l.take(uint64(r.keyBytes))
	text := l.take(uint64(r.textBytes))
	data := l.take(uint64(r.pieceBytes))
	if !ok || l.cut || r.keyBytes >= keyBytes || r.textBytes > textBytes {
		return false
	}
	m := markerOf(&r)
	if m == nil {
		return false
	}
	m.Key, m.Text = untilNul(key), untilNul(text)
	m.Thread = p.threadOf(r.header.tid)
	m.Process = p.described.Id
	if r.cut != 0 {
		p.session.note("markers", "keys of markers that are longer than %d bytes, and texts longer than %d, are cut off", keyBytes-1, textBytes)
	}
	p.session.summary.Markers++
	return p.writeMarker(&r, m, data)
}

// untilNul copies a text of the app, who may have changed it while it was read.
func untilNul(b []byte) string { return cString(bytes.Clone(b)) }

func (p *process) writeMarker(r *markerRecord, m *trace.Marker, data []byte) bool {
	out, tensors := p.session.sink.(tensorSink)
	switch {
	case !tensors: // a trace has no elements of arrays
		p.session.describe(m)
		return true
	case m.Type == 0 || m.Missing != "":
		p.session.failed(out.AddMarker(m, nil))
		return true
	case uint64(len(data)) > r.dataBytes:
		return false
	}
	p.session.summary.TensorBytes += uint64(len(data))
	if uint64(len(data)) == r.dataBytes {
		p.session.failed(out.AddMarker(m, data))
		return true
	}
	if len(p.pending) >= maxPending || p.pending[r.capture] != nil || r.capture&markerCapture == 0 {
		return false
	}
	begun, err := out.BeginMarker(m, r.dataBytes)
	p.await(r.capture, begun, err, r.dataBytes, data)
	return true
}

// markerOf returns what a record says of a marker but for its texts, nil when that makes no sense.
func markerOf(r *markerRecord) *trace.Marker {
	kind := trace.MarkerKind(r.kind)
	if r.kind == 0 || trace.MarkerKind_name[int32(kind)] == "" || int(r.numbers) > len(r.number) || int(r.missing) >= len(missing) {
		return nil
	}
	m := &trace.Marker{
		TimeNs: r.timeNs, Kind: kind, Frame: r.frame, Numbers: slices.Clone(r.number[:r.numbers]), Missing: missing[r.missing],
	}
	if r.type_ == 0 {
		return m
	}
	m.Type, m.Rate, m.Bytes = int32(r.type_), r.rate, r.dataBytes
	m.Shape = slices.Clone(r.dim[:min(int(r.rank), len(r.dim))])
	if int(r.format) < len(trace.PixelFormats) {
		m.Format = trace.PixelFormats[r.format]
	}
	if m.Missing == "" {
		m.Missing = app.WrongArray(m)
	}
	if m.Missing == "" && m.Bytes > maxData {
		m.Missing = missing[missingShape]
	}
	return m
}
