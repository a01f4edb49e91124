package test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/test/parts"
)

func TestWakeword(t *testing.T) {
	command := []string{parts.Python(t), apps.Script(t, "wakeword.py"), apps.Speech(t, "okay nabu. okay nabu")}
	alone, err := exec.Command(command[0], command[1:]...).Output()
	if err != nil {
		t.Fatal(err)
	}
	r := recordCommand(t, command)
	var want, got struct {
		Heard        bool
		WindowsHeard int `json:"windows_heard"`
		Invokes      int
	}
	decode(t, string(alone), &want)
	decode(t, r.stdout, &got)
	if diff := cmp.Diff(want, got); diff != "" || !got.Heard {
		t.Errorf("the app heard (-alone +recorded):\n%s\nand must have heard its word", diff)
	}
	result := r.ops(t)
	wantNothingLost(t, result)
	m := result.model(t)
	if m.Invokes != want.Invokes || m.InvokesPartial != 0 || m.Name != "okay_nabu.tflite" || m.OpsPerInvoke != 61 {
		t.Errorf("%d invokes (%d partial) of %d ops of %s; want %d of 61 of okay_nabu.tflite",
			m.Invokes, m.InvokesPartial, m.OpsPerInvoke, m.Name, want.Invokes)
	}
}

// What a library calls its functions must not matter.
func TestStrippedLibrary(t *testing.T) {
	original, stripped := t.TempDir(), t.TempDir()
	for _, dir := range []string{original, stripped} {
		run(t, "cp", "-a", litertPackage(t), dir)
	}
	const file = "ai_edge_litert/libpywrap_litert_common.so"
	run(t, "llvm-strip", "--strip-all", filepath.Join(stripped, file))

	discover := func(dir string) (d discoveryJSON) {
		command := edgexray(t, "discover", "--json", filepath.Join(dir, file))
		command.Env = append(command.Env, "XDG_CACHE_HOME="+t.TempDir()) // where no ops have been learned yet
		readJSON(t, command, &d)
		return d
	}
	with, without := discover(original).Libraries[0].Kernels, discover(stripped).Libraries[0].Kernels
	named := 0
	for i := range with {
		if with[i].Symbol != "" {
			named++
		}
		with[i].Symbol = ""
	}
	for i := range without {
		if without[i].Symbol != "" {
			t.Errorf("symbol %s in a stripped library", without[i].Symbol)
		}
	}
	if named < len(with)*9/10 || len(with) < 220 {
		t.Errorf("%d of %d kernels have a symbol, want nearly all of more than 220", named, len(with))
	}
	if diff := cmp.Diff(with, without); diff != "" {
		t.Errorf("entry points (-with symbols +stripped):\n%s", diff)
	}

	for _, resolver := range []string{"builtin", "default"} {
		recorded := func(dir string) modelJSON {
			app := append([]string{"env", "PYTHONPATH=" + dir}, litert(t, model(t, "okay_nabu"), "--resolver", resolver)...)
			result := recordCommand(t, app).ops(t)
			wantNothingLost(t, result)
			m := result.model(t)
			if want := filepath.Join(dir, file); m.Runtime.Path != want {
				t.Fatalf("the runtime is %s, want %s", m.Runtime.Path, want)
			}
			m.Ops = append(m.Ops, m.Operators...)
			for i := range m.Ops { // what may differ
				op := &m.Ops[i]
				op.Kernel, op.Wall, op.SelfNS, op.Share, op.ProbeCost, op.Paid, op.Causes = "", wallJSON{}, 0, 0, 0, paidJSON{}, nil
			}
			return m
		}
		if diff := cmp.Diff(recorded(original).Ops, recorded(stripped).Ops); diff != "" {
			t.Errorf("%s: ops (-with symbols +stripped):\n%s", resolver, diff)
		}
	}
}

// litertPackage returns the folder of the installed LiteRT package.
func litertPackage(t testing.TB) string {
	t.Helper()
	pattern := filepath.Join(filepath.Dir(parts.Python(t)), "../lib/python3*/site-packages/ai_edge_litert")
	installed, err := filepath.Glob(pattern)
	if err != nil || len(installed) != 1 {
		t.Fatalf("find %s: %q, %v", pattern, installed, err)
	}
	return installed[0]
}

func run(t testing.TB, args ...string) {
	t.Helper()
	if output, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("run %q: %v\n%s", args, err, output)
	}
}
