package probes

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"github.com/edgexray/edgexray/bpf"
)

// Method is a way in which Linux attaches BPF programs to sites.
type Method string

// The ladder of methods, best first.
const (
	UprobeMulti Method = "uprobe_multi" // one link for any number of sites, each with a cookie; Linux 6.6
	PerfGroup   Method = "perf-group"   // one perf event for any number of sites, told apart by their address; needs tracefs
	PerfCookie  Method = "perf-cookie"  // one perf event a site, with a cookie; Linux 5.15
	PerfAddress Method = "perf-address" // one perf event a site, told apart by their address
)

// Methods is the ladder in the order in which it is tried. With one perf event a site, Linux waits for a grace period
// (5 to 50 ms) for each when they are removed, one after the other: a group comes before cookies, which save no more
// than a look at the process's mappings.
var Methods = []Method{UprobeMulti, PerfGroup, PerfCookie, PerfAddress}

// Together says whether the method attaches to many sites at once, and detaches at once. The others take up to a minute
// for a runtime.
func (m Method) Together() bool { return m == UprobeMulti || m == PerfGroup }

// Variant returns the programs that the method attaches.
func (m Method) Variant() bpf.Variant {
	switch m {
	case UprobeMulti:
		return bpf.Multi
	case PerfCookie:
		return bpf.Cookie
	default:
		return bpf.Address
	}
}

// Point is one place to attach to.
type Point struct {
	Role   Role
	Offset uint64 // absolute, in the file that is attached to
	Cookie uint64 // given to the program by UprobeMulti and PerfCookie
	// EntryOnly is of a kernel whose return is not probed: needs programs.EnterOnly.
	EntryOnly bool
	RefCount  uint64 // offset in the file of a 16-bit number that Linux raises while the probe is there; 0 for none
}

// RefusedPoint is a point that Linux would not attach to.
type RefusedPoint struct {
	Point Point
	Err   error
}

// Attachment holds the probes in one file. Close removes them.
type Attachment struct {
	Refused  []RefusedPoint
	Attached int // points

	attacher attacher
	points   []Point // of ops: kernels, their returns, operators
	kernels  int     // how many points have a probe now
	entries  []io.Closer
	returns  []io.Closer
	others   []io.Closer // of prepare and init
}

// Attach puts probes at points of the file at path: programs.Enter and Leave, or EnterOnly, at kernels, Prepare, Init and
// Operator at the entry of those functions, and Leave alone where the role is Return. A point that Linux refuses is listed
// in Refused; it is an error only if there is nothing left.
func Attach(method Method, programs *bpf.Programs, path string, points []Point) (*Attachment, error) {
	file, err := link.OpenExecutable(path)
	if err != nil {
		return nil, fmt.Errorf("open %s for probing: %w", path, err)
	}
	a := &Attachment{attacher: attacher{file: file, path: path, method: method, programs: programs}}
	for _, point := range points {
		if point.Role != Prepare && point.Role != Init {
			a.points = append(a.points, point)
		}
	}
	refusedReturns := a.attachOps(a.points)
	a.others = append(a.attach(programs.Prepare, withRole(points, Prepare), false),
		a.attach(programs.Init, withRole(points, Init), false)...)
	a.Attached = len(points) - len(a.Refused)
	if len(points) > 0 && a.Attached == 0 {
		return nil, errors.Join(
			fmt.Errorf("attach to %s by %s: all %d sites refused, %d of them for a return probe: %w",
				path, method, len(points), refusedReturns, a.Refused[0].Err),
			a.Close())
	}
	a.points = without(a.points, a.Refused)
	return a, nil
}

// attachOps attaches to kernels and operators. Entries of kernels come last, so that of an op whose start is seen always
// all is seen: its end, and the operators within it.
func (a *Attachment) attachOps(points []Point) (refusedReturns int) {
	programs := a.attacher.programs
	before := len(a.Refused)
	kernels, entries := entryOnly(withRole(points, Invoke))
	a.returns = a.attach(programs.Leave, append(kernels, withRole(points, Return)...), true)
	refusedReturns = len(a.Refused) - before
	a.entries = slices.Concat(
		a.attach(programs.Operator, withRole(points, Operator), false),
		a.attach(programs.Enter, without(kernels, a.Refused), false),
		a.attach(programs.EnterOnly, entries, false))
	a.kernels = len(points)
	return refusedReturns
}

func (a *Attachment) attach(program *ebpf.Program, points []Point, onReturn bool) []io.Closer {
	links, refused := a.attacher.attach(program, points, onReturn)
	a.Refused = append(a.Refused, refused...)
	return links
}

// Points are those of ops, whether they have a probe at the moment or not. The caller doesn't change them.
func (a *Attachment) Points() []Point { return a.points }

