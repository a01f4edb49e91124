package bpf

import (
	"errors"
	"testing"

	"github.com/cilium/ebpf"
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

// What cpufreq says is kept for the core that it is about. No Linux in a virtual machine says any.
func TestFrequency(t *testing.T) {
	programs, err := Load(Options{Variant: Address, Follow: Follow{Frequency: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer programs.Close()
	if err := errors.Join(programs.SetFrequency(2, 1000), programs.SetFrequency(3, 2000), programs.SetFrequency(MaxCPUs, 1)); err != nil {
		t.Fatal(err)
	}
	arguments := []uint64{1_500_000, 3} // frequency, cpu_id
	if _, err := programs.FrequencyChanged.Run(&ebpf.RunOptions{Context: arguments}); err != nil {
		t.Fatal(err)
	}
	for cpu, want := range map[uint32]uint32{2: 1000, 3: 1_500_000, 4: 0} {
		var khz uint32
		if err := programs.collection.Maps["frequencies"].Lookup(cpu, &khz); err != nil || khz != want {
			t.Errorf("core %d has %d kHz, %v; want %d", cpu, khz, err, want)
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
