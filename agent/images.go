package agent

import (
	"bytes"
	"errors"
	"os"

	"github.com/prometheus/procfs"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/symbolize"
	"github.com/edgexray/edgexray/trace"
)

// image is a file in whose code samples were taken.
type image struct {
	file    *symbolize.File
	runtime uint32
	owned   bool // to be closed here
	rules   map[uint64]unwindRules
	frames  map[uint64]uint32 // ids of descriptions in the trace, by address in the file
}

type unwindRules struct {
	rules *symbolize.Rules
	err   error
}

// images finds the files behind the addresses of processes.
type images struct {
	session  *Session
	files    map[app.FileKey]*image     // nil for one that can't be read
	mappings map[*procfs.ProcMap]*image // what was found before
	asked    map[*process]bool          // for its mappings, since the last flush
	frame    uint32                     // last id given to a frame
}

func newImages(s *Session) images {
	return images{session: s, files: make(map[app.FileKey]*image), mappings: make(map[*procfs.ProcMap]*image), asked: make(map[*process]bool)}
}

// place is where an address of a process lies; image is nil when that isn't a file's code.
type place struct {
	image   *image
	address uint64 // in the file
	mapping string // name of the mapping, empty for anonymous memory and outside of any
}

func (is *images) locate(p *process, address uint64) place {
	m := p.FindMapping(address)
	if m == nil {
		return place{}
	}
	if m.Pathname == vdso {
		if i := is.openVDSO(p, m); i != nil {
			return place{i, address - uint64(m.StartAddr), vdso}
		}
	}
	if !app.IsFile(m) || !m.Perms.Execute {
		return place{mapping: m.Pathname}
	}
	i, known := is.mappings[m]
	if !known {
		i = is.open(p, m)
		is.mappings[m] = i
	}
	if i == nil {
		return place{mapping: m.Pathname}
	}
	inFile, ok := i.file.Address(int64(address-uint64(m.StartAddr)) + m.Offset)
	if !ok {
		return place{mapping: m.Pathname}
	}
	return place{i, inFile, m.Pathname}
}

// refresh reads a process's mappings again, because an address lies outside of those known; not more often than the
// trace is flushed.
func (is *images) refresh(p *process) bool {
	if is.asked[p] {
		return false
	}
	is.asked[p] = true
	p.ReadMaps()
	return true
}

// flushed forgets mappings that have been read anew since.
func (is *images) flushed() {
	clear(is.asked)
	const many = 4096
	if len(is.mappings) > many {
		clear(is.mappings)
	}
}

func (is *images) open(p *process, m *procfs.ProcMap) *image {
	path := app.Openable(p.PID, m)
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	key := app.KeyOf(info)
	if l := is.session.libraries.files[key]; l != nil {
		return is.ofLibrary(key, l)
	}
	if i, known := is.files[key]; known {
		return i
	}
	file, err := symbolize.OpenAt(path, m.Offset)
	if err != nil {
		is.files[key] = nil
		return nil
	}
	if file.Base != 0 { // an APK holds many libraries
		key.Base = file.Base
		l := is.session.libraries.files[key]
		if i, known := is.files[key]; known || l != nil {
			file.Close()
			if l != nil {
				i = is.ofLibrary(key, l)
			}
			return i
		}
	}
	return is.add(key, m.Pathname, file)
}

// add describes a file without kernels in the trace, and owns it from then on.
func (is *images) add(key app.FileKey, shown string, file *symbolize.File) *image {
	i := newImage(file)
	i.owned = true
	ls := &is.session.libraries
	ls.runtime++
	i.runtime = ls.runtime
	described := app.DescribeRuntime(i.runtime, shown, file)
	if file.BuildID == "" {
		described.Sha256, _ = file.SHA256()
	}
	is.session.describe(described)
	is.files[key] = i
	return i
}

// vdso is the mapping of the code that Linux itself gives to processes, such as for reading clocks.
const vdso = "[vdso]"

// openVDSO reads the code that Linux gives to processes from the first process that was sampled there: it is the same for all.
func (is *images) openVDSO(p *process, m *procfs.ProcMap) *image {
	key := app.FileKey{} // no file's
	if i, known := is.files[key]; known {
		return i
	}
	const most = 1 << 20 // it has a few pages
	b := make([]byte, min(uint64(m.EndAddr-m.StartAddr), most))
	if p.read(uint64(m.StartAddr), b) != nil {
		return nil // the process is gone: perhaps another one's can be read
	}
	is.files[key] = nil
	file, err := symbolize.NewFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil
	}
	file.Path = vdso
	return is.add(key, vdso, file)
}

// ofLibrary shares the file of a library with kernels.
func (is *images) ofLibrary(key app.FileKey, l *library) *image {
	if i := is.files[key]; i != nil {
		return i
	}
	i := newImage(l.file)
	i.runtime = l.runtime.Id
	is.files[key] = i
	return i
}

func newImage(file *symbolize.File) *image {
	return &image{file: file, rules: make(map[uint64]unwindRules), frames: make(map[uint64]uint32)}
}

// unwind returns the rules at an address of the file.
func (i *image) unwind(address uint64) (*symbolize.Rules, error) {
	known, ok := i.rules[address]
	if !ok {
		const many = 1 << 14
		if len(i.rules) >= many {
			clear(i.rules)
		}
		known.rules, known.err = i.file.Unwind(address)
		i.rules[address] = known
	}
	return known.rules, known.err
}

// describe returns the id of a place's description, which it writes to the trace first if it is new.
func (is *images) describe(at place) uint32 {
	i := at.image
	if id, ok := i.frames[at.address]; ok {
		return id
	}
	is.frame++
	f := &trace.Frame{Id: is.frame, Runtime: i.runtime, Address: at.address}
	if symbol, ok := i.file.Symbol(at.address); ok {
		f.Symbol, f.Function = symbol.Name, symbol.Address
	} else if rules, err := i.unwind(at.address); err == nil {
		f.Function = rules.Function.Start
	}
	i.frames[at.address] = f.Id
	is.session.describe(f)
	return f.Id
}

func (is *images) close() error {
	var errs []error
	for _, i := range is.files {
		if i != nil && i.owned {
			errs = append(errs, i.file.Close())
		}
	}
	clear(is.files)
	return errors.Join(errs...)
}
