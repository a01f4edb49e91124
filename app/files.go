package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/prometheus/procfs"
)

// FileKey names a file by what it is, not by what it is called.
type FileKey struct {
	Device, Inode uint64
	Size          int64
	Base          int64 // of the library in it when it is an APK, which holds many; left to the caller
}

// KeyOf returns the key of a file.
func KeyOf(info os.FileInfo) FileKey {
	key := FileKey{Size: info.Size()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		key.Device, key.Inode = uint64(stat.Dev), stat.Ino
	}
	return key
}

// Openable returns a path through which a mapped file can be opened although its process may be in another mount
// namespace or the file may have been deleted.
func Openable(pid int, m *procfs.ProcMap) string {
	inRoot := InRoot(pid, m.Pathname)
	if sameInode(m.Pathname, m.Inode) {
		return m.Pathname
	}
	if sameInode(inRoot, m.Inode) {
		return inRoot
	}
	return fmt.Sprintf("/proc/%d/map_files/%x-%x", pid, m.StartAddr, m.EndAddr)
}

// InRoot returns a process's path as it is seen from outside.
func InRoot(pid int, path string) string {
	return filepath.Join(fmt.Sprintf("/proc/%d/root", pid), path)
}

// IsFile tells mappings of files from [heap], [vdso], anonymous memory and devices.
func IsFile(m *procfs.ProcMap) bool {
	return m.Inode != 0 && strings.HasPrefix(m.Pathname, "/") && !strings.HasPrefix(m.Pathname, "/dev/")
}

// sameInode tells whether path names the file with this inode. The device isn't compared: for overlay file systems
// /proc/PID/maps and stat disagree about it.
func sameInode(path string, inode uint64) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Ino == inode
}
