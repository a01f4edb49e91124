package probes

import (
	"encoding/binary"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCalibrationSites(t *testing.T) {
	for file, want := range map[string][]CalibrationSite{
		"calibration/target_amd64": {
			{Class: Push, Instruction: "push %rbp"},
			{Class: Nop, Instruction: "nopl (%rax)"},
			{Class: Branch, Instruction: "jmp 0x210182"},
			{Class: Stepped, Instruction: "lea 0x8(%rdi),%rax"},
		},
		"calibration/target_arm64": {
			{Class: Branch, Instruction: "adrp x8, .+0x0"},
			{Class: Nop, Instruction: "nop"},
			{Class: Stepped, Instruction: "sub sp, sp, #0x10"},
			{Class: Stepped, Instruction: "stp x29, x30, [sp,#-16]!"},
		},
	} {
		program, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := calibrationSites(program)
		if err != nil {
			t.Fatal(err)
		}
		previous := uint64(0)
		for i := range got {
			if got[i].FileOffset <= previous || got[i].FileOffset >= uint64(len(program)) {
				t.Errorf("%s: site %d at offset %#x, behind one at %#x, of %d bytes", file, i, got[i].FileOffset, previous, len(program))
			}
			previous, got[i].FileOffset = got[i].FileOffset, 0
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", file, diff)
		}
	}
}

func TestCalibrationTarget(t *testing.T) {
	target, err := NewCalibrationTarget()
	if err != nil {
		t.Fatal(err)
	}
	perCall, err := target.Measure(3, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if len(perCall) != len(target.Sites()) || slices.Min(perCall) <= 0 {
		t.Errorf("ns per call: %v, want %d positive numbers", perCall, len(target.Sites()))
	}
	for _, round := range [][2]int{{-1, 1}, {len(target.Sites()), 1}, {0, 0}} {
		if _, err := target.Round(round[0], round[1]); err == nil {
			t.Errorf("round of site %d with %d calls was run", round[0], round[1])
		}
	}
	if err := target.Close(); err != nil {
		t.Error(err)
	}
	if _, err := target.Round(0, 1); err == nil {
		t.Error("round after Close was run")
	}
}

// Probes attached to a running target by its path must see every call. Root and Linux 6.6.
func TestCalibrationTargetUnderProbes(t *testing.T) {
	target, err := NewCalibrationTarget()
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	var offsets []uint64
	for _, site := range target.Sites() {
		offsets = append(offsets, site.FileOffset)
	}
	seen := newCounts(t, len(offsets))
	attachCounter(t, seen, target.Path(), offsets, onReturn)
	attachCounter(t, seen, target.Path(), offsets, onEntry)
	const rounds, calls = 3, 50
	if _, err := target.Measure(rounds, calls); err != nil {
		t.Fatal(err)
	}
	for i, site := range target.Sites() {
		if got, want := seen.at(t, i), (counts{Entries: rounds * calls, Returns: rounds * calls}); got != want {
			t.Errorf("`%s`: saw %+v, want %+v", site.Instruction, got, want)
		}
	}
}

// The temporary file, too, must be a program.
func TestTemporaryTarget(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	program, err := writeTemporary(calibrationProgram)
	if err != nil {
		t.Fatal(err)
	}
	sites, err := calibrationSites(calibrationProgram)
	if err != nil {
		t.Fatal(err)
	}
	target := &CalibrationTarget{program: program, sites: sites}
	if err := target.start(); err != nil {
		t.Fatal(err)
	}
	if _, err := target.Measure(1, 10); err != nil {
		t.Error(err)
	}
	if err := target.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(target.Path()); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", target.Path(), err)
	}
}

// A target that dies is an error, not a hang.
func TestCalibrationTargetDies(t *testing.T) {
	target, err := NewCalibrationTarget()
	if err != nil {
		t.Fatal(err)
	}
	unknown := binary.LittleEndian.AppendUint64(nil, uint64(len(target.Sites()))) // makes it end
	if _, err := target.stdin.Write(unknown); err != nil {
		t.Fatal(err)
	}
	if _, err := target.Round(0, 1); err == nil {
		t.Error("a dead target ran a round")
	}
	if err := target.Close(); err != nil {
		t.Error(err)
	}
}
