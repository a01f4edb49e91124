package agent

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/symbolize"
	"github.com/edgexray/edgexray/trace"
)

// markers records what apps mark themselves.
type markers struct {
	session     *Session
	files       map[app.FileKey]bool // that were looked at
	attachments []*probes.Attachment
	attached    bool // to some
	recorded    uint64
	malformed   uint64 // events that say what can't be
}

// frames is the frames that a thread has begun.
type frames struct {
	count uint64
	open  bool
}

func newMarkers(s *Session) markers { return markers{session: s, files: make(map[app.FileKey]bool)} }

// consider attaches to the markers of a file that a process has mapped, or is to map, the first time it is called for it.
func (ms *markers) consider(key app.FileKey, path, shown string, file *symbolize.File) {
	if ms.session.options.NoMarkers || ms.files[key] {
		return
	}
	ms.files[key] = true
	if probes.Probeable(file) != nil {
		return // as is said of its kernels
	}
	points, err := probes.FindMarkers(file)
	if err != nil {
		ms.session.note("markers", "%v", err)
	}
	if len(points) == 0 {
		return
	}
	attachment, err := probes.AttachMarkers(ms.session.method, ms.session.programs, path, points)
	if err != nil {
		ms.session.note("markers", "%v: what it marks is not recorded", err)
		return
	}
	for _, refused := range attachment.Refused {
		ms.session.note("markers", "%s at offset %#x: Linux refused: %v: what it marks is not recorded", shown, refused.Point.Offset, refused.Err)
	}
	ms.attachments, ms.attached = append(ms.attachments, attachment), true
}

// add writes a marker down.
func (ms *markers) add(r *bpf.MarkerRecord) {
	p := ms.session.processWithID(r.Process, int(r.Tgid), cString(r.Comm[:]))
	m, ok := readMarker(r)
	if !ok {
		ms.malformed++
		return
	}
	p.complete(m, r)
	m.Process, m.Thread = p.described.Id, ms.session.threadOf(p, r.Header.Tid)
	m.Frame = p.frameOf(r.Header.Tid, m.Kind)
	ms.session.describe(m)
	ms.recorded++
}

// complete reads a marker's texts that the kernel could not: constants in pages that nobody has touched.
func (p *process) complete(m *trace.Marker, r *bpf.MarkerRecord) {
	for _, text := range []struct {
		what    string
		bytes   int32
		address uint64
		limit   int
		to      *string
	}{{"key", r.KeyBytes, r.Event.Key, len(r.Key), &m.Key}, {"text", r.TextBytes, r.Event.Text, len(r.Text), &m.Text}} {
		if text.bytes >= 0 {
			continue
		}
		var ok bool
		if *text.to, ok = p.readString(text.address, text.limit); !ok {
			m.Missing = fmt.Sprintf("its %s at %#x can't be read", text.what, text.address)
		}
	}
}

// frameOf returns the number of the frame that a thread's marker is in, 0 for none.
func (p *process) frameOf(tid uint32, kind trace.MarkerKind) uint64 {
	f := p.frames[tid]
	switch {
	case kind == trace.MarkerKind_FRAME_BEGIN:
		p.frames[tid] = frames{f.count + 1, true}
		return f.count + 1
	case !f.open:
		return 0
	case kind == trace.MarkerKind_FRAME_END:
		p.frames[tid] = frames{f.count, false}
	}
	return f.count
}

// leaveFrame ends the frame of a thread that has ended: another one may get its number.
func (p *process) leaveFrame(tid uint32) {
	if f := p.frames[tid]; f.open {
		p.frames[tid] = frames{f.count, false}
	}
}

// readMarker makes a marker of an event, of which an app may have written anything; false when it can't be one.
func readMarker(r *bpf.MarkerRecord) (*trace.Marker, bool) {
	e := &r.Event
	m := &trace.Marker{
		TimeNs: r.TimeNs, Kind: trace.MarkerKind(e.Kind), Type: int32(e.Type), Rate: e.Rate, Bytes: e.Bytes,
		Key: markedText(r.Key[:], r.KeyBytes, false), Text: markedText(r.Text[:], r.TextBytes, r.Cut != 0),
	}
	if _, known := trace.MarkerKind_name[int32(e.Kind)]; !known || e.Kind > math.MaxInt32 || m.Kind == trace.MarkerKind_MARKER_NONE {
		return nil, false
	}
	if int(e.Numbers) > len(e.Number) || int64(e.Format) >= int64(len(trace.PixelFormats)) {
		return nil, false
	}
	for _, bits := range e.Number[:e.Numbers] {
		m.Numbers = append(m.Numbers, math.Float64frombits(bits))
	}
	m.Format = trace.PixelFormats[e.Format]
	if e.Type == 0 {
		m.Rate, m.Bytes, m.Format = 0, 0, ""
		return m, true
	}
	if e.Rank > uint32(len(e.Dims)) {
		m.Missing = fmt.Sprintf("its rank %d is above %d", int32(e.Rank), len(e.Dims))
	} else {
		m.Shape = slices.Clone(e.Dims[:e.Rank])
		m.Missing = app.WrongArray(m)
	}
	if m.Missing != "" {
		m.Shape, m.Bytes = nil, 0
	}
	return m, true
}

// markedText is what the kernel copied of a text; … stands for what it has not.
func markedText(b []byte, n int32, cut bool) string {
	if n <= 0 || int(n) > len(b) {
		return ""
	}
	text := cString(b[:n])
	if cut {
		return strings.ToValidUTF8(text, "") + "…" // a character may have been cut through
	}
	return text
}

// Causes of lost markers that are counted here and not by BPF; they begin as those in bpf.MarkerCauses do.
const (
	causeMarkers   = "markers_"
	causeMalformed = causeMarkers + "malformed"
	causeMissed    = causeMarkers + "probe_missed"
)

// losses are the ways to lose markers, of apps that have some.
func (ms *markers) losses() []*trace.Loss {
	if !ms.attached {
		return nil
	}
	losses := []*trace.Loss{{Cause: causeMalformed, Count: ms.malformed}}
	for _, cause := range bpf.MarkerCauses {
		if n, err := ms.session.programs.Count(cause.Counter); err == nil {
			losses = append(losses, &trace.Loss{Cause: cause.Name, Count: n})
		}
	}
	if n, err := ms.session.programs.MarkersMissed(); err == nil {
		losses = append(losses, &trace.Loss{Cause: causeMissed, Count: n})
	}
	return losses
}

func (ms *markers) detach() error {
	var err error
	for _, a := range ms.attachments {
		if closing := a.Close(); closing != nil {
			err = closing
		}
	}
	ms.attachments = nil
	return err
}
