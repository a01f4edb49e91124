package snapshot

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/edgexray/edgexray/trace"
)

// create makes an empty file in a folder of its own.
func create(t testing.TB) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "test.tensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func begin(t testing.TB, out *os.File) *Writer {
	t.Helper()
	w, err := NewWriter(out, &Beginning{Header: &trace.Header{Recorder: "edgexray\xff"}, Selection: []string{"node 1", "bad\xff"}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sequence returns n bytes that differ from their neighbours.
func sequence(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + 1)
	}
	return b
}

var (
	node    = &trace.Node{Id: 1, Subgraph: 1, Op: "CONV_2D", Inputs: []*trace.Tensor{{Index: 0, Name: "in"}}, Outputs: []*trace.Tensor{{Index: 5, Name: "out", Type: 1, Shape: []int32{1, 25}}}}
	pieces  = &Capture{Node: 1, Tensor: 5, Invoke: 2}
	dropped = &Capture{Node: 1, Tensor: 5, Invoke: 3}
	left    = &Capture{Node: 1, Tensor: 5, Invoke: 4}
	want    = []Captured{
		{&Capture{Node: 1, Tensor: 0, Role: Role_INPUT, Invoke: 1}, sequence(3)},
		{&Capture{Node: 1, Tensor: 5, Invoke: 1, Status: -1}, sequence(64)},
		{&Capture{Node: 1, Tensor: 6, Invoke: 1}, []byte{}}, // a tensor without elements
		{pieces, sequence(130)},
		{dropped, nil},
		{left, nil},
		{&Capture{Node: 1, Tensor: 5, Invoke: 2, Missing: "not on the CPU\uFFFD"}, nil},
		{&Capture{Node: 1, Tensor: 5, Invoke: 2, Statistics: &Statistics{Elements: 2, Min: -1.5, Histogram: make([]uint32, 64)}}, nil},
	}
)

// writeSmall writes a snapshot with every kind of record. Captures whose data comes in pieces have others between.
func writeSmall(t testing.TB, w *Writer) {
	t.Helper()
	for _, d := range []trace.Description{
		&trace.Process{Id: 1, Name: "bad\xffname"}, &trace.Thread{Id: 2, Name: "t"}, &trace.Runtime{Id: 3, Path: "r"}, &trace.Kernel{Id: 4},
		&trace.Model{Id: 5, Path: "m"}, &trace.Subgraph{Id: 1, Process: 1}, node, &trace.Note{Kind: "k", Text: "t"},
	} {
		must(t, w.Describe(d))
	}
	for _, c := range want[:3] {
		must(t, w.Add(proto.Clone(c.Capture).(*Capture), c.Data))
	}
	var pending []*Pending
	for _, c := range []*Capture{pieces, dropped, left} {
		p, err := w.Begin(c, 130)
		must(t, err)
		pending = append(pending, p)
	}
	write := func(p *Pending, from, to int) {
		_, err := p.WriteAt(sequence(130)[from:to], int64(from))
		must(t, err)
	}
	write(pending[0], 100, 130)
	must(t, w.Add(&Capture{Node: 1, Tensor: 5, Invoke: 2, Missing: "not on the CPU\xff"}, nil))
	write(pending[1], 0, 100)
	write(pending[2], 0, 130)
	must(t, w.Add(proto.Clone(want[7].Capture).(*Capture), nil))
	write(pending[0], 0, 100)
	must(t, pending[0].Finish(""))
	must(t, pending[1].Finish(""))
}

// whole returns a small snapshot as a file's bytes.
func whole(t testing.TB) []byte {
	t.Helper()
	out := create(t)
	w := begin(t, out)
	writeSmall(t, w)
	must(t, w.Close([]*trace.Loss{{Cause: "dropped", Count: 7}}, &trace.End{Reason: "command exited"}))
	file, err := os.ReadFile(out.Name())
	must(t, err)
	if int64(len(file)) != w.Bytes() || len(file)%Align != 0 {
		t.Errorf("%d bytes in the file, the writer says %d", len(file), w.Bytes())
	}
	return file
}

