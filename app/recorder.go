package app

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/cilium/ebpf"
	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"github.com/edgexray/edgexray/trace"
)

// NewHeader describes this device and a recording that begins now; recorder is its name and version.
func NewHeader(recorder string) *trace.Header {
	header := &trace.Header{
		Recorder:     recorder,
		CommandLine:  os.Args,
		Linux:        LinuxRelease(),
		Architecture: runtime.GOARCH,
		StartNs:      Now(),
		StartUnixNs:  time.Now().UnixNano(),
		Cpus:         uint32(runtime.NumCPU()),
		Cores:        Cores(),
	}
	header.Hostname, _ = os.Hostname()
	return header
}

// LinuxRelease returns Linux's version and the machine's type, or "".
func LinuxRelease() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return ""
	}
	return fmt.Sprintf("%s %s", unix.ByteSliceToString(name.Release[:]), unix.ByteSliceToString(name.Machine[:]))
}

// Cores describes the processor cores as far as Linux does.
func Cores() []*trace.Core {
	n, err := ebpf.PossibleCPU()
	if err != nil {
		return nil
	}
	list := make([]*trace.Core, n)
	for i := range list {
		number := func(file string) uint64 {
			b, _ := os.ReadFile(filepath.Join("/sys/devices/system/cpu", "cpu"+strconv.Itoa(i), file))
			v, _ := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
			return v
		}
		list[i] = &trace.Core{Capacity: uint32(number("cpu_capacity")), MaxKhz: number("cpufreq/cpuinfo_max_freq"), Khz: number("cpufreq/scaling_cur_freq")}
	}
	return list
}

// Now is CLOCK_MONOTONIC in ns, the clock of the records.
func Now() uint64 {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return uint64(t.Nano())
}

// OwnCost is what the recorder itself used: CPU time in ns, and the largest resident size in bytes. Linux's usage of resources
// has that of the process that started us, too, when it was larger.
func OwnCost() (cpuNS, maxRSS uint64) {
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) != nil {
		return 0, 0
	}
	maxRSS = uint64(usage.Maxrss) << 10
	if self, err := procfs.Self(); err == nil {
		if status, err := self.NewStatus(); err == nil {
			maxRSS = status.VmHWM
		}
	}
	return uint64(usage.Utime.Nano() + usage.Stime.Nano()), maxRSS
}
