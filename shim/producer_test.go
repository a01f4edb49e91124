package shim

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// producer writes records as the shim does, see lib/ring.c.
type producer struct {
	*area
	pid, tid uint32
}

// newProducer maps what lies behind a path, as an app does.
func newProducer(t testing.TB, path string) *producer {
	t.Helper()
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	size, err := unix.Seek(fd, 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	a := &area{fd: fd}
	if err := a.mapTwice(uintptr(size), uintptr(size)-sharedBytes); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.close() })
	if a.magic != sharedMagic || a.version != sharedVersion {
		t.Fatalf("magic %#x, version %d", a.magic, a.version)
	}
	return &producer{a, uint32(os.Getpid()), uint32(unix.Gettid())}
}

// reserve hands out room, and waits for it.
func (p *producer) reserve(kind uint32, size int) []byte {
	size = (size + line - 1) &^ (line - 1)
	for {
		for !atomic.CompareAndSwapUint32(&p.lock, 0, p.tid) {
		}
		head := atomic.LoadUint64(&p.head)
		if head+uint64(size)-atomic.LoadUint64(&p.tail) <= p.ringBytes {
			b := p.at(head, uint64(size))
			*(*recordHeader)(unsafe.Pointer(&b[0])) = recordHeader{stateReserved, kind, uint64(size), p.pid, p.tid}
			atomic.StoreUint64(&p.head, head+uint64(size))
			atomic.StoreUint32(&p.lock, 0)
			return b
		}
		atomic.StoreUint32(&p.lock, 0)
		p.waitForRoom()
	}
}

func (p *producer) waitForRoom() {
	freed := atomic.LoadUint32(&p.freed)
	atomic.AddUint32(&p.waiting, 1)
	timeout := unix.Timespec{Nsec: 100e6}
	unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&p.freed)), 0 /* FUTEX_WAIT */, uintptr(freed), uintptr(unsafe.Pointer(&timeout)), 0, 0)
	atomic.AddUint32(&p.waiting, ^uint32(0))
}

func complete(b []byte) { atomic.StoreUint32((*uint32)(unsafe.Pointer(&b[0])), stateComplete) }

// encode returns a record whose header's state and size reserve sets.
func encode[T any](r *T, lists ...any) []byte {
	b := bytes.Clone(unsafe.Slice((*byte)(unsafe.Pointer(r)), unsafe.Sizeof(*r)))
	for _, list := range lists {
		if text, ok := list.(string); ok {
			list = []byte(text)
		}
		b, _ = binary.Append(b, binary.LittleEndian, list)
	}
	return b
}

// send writes a record of one type.
func (p *producer) send(kind uint32, record []byte) {
	b := p.reserve(kind, len(record))
	copy(b[unsafe.Sizeof(recordHeader{}):], record[unsafe.Sizeof(recordHeader{}):])
	complete(b)
}

// What this test's program does when a test starts it as another process.
var roles = map[string]func(*testing.T, *producer){
	"sends":    func(t *testing.T, p *producer) { sendMany(p) },
	"reserves": func(t *testing.T, p *producer) { p.reserve(recordOp, line); hang() },
	"locks":    func(t *testing.T, p *producer) { p.lock = p.tid; hang() },
}

const roleVariable = "EDGEXRAY_TEST_ROLE"

// TestRole is no test: it is what other processes run.
func TestRole(t *testing.T) {
	if role := roles[os.Getenv(roleVariable)]; role != nil {
		role(t, newProducer(t, os.Getenv(areaVariable)))
	}
}

// hang tells that all is done, and waits to be killed.
func hang() {
	fmt.Println("ready")
	select {}
}

// another starts another process in a role. It returns when that hangs or has ended.
func another(t *testing.T, a *area, role string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestRole$")
	c.Env = append(os.Environ(), roleVariable+"="+role, areaVariable+"="+a.path())
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	var said strings.Builder
	b := make([]byte, 1)
	for !strings.Contains(said.String(), "\n") {
		if n, err := out.Read(b); n == 0 || err != nil {
			break
		}
		said.Write(b)
	}
	return c
}

// killed starts another process in a role, and kills it when it hangs.
func killed(t *testing.T, a *area, role string) {
	t.Helper()
	c := another(t, a, role)
	c.Process.Kill()
	c.Wait()
}
