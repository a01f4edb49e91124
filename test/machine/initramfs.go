package machine

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// writeInitramfs writes the guest's whole file system: busybox and the C and
// C++ libraries from the guest part, and what the test gives.
func writeInitramfs(target, guest string, options Options) error {
	file, err := os.Create(target)
	if err != nil {
		return err
	}
	defer file.Close()
	buffered := bufio.NewWriter(file)
	archive := newCpioWriter(buffered)

	// Linux opens it as the first process's output before anything is mounted.
	archive.charDevice("/dev/console", 5, 1)
	for _, folder := range []string{"/proc", "/sys", "/tmp"} {
		archive.folder(folder)
	}
	addText(archive, "/init", initScript)
	addText(archive, "/test/script", options.Script)
	addText(archive, "/test/out", strings.Join(append(options.Out, ""), "\n"))
	if err := addGuest(archive, guest); err != nil {
		return err
	}
	for guestPath, hostPath := range options.Files {
		if !filepath.IsAbs(guestPath) {
			return fmt.Errorf("add file %q: the guest path isn't absolute", guestPath)
		}
		if err := addFile(archive, guestPath, hostPath); err != nil {
			return err
		}
	}
	if err := archive.close(); err != nil {
		return err
	}
	return buffered.Flush()
}

// addGuest adds busybox and the libraries; what else the packages hold, such as
// locale converters, stays out.
func addGuest(archive *cpioWriter, guest string) error {
	for _, pattern := range []string{"bin/busybox", "lib/ld-linux-aarch64.so.1", "lib/aarch64-linux-gnu/*.so*", "usr/lib/aarch64-linux-gnu/*.so*"} {
		paths, err := filepath.Glob(filepath.Join(guest, pattern))
		if err != nil || len(paths) == 0 {
			return fmt.Errorf("find %s in %s: no such file", pattern, guest)
		}
		for _, hostPath := range paths {
			guestPath := strings.TrimPrefix(hostPath, guest)
			link, err := os.Readlink(hostPath)
			if err == nil {
				archive.symlink(guestPath, link)
				continue
			}
			if err := addFile(archive, guestPath, hostPath); err != nil {
				return err
			}
		}
	}
	return nil
}

func addText(archive *cpioWriter, guestPath, text string) {
	archive.file(guestPath, int64(len(text)), strings.NewReader(text))
}

func addFile(archive *cpioWriter, guestPath, hostPath string) error {
	file, err := os.Open(hostPath)
	if err != nil {
		return fmt.Errorf("add file %s: %w", guestPath, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("add file %s: %s isn't a regular file", guestPath, hostPath)
	}
	archive.file(guestPath, info.Size(), file)
	return archive.err
}
