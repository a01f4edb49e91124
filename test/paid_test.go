package test

import (
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/edgexray/edgexray/test/parts"
)

// causes returns how many of the ops name the cause, of those that are long enough to tell.
func (r recording) causes(t testing.TB, cause string) (named, all int) {
	t.Helper()
	for _, m := range r.ops(t).Models {
		for _, op := range m.Ops {
			if op.Wall.Mean < 20_000 {
				continue
			}
			all++
			for _, c := range op.Causes {
				if c.Cause == cause {
					named++
				}
			}
		}
	}
	return named, all
}

// onCore has Linux run a command on one core only.
func onCore(core string, command []string) []string {
	return append([]string{"taskset", "-c", core}, command...)
}

// undisturbed has Linux prefer a command to all others, whatever else the machine does.
func undisturbed(command []string) []string {
	return append([]string{"chrt", "--fifo", "10"}, command...)
}

// hog keeps a core busy until the test ends.
func hog(t testing.TB, core string) {
	t.Helper()
	command := exec.Command("taskset", "-c", core, "sh", "-c", "while :; do :; done")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
}

func TestHogPreempts(t *testing.T) {
	app := onCore("0", capi(t, "2.17.1", "--model", model(t, "mobilenet_v1_float"), "--invokes", "20"))
	if named, all := recordCommand(t, undisturbed(app)).causes(t, "preempted"); all == 0 || named*4 > all {
		t.Errorf("undisturbed, %d of %d ops are called preempted", named, all)
	}
	hog(t, "0")
	named, all := recordCommand(t, app).causes(t, "preempted")
	if all == 0 || named*2 < all {
		t.Errorf("with another thread on the same core, %d of %d ops are called preempted", named, all)
	}
	if blocked, _ := recordCommand(t, app).causes(t, "blocked"); blocked*10 > all {
		t.Errorf("with another thread on the same core, %d of %d ops are called blocked", blocked, all)
	}
}

func TestSleepBlocks(t *testing.T) {
	for _, test := range []struct {
		how  []string
		want bool
	}{{[]string{"--sleep", "2000"}, true}, {[]string{"--spin", "2000"}, false}} {
		app := capi(t, "2.17.1", append([]string{"--model", model(t, "custom"), "--invokes", "30", "--custom-op"}, test.how...)...)
		for _, m := range recordCommand(t, app).ops(t).Models {
			for _, op := range m.Ops {
				if !op.Custom {
					continue
				}
				blocked := slices.ContainsFunc(op.Causes, func(c causeJSON) bool { return c.Cause == "blocked" })
				if blocked != test.want {
					t.Errorf("%v: blocked is %t: %+v", test.how, blocked, op.Causes)
				}
			}
		}
	}
}

func TestColdStartFaults(t *testing.T) {
	faults := func(invokes string) (perInvoke uint64, named int) {
		r := recordCommand(t, capi(t, "2.17.1", "--model", model(t, "mobilenet_v2_float"), "--invokes", invokes))
		named, _ = r.causes(t, "faults")
		for _, m := range r.ops(t).Models {
			for _, op := range m.Ops {
				perInvoke += op.Paid.MinorFaults / uint64(m.Invokes)
			}
		}
		return perInvoke, named
	}
	cold, coldNamed := faults("1")
	warm, warmNamed := faults("200")
	// Weights and arena together are over 20 MB; Linux maps up to 16 pages of a file at a fault.
	if cold < 500 || warm*10 > cold {
		t.Errorf("%d page faults in the first invoke, %d in each of 200", cold, warm)
	}
	if coldNamed == 0 || warmNamed > 0 {
		t.Errorf("page faults are named as the cause of %d ops that ran once, and of %d that ran 200 times", coldNamed, warmNamed)
	}
}

// What ops touch for the first time becomes resident: a page at least for each fault, but for the few that Linux takes back.
func TestResident(t *testing.T) {
	app := capi(t, "2.17.1", "--model", model(t, "mobilenet_v2_float"), "--invokes", "1")
	r := recordCommand(t, app, "--follow", "faults,resident")
	var resident, faults int64
	for _, m := range r.ops(t).Models {
		for _, op := range m.Ops {
			resident += op.Paid.Resident
			faults += int64(op.Paid.MinorFaults) * int64(os.Getpagesize())
		}
	}
	t.Logf("%d KiB became resident, %d KiB were faulted in one by one", resident>>10, faults>>10)
	if faults < 4<<20 || resident < faults*95/100 || resident > 64<<20 {
		t.Errorf("%d bytes became resident, with faults of %d", resident, faults)
	}
	for _, m := range recordCommand(t, app, "--follow", "faults").ops(t).Models {
		for _, op := range m.Ops {
			if op.Paid.Resident != 0 {
				t.Errorf("%s: %d bytes became resident, which nobody asked for", op.Op, op.Paid.Resident)
			}
		}
	}
}

func TestTwoThreadsOnOneCore(t *testing.T) {
	app := capi(t, "2.17.1", "--model", model(t, "mobilenet_v1_float"), "--invokes", "20", "--workers", "2")
	named, all := recordCommand(t, onCore("0", app)).causes(t, "parallel")
	if all == 0 || named*2 < all {
		t.Errorf("two threads on one core: of %d ops %d are called not parallel", all, named)
	}
	if one, all := recordCommand(t, capi(t, "2.17.1", "--model", model(t, "mobilenet_v1_float"), "--invokes", "20")).causes(t, "parallel"); one > 0 {
		t.Errorf("one thread: of %d ops %d are called not parallel", all, one)
	}
	named, all = recordCommand(t, undisturbed(app)).causes(t, "parallel")
	t.Logf("two threads on two cores: of %d ops %d are called not parallel", all, named)
}

// A thread that runs ops of its own works for nobody else, although another thread that runs ops created it.
func TestThreadsWithOpsAreNoWorkers(t *testing.T) {
	const app = `
import sys, threading
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

def run():
    i = Interpreter(sys.argv[1], experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, num_threads=1)
    i.allocate_tensors()
    for _ in range(40):
        i.invoke()

run()
thread = threading.Thread(target=run)
thread.start()
run()
thread.join()
`
	r := recordCommand(t, []string{parts.Python(t), "-c", app, model(t, "face_landmark")})
	for _, m := range r.ops(t).Models {
		for _, op := range m.Ops {
			if op.Paid.Workers*20 > op.Wall.Sum {
				t.Errorf("%s (node %d) took %d ns, and other threads worked for it for %d ns", op.Op, op.Node, op.Wall.Sum, op.Paid.Workers)
			}
		}
	}
}

// The CPU time of all ops, over all threads, is what the process's own clock says of the time in invokes.
func TestCPUTimeAgrees(t *testing.T) {
	for _, workers := range []string{"1", "2"} {
		app := capi(t, "2.17.1", "--model", model(t, "mobilenet_v1_float"), "--invokes", "50", "--workers", workers)
		r := recordCommand(t, app)
		var printed struct {
			CPU float64 `json:"cpu_ns"`
		}
		decode(t, r.stdout, &printed)
		var sum float64
		for _, m := range r.ops(t).Models {
			for _, op := range m.Ops {
				sum += float64(op.Paid.CPU)
			}
		}
		t.Logf("%s threads: ops %.1f ms of CPU time, the process's clock %.1f ms", workers, sum/1e6, printed.CPU/1e6)
		if off := sum/printed.CPU - 1; off < -0.05 || off > 0.05 {
			t.Errorf("%s threads: off by %.1f %%", workers, 100*off)
		}
	}
}
