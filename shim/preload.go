package shim

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

//go:generate lib/build.sh

//go:embed lib/shim_amd64.so
var amd64 []byte

//go:embed lib/shim_arm64.so
var arm64 []byte

//go:embed lib/shim_arm.so
var arm []byte

// libraries are what is preloaded, by the processor.
var libraries = map[elf.Machine][]byte{elf.EM_X86_64: amd64, elf.EM_AARCH64: arm64, elf.EM_ARM: arm}

// extract puts the library where the dynamic linker finds it, and returns its path: into the user's cache, or else among
// the temporary files. It stays there for the next time.
func extract(machine elf.Machine) (string, error) {
	library := libraries[machine]
	name := fmt.Sprintf("shim-%x.so", sha256.Sum256(library))[:len("shim-")+16] + ".so"
	var errs []error
	for _, dir := range places() {
		path := filepath.Join(dir, name)
		err := errors.ErrUnsupported
		if !strings.ContainsAny(path, ": \t\n") { // which separate names in LD_PRELOAD
			err = place(path, library)
		}
		if err == nil {
			return path, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", path, err))
	}
	return "", fmt.Errorf("put the library that is to be preloaded in place: %w (set XDG_CACHE_HOME to a directory from which code may be run)",
		errors.Join(errs...))
}

func places() []string {
	var dirs []string
	if cache, err := os.UserCacheDir(); err == nil {
		dirs = append(dirs, filepath.Join(cache, "edgexray"))
	}
	return append(dirs, filepath.Join(os.TempDir(), fmt.Sprintf("edgexray-%d", os.Getuid())))
}

// place makes path hold the content, and checks that its code may be run.
func place(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	info, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != os.Getuid() {
		return errors.New("the directory is another user's, who could change what the command loads")
	}
	if found, err := os.ReadFile(path); err != nil || !bytes.Equal(found, content) {
		if err := replace(path, content); err != nil {
			return err
		}
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	code, err := unix.Mmap(int(file.Fd()), 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE)
	if err != nil {
		return fmt.Errorf("map it as code: %w (mounted noexec?)", err)
	}
	return unix.Munmap(code)
}

// replace replaces a file as a whole: another edgexray may be doing the same.
func replace(path string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		os.Remove(temporary.Name())
	}
	return err
}
