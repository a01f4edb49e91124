package npy

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/test/parts"
)

func TestWriteRead(t *testing.T) {
	for _, a := range []Array{
		{"<f4", []int64{1, 2, 3}, make([]byte, 24)},
		{"|u1", []int64{5}, []byte("hello")},
		{"<i2", nil, []byte{1, 2}},
	} {
		var file bytes.Buffer
		if err := Write(&file, a); err != nil {
			t.Fatal(err)
		}
		if at := file.Len() - len(a.Data); at%64 != 0 {
			t.Errorf("%v: its elements begin at %d", a.Shape, at)
		}
		got, err := Read(&file, 100)
		if err != nil || got.Type != a.Type || !slices.Equal(got.Shape, a.Shape) || !bytes.Equal(got.Data, a.Data) {
			t.Errorf("of %v came %v, %v", a, got, err)
		}
	}
}

// TestNumPy hands arrays to NumPy and back.
func TestNumPy(t *testing.T) {
	const script = `import sys, io, numpy as np
a = np.load(io.BytesIO(sys.stdin.buffer.read()))
np.save(sys.stdout.buffer, (a * 2 + 1).astype("<i4").reshape(3, -1))`
	var file bytes.Buffer
	if err := Write(&file, Array{"|u1", []int64{2, 3}, []byte{0, 1, 2, 3, 4, 5}}); err != nil {
		t.Fatal(err)
	}
	python := exec.Command(parts.Python(t), "-c", script)
	python.Stdin = &file
	output, err := python.Output()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(output), 1000)
	want := []byte{1, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 7, 0, 0, 0, 9, 0, 0, 0, 11, 0, 0, 0}
	if err != nil || got.Type != "<i4" || !slices.Equal(got.Shape, []int64{3, 2}) || !bytes.Equal(got.Data, want) {
		t.Errorf("it is %v, %v", got, err)
	}
}

func TestReadRefuses(t *testing.T) {
	file := func(header string, data int) string {
		return "\x93NUMPY\x01\x00" + string([]byte{byte(len(header)), 0}) + header + strings.Repeat("x", data)
	}
	for name, c := range map[string]struct{ file, why string }{
		"text":         {"1,2,3\n4,5,6\n", "no .npy file"},
		"empty":        {"", "no .npy file"},
		"cut off":      {file("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 11), "has 12 bytes"},
		"too long":     {file("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 13), "has 12 bytes"},
		"big-endian":   {file("{'descr': '>f4', 'fortran_order': False, 'shape': (3,), }", 12), "big-endian"},
		"column-major": {file("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 3), }", 12), "columns come first"},
		"fields":       {file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }", 12), "an array of numbers"},
		"huge":         {file("{'descr': '<f4', 'fortran_order': False, 'shape': (99999, 99999, 99999), }", 12), "may be"},
		"overflow":     {file("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", 12), "may be"},
		"long header":  {"\x93NUMPY\x02\x00\xff\xff\xff\x7f", "claims"},
	} {
		if _, err := Read(strings.NewReader(c.file), 1<<20); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(Header("<f4", []int64{1, 2}))
	f.Add([]byte("\x93NUMPY\x03\x00\x10\x00\x00\x00{'descr': '<f4'}"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if a, err := Read(bytes.NewReader(file), 1<<16); err == nil && len(a.Data) > 1<<16 {
			t.Errorf("it has %d bytes", len(a.Data))
		}
	})
}
