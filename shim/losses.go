package shim

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/edgexray/edgexray/trace"
)

// causes are the ways to lose something, as files and the summary name them.
var causes = []struct {
	counter int
	name    string
}{
	{lostOps, "ring_full"},
	{lostTensors, "tensors_dropped"},
	{lostTensorBytes, "tensor_bytes_dropped"},
	{skippedInvokes, "invokes_skipped"},
	{overBudget, "tensors_over_budget"},
	{unknownNodes, "nodes_not_found"},
	{noMemory, "no_memory_in_app"},
	{gaveUp, "gave_up_waiting"},
	{lostMarkers, "markers_lost"},
}

// remarks are counters of what may explain that something isn't there.
var remarks = []struct {
	counter int
	format  string // of the count
}{
	{earlierInterpreters, "%d subgraphs were there before their runtime's kernels were replaced: what they run is not in the file"},
	{noThunk, "%d kernels could not be replaced, as the app has more than the shim has room for: their ops are not in the file"},
	{notKernels, "%d calls of functions that look like kernels were none: they were left alone"},
	{gaveUp, "%d times a thread of the app waited 1 s for a recorder that did not move (was it stopped?): from then on nothing was recorded"},
	{framesNotBegun, "%d times a thread of the app ended a frame that it hadn't begun: what it marked before belongs to no frame"},
	{noData, "%d times a tensor had no data in memory that could be copied: it is in the file without"},
}

func (s *session) count(counter int) uint64 { return atomic.LoadUint64(&s.area.counters[counter]) }

// losses returns what was lost so far, of each cause that occurred.
func (s *session) losses() []*trace.Loss {
	var losses []*trace.Loss
	add := func(cause string, count uint64) {
		if count > 0 {
			losses = append(losses, &trace.Loss{Cause: cause, Count: count})
		}
	}
	for _, c := range causes {
		add(c.name, s.count(c.counter))
	}
	add("records_torn", s.reader.torn)
	add("ring_damaged", s.reader.damaged)
	add("records_without_sense", s.senseless)
	return losses
}

// remark tells of what was counted that lost nothing of what was asked for.
func (s *session) remark() {
	for _, r := range remarks {
		if n := s.count(r.counter); n > 0 {
			s.note("counter", r.format, n)
		}
	}
	if waited := time.Duration(s.count(waitedNs)); waited >= time.Millisecond {
		s.note("waited", "the app's threads waited %v in all until what they made was written: --when-full drop or sample avoids that, "+
			"a larger --buffer may", waited.Round(time.Millisecond))
	}
}

// tellReplayed tells what became of what was to be played.
func (s *session) tellReplayed() {
	if s.player == nil {
		return
	}
	for _, text := range s.player.notes {
		s.note("replay", "%s", text)
	}
	all := s.player.replayed()
	s.summary.Replayed = slices.DeleteFunc(slices.Clone(all), func(r Replayed) bool { return !r.asked() && !r.Named })
	if len(s.summary.Replayed) == 0 {
		s.summary.Replayed = all // the app asked for nothing of it
	}
	for _, r := range s.summary.Replayed {
		s.describe(&trace.Note{Kind: "replay", Text: r.String()})
	}
}
