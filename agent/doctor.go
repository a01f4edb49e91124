package agent

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/trace"
)

// Verdict says what a check means for recording.
type Verdict string

const (
	Works    Verdict = "works"
	Degraded Verdict = "degraded" // recording works without it, less well
	Missing  Verdict = "missing"  // recording doesn't work
)

// Check is one thing that recording depends on.
type Check struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Found   string  `json:"found"`
	Advice  string  `json:"advice,omitempty"` // what to do about it
}

// Diagnosis is what this Linux allows.
type Diagnosis struct {
	Linux        string             `json:"linux"`
	Architecture string             `json:"architecture"`
	Checks       []Check            `json:"checks"`
	ProbeCosts   []*trace.ProbeCost `json:"probe_costs"`
	CanRecord    bool               `json:"can_record"`
}

// Diagnose tries everything that a recording needs.
func Diagnose() *Diagnosis {
	d := &Diagnosis{Linux: app.LinuxRelease(), Architecture: runtime.GOARCH}
	d.privileges()
	d.security()
	d.add(d.check("BTF", fileExists("/sys/kernel/btf/vmlinux"), Works, "", "whether an op was preempted or blocked, and what its worker threads did, is not told"))
	if err := rlimit.RemoveMemlock(); err != nil {
		d.add(Check{"locked memory", Missing, err.Error(), "run as root"})
	}
	d.try("ring buffer", features.HaveMapType(ebpf.RingBuf), "Linux 5.8 or newer is needed")
	d.methods()
	d.hazards()
	d.CanRecord = !slices.ContainsFunc(d.Checks, func(c Check) bool { return c.Verdict == Missing })
	return d
}

func (d *Diagnosis) add(c Check) { d.Checks = append(d.Checks, c) }

func (d *Diagnosis) check(name string, ok bool, otherwise Verdict, found, advice string) Check {
	if ok {
		return Check{Name: name, Verdict: Works, Found: "present"}
	}
	if found == "" {
		found = "absent"
	}
	return Check{name, otherwise, found, advice}
}

func (d *Diagnosis) try(name string, err error, advice string) bool {
	if err == nil {
		d.add(Check{Name: name, Verdict: Works, Found: "tried: works"})
		return true
	}
	d.add(Check{name, Missing, "tried: " + err.Error(), advice})
	return false
}

// Capabilities that recording needs, by their bits (linux/capability.h).
var capabilities = []struct {
	name string
	bit  uint
}{{"CAP_SYS_PTRACE", 19}, {"CAP_SYS_ADMIN", 21}, {"CAP_PERFMON", 38}, {"CAP_BPF", 39}}

func (d *Diagnosis) privileges() {
	d.add(d.check("root", os.Geteuid() == 0, Degraded, fmt.Sprintf("user id %d", os.Geteuid()), "run it with su or sudo"))
	var missing []string
	effective := effectiveCapabilities()
	for _, c := range capabilities {
		if effective>>c.bit&1 == 0 {
			missing = append(missing, c.name)
		}
	}
	d.add(d.check("capabilities", len(missing) == 0, Missing, "without "+strings.Join(missing, ", "), "run it as root, outside containers that drop capabilities"))
}

func effectiveCapabilities() uint64 {
	b, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(b)) {
		if hex, found := strings.CutPrefix(line, "CapEff:"); found {
			mask, _ := strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
			return mask
		}
	}
	return 0
}

// settings that restrict BPF, perf events or ptrace even for root.
func (d *Diagnosis) security() {
	selinux := Check{Name: "SELinux", Verdict: Works, Found: "not active"}
	switch content := readLine("/sys/fs/selinux/enforce"); content {
	case "1":
		domain := strings.TrimRight(readLine("/proc/self/attr/current"), "\x00")
		selinux = Check{"SELinux", Degraded, "enforcing, in domain " + domain, "if recording is refused: setenforce 0, or a root manager whose domain is permissive"}
	case "0":
		selinux.Found = "permissive"
	}
	d.add(selinux)
	lockdown := readLine("/sys/kernel/security/lockdown")
	verdict, advice := Works, ""
	if strings.Contains(lockdown, "[confidentiality]") {
		verdict, advice = Missing, "boot without lockdown=confidentiality: it forbids BPF to read memory"
	}
	d.add(Check{"lockdown", verdict, orAbsent(lockdown), advice})
	for _, setting := range []struct{ name, path, hurts, advice string }{
		{"perf_event_paranoid", "/proc/sys/kernel/perf_event_paranoid", "", ""},
		{"unprivileged_bpf_disabled", "/proc/sys/kernel/unprivileged_bpf_disabled", "", ""},
		{"ptrace_scope", "/proc/sys/kernel/yama/ptrace_scope", "3", "`record -- CMD` can't follow the command: attach with -p, or --library"},
	} {
		value := readLine(setting.path)
		check := Check{Name: setting.name, Verdict: Works, Found: orAbsent(value)}
		if setting.hurts != "" && value == setting.hurts {
			check.Verdict, check.Advice = Degraded, setting.advice
		}
		d.add(check)
	}
}

