package shim

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// DefaultBuffer is the size of the ring, in bytes, unless Options.Buffer says otherwise: a few invokes of a model
// whose tensors have some 10 MB.
const DefaultBuffer = 64 << 20

const (
	minBuffer = 1 << 20
	maxBuffer = 1 << 34
)

// area is the memory that is shared with the apps, see lib/records.h: struct shared, and the ring, mapped twice in a row
// so that no record wraps.
type area struct {
	*shared
	ring   []byte // both mappings of it
	fd     int
	start  unsafe.Pointer
	length uintptr
	heart  heart
}

// heart ends the goroutine that shows that the recorder lives.
type heart struct{ end, ended chan struct{} }

// newArea makes the memory, all of it there already: an app must never fault on a page that can't be had.
func newArea(buffer uint64, wanted *selection) (*area, error) {
	if buffer&(buffer-1) != 0 || buffer < minBuffer || buffer > maxBuffer {
		return nil, fmt.Errorf("share a buffer of %d bytes: it isn't a power of two from %d to %d", buffer, minBuffer, maxBuffer)
	}
	if err := enoughMemory(buffer); err != nil {
		return nil, err
	}
	a := &area{fd: -1}
	if err := a.allocate(buffer); err != nil {
		return nil, errors.Join(fmt.Errorf("share a buffer of %d MiB with the command: %w (a smaller --buffer?)", buffer>>20, err), a.close())
	}
	a.shared.version, a.shared.bytes, a.ringBytes = sharedVersion, sharedBytes, buffer
	a.shared.selection = *wanted
	a.magic = sharedMagic
	a.beat()
	return a, nil
}

// enoughMemory looks before Linux kills somebody to make room.
func enoughMemory(buffer uint64) error {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return nil
	}
	info, err := fs.Meminfo()
	if err != nil || info.MemAvailableBytes == nil || *info.MemAvailableBytes > buffer {
		return nil
	}
	return fmt.Errorf("share a buffer of %d MiB with the command: %w: Linux has %d MiB available (a smaller --buffer?)",
		buffer>>20, unix.ENOMEM, *info.MemAvailableBytes>>20)
}

func (a *area) allocate(buffer uint64) error {
	var err error
	if a.fd, err = unix.MemfdCreate("edgexray-shim", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING); err != nil {
		return fmt.Errorf("memfd_create: %w", err)
	}
	size := int64(sharedBytes + buffer)
	if err := unix.Ftruncate(a.fd, size); err != nil {
		return fmt.Errorf("set its size: %w", err)
	}
	if err := unix.Fallocate(a.fd, 0, 0, size); err != nil {
		return fmt.Errorf("allocate it: %w", err)
	}
	// An app that shrank it would kill us both.
	if _, err := unix.FcntlInt(uintptr(a.fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL); err != nil {
		return fmt.Errorf("seal its size: %w", err)
	}
	return a.mapTwice(uintptr(size), uintptr(buffer))
}

func (a *area) mapTwice(size, buffer uintptr) error {
	const protection = unix.PROT_READ | unix.PROT_WRITE
	const flags = unix.MAP_SHARED | unix.MAP_FIXED
	start, err := unix.MmapPtr(-1, 0, nil, size+buffer, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return fmt.Errorf("reserve addresses: %w", err)
	}
	a.start, a.length = start, size+buffer
	if _, err := unix.MmapPtr(a.fd, 0, start, size, protection, flags|unix.MAP_POPULATE); err != nil {
		return fmt.Errorf("map it: %w", err)
	}
	if _, err := unix.MmapPtr(a.fd, sharedBytes, unsafe.Add(start, size), buffer, protection, flags); err != nil {
		return fmt.Errorf("map it again: %w", err)
	}
	a.shared = (*shared)(start)
	a.ring = unsafe.Slice((*byte)(unsafe.Add(start, sharedBytes)), 2*buffer)
	return nil
}

// path is where apps find the memory.
func (a *area) path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), a.fd) }

// at returns n bytes of the ring from a position on.
func (a *area) at(position, n uint64) []byte {
	offset := position & (uint64(len(a.ring))/2 - 1)
	return a.ring[offset : offset+n : offset+n]
}

// beatEvery is well below the 50 ms that are promised: Go's timers may be late on a busy machine.
const beatEvery = 20 * time.Millisecond

// beat shows the shim that somebody makes room, whatever the disk is doing to us.
func (a *area) beat() {
	a.heart = heart{make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(a.heart.ended)
		tick := time.NewTicker(beatEvery)
		defer tick.Stop()
		for {
			atomic.AddUint32(&a.heartbeat, 1)
			select {
			case <-tick.C:
			case <-a.heart.end:
				return
			}
		}
	}()
}

// halt tells the shim to record nothing any more.
func (a *area) halt() {
	atomic.StoreUint32(&a.stop, 1)
	a.wake(&a.freed)
}

// wake wakes all who wait for a word of the memory to change.
func (a *area) wake(word *uint32) {
	const everybody = 1<<31 - 1
	unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), 1 /* FUTEX_WAKE */, everybody, 0, 0, 0)
}

// close gives the memory up; apps keep what they have mapped of it.
func (a *area) close() error {
	var errs []error
	if a.heart.end != nil {
		a.halt()
		close(a.heart.end)
		<-a.heart.ended
	}
	if a.start != nil {
		errs = append(errs, unix.MunmapPtr(a.start, a.length))
	}
	if a.fd >= 0 {
		errs = append(errs, unix.Close(a.fd))
	}
	return errors.Join(errs...)
}
