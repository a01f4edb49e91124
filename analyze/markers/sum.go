package markers

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/analyze/tensors"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// Bounds on what is told of one key, whatever an app marks.
const (
	shownTexts  = 5
	maxTexts    = 1 << 16 // that are told apart
	shownArrays = 32
	maxNumbers  = 3 // of a marker, as sdk/c/edgexray.h has them
)

// KindName is what a kind is called in tables and in JSON: "before", "frame_begin".
func KindName(kind trace.MarkerKind) string { return strings.ToLower(kind.String()) }

// Result sums the markers up by process, kind and key, in order of appearance.
func (l *Log) Result() *Result {
	s := summing{
		result: &Result{
			Recording: Recording{l.Recorder, notNil(l.CommandLine), l.Linux, l.Hostname, l.StartUnixNS, l.DurationNS},
			Cut:       l.Cut, Lost: make(map[string]uint64), Notes: notNil(l.Notes), NoInvokes: l.NoInvokes,
			Invokes: l.Invokes, Markers: len(l.Markers), Processes: []*Process{}, Keys: []*Key{},
		},
		log: l, processes: make(map[uint32]*processSum), keys: make(map[keyOf]*keySum),
	}
	for cause, n := range l.Lost {
		if n != 0 {
			s.result.Lost[cause] = n
		}
	}
	for _, m := range l.Markers {
		s.add(m)
	}
	for _, p := range s.processes {
		p.finish()
	}
	for _, k := range s.keys {
		k.finish()
	}
	return s.result
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

type keyOf struct {
	process uint32
	kind    trace.MarkerKind
	key     string
}

// summing is the sums up to some marker.
type summing struct {
	result    *Result
	log       *Log
	processes map[uint32]*processSum
	keys      map[keyOf]*keySum
}

type processSum struct {
	*Process
	at      int                        // in the result
	open    map[uint32]uint64          // by thread: when its frame began
	lasted  []float64                  // ns, of frames
	invokes map[*Run]bool              // that markers belong to
	within  map[frameKey]map[*Run]bool // of each frame
}

// keySum is a key and what of it is only needed until all is summed up.
type keySum struct {
	*Key
	frames  map[frameKey]bool
	invokes map[*Run]bool
	columns [][]float64
	texts   map[string]int
}

func (s *summing) add(m Marked) {
	p := s.process(m)
	p.add(m)
	if m.Invoke == nil {
		s.result.Untied++
	}
	if m.Kind == trace.MarkerKind_FRAME_BEGIN || m.Kind == trace.MarkerKind_FRAME_END {
		return
	}
	id := keyOf{m.Process, m.Kind, m.Key}
	k := s.keys[id]
	if k == nil {
		k = &keySum{
			Key:    &Key{Process: p.at, Kind: KindName(m.Kind), Key: m.Key, Numbers: []Column{}, Texts: []Text{}, Arrays: []*Array{}, Missing: make(map[string]int)},
			frames: make(map[frameKey]bool), invokes: make(map[*Run]bool), texts: make(map[string]int),
		}
		s.keys[id] = k
		s.result.Keys = append(s.result.Keys, k.Key)
	}
	k.add(m)
}

func (s *summing) process(m Marked) *processSum {
	p := s.processes[m.Process]
	if p == nil {
		d := s.log.Processes[m.Process]
		p = &processSum{
			Process: &Process{PID: d.GetPid(), Name: d.GetName()}, at: len(s.result.Processes),
			open: make(map[uint32]uint64), invokes: make(map[*Run]bool), within: make(map[frameKey]map[*Run]bool),
		}
		s.processes[m.Process] = p
		s.result.Processes = append(s.result.Processes, p.Process)
	}
	return p
}

func (p *processSum) add(m Marked) {
	p.Markers++
	switch m.Kind {
	case trace.MarkerKind_FRAME_BEGIN:
		p.Frames++
		p.open[m.Thread] = m.TimeNs
	case trace.MarkerKind_FRAME_END:
		if began, ok := p.open[m.Thread]; ok {
			p.lasted = append(p.lasted, float64(m.TimeNs-began))
			delete(p.open, m.Thread)
		}
	}
	if m.Invoke == nil {
		return
	}
	p.invokes[m.Invoke] = true
	if m.Frame == 0 {
		return
	}
	frame := frameKey{m.Thread, m.Frame}
	if p.within[frame] == nil {
		p.within[frame] = make(map[*Run]bool)
	}
	p.within[frame][m.Invoke] = true
}

func (p *processSum) finish() {
	p.Invokes = len(p.invokes)
	for _, runs := range p.within {
		p.Most = max(p.Most, len(runs))
	}
	if len(p.lasted) > 0 {
		numbers := sum(p.lasted)
		p.FrameNS = &numbers
	}
}

func (k *keySum) add(m Marked) {
	k.Count++
	if m.Frame != 0 {
		k.frames[frameKey{m.Thread, m.Frame}] = true
	}
	if m.Invoke != nil {
		k.invokes[m.Invoke] = true
	} else {
		k.Untied++
	}
	for i, v := range m.Numbers[:min(len(m.Numbers), maxNumbers)] {
		if i == len(k.columns) {
			k.columns = append(k.columns, nil)
		}
		k.columns[i] = append(k.columns[i], v)
	}
	if m.Text != "" && (k.texts[m.Text] > 0 || len(k.texts) < maxTexts) {
		k.texts[m.Text]++
	} else if m.Text != "" {
		k.OtherTexts++
	}
	if m.Missing != "" {
		k.Missing[m.Missing]++
	}
	if m.Type != 0 {
		k.addArray(m.Marker)
	}
}

func (k *keySum) addArray(m *trace.Marker) {
	kind := ArrayOf(m)
	at := slices.IndexFunc(k.Arrays, func(a *Array) bool {
		return a.Type == kind.Type && a.Format == kind.Format && a.Rate == kind.Rate && slices.Equal(a.Shape, kind.Shape)
	})
	switch {
	case at >= 0:
		k.Arrays[at].Count++
	case len(k.Arrays) < shownArrays:
		k.Arrays = append(k.Arrays, kind)
	}
}

// ArrayOf returns what a marker's array is.
func ArrayOf(m *trace.Marker) *Array {
	return &Array{Type: tflite.Type(m.Type).String(), Shape: notNil(m.Shape), Format: m.Format, Rate: m.Rate, Count: 1, Bytes: m.Bytes}
}

func (k *keySum) finish() {
	k.Frames, k.Invokes = len(k.frames), len(k.invokes)
	for _, column := range k.columns {
		last := column[len(column)-1]
		k.Numbers = append(k.Numbers, Column{sum(column), tensors.Number(last)})
	}
	for text, n := range k.texts {
		k.Texts = append(k.Texts, Text{text, n})
	}
	slices.SortFunc(k.Texts, func(a, b Text) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text)) })
	for len(k.Texts) > shownTexts {
		last := len(k.Texts) - 1
		k.OtherTexts += k.Texts[last].Count
		k.Texts = k.Texts[:last]
	}
}

// sum puts the values in order.
func sum(values []float64) Numbers {
	values = slices.Clone(values)
	finite := slices.DeleteFunc(values, math.IsNaN)
	n := Numbers{Count: len(values), NaNs: len(values) - len(finite), Min: tensors.Number(math.NaN()), Median: tensors.Number(math.NaN()), Max: tensors.Number(math.NaN())}
	if len(finite) > 0 {
		slices.Sort(finite)
		n.Min, n.Median, n.Max = tensors.Number(finite[0]), tensors.Number(finite[(len(finite)-1)/2]), tensors.Number(finite[len(finite)-1])
	}
	return n
}
