package agent

import (
	"errors"
	"fmt"
	"os"

	"github.com/prometheus/procfs"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/symbolize"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// library is a file with kernels: a runtime, or an app's own file with custom ops or a delegate.
type library struct {
	path        string // through which it can be opened
	file        *symbolize.File
	runtime     *trace.Runtime
	kernels     map[uint64]*kernel // invoke functions by their address in the file
	prepares    map[uint64]bool    // prepare functions
	inspection  *probes.Inspection // nil for a file without a runtime
	operators   *kernel            // XNNPACK's run function, nil when it isn't probed
	layouts     layouts            // of XNNPACK's runtimes
	learned     bool               // ops of kernels, or a layout, since it was cached
	attachments []*probes.Attachment
}

// kernel is an invoke function with a probe in it.
type kernel struct {
	described *trace.Kernel
	library   *library
	found     *probes.Found
	announced bool // written to the trace
	toNext    bool // its return is not probed
	wanted    bool // some node that is to be recorded runs it
}

// libraries is every file that was looked at, and the kernels found in them.
type libraries struct {
	session *Session
	files   map[app.FileKey]*library // nil for a file without kernels
	kernels []*kernel                // the cookie of a kernel's probe is its place here plus one
	runtime uint32                   // last id given to a library
}

// considerProcess looks at every file from which a process maps executable code.
func (ls *libraries) considerProcess(p *process) {
	p.ReadMaps()
	for _, m := range p.Maps {
		if m.Perms.Execute && app.IsFile(m) && ls.considerMapping(p.PID, m) != nil {
			p.hasRuntime = true
		}
	}
	if p.hasRuntime {
		ls.session.heap.follow(p)
	}
}

// considerMapping finds the kernels in the file behind a mapping, and attaches to them, unless that was done before.
func (ls *libraries) considerMapping(pid int, m *procfs.ProcMap) *library {
	path := app.Openable(pid, m)
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	key := app.KeyOf(info)
	if l, seen := ls.files[key]; seen {
		return l
	}
	file, err := symbolize.OpenAt(path, m.Offset)
	if err != nil {
		ls.files[key] = nil
		return nil
	}
	// An APK holds many libraries.
	if file.Base != 0 {
		key.Base = file.Base
		if l, seen := ls.files[key]; seen {
			file.Close()
			return l
		}
	}
	ls.session.markers.consider(key, path, m.Pathname, file)
	l, err := ls.add(path, m.Pathname, file)
	if err != nil {
		file.Close()
		if !errors.Is(err, probes.ErrNoKernels) {
			ls.session.note("library", "%s: %v", m.Pathname, err)
		}
	}
	ls.files[key] = l
	return l
}

// addPath attaches to a library, or to all libraries of an APK, before any process has mapped it.
func (ls *libraries) addPath(path string) error {
	file, err := symbolize.Open(path)
	if err == nil {
		return ls.addFile(path, file)
	}
	if !errors.Is(err, symbolize.ErrNotELF) {
		return err
	}
	apk, err := symbolize.OpenAPK(path)
	if err != nil {
		return err
	}
	var errs []error
	for _, entry := range apk.Entries {
		err := entry.Err
		if err == nil {
			err = ls.addFile(path, entry.File)
		}
		errs = append(errs, err)
	}
	if len(ls.kernels) > 0 {
		return nil
	}
	return errors.Join(append(errs, fmt.Errorf("find kernels in %s: %w", path, probes.ErrNoKernels))...)
}

func (ls *libraries) addFile(path string, file *symbolize.File) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	key := app.KeyOf(info)
	key.Base = file.Base
	ls.session.markers.consider(key, path, path, file)
	l, err := ls.add(path, path, file)
	if err != nil {
		return err
	}
	ls.files[key] = l
	return nil
}

// add finds a library's kernels and attaches to them. It owns file from then on unless it fails.
func (ls *libraries) add(path, shown string, file *symbolize.File) (*library, error) {
	if err := probes.Probeable(file); err != nil {
		return nil, err
	}
	inspection, err := ls.session.options.Cache.Inspect(file)
	if err != nil {
		return nil, err
	}
	l := ls.newLibrary(path, shown, file)
	l.inspection = inspection
	for i := range inspection.Kernels {
		found := &inspection.Kernels[i]
		switch {
		case found.Role == probes.Prepare:
			l.prepares[found.Address] = true
		case found.Role == probes.Invoke && found.Refused == "":
			ls.addKernel(l, found, ls.session.options.EntryOnly && returnsUnseen(found))
		case found.Role == probes.Invoke:
			ls.session.note("site", "%s %s: not probed: %s", shown, found.Label(), found.Refused)
		}
	}
	return l, ls.attach(l, append(inspection.Kernels, ls.addOperators(l)...))
}

