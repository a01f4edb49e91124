package machine

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// A cpioWriter writes the "newc" archive that Linux unpacks as its initramfs
// (Linux, Documentation/driver-api/early-userspace/buffer-format.rst). Errors
// stick: the first one is what close returns.
type cpioWriter struct {
	out     io.Writer
	written int64
	inode   int
	folders map[string]bool
	err     error
}

// Types of a mode field, from POSIX <sys/stat.h>.
const (
	modeFolder  = 0o040000
	modeChar    = 0o020000
	modeFile    = 0o100000
	modeSymlink = 0o120000
)

func newCpioWriter(out io.Writer) *cpioWriter {
	return &cpioWriter{out: out, folders: map[string]bool{".": true, "/": true}}
}

// file adds a regular, executable file of size bytes, and its parent folders.
func (w *cpioWriter) file(name string, size int64, content io.Reader) {
	w.parents(name)
	w.entry(name, modeFile|0o755, size, 0, 0, content)
}

func (w *cpioWriter) symlink(name, target string) {
	w.parents(name)
	w.entry(name, modeSymlink|0o777, int64(len(target)), 0, 0, strings.NewReader(target))
}

func (w *cpioWriter) charDevice(name string, major, minor int) {
	w.parents(name)
	w.entry(name, modeChar|0o600, 0, major, minor, nil)
}

func (w *cpioWriter) folder(name string) {
	name = path.Clean(name)
	if w.folders[name] {
		return
	}
	w.parents(name)
	w.folders[name] = true
	w.entry(name, modeFolder|0o755, 0, 0, 0, nil)
}

func (w *cpioWriter) parents(name string) { w.folder(path.Dir(path.Clean(name))) }

func (w *cpioWriter) close() error {
	w.entry("TRAILER!!!", 0, 0, 0, 0, nil)
	return w.err
}

func (w *cpioWriter) entry(name string, mode int, size int64, major, minor int, content io.Reader) {
	if w.err != nil {
		return
	}
	name = strings.TrimPrefix(name, "/")
	if size > 0xffff_ffff {
		w.err = &fs.PathError{Op: "archive", Path: name, Err: fmt.Errorf("%d bytes don't fit the format's 32-bit size", size)}
		return
	}
	w.inode++
	const user, group, links, mtime, check = 0, 0, 1, 0, 0
	header := "070701"
	for _, field := range []int{w.inode, mode, user, group, links, mtime, int(size), 0, 0, major, minor, len(name) + 1, check} {
		header += fmt.Sprintf("%08x", field)
	}
	w.copy(strings.NewReader(header+name+"\x00"), int64(len(header)+len(name)+1))
	w.align()
	if size > 0 {
		w.copy(content, size)
		w.align()
	}
}

func (w *cpioWriter) copy(from io.Reader, size int64) {
	if w.err != nil {
		return
	}
	var n int64
	n, w.err = io.CopyN(w.out, from, size)
	w.written += n
}

func (w *cpioWriter) align() {
	padding := -w.written & 3
	w.copy(strings.NewReader("\x00\x00\x00"), padding)
}
