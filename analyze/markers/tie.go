// Package markers ties what apps mark themselves to the invokes that it belongs to, and sums it up.
package markers

import (
	"cmp"
	"slices"

	"github.com/edgexray/edgexray/trace"
)

// Invoke is where and when an invoke began: ids of its process and its thread as its markers have them, CLOCK_MONOTONIC.
type Invoke struct {
	Process, Thread uint32
	StartNS         uint64
}

// Tie tells which invoke each marker belongs to, as its place in invokes, -1 for none. It is the one rule for traces and
// snapshots; neither list has to be in any order.
//
// A marker within a frame belongs to an invoke that began in that frame, on the frame's thread or, when none did, on
// another one of the process. Without a frame it belongs to an invoke of its thread, or of its process when its thread has
// none at all. Of several invokes, what comes before a model's run (BEFORE, SENSOR, LABEL, FRAME_BEGIN) belongs to the next
// one that begins, what comes after it (AFTER, METRIC, FRAME_END) to the last one that began; within a frame that has none
// on that side, to the nearest on the other one.
func Tie(invokes []Invoke, markers []*trace.Marker) []int {
	l := newTimeline(invokes, markers)
	tied := make([]int, len(markers))
	for i, m := range markers {
		tied[i] = l.of(m)
	}
	return tied
}

// begun is an invoke: when it began, and its place in the list.
type begun struct {
	at    uint64
	place int
}

// span is a frame of a thread.
type span struct{ begin, end uint64 }

type frameKey struct {
	thread uint32
	number uint64
}

// timeline is the invokes of threads and processes, in order of time, and the frames.
type timeline struct {
	threads, processes map[uint32][]begun
	frames             map[frameKey]span
}

func newTimeline(invokes []Invoke, markers []*trace.Marker) *timeline {
	l := &timeline{make(map[uint32][]begun), make(map[uint32][]begun), make(map[frameKey]span)}
	for i, v := range invokes {
		b := begun{v.StartNS, i}
		l.threads[v.Thread] = append(l.threads[v.Thread], b)
		l.processes[v.Process] = append(l.processes[v.Process], b)
	}
	for _, lists := range []map[uint32][]begun{l.threads, l.processes} {
		for _, list := range lists {
			slices.SortStableFunc(list, func(a, b begun) int { return cmp.Compare(a.at, b.at) })
		}
	}
	l.findFrames(markers)
	return l
}

// findFrames finds when frames began and ended. One without an end lasts until the next one of its thread begins.
func (l *timeline) findFrames(markers []*trace.Marker) {
	bounds := make(map[uint32][]*trace.Marker)
	for _, m := range markers {
		if m.Kind == trace.MarkerKind_FRAME_BEGIN || m.Kind == trace.MarkerKind_FRAME_END {
			bounds[m.Thread] = append(bounds[m.Thread], m)
		}
	}
	for thread, list := range bounds {
		slices.SortStableFunc(list, func(a, b *trace.Marker) int { return cmp.Compare(a.TimeNs, b.TimeNs) })
		for i, m := range list {
			if m.Kind != trace.MarkerKind_FRAME_BEGIN {
				continue
			}
			end := ^uint64(0)
			if i+1 < len(list) {
				end = list[i+1].TimeNs
			}
			l.frames[frameKey{thread, m.Frame}] = span{m.TimeNs, end}
		}
	}
}

// of returns the place of a marker's invoke, or -1.
func (l *timeline) of(m *trace.Marker) int {
	if s, ok := l.frames[frameKey{m.Thread, m.Frame}]; ok && m.Frame != 0 {
		for _, list := range [][]begun{l.threads[m.Thread], l.processes[m.Process]} {
			if within := s.cut(list); len(within) > 0 {
				return within[nearest(within, m)].place
			}
		}
		return -1
	}
	list := l.threads[m.Thread]
	if len(list) == 0 {
		list = l.processes[m.Process]
	}
	if i := beside(list, m); i >= 0 && i < len(list) {
		return list[i].place
	}
	return -1
}

// cut returns the invokes that began within the frame.
func (s span) cut(list []begun) []begun {
	from, _ := slices.BinarySearchFunc(list, s.begin, byTime)
	to, _ := slices.BinarySearchFunc(list, s.end, byTime)
	return list[from:max(from, to)]
}

func byTime(b begun, at uint64) int { return cmp.Compare(b.at, at) }

// nearest is beside, or what is on the marker's other side when there is none.
func nearest(list []begun, m *trace.Marker) int { return min(max(beside(list, m), 0), len(list)-1) }

// beside returns the index of the invoke on the marker's side: -1 or the list's length when there is none.
func beside(list []begun, m *trace.Marker) int {
	next, _ := slices.BinarySearchFunc(list, m.TimeNs, byTime)
	if comesAfter[m.Kind] {
		return next - 1
	}
	return next
}

// comesAfter has the kinds that belong to what ran before.
var comesAfter = map[trace.MarkerKind]bool{
	trace.MarkerKind_AFTER: true, trace.MarkerKind_METRIC: true, trace.MarkerKind_FRAME_END: true,
}
