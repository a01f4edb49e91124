package shim

import (
	"bufio"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/edgexray/edgexray/symbolize"
)

// check looks at the program that a command starts, and returns for which processor it is. It fails when the shim can't get
// into it.
func check(path string) (elf.Machine, error) {
	program, err := interpreterOf(path)
	if err != nil {
		return 0, err
	}
	file, err := symbolize.Open(program)
	if errors.Is(err, symbolize.ErrMachine) {
		return 0, fmt.Errorf("run %s: %w: %w", program, ErrOtherMachine, err)
	}
	if err != nil {
		return 0, fmt.Errorf("run %s: %w", program, err)
	}
	defer file.Close()
	if _, known := libraries[file.Machine]; !known {
		return 0, fmt.Errorf("run %s: %w: it is code for %v (x86-64, arm64 and arm are possible)", program, ErrOtherMachine, file.Machine)
	}
	if !file.Dynamic() {
		return 0, fmt.Errorf("run %s: %w: it is linked statically (link it dynamically; edgexray record reaches it as root)", program, ErrUnreachable)
	}
	if why := privileges(program); why != "" {
		return 0, fmt.Errorf("run %s: %w: it has %s (copy it, which takes that away, or run it as a user who has that already)", program, ErrUnreachable, why)
	}
	return file.Machine, nil
}

// interpreterOf returns the program that runs a script, or the path itself when it is none.
func interpreterOf(path string) (string, error) {
	const deepest = 5 // as Linux allows
	for range deepest {
		file, err := os.Open(path)
		if errors.Is(err, os.ErrPermission) {
			return path, nil // it may be run but not read
		}
		if err != nil {
			return "", fmt.Errorf("run %s: %w", path, err)
		}
		const longest = 256 // of the line that Linux reads
		first, _ := bufio.NewReader(io.LimitReader(file, longest)).ReadString('\n')
		file.Close()
		line, isScript := strings.CutPrefix(first, "#!")
		words := strings.Fields(line)
		if !isScript || len(words) == 0 {
			return path, nil
		}
		path = words[0]
	}
	return path, nil
}

// privileges returns what a program gets when it is started that we don't have: then the dynamic linker preloads nothing.
// Empty for none.
func privileges(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case ok && info.Mode()&os.ModeSetuid != 0 && int(stat.Uid) != os.Getuid():
		return fmt.Sprintf("the rights of user %d (set-user-ID)", stat.Uid)
	case ok && info.Mode()&os.ModeSetgid != 0 && int(stat.Gid) != os.Getgid():
		return fmt.Sprintf("the rights of group %d (set-group-ID)", stat.Gid)
	}
	if n, err := unix.Getxattr(path, "security.capability", nil); err == nil && n > 0 && os.Getuid() != 0 {
		return "capabilities of its own"
	}
	return ""
}
