package bpf

import (
	"errors"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
)

// Both programs that take samples pass the verifier: the one that asks for the registers of a program in the kernel, and
// the one for a Linux that doesn't tell them.
func TestLoadSampling(t *testing.T) {
	if err := rlimit.RemoveMemlock(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sample", "sample_in_kernel"} {
		spec, err := loadPrograms()
		if err != nil {
			t.Fatal(err)
		}
		if name != "sample" && planSampling(spec, true) != name {
			t.Logf("this Linux doesn't load %s", name)
			continue
		}
		for other := range spec.Programs {
			if other != name {
				delete(spec.Programs, other)
			}
		}
		collection, err := ebpf.NewCollection(spec)
		var refused *ebpf.VerifierError
		if errors.As(err, &refused) {
			t.Errorf("%s: %+v", name, refused)
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		} else {
			collection.Close()
		}
	}
}
