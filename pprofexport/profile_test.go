package pprofexport

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/pprof/profile"
)

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func sample(t *testing.T) *profile.Profile {
	t.Helper()
	p, err := Profile(openSample(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func frames(s *profile.Sample) []string {
	var names []string
	for _, l := range s.Location {
		names = append(names, l.Line[0].Function.Name)
	}
	slices.Reverse(names)
	return names
}

func TestStacks(t *testing.T) {
	p := sample(t)
	cases := []struct {
		frames []string
		thread string
		values []int64
	}{
		{[]string{"ssd.tflite", "subgraph 0 main", "CONV_2D", "CONV_2D #0 features/Relu6",
			"tflite::ops::builtin::conv::Eval<(tflite::ops::builtin::conv::KernelType)2>"}, "worker (101)", []int64{1, 2008467, 401_693}},
		{[]string{"ssd.tflite", "subgraph 0 main", "TfLiteXNNPackDelegate", "TfLiteXNNPackDelegate #4 boxes",
			"libtensorflowlite_jni.so+0xa000"}, "main (100)", []int64{4, 2_000_000, 400_000}},
		{[]string{"ssd.tflite", "subgraph 0 main", "IF", "IF #3 answer", "libtensorflowlite_jni.so+0xb000"},
			"main (100)", []int64{4, 10_000, 2000}},
		{[]string{"ssd.tflite", "subgraph 0 main", "IF", "IF #3 answer", "libtensorflowlite_jni.so+0xb000",
			"subgraph 1 then", "MyCustomOp", "MyCustomOp #1 answer", "libtensorflowlite_jni.so+0xc000"}, "main (100)", []int64{4, 240_000, 48_000}},
		{[]string{"keyword", "subgraph 0", "SOFTMAX", `SOFTMAX #1 evil\x1b[2J|name`, "libtensorflowlite_c.so+0x2000"},
			"audio (200)", []int64{4, 3600, 900}},
	}
	for _, c := range cases {
		i := slices.IndexFunc(p.Sample, func(s *profile.Sample) bool {
			return slices.Equal(frames(s), c.frames) && s.Label["thread"][0] == c.thread
		})
		if i < 0 {
			t.Errorf("no sample %q of %s", c.frames, c.thread)
			continue
		}
		if diff := cmp.Diff(c.values, p.Sample[i].Value); diff != "" {
			t.Errorf("%q: %s", c.frames, diff)
		}
	}
	wantLabels := map[string][]string{"op": {"CONV_2D"}, "node": {"0"}, "type": {"FLOAT32"}, "shape": {"1x16x16x8"},
		"thread": {"main (100)"}, "process": {"detector (100)"}}
	if !slices.ContainsFunc(p.Sample, func(s *profile.Sample) bool { return cmp.Equal(s.Label, wantLabels) }) {
		t.Errorf("no sample with labels %v", wantLabels)
	}
	if len(p.Mapping) != 2 || p.Mapping[0].BuildID != "c0ffee" || p.Mapping[0].File != "/data/app/base.apk!lib/arm64-v8a/libtensorflowlite_jni.so" {
		t.Errorf("mappings %v", p.Mapping)
	}
}

// What users see without any flags, in the pprof that comes with Go.
func TestGoToolPprof(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sample.pb.gz")
	var file bytes.Buffer
	if err := sample(t).Write(&file); err != nil {
		t.Fatal(err)
	}
	write(t, path, file.Bytes())
	cases := []struct {
		flags []string
		want  []string
	}{
		{[]string{"-top"}, []string{"File: libtensorflowlite_jni.so", "Build ID: c0ffee", "Type: wall", "lost: ring full: 5",
			"6.03ms 66.56% 66.56%     6.03ms 66.56%  tflite::ops::builtin::conv::Eval<(tflite::ops::builtin::conv::KernelType)2>",
			"0     0% 99.94%     2.50ms 27.61%  TfLiteXNNPackDelegate #4 boxes"}},
		{[]string{"-top", "-sample_index=count"}, []string{"Type: count", "10 27.03%"}},
		{[]string{"-peek", "IF"}, []string{"subgraph 0 main", "IF #3 answer"}},
		{[]string{"-tags"}, []string{"FLOAT32", "1x16x16x8", "detector (100)", "worker (101)"}},
		{[]string{"-tree"}, []string{"ssd.tflite"}},
		{[]string{"-comments"}, []string{"recorded by edgexray 0.1.0 on Linux 6.1.0 (arm64), attached with perf-cookie",
			"probe cost (emulated): 1400 ns an op, 600 ns of them in its times", "lost: op without description: 1"}},
	}
	for _, c := range cases {
		t.Run(strings.Join(c.flags, " "), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			cmd := exec.Command("go", append(append([]string{"tool", "pprof"}, c.flags...), path)...)
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v: %s", err, &stderr)
			}
			for _, want := range c.want {
				if !strings.Contains(stdout.String(), want) {
					t.Errorf("missing %q in\n%s", want, &stdout)
				}
			}
			if stderr.Len() != 0 {
				t.Errorf("pprof complains: %s", &stderr)
			}
		})
	}
}
