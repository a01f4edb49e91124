package probes

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"

	"github.com/cilium/ebpf/link"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/symbolize"
)

// FindMarkers returns where probes on a file's markers go: one place for each executable or library that went into it, none
// for a file that marks nothing. A note that can't be true gives no place, and the error says why.
func FindMarkers(f *symbolize.File) ([]Point, error) {
	marks, err := f.Marks()
	errs := []error{err}
	var points []Point
	for _, m := range marks {
		if err := markerSite(f, m.Probe); err != nil {
			errs = append(errs, err)
			continue
		}
		if !f.InOnePage(m, uint64(os.Getpagesize())) {
			errs = append(errs, fmt.Errorf("%s looks for listeners in a page that may be in memory twice while it is loaded: what it marks is sure to be recorded only if it runs already (build it with this version of edgexray.h)", f))
		}
		points = append(points, Point{Role: Marker, Offset: uint64(m.ProbeOffset), RefCount: uint64(m.HookOffset)})
	}
	return points, errors.Join(errs...)
}

// markerInstructions are those that edgexray.h has for the probe: a nop of one byte, and a ret. Every Linux emulates them.
var markerInstructions = map[elf.Machine][]byte{elf.EM_X86_64: {0x90}, elf.EM_AARCH64: {0xc0, 0x03, 0x5f, 0xd6}}

// markerSite returns why a probe can't go where a note wants it.
func markerSite(f *symbolize.File, address uint64) error {
	want := markerInstructions[f.Machine]
	code, err := f.Code(address, len(want))
	if err == nil && (len(want) == 0 || !bytes.Equal(code, want)) {
		err = fmt.Errorf("% x where % x should be", code, want)
	}
	if err != nil {
		return fmt.Errorf("probe the markers in %s at %#x: %w (built with another version of edgexray.h, or damaged)", f, address, err)
	}
	return nil
}

// AttachMarkers puts probes at points that FindMarkers found in the file at path. As long as they are there Linux counts
// them where the app looks whether anybody listens, in every process that maps the file; it also takes them back when
// their owner is killed.
func AttachMarkers(method Method, programs *bpf.Programs, path string, points []Point) (*Attachment, error) {
	file, err := link.OpenExecutable(path)
	if err != nil {
		return nil, fmt.Errorf("open %s for probing: %w", path, err)
	}
	a := &Attachment{attacher: attacher{file: file, path: path, method: method, programs: programs}}
	a.others = a.attach(programs.Marker, points, false)
	a.Attached = len(points) - len(a.Refused)
	if len(points) > 0 && a.Attached == 0 {
		return nil, fmt.Errorf("attach to the markers in %s by %s: %w", path, method, a.Refused[0].Err)
	}
	return a, nil
}
