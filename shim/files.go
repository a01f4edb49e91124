package shim

import (
	"debug/elf"
	"os"
	"strings"

	"github.com/prometheus/procfs"
	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/symbolize"
	"github.com/edgexray/edgexray/trace"
)

// file is a library or an executable that holds kernels.
type file struct {
	*symbolize.File
	runtime *trace.Runtime
	kernels map[uint64]uint32 // ids of descriptions, by the address in the file
}

// files is those that were looked at.
type files struct {
	session         *session
	known           map[app.FileKey]*file // nil for one that can't be read
	runtime, kernel uint32                // last ids given
}

// at returns the file of whose code a process has something at an address, nil if that can't be found out. If the process
// is gone, it is the one with the path.
func (fs *files) at(p *process, address uint64, path string) *file {
	if m := p.Mapping(address); m != nil && app.IsFile(m) {
		return fs.mapped(p, m)
	}
	library, _, _ := strings.Cut(path, "!/")
	if library == "" {
		return nil
	}
	if f := fs.open(app.InRoot(p.PID, library), path, 0); f != nil {
		return f
	}
	return fs.open(library, path, 0)
}

func (fs *files) mapped(p *process, m *procfs.ProcMap) *file {
	return fs.open(app.Openable(p.PID, m), m.Pathname, m.Offset)
}

// open opens the library that lies in a file around an offset.
func (fs *files) open(path, shown string, offset int64) *file {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	key := app.KeyOf(info)
	if f, known := fs.known[key]; known {
		return f
	}
	opened, err := symbolize.OpenAt(path, offset)
	if err != nil {
		fs.session.note("library", "%s: %v: its kernels are not named", shown, err)
		fs.known[key] = nil
		return nil
	}
	key.Base = opened.Base // an APK holds many libraries
	if f, known := fs.known[key]; known {
		opened.Close()
		return f
	}
	fs.runtime++
	f := &file{opened, app.DescribeRuntime(fs.runtime, shown, opened), make(map[uint64]uint32)}
	fs.session.describe(proto.CloneOf(f.runtime))
	fs.known[key] = f
	return f
}

// kernelOf returns the id of a node's kernel, which is described first if it is new; 0 when its file isn't known.
func (fs *files) kernelOf(p *process, r *nodeRecord) uint32 {
	if in, known := p.modules[r.module]; known && in.file != nil {
		return fs.describe(in.file, r.kernel-in.base)
	}
	m := p.Mapping(r.kernel)
	if m == nil || !app.IsFile(m) {
		return 0
	}
	f := fs.mapped(p, m)
	if f == nil {
		return 0
	}
	address, ok := f.Address(int64(r.kernel-uint64(m.StartAddr)) + m.Offset)
	if !ok {
		return 0
	}
	return fs.describe(f, address)
}

func (fs *files) describe(f *file, address uint64) uint32 {
	if f.Machine == elf.EM_ARM {
		address &^= 1 // Thumb
	}
	if id := f.kernels[address]; id != 0 {
		return id
	}
	offset, ok := f.FileOffset(address)
	if !ok {
		return 0
	}
	fs.kernel++
	d := &trace.Kernel{Id: fs.kernel, Runtime: f.runtime.Id, FileOffset: uint64(offset), Address: address, SiteClass: costClass}
	if symbol, ok := f.Symbol(address); ok {
		d.Symbol = symbol.Name
	}
	f.kernels[address] = d.Id
	fs.session.describe(d)
	return d.Id
}

// hash completes the descriptions of files: that takes a while, in which the app would have to wait for us.
func (fs *files) hash() {
	for _, f := range fs.known {
		if f != nil {
			f.runtime.Sha256, _ = f.SHA256()
			fs.session.describe(f.runtime)
		}
	}
}

func (fs *files) close() {
	for _, f := range fs.known {
		if f != nil {
			f.Close()
		}
	}
}
