package agent

import (
	"os"

	"golang.org/x/sys/unix"
)

// wakeups delivers BPF's wake-ups, which it sends only for what cannot wait for the next drain: a subgraph or mapping
// that appeared, of a process that may end at once.
func (s *Session) wakeups() <-chan struct{} {
	fd, err := unix.FcntlInt(uintptr(s.programs.Ring.FD()), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil || unix.SetNonblock(fd, true) != nil {
		return nil // the timer alone has to do
	}
	file := os.NewFile(uintptr(fd), "ring")
	raw, err := file.SyscallConn()
	if err != nil {
		return nil
	}
	wake := make(chan struct{}, 1)
	go func() {
		defer file.Close()
		for {
			waited := false
			err := raw.Read(func(uintptr) bool {
				done := waited
				waited = true
				return done
			})
			if err != nil {
				return
			}
			select {
			case wake <- struct{}{}:
			default:
			}
		}
	}()
	return wake
}
