// Package machine runs a script on real arm64 Linux: Debian's kernels under
// QEMU, with no more around them than a shell, glibc and the files of the test.
//
// Everything is emulated, so times mean nothing; counts, names and crashes do.
package machine

import (
	"archive/tar"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/edgexray/edgexray/test/parts"
)

// A Linux is a version of Linux to boot; its value names the part that holds
// the kernel image.
type Linux string

// The versions of Linux in Debian 11, 12 and 13. Android's common kernels have
// the first two numbers too.
const (
	Linux510 Linux = "linux-5.10"
	Linux61  Linux = "linux-6.1"
	Linux612 Linux = "linux-6.12"
)

// All lists every Linux, oldest first.
var All = []Linux{Linux510, Linux61, Linux612}

// DefaultTimeout is how long a machine may run when Options doesn't say.
const DefaultTimeout = 2 * time.Minute

// Options say what a machine runs.
type Options struct {
	// Files are put into the guest, executable: guest path to host path.
	Files map[string]string
	// Arm32 adds glibc and the C++ library for 32-bit arm programs, which
	// Linux runs beside arm64 ones.
	Arm32 bool
	// Script is run by busybox sh, as root, in an empty /tmp. /proc, /sys,
	// /dev, tracefs, bpffs and the loopback interface are there.
	Script string
	// Unprivileged runs the script as a user without any rights instead.
	Unprivileged bool
	// Out are the absolute guest paths of files that the script writes and the
	// test wants. A file that isn't there at the end fails the test. Together
	// they may have ResultSize bytes.
	Out []string
	// Timeout is how long the machine may run; zero means DefaultTimeout.
	Timeout time.Duration
}

// ResultSize is how much a guest may write: output and files.
const ResultSize = 1 << 30

// A Result is what a script left.
type Result struct {
	Status  int               // the script's exit status
	Output  string            // its stdout and stderr
	Console string            // everything on the serial console, Linux's messages included
	Files   map[string][]byte // contents of Options.Out by guest path
}

//go:embed init.sh
var initScript string

// Run boots a machine, runs the script and powers off. The test fails when a
// part is missing, when the machine doesn't end in time, or when Linux in the
// guest crashes: an oops anywhere ends the machine. The script's exit status is
// the caller's to judge.
func Run(t testing.TB, linux Linux, options Options) Result {
	t.Helper()
	result, err := run(t.Context(), linux, t.TempDir(), options)
	if err != nil {
		t.Fatalf("run %s: %v", linux, err)
	}
	return result
}

func run(ctx context.Context, linux Linux, dir string, options Options) (Result, error) {
	image, err := parts.Find(string(linux) + "/vmlinuz")
	if err != nil {
		return Result{}, err
	}
	initramfs := filepath.Join(dir, "initramfs")
	if err := writeInitramfs(initramfs, options); err != nil {
		return Result{}, fmt.Errorf("make initramfs: %w", err)
	}
	disk := filepath.Join(dir, "result")
	if err := makeDisk(disk); err != nil {
		return Result{}, fmt.Errorf("make disk: %w", err)
	}
	console, err := boot(ctx, image, initramfs, disk, options.Timeout)
	if err != nil {
		return Result{}, fmt.Errorf("%w; the console ends with\n%s", err, tail(console))
	}
	result, err := readResult(disk)
	if err != nil {
		return Result{}, fmt.Errorf("read result: %w (did Linux crash?); the console ends with\n%s", err, tail(console))
	}
	result.Console = console
	for _, file := range options.Out {
		if _, ok := result.Files[file]; !ok {
			return Result{}, fmt.Errorf("read result: the script left no file %s; its output is\n%s", file, result.Output)
		}
	}
	return result, nil
}

// makeDisk makes a sparse file of ResultSize bytes.
func makeDisk(disk string) error {
	if err := os.WriteFile(disk, nil, 0o600); err != nil {
		return err
	}
	return os.Truncate(disk, ResultSize)
}

// boot runs QEMU until the guest powers off and returns the serial console.
func boot(ctx context.Context, image, initramfs, disk string, timeout time.Duration) (console string, err error) {
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	qemu := exec.CommandContext(ctx, "qemu-system-aarch64",
		// With a host thread for each CPU, one guest in forty never sees a
		// tracepoint that is attached: QEMU 7.2 goes on running code that it
		// translated while Linux on the other CPU was patching it. It costs
		// little: hosts of tests are busy.
		"-machine", "virt", "-accel", "tcg,thread=single",
		// Emulating the architected pointer authentication is three times slower.
		"-cpu", "max,pauth-impdef=on", "-smp", "2", "-m", "1024",
		"-nic", "none", "-nographic", "-no-reboot",
		"-kernel", image, "-initrd", initramfs,
		// All these kernels have the NVMe driver built in, and no virtio.
		"-drive", "file="+disk+",format=raw,if=none,id=result,cache=unsafe",
		"-device", "nvme,drive=result,serial=result",
		"-append", "console=ttyAMA0 loglevel=5 panic=-1 oops=panic")
	var output bytes.Buffer
	qemu.Stdout, qemu.Stderr = &output, &output
	err = qemu.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		err = errors.New("qemu-system-aarch64 isn't installed (run `make setup`)")
	case ctx.Err() == context.DeadlineExceeded:
		err = fmt.Errorf("the guest didn't power off within %v", timeout)
	}
	return strings.ReplaceAll(output.String(), "\r\n", "\n"), err
}

// readResult reads the tar archive that init.sh leaves on the disk.
func readResult(disk string) (Result, error) {
	result := Result{Files: make(map[string][]byte)}
	file, err := os.Open(disk)
	if err != nil {
		return result, err
	}
	defer file.Close()
	archive := tar.NewReader(file)
	status := ""
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return result, err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			return result, err
		}
		switch name := path.Clean(header.Name); name {
		case "output":
			result.Output = string(content)
		case "status":
			status = strings.TrimSpace(string(content))
		default:
			result.Files[strings.TrimPrefix(name, "files")] = content
		}
	}
	if result.Status, err = strconv.Atoi(status); err != nil {
		return result, errors.New("the guest left no exit status")
	}
	return result, nil
}

// tail returns the end of a console, where a crash shows.
func tail(console string) string {
	const size = 8000
	return console[max(0, len(console)-size):]
}