// Kernels is how many of Points have a probe at the moment.
func (a *Attachment) Kernels() int { return a.kernels }

// Pause removes the probes of ops. Those of prepare and init stay, so that what changes in the meantime is seen.
func (a *Attachment) Pause() error {
	err := errors.Join(closeAll(a.entries), closeAll(a.returns))
	a.entries, a.returns, a.kernels = nil, nil, 0
	return err
}

// Resume puts probes at some of Points, after Pause.
func (a *Attachment) Resume(points []Point) error {
	before := len(a.Refused)
	a.attachOps(points)
	if refused := a.Refused[before:]; len(refused) > 0 {
		return fmt.Errorf("attach to %s again: %d sites refused: %w", a.attacher.path, len(refused), refused[0].Err)
	}
	return nil
}

// Close detaches.
func (a *Attachment) Close() error {
	err := errors.Join(closeAll(a.others), a.Pause())
	a.others = nil
	return err
}

// closeAll closes side by side, so that with single perf events at least what precedes their grace periods overlaps.
func closeAll(links []io.Closer) error {
	errs := make([]error, len(links))
	var wait sync.WaitGroup
	room := make(chan struct{}, 64)
	for i, l := range links {
		wait.Add(1)
		room <- struct{}{}
		go func() {
			defer wait.Done()
			errs[i] = l.Close()
			<-room
		}()
	}
	wait.Wait()
	return errors.Join(errs...)
}

type attacher struct {
	file     *link.Executable
	path     string
	method   Method
	programs *bpf.Programs
	pid      int // of the only process that pays; 0: all do
}

// attach attaches a program to all points. What Linux refuses, it refuses as a whole, so on an error the points are
// halved until the refused ones stand alone.
func (a *attacher) attach(program *ebpf.Program, points []Point, onReturn bool) (links []io.Closer, refused []RefusedPoint) {
	if len(points) == 0 {
		return nil, nil
	}
	if len(points) == 1 || a.method.Together() {
		l, err := a.open(program, points, onReturn)
		switch {
		case err == nil:
			return []io.Closer{l}, nil
		case len(points) == 1:
			return nil, []RefusedPoint{{points[0], err}}
		}
	}
	half := len(points) / 2
	links, refused = a.attach(program, points[:half], onReturn)
	more, alsoRefused := a.attach(program, points[half:], onReturn)
	return append(links, more...), append(refused, alsoRefused...)
}

func (a *attacher) open(program *ebpf.Program, points []Point, onReturn bool) (io.Closer, error) {
	switch a.method {
	case UprobeMulti:
		return a.openMulti(program, points, onReturn)
	case PerfGroup:
		events, err := ownEvents()
		if err != nil {
			return nil, err
		}
		return events.attach(program, a.path, a.pid, points, onReturn)
	default:
		return a.openPerf(program, points[0], onReturn)
	}
}

func (a *attacher) openMulti(program *ebpf.Program, points []Point, onReturn bool) (io.Closer, error) {
	options := &link.UprobeMultiOptions{
		Addresses:     make([]uint64, len(points)),
		RefCtrOffsets: make([]uint64, len(points)),
		Cookies:       make([]uint64, len(points)),
		PID:           uint32(a.pid),
	}
	for i, point := range points {
		options.Addresses[i] = point.Offset
		options.Cookies[i] = point.Cookie
		options.RefCtrOffsets[i] = point.RefCount
	}
	if onReturn {
		return a.file.UretprobeMulti(nil, program, options)
	}
	return a.file.UprobeMulti(nil, program, options)
}

func (a *attacher) openPerf(program *ebpf.Program, point Point, onReturn bool) (io.Closer, error) {
	options := &link.UprobeOptions{Address: point.Offset, PID: a.pid, RefCtrOffset: point.RefCount}
	if a.method == PerfCookie {
		options.Cookie = point.Cookie
	}
	if onReturn {
		return a.file.Uretprobe("", program, options)
	}
	return a.file.Uprobe("", program, options)
}

func withRole(points []Point, role Role) []Point {
	var some []Point
	for _, point := range points {
		if point.Role == role {
			some = append(some, point)
		}
	}
	return some
}

// entryOnly splits points by whether their returns are probed.
func entryOnly(points []Point) (both, entries []Point) {
	for _, point := range points {
		if point.EntryOnly {
			entries = append(entries, point)
		} else {
			both = append(both, point)
		}
	}
	return both, entries
}

func without(points []Point, refused []RefusedPoint) []Point {
	gone := make(map[uint64]bool, len(refused))
	for _, r := range refused {
		gone[r.Point.Offset] = true
	}
	var rest []Point
	for _, point := range points {
		if !gone[point.Offset] {
			rest = append(rest, point)
		}
	}
	return rest
}
