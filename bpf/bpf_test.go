package bpf

import (
	"testing"

	"github.com/cilium/ebpf/rlimit"
)

// The verifier of the Linux that runs the test takes the programs of every variant; the newest helpers are in Multi.
func TestLoad(t *testing.T) {
	if err := rlimit.RemoveMemlock(); err != nil {
		t.Fatal(err)
	}
	for _, variant := range []Variant{Multi, Cookie, Address} {
		for _, options := range []Options{{Variant: variant}, {Variant: variant, OnlyTargets: true, StopSignal: 23, RingBytes: 1 << 16, Sample: true}, {Variant: variant, Heap: true}} {
			programs, err := Load(options)
			if err != nil {
				t.Errorf("%+v: %v", options, err)
				continue
			}
			for _, cause := range Causes {
				if n, err := programs.Count(cause.Counter); err != nil || n != 0 {
					t.Errorf("%s: %d, %v after loading", cause.Name, n, err)
				}
			}
			if size := programs.Ring.MaxEntries(); options.RingBytes != 0 && int(size) != options.RingBytes {
				t.Errorf("ring buffer has %d bytes, want %d", size, options.RingBytes)
			}
			if err := programs.Reset(); err != nil {
				t.Error(err)
			}
			if err := programs.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestDecodeRefusesDamage(t *testing.T) {
	op := make([]byte, opBytes)
	op[0] = byte(programsRecordTypeRECORD_OP)
	if r, err := Decode(op); err != nil {
		t.Errorf("op: %v", err)
	} else if _, ok := r.(*OpRecord); !ok {
		t.Errorf("op: decoded as %T", r)
	}
	for _, sample := range [][]byte{nil, make([]byte, 7), make([]byte, 8), op[:opBytes-1]} {
		if r, err := Decode(sample); err == nil {
			t.Errorf("%d bytes: decoded as %T", len(sample), r)
		}
	}
}
