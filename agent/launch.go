package agent

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stopSignal is what the BPF programs send to a thread that maps code or shows a new subgraph, when a launcher is there
// to catch it. Nobody sees it then; without a launcher it is ignored by default, so a recorder that dies leaves no
// process stopped.
const stopSignal = syscall.SIGURG

// traceOptions of ptrace: children and threads are followed, and nobody is killed with us.
const traceOptions = unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEEXEC

// launcher runs a command under ptrace, which costs the command nothing but a stop at each fork, clone, exec and
// signal. It serves one purpose: when new code appears, the process waits while its kernels are found and probed.
type launcher struct {
	command *exec.Cmd
	// follow is called with every new process or thread before it runs.
	follow func(pid int)
	// arrived is called while a process stands still because it has executed a program (exec), mapped code or built an
	// interpreter.
	arrived func(pid int, exec bool)

	started chan error
	exited  chan struct{}
	pid     int
	status  int // as a shell reports it, once exited is closed
}

// launch starts the command and returns when its program has been loaded but has not run yet, or with the reason why
// not. The command's streams are files.
func launch(command *exec.Cmd, follow func(pid int), arrived func(pid int, exec bool)) (*launcher, error) {
	l := &launcher{command: command, follow: follow, arrived: arrived, started: make(chan error, 1), exited: make(chan struct{})}
	go l.run()
	if err := <-l.started; err != nil {
		return nil, err
	}
	return l, nil
}

func (l *launcher) run() {
	runtime.LockOSThread() // ptrace and the children belong to this thread; it ends with the goroutine
	if err := l.start(); err != nil {
		l.started <- err
		return
	}
	l.started <- nil
	l.loop()
	close(l.exited)
}

func (l *launcher) start() error {
	name := l.command.Args[0]
	l.command.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := l.command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	l.pid = l.command.Process.Pid
	var status unix.WaitStatus
	if _, err := unix.Wait4(l.pid, &status, 0, nil); err != nil || !status.Stopped() {
		return fmt.Errorf("start %s: it ended before its first instruction (wait status %#x, %v)", name, status, err)
	}
	// The child stands at its first instruction, traced the old way, in which job control doesn't work. Let it go into
	// an ordinary stop and seize it there.
	if err := ptrace(unix.PTRACE_DETACH, l.pid, 0, uintptr(unix.SIGSTOP)); err != nil {
		return fmt.Errorf("start %s: let go of it: %w", name, err)
	}
	if _, err := unix.Wait4(l.pid, &status, unix.WUNTRACED, nil); err != nil {
		return fmt.Errorf("start %s: wait for its stop: %w", name, err)
	}
	if err := ptrace(unix.PTRACE_SEIZE, l.pid, 0, traceOptions); err != nil {
		unix.Kill(l.pid, unix.SIGCONT)
		return fmt.Errorf("start %s: trace it: %w (another tracer, or Yama's ptrace_scope of 3?)", name, err)
	}
	l.follow(l.pid)
	return nil
}

// loop lets the tracees run until the command itself has ended. Its descendants are let go when this thread ends.
func (l *launcher) loop() {
	l.arrived(l.pid, true)
	unix.Kill(l.pid, unix.SIGCONT)
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WALL|unix.WNOTHREAD, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return
		case pid == l.pid && status.Exited():
			l.status = status.ExitStatus()
			return
		case pid == l.pid && status.Signaled():
			l.status = 128 + int(status.Signal())
			return
		case status.Stopped():
			l.stopped(pid, status)
		}
	}
}

// stopped deals with one stop of a tracee and lets it go on.
func (l *launcher) stopped(pid int, status unix.WaitStatus) {
	signal := status.StopSignal()
	switch event := int(status) >> 16; event {
	case unix.PTRACE_EVENT_FORK, unix.PTRACE_EVENT_VFORK, unix.PTRACE_EVENT_CLONE:
		if child, err := unix.PtraceGetEventMsg(pid); err == nil {
			l.follow(int(child))
		}
		l.resume(pid, 0)
	case unix.PTRACE_EVENT_EXEC:
		l.arrived(pid, true)
		l.resume(pid, 0)
	case unix.PTRACE_EVENT_STOP:
		switch signal {
		case unix.SIGSTOP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU:
			ptrace(unix.PTRACE_LISTEN, pid, 0, 0) // job control: stays stopped until somebody continues it
		default:
			l.follow(pid) // a child's first stop may be told before its parent's fork
			l.resume(pid, 0)
		}
	default:
		if signal == stopSignal && sentByLinux(pid) {
			l.arrived(pid, false)
			signal = 0
		}
		l.resume(pid, signal)
	}
}

func (l *launcher) resume(pid int, signal syscall.Signal) {
	ptrace(unix.PTRACE_CONT, pid, 0, uintptr(signal)) // fails only if the tracee is gone
}

// sentByLinux tells bpf_send_signal from a signal that some process sent.
func sentByLinux(pid int) bool {
	const siKernel = 0x80 // SI_KERNEL, asm-generic/siginfo.h
	var info [128]byte    // siginfo_t: si_signo, si_errno, si_code, ...
	if err := ptrace(unix.PTRACE_GETSIGINFO, pid, 0, uintptr(unsafe.Pointer(&info))); err != nil {
		return false
	}
	return *(*int32)(unsafe.Pointer(&info[8])) == siKernel
}

func ptrace(request, pid int, address, data uintptr) error {
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, uintptr(request), uintptr(pid), address, data, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
