package shim

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func testArea(t testing.TB) *area {
	t.Helper()
	a, err := newArea(minBuffer, &selection{mode: modeData})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.close() })
	return a
}

const records, largest = 5000, 4096 // of one thread; bytes

// sendMany sends records of different sizes that are full of their number.
func sendMany(p *producer) {
	for i := range uint32(records) {
		b := p.reserve(recordMore, int(unsafe.Sizeof(recordHeader{}))+4+int(i*61%largest))
		words := unsafe.Slice((*uint32)(unsafe.Pointer(&b[unsafe.Sizeof(recordHeader{})])), (len(b)-int(unsafe.Sizeof(recordHeader{})))/4)
		for w := range words {
			words[w] = i
		}
		complete(b)
	}
}

// Records of several threads and processes, far more than there is room for, all arrive whole and in order.
func TestReader(t *testing.T) {
	a := testArea(t)
	r := reader{area: a}
	const threads, processes = 3, 2
	var all sync.WaitGroup
	for range threads {
		p := newProducer(t, a.path())
		all.Go(func() {
			runtime.LockOSThread()
			p.tid = uint32(unix.Gettid())
			sendMany(p)
		})
	}
	for range processes {
		all.Go(func() { another(t, a, "sends").Wait() })
	}
	next := make(map[uint32]uint32) // by tid
	for taken := 0; taken < (threads+processes)*records; {
		b := r.next()
		if b == nil {
			continue
		}
		taken++
		header, rest, _ := fixed[recordHeader](b)
		for len(rest) > 0 {
			var word uint32
			if word, rest, _ = fixed[uint32](rest); word != next[header.tid] {
				t.Fatalf("thread %d: %d where %d should be", header.tid, word, next[header.tid])
			}
		}
		next[header.tid]++
		r.taken(uint64(len(b)))
	}
	all.Wait()
	if r.next() != nil || r.torn+r.damaged != 0 || len(next) != threads+processes {
		t.Errorf("%d torn, %d damaged, from %d threads", r.torn, r.damaged, len(next))
	}
}

// await repeats until a condition holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

// What a process that is gone had begun holds up nobody.
func TestTorn(t *testing.T) {
	a := testArea(t)
	r := reader{area: a}
	killed(t, a, "reserves")
	newProducer(t, a.path()).send(recordOp, encode(&opRecord{node: 7}))
	var b []byte
	await(t, "the record behind a torn one", func() bool { b = r.next(); return b != nil })
	if op, _, _ := fixed[opRecord](b); op.node != 7 || r.torn != 1 {
		t.Errorf("node %d, %d torn", op.node, r.torn)
	}
}

// A record of a thread that lives is waited for.
func TestIncomplete(t *testing.T) {
	a := testArea(t)
	r := reader{area: a}
	b := newProducer(t, a.path()).reserve(recordOp, line)
	r.next()
	r.incomplete.since = time.Now().Add(-2 * tornAfter)
	if r.next() != nil || r.torn != 0 {
		t.Error("it was not waited for")
	}
	complete(b)
	if r.next() == nil {
		t.Error("it is not there")
	}
	r.taken(line)
	newProducer(t, a.path()).reserve(recordOp, line)
	r.next()
	r.incomplete.since = time.Now().Add(-2 * stuckAfter)
	if r.next(); r.torn != 1 {
		t.Error("it was waited for, for ever")
	}
}

// The lock of a process that is gone is released, that of one that lives isn't.
func TestUnlock(t *testing.T) {
	a := testArea(t)
	r := reader{area: a}
	killed(t, a, "locks")
	if atomic.LoadUint32(&a.lock) == 0 {
		t.Fatal("not locked")
	}
	r.unlock()
	if atomic.LoadUint32(&a.lock) == 0 {
		t.Error("unlocked at once")
	}
	await(t, "the lock", func() bool { r.unlock(); return atomic.LoadUint32(&a.lock) == 0 })

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	a.lock = uint32(unix.Gettid())
	r.unlock()
	r.locked.since = time.Now().Add(-2 * unlockAfter)
	if r.unlock(); a.lock == 0 {
		t.Error("the lock of a thread that lives was taken away")
	}
}

// What an app writes into the ring can't lead the reader out of it, nor stop it.
func TestDamaged(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(a *area, h *recordHeader)
	}{
		{"no bytes", func(_ *area, h *recordHeader) { h.bytes = 0 }},
		{"few bytes", func(_ *area, h *recordHeader) { h.bytes = 24 }},
		{"odd bytes", func(_ *area, h *recordHeader) { h.bytes = 65 }},
		{"more than there are", func(_ *area, h *recordHeader) { h.bytes = 1 << 16 }},
		{"more than fits", func(_ *area, h *recordHeader) { h.bytes = 1 << 63 }},
		{"no state", func(_ *area, h *recordHeader) { h.state = 77 }},
		{"head behind tail", func(a *area, _ *recordHeader) { a.head = ^uint64(0) &^ 63 }},
		{"head far ahead", func(a *area, _ *recordHeader) { a.head = minBuffer + 64 }},
		{"odd head", func(a *area, _ *recordHeader) { a.head += 3 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := testArea(t)
			r := reader{area: a}
			p := newProducer(t, a.path())
			p.send(recordOp, encode(&opRecord{}))
			c.damage(a, (*recordHeader)(unsafe.Pointer(&a.at(0, line)[0])))
			if b := r.next(); b != nil || r.damaged != 1 {
				t.Errorf("%d bytes, damaged %d times", len(b), r.damaged)
			}
			p.send(recordOp, encode(&opRecord{node: 5}))
			if b := r.next(); b == nil {
				t.Error("the next record isn't found")
			} else if op, _, _ := fixed[opRecord](b); op.node != 5 {
				t.Errorf("node %d", op.node)
			}
		})
	}
}

// The memory can't be made smaller, which would kill who reads it.
func TestAreaIsSealed(t *testing.T) {
	a := testArea(t)
	if err := unix.Truncate(a.path(), 0); err == nil {
		t.Error("it was cut")
	}
	for _, buffer := range []uint64{0, 3 << 20, 4096, 1 << 40} {
		if a, err := newArea(buffer, &selection{}); err == nil {
			a.close()
			t.Errorf("a buffer of %d bytes", buffer)
		}
	}
}

// A recorder that lives can be told from one that doesn't, without help of its other goroutines.
func TestHeartbeat(t *testing.T) {
	a := testArea(t)
	before := atomic.LoadUint32(&a.heartbeat)
	await(t, "heartbeats", func() bool { return atomic.LoadUint32(&a.heartbeat) > before+2 })
}