// addOperators returns XNNPACK's run function if it is to be probed.
func (ls *libraries) addOperators(l *library) []probes.Found {
	x := l.inspection.XNNPACK
	switch {
	case l.inspection.NoXNNPACK != "":
		ls.session.note("xnnpack", "%s", l.inspection.NoXNNPACK)
		return nil
	case x == nil:
		return nil
	}
	l.runtime.Xnnpack = true
	ls.session.describe(l.runtime)
	switch {
	case x.Run.Refused != "":
		ls.session.note("xnnpack", "%s: operators are not told apart: XNNPACK's run function: %s", l.runtime.Path, x.Run.Refused)
		return nil
	}
	if x.Names == nil {
		ls.session.note("xnnpack", "%s holds no names of XNNPACK's operators", l.runtime.Path)
	} else if x.TypeOffset == 0 {
		ls.session.note("xnnpack", "%s: where an operator of XNNPACK has its type is not certain: they are not named", l.runtime.Path)
	}
	if x.Layout != nil {
		l.layouts.layout, l.layouts.known = *x.Layout, true
	}
	l.operators = ls.addKernel(l, &x.Run, false)
	return []probes.Found{x.Run}
}

func (ls *libraries) newLibrary(path, shown string, file *symbolize.File) *library {
	ls.runtime++
	l := &library{
		path:     path,
		file:     file,
		kernels:  make(map[uint64]*kernel),
		prepares: make(map[uint64]bool),
		runtime:  app.DescribeRuntime(ls.runtime, shown, file),
	}
	l.runtime.Sha256, _ = file.SHA256()
	ls.session.describe(l.runtime)
	return l
}

func (ls *libraries) addKernel(l *library, found *probes.Found, toNext bool) *kernel {
	k := &kernel{library: l, found: found, toNext: toNext, described: &trace.Kernel{
		Id:         uint32(len(ls.kernels) + 1),
		Runtime:    l.runtime.Id,
		FileOffset: uint64(found.FileOffset),
		Address:    found.Address,
		Symbol:     found.Symbol,
		SiteClass:  found.Site.Class.String(),
	}}
	if toNext {
		k.described.SiteClass += probes.EntryOnly
	}
	ls.kernels = append(ls.kernels, k)
	l.kernels[found.Address] = k
	return k
}

// attach puts the probes in. What Linux refuses is noted in the trace.
func (ls *libraries) attach(l *library, found []probes.Found) error {
	var points []probes.Point
	for i := range found {
		f := &found[i]
		if f.Refused != "" {
			continue
		}
		point := probes.Point{Role: f.Role, Offset: uint64(f.FileOffset) + uint64(f.Site.Offset)}
		if k := l.kernels[f.Address]; f.Role == probes.Invoke && k != nil {
			point.Cookie, point.EntryOnly = uint64(k.described.Id), k.toNext
			if f.WithData {
				point.Cookie |= bpf.WithData
			}
		}
		if f.Role == probes.Operator {
			point.Cookie = uint64(l.operators.described.Id) | uint64(l.inspection.XNNPACK.TypeOffset)<<bpf.TypeShift
		}
		if f.Role == probes.Init && f.Name != "" {
			continue // a delegate's init also runs on interpreters that live already
		}
		points = append(points, point)
	}
	attachment, err := probes.Attach(ls.session.method, ls.session.programs, l.path, points)
	if err != nil {
		return err
	}
	for _, refused := range attachment.Refused {
		ls.session.note("attach", "%s at offset %#x: Linux refused: %v", l.runtime.Path, refused.Point.Offset, refused.Err)
	}
	if err := ls.keep(l, attachment); err != nil {
		return err
	}
	ls.session.progress.sites += attachment.Attached
	return nil
}

// reach adds a kernel that the static search did not find, by its registration in a process: a custom op or a delegate
// of the app's own, or a registration made at run time.
func (ls *libraries) reach(p *process, registration tflite.RawRegistration) (*kernel, error) {
	l, address, err := ls.locate(p, registration.Invoke)
	if err != nil {
		return nil, err
	}
	found := probes.InspectFunction(l.file, address, probes.Invoke, registration.WithData)
	if found.Refused != "" {
		return nil, fmt.Errorf("kernel %s in %s: not probed: %s", found.Label(), l.runtime.Path, found.Refused)
	}
	k := ls.addKernel(l, &found, false)
	functions := []probes.Found{found}
	for _, f := range []struct {
		role    probes.Role
		address uint64
	}{{probes.Prepare, registration.Prepare}, {probes.Init, registration.Init}} {
		if at, address, err := ls.locate(p, f.address); err == nil && at == l && registration.BuiltinCode != tflite.OpDelegate {
			functions = append(functions, probes.InspectFunction(l.file, address, f.role, registration.WithData))
		}
	}
	return k, ls.attach(l, functions)
}

// errNoCode says that an address is no function's: what was read as a node while its interpreter changed it was none any more.
var errNoCode = errors.New("no code")

