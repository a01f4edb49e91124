package shim

import (
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

const (
	tornAfter   = 100 * time.Millisecond // that a record isn't complete although its thread is gone
	stuckAfter  = 10 * time.Second       // that a record isn't complete although its thread is there
	unlockAfter = time.Second            // that the lock is held although its holder is gone
)

// reader takes records out of the ring. Nothing that it finds there is trusted: apps can write what they like.
type reader struct {
	*area
	position  uint64 // of the record that is next
	published uint64 // up to where the room was given back

	incomplete unchanged // the record at position
	locked     unchanged // the lock

	torn    uint64 // records whose thread ended, or did something else, before they were complete
	damaged uint64 // times that what was in the ring could be no record
}

// unchanged is since when something has been as it is.
type unchanged struct {
	what  uint64
	since time.Time
}

// passed tells for how long what has been the same.
func (u *unchanged) passed(what uint64) time.Duration {
	if u.what != what || u.since.IsZero() {
		*u = unchanged{what, time.Now()}
	}
	return time.Since(u.since)
}

// next returns the next record, nil when there is none yet. It is the ring's memory, until taken is called.
func (r *reader) next() []byte {
	for {
		filled := r.filled() - r.position
		if filled == 0 {
			r.publish()
			return nil
		}
		if filled > r.ringBytes || filled%line != 0 {
			r.resynchronize()
			return nil
		}
		header := *(*recordHeader)(unsafe.Pointer(&r.at(r.position, line)[0]))
		header.state = atomic.LoadUint32((*uint32)(unsafe.Pointer(&r.at(r.position, line)[0])))
		switch {
		case header.bytes < line || header.bytes%line != 0 || header.bytes > filled,
			header.state != stateReserved && header.state != stateComplete:
			r.resynchronize()
			return nil
		case header.state == stateComplete:
			return r.at(r.position, header.bytes)
		case !r.isTorn(&header):
			r.publish()
			return nil
		}
		r.torn++
		r.taken(header.bytes)
	}
}

// filled is up to where room in the ring was handed out.
func (r *reader) filled() uint64 { return atomic.LoadUint64(&r.head) }

// taken gives back the room of a record of so many bytes, at once if somebody waits for it.
func (r *reader) taken(bytes uint64) {
	r.position += bytes
	if r.position-r.published >= r.ringBytes/64 || atomic.LoadUint32(&r.waiting) != 0 {
		r.publish()
	}
}

func (r *reader) publish() {
	if r.published == r.position {
		return
	}
	r.published = r.position
	atomic.StoreUint64(&r.tail, r.position)
	if atomic.LoadUint32(&r.waiting) != 0 {
		atomic.AddUint32(&r.freed, 1)
		r.wake(&r.freed)
	}
}

// resynchronize goes on behind what can't be read: where the records in it begin nobody knows.
func (r *reader) resynchronize() {
	r.damaged++
	head := atomic.LoadUint64(&r.head)
	r.position = (head + line - 1) &^ (line - 1)
	if r.position != head {
		atomic.CompareAndSwapUint64(&r.head, head, r.position)
	}
	r.publish()
}

// isTorn tells whether a record that isn't complete never will be: its thread is gone. One of another program that its
// process has executed meanwhile can look like it, but completes nothing for a long time.
func (r *reader) isTorn(h *recordHeader) bool {
	passed := r.incomplete.passed(r.position)
	switch {
	case passed < tornAfter:
		return false
	case unix.Tgkill(int(h.pid), int(h.tid), 0) == unix.ESRCH:
		return true
	}
	return passed > stuckAfter && !isStopped(int(h.pid))
}

// isStopped tells whether a process was stopped by a signal or a debugger. It goes on some time.
func isStopped(pid int) bool {
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return false
	}
	stat, err := proc.Stat()
	return err == nil && (stat.State == "T" || stat.State == "t")
}

// unlock releases the lock if who holds it is gone.
func (r *reader) unlock() {
	holder := atomic.LoadUint32(&r.lock)
	if r.locked.passed(uint64(holder)) < unlockAfter || holder == 0 || unix.Kill(int(holder), 0) != unix.ESRCH {
		return
	}
	atomic.CompareAndSwapUint32(&r.lock, holder, 0)
}
