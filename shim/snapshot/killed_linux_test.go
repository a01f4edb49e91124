package snapshot

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// writeForever is the environment variable that makes this test a process that writes until it is killed.
const writeForever = "EDGEXRAY_TEST_WRITE_FOREVER"

// A writer that is killed, at whatever point, leaves a file whose captures are whole but for the last one.
func TestKilledProcess(t *testing.T) {
	if path := os.Getenv(writeForever); path != "" {
		writeUntilKilled(t, path)
	}
	for round := range 10 {
		path := filepath.Join(t.TempDir(), "killed.tensors")
		writer := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
		writer.Env = append(os.Environ(), writeForever+"="+path)
		must(t, writer.Start())
		for size := int64(round) * 1_234_567; ; {
			if info, err := os.Stat(path); err == nil && info.Size() > size {
				break
			}
		}
		must(t, writer.Process.Kill())
		if err := writer.Wait(); err == nil {
			t.Fatal("the writer ended by itself")
		}
		f, err := Open(path)
		must(t, err)
		if f.Cut == "" {
			t.Error("the file isn't cut")
		}
		for i, c := range f.Captures {
			if c.Data == nil && i < len(f.Captures)-1 && c.Invoke%2 == 0 {
				t.Errorf("capture %d of %d: %s", i, len(f.Captures), c.Missing)
			}
			if c.Data != nil && !bytes.Equal(c.Data, sequence(100_000)) {
				t.Errorf("capture %d isn't what was written", i)
			}
		}
		must(t, f.Close())
	}
}

// writeUntilKilled adds captures, every other one in pieces.
func writeUntilKilled(t *testing.T, path string) {
	out, err := os.Create(path)
	must(t, err)
	w := begin(t, out)
	data := sequence(100_000)
	for invoke := uint64(0); ; invoke += 2 {
		p, err := w.Begin(&Capture{Invoke: invoke + 1}, uint64(len(data)))
		must(t, err)
		_, err = p.WriteAt(data[50_000:], 50_000)
		must(t, err)
		must(t, w.Add(&Capture{Invoke: invoke}, data))
		_, err = p.WriteAt(data[:50_000], 0)
		must(t, err)
		must(t, p.Finish(""))
		if w.Bytes() > 1<<30 {
			panic(fmt.Sprint("nobody killed me: ", w.Bytes()))
		}
	}
}
