package machine

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/edgexray/edgexray/test/parts"
)

// writeInitramfs writes the guest's whole file system: busybox and the C and
// C++ libraries from the guest parts, and what the test gives.
func writeInitramfs(target string, options Options) error {
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
	if options.Unprivileged {
		addText(archive, "/etc/passwd", "user:x:1000:1000::/tmp:/bin/sh\n")
	}
	for part, patterns := range guestFiles {
		if part == arm32 && !options.Arm32 {
			continue
		}
		if err := addPart(archive, part, patterns); err != nil {
			return err
		}
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

const arm32 = "guest-arm"

// guestFiles are busybox and the libraries, by part. What else the packages
// hold, such as locale converters, stays out.
var guestFiles = map[string][]string{
	"guest": {"bin/busybox", "lib/ld-linux-aarch64.so.1", "lib/aarch64-linux-gnu/*.so*", "usr/lib/aarch64-linux-gnu/*.so*"},
	arm32:   {"lib/ld-linux-armhf.so.3", "lib/arm-linux-gnueabihf/*.so*", "usr/lib/arm-linux-gnueabihf/*.so*"},
}

func addPart(archive *cpioWriter, part string, patterns []string) error {
	dir, err := parts.Dir(part)
	if err != nil {
		return err
	}
	for _, pattern := range patterns {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(paths) == 0 {
			return fmt.Errorf("find %s in %s: no such file", pattern, dir)
		}
		for _, hostPath := range paths {
			guestPath := strings.TrimPrefix(hostPath, dir)
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