// methods tries each way to attach for real, beside the tracepoints.
func (d *Diagnosis) methods() {
	var best probes.Method
	costs := followed{wanted: FollowAll}
	costs.wanted.Resident = true
	costs.plan()
	followed := tracepoints{mappings: true, follow: costs.bpf}
	defer followed.close()
	for _, method := range probes.Methods {
		programs, probeCosts, err := probes.Try(method, bpf.Options{Follow: costs.bpf}, followed.attach)
		if err == nil && best == "" {
			costs.attach(programs)
			d.heap(method)
			d.samples(method)
		}
		if err == nil {
			err = programs.Close()
		}
		if d.ProbeCosts == nil {
			d.ProbeCosts = probeCosts
		}
		switch {
		case err == nil && best == "":
			best = method
			d.add(Check{"attach by " + string(method), Works, "tried: works, is used", ""})
		case err == nil:
			d.add(Check{"attach by " + string(method), Works, "tried: works", ""})
		default:
			d.add(Check{"attach by " + string(method), Degraded, "tried: " + err.Error(), "a later method of the ladder is used if one works"})
		}
	}
	if best == "" {
		d.add(Check{"uprobes", Missing, "no attach method works", "Linux needs CONFIG_UPROBE_EVENTS, CONFIG_BPF_EVENTS and CONFIG_BPF_SYSCALL (zcat /proc/config.gz)"})
	}
	if best != "" && !best.Together() {
		d.add(Check{"recording within a budget (--budget)", Degraded, string(best) + " takes seconds to remove probes", "--entry-only or --only make recording cheaper"})
	}
	for _, part := range costs.describe(&followed) {
		check := Check{Name: "costs of an op: " + part.Part, Verdict: Works, Found: "tried: works"}
		if part.Missing != "" {
			check = Check{check.Name, Degraded, part.Missing, "ops are recorded without it"}
		}
		d.add(check)
	}
	defer costs.close()
	for _, tp := range followed.tried {
		if tp.err != nil {
			d.add(Check{"tracepoint " + tp.name, Degraded, "tried: " + tp.err.Error(), tp.without})
			continue
		}
		d.add(Check{Name: "tracepoint " + tp.name, Verdict: Works, Found: "tried: works"})
	}
}

// heap tries what record --heap loads. That Linux attaches to an allocator as to a runtime is not tried.
func (d *Diagnosis) heap(method probes.Method) {
	check := Check{Name: "allocations of ops (--heap)", Verdict: Works, Found: "tried: works"}
	programs, err := bpf.Load(bpf.Options{Variant: method.Variant(), Heap: true})
	if err == nil {
		err = programs.Close()
	}
	if err != nil {
		check = Check{check.Name, Degraded, "tried: " + err.Error(), "record --heap records ops without what they allocate"}
	}
	d.add(check)
}

// samples tries what record --sample loads and opens.
func (d *Diagnosis) samples(method probes.Method) {
	check := Check{Name: "samples of the code that ops run (--sample)", Verdict: Works, Found: "tried: works"}
	programs, err := bpf.Load(bpf.Options{Variant: method.Variant(), Sample: true})
	if err == nil {
		var events softwareEvents
		events.attach(unix.PERF_COUNT_SW_CPU_CLOCK, uint64(time.Second), programs.Sample)
		err = errors.Join(events.err, events.close(), programs.Close())
	}
	if err != nil {
		check = Check{check.Name, Degraded, "tried: " + err.Error(), "record --sample records ops without samples"}
	}
	d.add(check)
}

// hazards names what is known to go wrong on this Linux, so that nobody has to find out.
func (d *Diagnosis) hazards() {
	if runtime.GOARCH == "arm64" {
		d.add(Check{"literal loads", Works, "a probe on one crashes Linux 5.10, or the app", "none is ever probed: discover lists such kernels as refused"})
	}
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func readLine(path string) string {
	b, _ := os.ReadFile(path)
	return strings.TrimSpace(string(b))
}

func orAbsent(s string) string {
	if s == "" {
		return "absent"
	}
	return s
}