// wantCaptures are the captures of a whole snapshot as they are read.
func wantCaptures() []Captured {
	read := append([]Captured(nil), want...)
	for i, missing := range map[int]string{4: "only 100 of 130 bytes came", 5: "the writer ended before it had all of its 130 bytes"} {
		c := proto.Clone(read[i].Capture).(*Capture)
		c.Missing = missing
		read[i].Capture = c
	}
	return read
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.tensors")
	must(t, os.WriteFile(path, whole(t), 0o600))
	f, err := Open(path)
	must(t, err)
	defer f.Close()
	if f.Cut != "" || f.End.GetOps() != uint64(len(want)) || f.End.GetReason() != "command exited" {
		t.Errorf("cut %q, end %v", f.Cut, f.End)
	}
	if diff := cmp.Diff(wantCaptures(), f.Captures, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	for i, c := range f.Captures {
		if len(c.Data) > 0 && uintptr(unsafe.Pointer(&c.Data[0]))%Align != 0 {
			t.Errorf("the data of capture %d is not aligned", i)
		}
		if (c.Data == nil) != (want[i].Data == nil) || cap(c.Data) != len(c.Data) {
			t.Errorf("capture %d: data of %d bytes with room for %d, nil: %v", i, len(c.Data), cap(c.Data), c.Data == nil)
		}
	}
	others := []any{f.Beginning.Header.GetRecorder(), f.Beginning.Selection, f.Processes[1].GetName(), f.Threads[2].GetName(), f.Runtimes[3].GetPath(), len(f.Kernels),
		f.Models[5].GetPath(), f.Subgraphs[1].GetProcess(), f.Nodes[1].GetOp(), f.Losses["dropped"], f.Notes[0].Text}
	if diff := cmp.Diff([]any{"edgexray\uFFFD", []string{"node 1", "bad\uFFFD"}, "bad\uFFFDname", "t", "r", 1, "m", uint32(1), "CONV_2D", uint64(7), "t"}, others); diff != "" {
		t.Error(diff)
	}
	must(t, f.Close())
	must(t, f.Close())
}

// A file may end anywhere. What is before its end is read, and what isn't there is said.
func TestTruncated(t *testing.T) {
	file := whole(t)
	all := wantCaptures()
	before := 0
	for n := range file {
		f, err := parse(bytes.Clone(file[:n]))
		if n < preambleBytes {
			if err == nil {
				t.Fatalf("%d bytes are a snapshot", n)
			}
			continue
		}
		must(t, err)
		if f.End == nil != (f.Cut != "") || f.Cut != "" && !strings.Contains(f.Cut, "byte") {
			t.Fatalf("%d bytes: cut %q, end %v", n, f.Cut, f.End)
		}
		got := f.Captures
		if len(got) < before {
			t.Fatalf("%d bytes: %d captures, %d with a byte less", n, len(got), before)
		}
		before = len(got)
		for i, c := range got {
			switch {
			case strings.HasPrefix(c.Missing, "cut off: ") && i == len(got)-1 && c.Data == nil:
			case i == 4 && strings.HasPrefix(c.Missing, "the writer ended"): // why isn't read yet
			case cmp.Diff(all[i], c, protocmp.Transform()) != "":
				t.Fatalf("%d bytes: capture %d: %v", n, i, c)
			}
		}
	}
	if before != len(all) {
		t.Errorf("%d captures at the end", before)
	}
}

// A writer may be killed after any write: the file as it is then has all captures that were added.
func TestKilled(t *testing.T) {
	out := create(t)
	w := begin(t, out)
	writeSmall(t, w)
	f, err := Open(out.Name())
	must(t, err)
	defer f.Close()
	if diff := cmp.Diff(wantCaptures(), f.Captures, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	if f.Cut == "" {
		t.Error("it isn't said that the file has no end")
	}
}

// Whatever is damaged, what is before is read, and the rest isn't trusted.
func TestDamaged(t *testing.T) {
	file := whole(t)
	for at := preambleBytes; at < len(file); at++ {
		damaged := bytes.Clone(file)
		damaged[at] ^= 0x81
		if f, err := parse(damaged); err != nil {
			t.Fatalf("byte %d: %v", at, err)
		} else if len(f.Captures) > len(want) {
			t.Fatalf("byte %d: %d captures", at, len(f.Captures))
		}
	}
}

func TestRefused(t *testing.T) {
	newer := whole(t)
	binary.LittleEndian.PutUint16(newer[len(Magic):], Major+1)
	xray := append([]byte(trace.Magic), newer[:100]...)
	for _, c := range []struct {
		file []byte
		want string
	}{
		{nil, "it is empty"},
		{newer, "this edgexray reads version 1 (update edgexray)"},
		{xray, "look at it with `edgexray ops`"},
		{make([]byte, 1000), "expected a file written by `edgexray snapshot`"},
	} {
		path := filepath.Join(t.TempDir(), "x")
		must(t, os.WriteFile(path, c.file, 0o600))
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	for _, path := range []string{t.TempDir(), "/dev/null", "no-such-file"} {
		if _, err := Open(path); err == nil {
			t.Errorf("%s is a snapshot", path)
		}
	}
}

// A record of a newer minor version is skipped and counted.
func TestUnknownRecord(t *testing.T) {
	out := create(t)
	w := begin(t, out)
	var newer Record
	must(t, proto.Unmarshal([]byte{0xfa, 0x07, 0}, &newer)) // field 127
	must(t, w.add(&newer, 0, nil))
	must(t, w.Close(nil, &trace.End{}))
	f, err := Open(out.Name())
	must(t, err)
	defer f.Close()
	if f.Cut != "" || len(f.Notes) != 1 || !strings.HasPrefix(f.Notes[0].Text, "1 records of kinds") {
		t.Errorf("cut %q, notes %v", f.Cut, f.Notes)
	}
}

func TestWriterRefuses(t *testing.T) {
	out := create(t)
	w := begin(t, out)
	if err := w.Describe(&trace.Note{Text: strings.Repeat("x", MaxMessage)}); err == nil {
		t.Error("a message over the limit was written")
	}
	if err := w.Describe(&trace.Gap{}); err == nil {
		t.Error("a gap was written")
	}
	p, err := w.Begin(&Capture{}, 10)
	must(t, err)
	if _, err := p.WriteAt(make([]byte, 5), 6); err == nil {
		t.Error("data was written beyond its end")
	}
	if _, err := NewWriter(out, &Beginning{}); err == nil {
		t.Error("a file that isn't empty was overwritten")
	}
	appending, err := os.OpenFile(filepath.Join(t.TempDir(), "x"), os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	must(t, err)
	defer appending.Close()
	if _, err := NewWriter(appending, &Beginning{}); err == nil {
		t.Error("a file opened to append was taken")
	}
	pipe, _, err := os.Pipe()
	must(t, err)
	if _, err := NewWriter(pipe, &Beginning{}); err == nil {
		t.Error("a pipe was taken")
	}
}

func TestTensor(t *testing.T) {
	file, err := parse(whole(t))
	must(t, err)
	for _, c := range []struct {
		capture *Capture
		want    *trace.Tensor
	}{
		{&Capture{Node: 1, Tensor: 5}, node.Outputs[0]},
		{&Capture{Node: 1, Tensor: 0, Role: Role_INPUT}, node.Inputs[0]},
		{&Capture{Node: 1, Tensor: 5, Described: &Tensor{Type: 9, Shape: []int32{3}}}, &trace.Tensor{Index: 5, Name: "out", Type: 9, Shape: []int32{3}}},
		{&Capture{Node: 1, Tensor: 77}, &trace.Tensor{Index: 77}},
		{&Capture{Node: 77, Tensor: 5}, &trace.Tensor{Index: 5}},
	} {
		if diff := cmp.Diff(c.want, file.Tensor(c.capture), protocmp.Transform()); diff != "" {
			t.Errorf("%v: %s", c.capture, diff)
		}
	}
}

// Opening looks at no data: a file of 5 GiB, nearly all holes.
func TestOpenLarge(t *testing.T) {
	out := create(t)
	w := begin(t, out)
	const tensors, size = 5 << 10, 1 << 20
	for range tensors {
		p, err := w.Begin(&Capture{Node: 1, Tensor: 5}, size)
		must(t, err)
		p.given = size
		must(t, p.Finish(""))
	}
	must(t, w.Close(nil, &trace.End{}))
	var f *File
	allocated := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var err error
			f, err = Open(out.Name())
			must(t, err)
			must(t, f.Close())
		}
	})
	if len(f.Captures) != tensors || f.Cut != "" || len(f.Captures[tensors-1].Data) != size {
		t.Errorf("%d captures, cut %q", len(f.Captures), f.Cut)
	}
	if allocated.AllocedBytesPerOp() > 2000*tensors {
		t.Errorf("%d bytes allocated for %d records", allocated.AllocedBytesPerOp(), tensors)
	}
	t.Logf("opened %d MiB in %d records: %v, %v", w.Bytes()>>20, tensors, allocated, allocated.MemString())
}

// Going through a file gives back what was read, and what was given back can be read again.
func TestRelease(t *testing.T) {
	out := create(t)
	w := begin(t, out)
	data := sequence(3 << 20)
	for range 10 {
		must(t, w.Add(&Capture{}, data))
	}
	must(t, w.Close(nil, &trace.End{}))
	f, err := Open(out.Name())
	must(t, err)
	defer f.Close()
	n := 0
	for range 2 {
		for c := range f.All() {
			n++
			if !bytes.Equal(c.Data, data) {
				t.Error("it isn't what was written")
			}
			f.Release(c.Data)
			f.Release(nil)
		}
	}
	for range f.All() {
		break
	}
	if n != 20 {
		t.Errorf("%d captures", n)
	}
}
