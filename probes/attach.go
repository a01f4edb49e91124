package probes

import (
	"errors"
	"fmt"
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
	PerfCookie  Method = "perf-cookie"  // one perf event a site, with a cookie; Linux 5.15
	PerfAddress Method = "perf-address" // one perf event a site, told apart by their address
)

// Methods is the ladder in the order in which it is tried.
var Methods = []Method{UprobeMulti, PerfCookie, PerfAddress}

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
	Cookie uint64 // given to the program; ignored by PerfAddress
}

// RefusedPoint is a point that Linux would not attach to.
type RefusedPoint struct {
	Point Point
	Err   error
}

// Attachment holds the probes in one file. Close removes them.
type Attachment struct {
	links    []link.Link
	Refused  []RefusedPoint
	Attached int // points
}

// Attach puts probes at points of the file at path: programs.Enter and Leave at kernels, Prepare and Init at the entry
// of those functions. Return probes come first, so that an op whose start is seen always has its end seen. A point
// that Linux refuses is listed in Refused; it is an error only if there is nothing left.
func Attach(method Method, programs *bpf.Programs, path string, points []Point) (*Attachment, error) {
	file, err := link.OpenExecutable(path)
	if err != nil {
		return nil, fmt.Errorf("open %s for probing: %w", path, err)
	}
	attachment := &Attachment{}
	a := attacher{file: file, method: method, to: attachment}
	kernels := withRole(points, Invoke)
	a.attach(programs.Leave, kernels, true)
	refusedReturns := len(attachment.Refused)
	a.attach(programs.Enter, without(kernels, attachment.Refused), false)
	a.attach(programs.Prepare, withRole(points, Prepare), false)
	a.attach(programs.Init, withRole(points, Init), false)
	attachment.Attached = len(points) - len(attachment.Refused)
	if len(points) > 0 && attachment.Attached == 0 {
		return nil, errors.Join(
			fmt.Errorf("attach to %s by %s: all %d sites refused, %d of them for a return probe: %w",
				path, method, len(points), refusedReturns, attachment.Refused[0].Err),
			attachment.Close())
	}
	return attachment, nil
}

// Close detaches. Linux waits for a grace period for each perf event (seconds for hundreds of them), so those are
// closed side by side.
func (a *Attachment) Close() error {
	errs := make([]error, len(a.links))
	var wait sync.WaitGroup
	room := make(chan struct{}, 64)
	for i, l := range a.links {
		wait.Add(1)
		room <- struct{}{}
		go func() {
			defer wait.Done()
			errs[i] = l.Close()
			<-room
		}()
	}
	wait.Wait()
	a.links = nil
	return errors.Join(errs...)
}

type attacher struct {
	file   *link.Executable
	method Method
	to     *Attachment
}

func (a *attacher) attach(program *ebpf.Program, points []Point, onReturn bool) {
	if len(points) == 0 {
		return
	}
	if a.method == UprobeMulti {
		a.attachMulti(program, points, onReturn)
		return
	}
	for _, point := range points {
		l, err := a.attachPerf(program, point, onReturn)
		if err != nil {
			a.refuse(point, err)
			continue
		}
		a.to.links = append(a.to.links, l)
	}
}

func (a *attacher) refuse(point Point, err error) {
	a.to.Refused = append(a.to.Refused, RefusedPoint{point, err})
}

// attachMulti uses one link for all points. Linux refuses a link as a whole, so on an error the points are halved
// until the refused ones stand alone.
func (a *attacher) attachMulti(program *ebpf.Program, points []Point, onReturn bool) {
	options := &link.UprobeMultiOptions{
		Addresses: make([]uint64, len(points)),
		Cookies:   make([]uint64, len(points)),
	}
	for i, point := range points {
		options.Addresses[i] = point.Offset
		options.Cookies[i] = point.Cookie
	}
	open := a.file.UprobeMulti
	if onReturn {
		open = a.file.UretprobeMulti
	}
	l, err := open(nil, program, options)
	switch {
	case err == nil:
		a.to.links = append(a.to.links, l)
	case len(points) == 1:
		a.refuse(points[0], err)
	default:
		half := len(points) / 2
		a.attachMulti(program, points[:half], onReturn)
		a.attachMulti(program, points[half:], onReturn)
	}
}

func (a *attacher) attachPerf(program *ebpf.Program, point Point, onReturn bool) (link.Link, error) {
	options := &link.UprobeOptions{Address: point.Offset}
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
