package probes

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cilium/ebpf/features"
	"github.com/cilium/ebpf/rlimit"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/trace"
)

// ErrNotPermitted says that this Linux, or who we are on it, doesn't allow what recording needs.
var ErrNotPermitted = errors.New("this Linux does not allow it")

// Open loads programs for the first method of the ladder that works here, which is found out by using it; or for the one
// that is forced. It returns what a hit costs by that method. What else is to be attached while an app is recorded, follow
// attaches: it is called with each method's programs before they are measured, nil for nothing.
func Open(forced Method, options bpf.Options, follow func(*bpf.Programs)) (Method, *bpf.Programs, []*trace.ProbeCost, error) {
	var failures []string
	for _, method := range Methods {
		if forced != "" && method != forced {
			continue
		}
		programs, costs, err := Try(method, options, follow)
		if err == nil {
			return method, programs, costs, nil
		}
		failures = append(failures, fmt.Sprintf("%s: %v", method, err))
	}
	if len(failures) == 0 {
		return "", nil, nil, fmt.Errorf("attach method %q: no such method (one of %v)", forced, Methods)
	}
	return "", nil, nil, fmt.Errorf("attach uprobes: %w: %s (edgexray doctor says what is missing)",
		ErrNotPermitted, strings.Join(failures, "; "))
}

// Try loads the programs of one method, and proves and measures it on a program of ours, as Open does. The caller closes the programs.
func Try(method Method, options bpf.Options, follow func(*bpf.Programs)) (*bpf.Programs, []*trace.ProbeCost, error) {
	if err := rlimit.RemoveMemlock(); err != nil {
		return nil, nil, fmt.Errorf("raise the limit of locked memory, which BPF maps count against before Linux 5.11: %w (run as root)", err)
	}
	// Linux before 6.6 loads programs for uprobe_multi, and refuses them only when it is too late to tell why.
	if method == UprobeMulti {
		if err := features.HaveBPFLinkUprobeMulti(); err != nil {
			return nil, nil, err
		}
	}
	options.Variant = method.Variant()
	programs, err := bpf.Load(options)
	if err != nil {
		return nil, nil, err
	}
	if follow != nil {
		follow(programs)
	}
	costs, err := MeasureCosts(method, programs)
	if err != nil {
		return nil, nil, errors.Join(err, programs.Close())
	}
	return programs, costs, nil
}
