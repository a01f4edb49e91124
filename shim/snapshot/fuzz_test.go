package snapshot

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/edgexray/edgexray/trace"
)

// Any file can be opened or refused, in memory that is bounded by its size.
func FuzzParse(f *testing.F) {
	file := whole(f)
	f.Add(file)
	f.Add(file[:len(file)/2])
	f.Add(preamble())
	for _, damage := range []func(b []byte){
		func(b []byte) { binary.LittleEndian.PutUint32(b[preambleBytes+4:], 1<<31) },
		func(b []byte) { binary.LittleEndian.PutUint64(b[preambleBytes+8:], 1<<64-64) },
	} {
		damaged := bytes.Clone(file)
		damage(damaged)
		f.Add(damaged)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		reseal(data)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		file, err := parse(data)
		runtime.ReadMemStats(&after)
		if allocated, limit := after.TotalAlloc-before.TotalAlloc, uint64(1<<20+100*len(data)); allocated > limit && len(data) > 1000 {
			t.Errorf("%d bytes allocated for a file of %d", allocated, len(data))
		}
		if err != nil {
			return
		}
		var total int
		for _, c := range file.Captures {
			total += len(c.Data)
			described := file.Tensor(c.Capture)
			c.GetStatistics().Dequantized(described)
			if v, err := NewValues(described, c.Data); err == nil {
				Summarize(v)
				if real, ok := v.Dequantized(); ok {
					Summarize(real)
				}
			}
		}
		if total > len(data) {
			t.Errorf("%d bytes of data in a file of %d", total, len(data))
		}
	})
}

// reseal makes the checksums of a file's records right, so that what is behind them is reached.
func reseal(file []byte) {
	for at := preambleBytes; at+headerBytes <= len(file); {
		header := file[at:]
		length := uint64(binary.LittleEndian.Uint32(header[4:]))
		if length > uint64(len(header)-headerBytes) {
			return
		}
		binary.LittleEndian.PutUint32(header[16:], checksum(header, header[headerBytes:headerBytes+length]))
		r, err := nextRecord(header)
		if err != nil || r.size == 0 || r.size > uint64(len(header)) {
			return
		}
		at += int(r.size)
	}
}

// What a record claims can't make a reader allocate much more than it has.
func TestHostileNode(t *testing.T) {
	many := &trace.Node{}
	for range 10_000 {
		many.Inputs = append(many.Inputs, &trace.Tensor{})
	}
	for _, c := range []struct {
		record   *Record
		data     uint64
		readable bool
	}{
		{&Record{What: &Record_Node{many}}, 0, false},
		{&Record{What: &Record_Note{&trace.Note{}}}, 1<<64 - 64, false},
		{&Record{What: &Record_Note{&trace.Note{}}}, 1<<64 - 1, false},
		{&Record{What: &Record_Capture{&Capture{}}}, 1<<64 - 64, true},
		{&Record{What: &Record_Beginning{&Beginning{}}}, 0, false},
	} {
		file := preamble()
		for _, r := range []*Record{{What: &Record_Beginning{&Beginning{}}}, c.record} {
			b, err := appendRecord(nil, r, c.data*uint64(min(1, len(file)-preambleBytes)), true)
			must(t, err)
			file = append(file, b...)
		}
		f, err := parse(file)
		must(t, err)
		if f.Cut == "" || len(f.Nodes) != 0 || len(f.Captures) == 1 != c.readable {
			t.Errorf("%s: cut %q", c.record, f.Cut)
		}
	}
}