// locate returns the file that a function of a process lies in, and its address there.
func (ls *libraries) locate(p *process, address uint64) (*library, uint64, error) {
	m := p.Mapping(address)
	if m != nil && !m.Perms.Execute { // it may have become code by now
		p.ReadMaps()
		m = p.FindMapping(address)
	}
	if m == nil || !m.Perms.Execute {
		return nil, 0, fmt.Errorf("kernel at %#x of process %d: %w", address, p.PID, errNoCode)
	}
	if !app.IsFile(m) {
		return nil, 0, fmt.Errorf("kernel at %#x of process %d: not in a mapped file's code (made at run time?)", address, p.PID)
	}
	l := ls.considerMapping(p.PID, m)
	if l == nil {
		var err error
		if l, err = ls.own(p.PID, m); err != nil {
			return nil, 0, err
		}
	}
	inFile, ok := l.file.Address(int64(address-uint64(m.StartAddr)) + m.Offset)
	if !ok {
		return nil, 0, fmt.Errorf("kernel at %#x of process %d: outside the segments of %s", address, p.PID, m.Pathname)
	}
	return l, inFile, nil
}

// own adds an app's own file, in which the static search found nothing.
func (ls *libraries) own(pid int, m *procfs.ProcMap) (*library, error) {
	path := app.Openable(pid, m)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	file, err := symbolize.OpenAt(path, m.Offset)
	if err != nil {
		return nil, err
	}
	l := ls.newLibrary(path, m.Pathname, file)
	key := app.KeyOf(info)
	key.Base = file.Base
	ls.files[key] = l
	return l, nil
}

// byAddress returns the kernel whose probe sits at, or whose function begins at, an address of a process.
func (ls *libraries) byAddress(p *process, address uint64) *kernel {
	m := p.Mapping(address)
	if m == nil || !app.IsFile(m) {
		return nil
	}
	l := ls.considerMapping(p.PID, m)
	if l == nil {
		return nil
	}
	inFile, ok := l.file.Address(int64(address-uint64(m.StartAddr)) + m.Offset)
	if !ok {
		return nil
	}
	if k := l.kernels[inFile]; k != nil {
		return k
	}
	for _, k := range l.kernels {
		if k.found.Address+uint64(k.found.Site.Offset) == inFile {
			return k
		}
	}
	return nil
}

// byDistance returns the kernel of a registration in a process that was gone before its mappings could be read: a library
// is loaded where a page begins, and has that kernel just so far from that prepare function. One of the two alone would fit
// some library by chance.
func (ls *libraries) byDistance(r tflite.RawRegistration) *kernel {
	const pageSize = 4096 // or a multiple of it
	var found *kernel
	for _, k := range ls.kernels {
		loadedAt := r.Invoke - k.found.Address
		if loadedAt%pageSize != 0 || !k.library.prepares[r.Prepare-loadedAt] {
			continue
		}
		if found != nil {
			return nil
		}
		found = k
	}
	return found
}

// byCookie returns the kernel of an attach cookie, nil for none.
func (ls *libraries) byCookie(cookie uint64) *kernel {
	if cookie == 0 || cookie > uint64(len(ls.kernels)) {
		return nil
	}
	return ls.kernels[cookie-1]
}

// keep makes probes the library's. In a pause those of ops go again until resume.
func (ls *libraries) keep(l *library, a *probes.Attachment) error {
	l.attachments = append(l.attachments, a)
	if ls.session.budget.paused == 0 {
		return nil
	}
	return a.Pause()
}

// pause removes the probes of ops until resume.
func (ls *libraries) pause() error {
	return ls.each(func(a *probes.Attachment) error { return a.Pause() })
}

func (ls *libraries) resume() error {
	return ls.each(func(a *probes.Attachment) error { return a.Resume(ls.wantedOf(a.Points())) })
}

func (ls *libraries) each(do func(*probes.Attachment) error) error {
	var errs []error
	for _, l := range ls.files {
		if l == nil {
			continue
		}
		for _, attachment := range l.attachments {
			errs = append(errs, do(attachment))
		}
	}
	return errors.Join(errs...)
}

// detach removes all probes, and keeps what was learned for the next time.
func (ls *libraries) detach() error {
	var errs []error
	for _, l := range ls.files {
		if l == nil {
			continue
		}
		for _, attachment := range l.attachments {
			errs = append(errs, attachment.Close())
		}
		l.attachments = nil
		if l.learned {
			ls.session.options.Cache.Learned(l.inspection)
		}
	}
	return errors.Join(errs...)
}

func (ls *libraries) close() error {
	errs := []error{ls.detach()}
	for _, l := range ls.files {
		if l != nil {
			errs = append(errs, l.file.Close())
		}
	}
	clear(ls.files)
	return errors.Join(errs...)
}
