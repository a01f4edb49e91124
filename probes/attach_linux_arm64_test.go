package probes

import (
	"testing"

	"github.com/cilium/ebpf/features"

	"github.com/edgexray/edgexray/bpf"
)

// A site that Linux refuses takes no other one with it, although a link or an event is refused as a whole. On arm64 code
// is aligned to 4 bytes.
func TestAttachRefused(t *testing.T) {
	for _, method := range Methods {
		if !method.Together() || method == UprobeMulti && features.HaveBPFLinkUprobeMulti() != nil {
			continue
		}
		programs, _, err := Try(method, bpf.Options{OnlyTargets: true}, nil)
		if err != nil {
			t.Fatal(err)
		}
		testRefused(t, method, programs)
		if err := programs.Close(); err != nil {
			t.Error(err)
		}
	}
}

func testRefused(t *testing.T, method Method, programs *bpf.Programs) {
	target, err := NewCalibrationTarget()
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	if err := programs.Targets.Put(uint32(target.PID()), uint32(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := target.Measure(1, 1); err != nil { // Linux only looks at instructions that somebody has mapped
		t.Fatal(err)
	}
	unaligned := Point{Role: Invoke, Offset: target.Sites()[1].FileOffset + 2, Cookie: 100}
	points := []Point{unaligned}
	for i, site := range target.Sites() {
		points = append(points, Point{Role: Invoke, Offset: site.FileOffset, Cookie: uint64(i + 1)})
	}
	attachment, err := Attach(method, programs, target.Path(), points)
	if err != nil {
		t.Fatal(err)
	}
	if len(attachment.Refused) != 1 || attachment.Refused[0].Point != unaligned || attachment.Attached != len(target.Sites()) {
		t.Errorf("%s: %d points attached, refused %+v; want %d, and %+v refused",
			method, attachment.Attached, attachment.Refused, len(target.Sites()), unaligned)
	}
	wantFiring(t, method, programs, target, len(target.Sites()))
	if err := attachment.Close(); err != nil {
		t.Error(err)
	}
	wantFiring(t, method, programs, target, 0)
}

// wantFiring calls every function of the target and checks at how many of them that was recorded.
func wantFiring(t *testing.T, method Method, programs *bpf.Programs, target *CalibrationTarget, sites int) {
	t.Helper()
	if _, err := target.Measure(1, 7); err != nil {
		t.Fatal(err)
	}
	if durations, err := recordedDurations(programs); err != nil || len(durations) != sites {
		t.Errorf("%s: probes at %d sites fired (%v), want %d", method, len(durations), err, sites)
	}
}
