package traceexport

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/edgexray/edgexray/analyze"
)

// slice is a slice of a timeline.
type slice struct {
	tid             int32
	category, name  string
	start, duration uint64
}

func bySlice(a, b slice) int {
	return cmp.Or(cmp.Compare(a.tid, b.tid), cmp.Compare(a.start, b.start), -cmp.Compare(a.duration, b.duration), cmp.Compare(a.name, b.name))
}

// wantSlices returns the slices that a timeline must have.
func wantSlices(t *testing.T, s Source) []slice {
	t.Helper()
	var all []slice
	err := s.Ops.Executions(s.Trace, analyze.Visitor{Invoke: func(inv *analyze.Invoke) error {
		if inv.Number != 0 {
			all = append(all, slice{inv.Thread.TID, "invoke", invokeName(inv), inv.StartNS, inv.EndNS - inv.StartNS})
		}
		for _, e := range inv.Executions {
			category := "op"
			if e.Op.Mapping != "" {
				category = "operator"
			}
			all = append(all, slice{inv.Thread.TID, category, opName(e.Op), e.StartNS, e.DurationNS})
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(all, bySlice)
	return all
}

func TestTimelines(t *testing.T) {
	for _, format := range []struct {
		name string
		read func(*testing.T, []byte) []slice
	}{{"perfetto", perfettoSlices}, {"chrome", chromeSlices}} {
		i := slices.IndexFunc(Formats, func(f Format) bool { return f.Name == format.name })
		for _, c := range sources {
			t.Run(format.name+" of "+c.name, func(t *testing.T) {
				s := source(t, c.make(t))
				got := format.read(t, written(t, func(w *bytes.Buffer) error { return Formats[i].Write(w, s) }))
				slices.SortStableFunc(got, bySlice)
				if diff := gocmp.Diff(wantSlices(t, s), got, gocmp.AllowUnexported(slice{})); diff != "" || len(got) == 0 {
					t.Error(diff)
				}
			})
		}
	}
}

// fields is a decoded message: numbers are uint64, messages and texts []byte.
type fields map[protowire.Number][]any

func decodeFields(t *testing.T, data []byte) fields {
	t.Helper()
	all := make(fields)
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		data = data[n:]
		var value any
		switch kind {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(data)
		case protowire.Fixed64Type:
			value, n = protowire.ConsumeFixed64(data)
		case protowire.BytesType:
			value, n = protowire.ConsumeBytes(data)
		default:
			t.Fatalf("field %d has type %d", number, kind)
		}
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		data, all[number] = data[n:], append(all[number], value)
	}
	return all
}

func (f fields) number(n protowire.Number) uint64 {
	if len(f[n]) == 0 {
		return 0
	}
	return f[n][0].(uint64)
}

func (f fields) text(n protowire.Number) string {
	if len(f[n]) == 0 {
		return ""
	}
	return string(f[n][0].([]byte))
}

// perfettoSlices puts events back together as Perfetto does: sorted by time, those of the same time as in the file.
func perfettoSlices(t *testing.T, file []byte) []slice {
	t.Helper()
	names, categories, tids := make(map[uint64]string), make(map[uint64]string), make(map[uint64]int32)
	type event struct {
		ns uint64
		fields
	}
	var events []event
	for _, packet := range decodeFields(t, file)[tracePacket] {
		p := decodeFields(t, packet.([]byte))
		if p.number(packetSequence) != perfettoSequence {
			t.Error("a packet is of no sequence")
		}
		for _, data := range p[packetInterned] {
			interned := decodeFields(t, data.([]byte))
			for list, known := range map[protowire.Number]map[uint64]string{internedEventNames: names, internedCategories: categories} {
				for _, entry := range interned[list] {
					e := decodeFields(t, entry.([]byte))
					known[e.number(internedID)] = e.text(internedValue)
				}
			}
		}
		for _, data := range p[packetDescriptor] {
			d := decodeFields(t, data.([]byte))
			if thread := d[descriptorThread]; thread != nil {
				tids[d.number(descriptorUUID)] = int32(decodeFields(t, thread[0].([]byte)).number(threadTID))
			}
		}
		for _, data := range p[packetTrackEvent] {
			events = append(events, event{p.number(packetTimestamp), decodeFields(t, data.([]byte))})
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.ns, b.ns) })
	var all []slice
	open := make(map[uint64][]slice) // by track
	for _, e := range events {
		track := e.number(eventTrack)
		tid, ofThread := tids[track]
		if !ofThread {
			continue
		}
		switch e.number(eventType) {
		case typeBegin:
			name := names[e.number(eventName)]
			open[track] = append(open[track], slice{tid, categories[e.number(eventCategory)], name, e.ns, 0})
		case typeEnd:
			last := len(open[track]) - 1
			if last < 0 {
				t.Fatal("a slice ends that did not begin")
			}
			s := open[track][last]
			s.duration = e.ns - s.start
			open[track] = open[track][:last]
			all = append(all, s)
		}
	}
	for track, left := range open {
		if len(left) > 0 {
			t.Errorf("track %d: %v did not end", track, left)
		}
	}
	return all
}

// chromeSlices checks that slices are within each other as viewers find out, which add up floating-point numbers.
func chromeSlices(t *testing.T, file []byte) []slice {
	t.Helper()
	type event struct {
		Phase   string `json:"ph"`
		TID     int32
		Cat     string
		Name    string
		TS, Dur float64
		Args    map[string]any
	}
	var decoded struct {
		TraceEvents []event
		OtherData   struct {
			Start uint64 `json:"start_ns"`
		}
	}
	if err := json.Unmarshal(file, &decoded); err != nil {
		t.Fatal(err)
	}
	var all []slice
	open := make(map[int32][]float64) // ends, by thread
	for _, e := range decoded.TraceEvents {
		if e.Phase != "X" || e.Name == gapText {
			continue
		}
		ends := open[e.TID]
		for len(ends) > 0 && ends[len(ends)-1] <= e.TS && (e.Dur > 0 || ends[len(ends)-1] < e.TS) {
			ends = ends[:len(ends)-1]
		}
		if len(ends) > 0 && e.TS+e.Dur > ends[len(ends)-1] {
			t.Errorf("%s ends at %.12f, after what is around it, %.12f", e.Name, e.TS+e.Dur, ends[len(ends)-1])
		}
		open[e.TID] = append(ends, e.TS+e.Dur)
		all = append(all, slice{e.TID, e.Cat, e.Name, decoded.OtherData.Start + uint64(math.Round(e.TS*1000)), uint64(math.Round(e.Dur * 1000))})
	}
	return all
}

// What is no op is in timelines, too.
func TestTimelinesTell(t *testing.T) {
	for _, c := range []struct {
		source string
		want   []string
	}{
		{"one of everything", []string{"LOST 2: ring full", "LOST 3: ring full", "LOST 1: op without description", "process ended: died in SOFTMAX (node 1)", "live tensors", "recorder"}},
		{"cut off", []string{"the trace ends early"}},
		{"a gap", []string{gapText}},
		{"markers", []string{"before camera: UINT8 480x640x3 rgb", "before mic: INT16 16000x1 16000 Hz", "after top1: dog", "label: cat", "frame_begin", "sensor orientation: 2 -1 NaN", "score", "sensors"}},
		{"operators and what they paid", []string{"core 8 frequency", "resident memory, grown during ops", "off_cpu_ns", "minor_faults", "PAD+CONV_2D", "Convolution", "end_inferred"}},
	} {
		i := slices.IndexFunc(sources, func(s madeSource) bool { return s.name == c.source })
		s := source(t, sources[i].make(t))
		for _, format := range Formats[:2] {
			file := written(t, func(w *bytes.Buffer) error { return format.Write(w, s) })
			for _, want := range c.want {
				if want == "recorder" && format.Name == "perfetto" {
					want = "recorded by edgexray"
				}
				if !bytes.Contains(file, []byte(want)) {
					t.Errorf("%s of %s doesn't say %q", format.Name, c.source, want)
				}
			}
		}
	}
}

// What ends together does so after viewers have added up, and times are those of the trace, to the ns.
func TestChromeTicks(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	c := &chrome{startNS: 1_234_567_890_123}
	micros := func(ticks uint64) float64 {
		v, err := strconv.ParseFloat(string(appendTicks(nil, ticks)), 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for range 10_000 {
		begin := c.startNS + random.Uint64N(mostNS/2)
		end := begin + random.Uint64N(1e9)
		inner := begin + random.Uint64N(end-begin+1)
		outer, within := micros(c.ticks(end)-c.ticks(begin)), micros(c.ticks(end)-c.ticks(inner))
		if a, b := micros(c.ticks(begin))+outer, micros(c.ticks(inner))+within; a != b {
			t.Fatalf("what ends at %d ns does so at %.12f and %.12f us", end, a, b)
		}
		if got := c.startNS + uint64(math.Round(micros(c.ticks(begin))*1000)); got != begin || uint64(math.Round(outer*1000)) != end-begin {
			t.Fatalf("%d ns for %d became %d for %g us", begin, end-begin, got, outer)
		}
	}
}
