package probes

import (
	"errors"
	"fmt"
	"io"
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
}

// RefusedPoint is a point that Linux would not attach to.
type RefusedPoint struct {
	Point Point
	Err   error
}

// Attachment holds the probes in one file. Close removes them.
type Attachment struct {
	links    []io.Closer
	entries  int // how many of links, the last ones, are entry probes
	Refused  []RefusedPoint
	Attached int // points
}

// Attach puts probes at points of the file at path: programs.Enter and Leave at kernels, Prepare, Init and Operator at the
// entry of those functions. Return probes come first, so that an op whose start is seen always has its end seen. A point
// that Linux refuses is listed in Refused; it is an error only if there is nothing left.
func Attach(method Method, programs *bpf.Programs, path string, points []Point) (*Attachment, error) {
	file, err := link.OpenExecutable(path)
	if err != nil {
		return nil, fmt.Errorf("open %s for probing: %w", path, err)
	}
	attachment := &Attachment{}
	a := attacher{file: file, path: path, method: method, to: attachment}
	kernels := withRole(points, Invoke)
	a.attach(programs.Leave, kernels, true)
	refusedReturns := len(attachment.Refused)
	returns := len(attachment.links)
	a.attach(programs.Enter, without(kernels, attachment.Refused), false)
	a.attach(programs.Prepare, withRole(points, Prepare), false)
	a.attach(programs.Init, withRole(points, Init), false)
	a.attach(programs.Operator, withRole(points, Operator), false)
	attachment.entries = len(attachment.links) - returns
	attachment.Attached = len(points) - len(attachment.Refused)
	if len(points) > 0 && attachment.Attached == 0 {
		return nil, errors.Join(
			fmt.Errorf("attach to %s by %s: all %d sites refused, %d of them for a return probe: %w",
				path, method, len(points), refusedReturns, attachment.Refused[0].Err),
			attachment.Close())
	}
	return attachment, nil
}

// Close detaches. Entry probes go first, so that every op whose start was seen still has its end seen.
func (a *Attachment) Close() error {
	returns := len(a.links) - a.entries
	err := errors.Join(closeAll(a.links[returns:]), closeAll(a.links[:returns]))
	a.links, a.entries = nil, 0
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
	file   *link.Executable
	path   string
	method Method
	pid    int // of the only process that pays; 0: all do
	to     *Attachment
}

// attach attaches a program to all points. What Linux refuses, it refuses as a whole, so on an error the points are
// halved until the refused ones stand alone.
func (a *attacher) attach(program *ebpf.Program, points []Point, onReturn bool) {
	if len(points) == 0 {
		return
	}
	if len(points) > 1 && !a.method.Together() {
		for i := range points {
			a.attach(program, points[i:i+1], onReturn)
		}
		return
	}
	l, err := a.open(program, points, onReturn)
	switch {
	case err == nil:
		a.to.links = append(a.to.links, l)
	case len(points) == 1:
		a.to.Refused = append(a.to.Refused, RefusedPoint{points[0], err})
	default:
		half := len(points) / 2
		a.attach(program, points[:half], onReturn)
		a.attach(program, points[half:], onReturn)
	}
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
		Addresses: make([]uint64, len(points)),
		Cookies:   make([]uint64, len(points)),
		PID:       uint32(a.pid),
	}
	for i, point := range points {
		options.Addresses[i] = point.Offset
		options.Cookies[i] = point.Cookie
	}
	if onReturn {
		return a.file.UretprobeMulti(nil, program, options)
	}
	return a.file.UprobeMulti(nil, program, options)
}

func (a *attacher) openPerf(program *ebpf.Program, point Point, onReturn bool) (io.Closer, error) {
	options := &link.UprobeOptions{Address: point.Offset, PID: a.pid}
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
