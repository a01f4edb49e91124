package trace

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"
)

// A trace cut anywhere loses only the block that is cut.
func TestTruncatedAnywhere(t *testing.T) {
	var whole bytes.Buffer
	writeSmall(t, &whole)
	file := whole.Bytes()
	_, blocks, _ := readAll(t, file)
	ends := []int{preambleBytes} // of the blocks
	for range blocks {
		last := ends[len(ends)-1]
		ends = append(ends, last+headBytes+int(binary.LittleEndian.Uint32(file[last:])))
	}
	for size := range len(file) {
		if size < preambleBytes {
			if _, err := NewReader(bytes.NewReader(file[:size])); !errors.Is(err, ErrNotTrace) {
				t.Errorf("%d bytes: %v", size, err)
			}
			continue
		}
		r, got, _ := readAll(t, file[:size])
		want, cut := slices.BinarySearch(ends, size)
		if cut {
			want++
		}
		if len(got) != want-1 {
			t.Errorf("%d bytes: %d blocks, want %d", size, len(got), want-1)
		}
		if tr := r.Truncated(); tr == nil || tr.Offset != int64(ends[want-1]) {
			t.Errorf("%d bytes: truncation %v, want one at %d", size, tr, ends[want-1])
		}
	}
}

// A flipped bit anywhere is noticed.
func TestDamagedAnywhere(t *testing.T) {
	var whole bytes.Buffer
	writeSmall(t, &whole)
	for i := preambleBytes; i < whole.Len(); i++ {
		file := bytes.Clone(whole.Bytes())
		file[i] ^= 1
		r, _, _ := readAll(t, file)
		if tr := r.Truncated(); tr == nil || tr.Offset > int64(i) {
			t.Errorf("bit of byte %d flipped: truncation %v", i, tr)
		}
	}
}

func frame(payload []byte) []byte {
	f := append(make([]byte, headBytes), payload...)
	sealHead(f)
	return f
}

func compressed(t testing.TB, plain []byte) []byte {
	t.Helper()
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	return e.EncodeAll(plain, nil)
}

func encoded(t testing.TB, b *Block) []byte {
	t.Helper()
	p, err := proto.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return compressed(t, p)
}

func TestHostileBlocks(t *testing.T) {
	cases := []struct{ name, reason, frame string }{
		{"too long", "claims more than", "\xff\xff\xff\xff0000"},
		{"not zstd", "decompressed", string(frame([]byte("hello")))},
		{"bomb", "decompressed", string(frame(compressed(t, make([]byte, MaxBlock+1))))},
		{"not protobuf", "decoded", string(frame(compressed(t, []byte{0xff})))},
		{"columns differ", "differ in length", string(frame(encoded(t, &Block{Ops: []*OpBatch{{Node: []uint32{1}}}})))},
		{"depths missing", "differ in length", string(frame(encoded(t, &Block{Ops: []*OpBatch{{Node: []uint32{1, 1}, Gap: []int64{1, 1}, Duration: []int64{1, 1}, Depth: []uint32{1}}}})))},
		{"empty", "not end cleanly", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, blocks, _ := readAll(t, append(preamble(), c.frame...))
			if len(blocks) != 0 {
				t.Errorf("%d blocks", len(blocks))
			}
			if tr := r.Truncated(); tr == nil || tr.Offset != int64(preambleBytes) || !strings.Contains(tr.String(), c.reason) {
				t.Errorf("truncation %v, want %q", tr, c.reason)
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	newer := preamble()
	newer[len(Magic)] = Major + 1
	newerMinor := preamble()
	newerMinor[len(Magic)+2] = Minor + 1
	cases := []struct {
		name string
		file []byte
		want error
	}{
		{"empty", nil, ErrNotTrace},
		{"other file", []byte("\x7fELF and so on, long enough"), ErrNotTrace},
		{"newer major version", newer, ErrVersion},
		{"newer minor version", newerMinor, nil},
	}
	for _, c := range cases {
		path := filepath.Join(t.TempDir(), "x.xray")
		if err := os.WriteFile(path, c.file, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(path)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if err == nil {
			r.Close()
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestReadErrorIsNotTruncation(t *testing.T) {
	var file bytes.Buffer
	writeSmall(t, &file)
	broken := errors.New("broken")
	r, err := NewReader(io.MultiReader(bytes.NewReader(file.Bytes()[:60]), iotest.ErrReader(broken)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for r.Next() {
	}
	if !errors.Is(r.Err(), broken) || r.Truncated() != nil {
		t.Errorf("err %v, truncation %v", r.Err(), r.Truncated())
	}
}

// FuzzReader feeds files to the Reader; FuzzBlock, which gets past checksum and compression, what blocks hold.
func FuzzReader(f *testing.F) {
	var file bytes.Buffer
	writeSmall(f, &file)
	f.Add(file.Bytes())
	f.Add(preamble())
	f.Fuzz(func(t *testing.T, file []byte) {
		if r, err := NewReader(bytes.NewReader(file)); err == nil {
			r.Close()
			readAll(t, file)
		}
	})
}

func FuzzBlock(f *testing.F) {
	var file bytes.Buffer
	writeSmall(f, &file)
	_, blocks, _ := readAll(f, file.Bytes())
	for _, b := range blocks {
		plain, err := proto.Marshal(b)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(plain)
	}
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, plain []byte) {
		readAll(t, append(preamble(), frame(e.EncodeAll(plain, nil))...))
	})
}

func BenchmarkReader(b *testing.B) {
	var file bytes.Buffer
	w, err := NewWriter(&file, &Header{})
	if err != nil {
		b.Fatal(err)
	}
	mobileNet(5000, func(op Op) { w.AddOp(op) })
	if err := w.Close(&End{}); err != nil {
		b.Fatal(err)
	}
	var ops int
	for b.Loop() {
		r, err := NewReader(bytes.NewReader(file.Bytes()))
		if err != nil {
			b.Fatal(err)
		}
		for r.Next() {
			for _, batch := range r.Block().Ops {
				for range batch.All() {
					ops++
				}
			}
		}
		r.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(ops), "ns/op-record")
}
