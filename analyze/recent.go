package analyze

import "time"

// windowSlices is how many slices of time a window has.
const windowSlices = 10

// window is the latest time of a trace that is still being written. It moves on by slices: it holds the current one, of
// which only a part is over, and those before it.
type window struct {
	start   uint64 // of the recording, ns of CLOCK_MONOTONIC
	slice   uint64 // ns
	current uint64 // number of the slice in progress, from 1
}

func newWindow(length time.Duration) *window {
	return &window{slice: max(uint64(length)/windowSlices, 1), current: 1}
}

// advance moves the window on to a time in ns. It never goes back.
func (w *window) advance(now uint64) {
	if now > w.start {
		w.current = max(w.current, (now-w.start)/w.slice+1)
	}
}

// first returns the number of the oldest slice.
func (w *window) first() uint64 { return max(w.current, windowSlices) - windowSlices + 1 }

// length returns how much of the window is over by now, in ns.
func (w *window) length(now uint64) uint64 {
	begin := w.start + (w.first()-1)*w.slice
	return now - min(begin, now)
}

// recent sums up what ran within the window. A nil one takes nothing in: in a whole trace no time is the latest.
type recent struct {
	window *window
	slices *[windowSlices]recentSlice // by number modulo their count; nil until something ran
}

type recentSlice struct {
	number uint64 // what it holds is of another time when this isn't within the window
	wall   Distribution
	self   uint64 // ns
}

// newRecent returns nil unless the trace is still being written.
func (rec *recording) newRecent() *recent {
	if rec.window == nil {
		return nil
	}
	return &recent{window: rec.window}
}

func (r *recent) now() *recentSlice {
	if r.slices == nil {
		r.slices = new([windowSlices]recentSlice)
	}
	s := &r.slices[r.window.current%windowSlices]
	if s.number != r.window.current {
		*s = recentSlice{number: r.window.current, wall: Distribution{exact: s.wall.exact[:0]}}
	}
	return s
}

func (r *recent) add(wall uint64) {
	if r != nil {
		r.now().wall.Add(wall)
	}
}

func (r *recent) addSelf(ns uint64) {
	if r != nil {
		r.now().self += ns
	}
}

// merge adds what other holds, and takes it over.
func (r *recent) merge(other *recent) {
	if r == nil || other == nil || other.slices == nil {
		return
	}
	if r.slices == nil {
		r.slices = other.slices
		return
	}
	for i := range r.slices {
		s, from := &r.slices[i], &other.slices[i]
		switch {
		case from.number > s.number:
			*s = *from
		case from.number == s.number:
			s.wall.Merge(&from.wall)
			s.self += from.self
		}
	}
}

// each yields the slices within the window, with their place in it: the one in progress is the last. What is older than
// the window is freed.
func (r *recent) each(yield func(place int, s *recentSlice) bool) {
	if r == nil || r.slices == nil {
		return
	}
	fresh := false
	for i := range r.slices {
		s := &r.slices[i]
		if s.number < r.window.first() {
			continue
		}
		fresh = true
		if !yield(windowSlices-1-int(r.window.current-s.number), s) {
			return
		}
	}
	if !fresh {
		r.slices = nil
	}
}

// count returns how much ran within the window, and for how long by itself.
func (r *recent) count() (n, self uint64) {
	r.each(func(_ int, s *recentSlice) bool {
		n += s.wall.Count
		self += s.self
		return true
	})
	return n, self
}
