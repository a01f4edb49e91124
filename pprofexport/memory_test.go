package pprofexport

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/pprof/profile"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

func openSample(t *testing.T) *trace.Reader {
	t.Helper()
	var file bytes.Buffer
	if err := tracetest.Sample(&file); err != nil {
		t.Fatal(err)
	}
	r, err := trace.NewReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func memorySample(t *testing.T) *profile.Profile {
	t.Helper()
	p, err := Memory(openSample(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What each sample type adds up to.
func TestMemorySums(t *testing.T) {
	ops, err := analyze.Ops(openSample(t), analyze.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got, want [4]int64
	for _, m := range ops.Models {
		want[0] += int64(m.Memory.Peak)
		want[1] += int64(m.Memory.Weights)
		for _, op := range m.Ops {
			want[2] += int64(op.Memory.Read * op.Count)
			want[3] += int64(op.Memory.Written * op.Count)
		}
	}
	for _, s := range memorySample(t).Sample {
		for i := range got {
			got[i] += s.Value[i]
		}
	}
	if got != want || slices.Contains(got[:], 0) {
		t.Errorf("samples add up to %d, want %d", got, want)
	}
}

func TestMemorySamples(t *testing.T) {
	const conv = "tflite::ops::builtin::conv::Eval<(tflite::ops::builtin::conv::KernelType)2>"
	p := memorySample(t)
	cases := []struct {
		frames []string
		tensor string
		values []int64
	}{
		{[]string{"ssd.tflite", "inputs"}, "image", []int64{64 * 32 * 3 * 4, 0, 0, 0}},
		{[]string{"ssd.tflite", "subgraph 0 main", "CONV_2D", "CONV_2D #0 features/Relu6", conv}, "features/Relu6", []int64{32 * 16 * 8 * 4, 0, 0, 0}},
		{[]string{"ssd.tflite", "subgraph 0 main", "CONV_2D", "CONV_2D #0 features/Relu6", conv}, "features/weights", []int64{0, 864, 0, 0}},
		{[]string{"ssd.tflite", "subgraph 0 main", "IF", "IF #3 answer", "libtensorflowlite_jni.so+0xb000",
			"subgraph 1 then", "ADD", "ADD #0 answer", "libtensorflowlite_jni.so+0xc000"}, "state", []int64{40, 0, 0, 0}},
		{[]string{"ssd.tflite", "subgraph 0 main", "IF", "IF #3 answer", "libtensorflowlite_jni.so+0xb000"}, "", []int64{0, 0, 5 * 160, 5 * 4}},
	}
	for _, c := range cases {
		if !slices.ContainsFunc(p.Sample, func(s *profile.Sample) bool {
			tensor := strings.Join(s.Label["tensor"], "")
			return slices.Equal(frames(s), c.frames) && tensor == c.tensor && slices.Equal(s.Value, c.values) && s.Label["thread"] == nil
		}) {
			t.Errorf("no sample %q of tensor %q with %d", c.frames, c.tensor, c.values)
		}
	}
}

func TestMemoryGoToolPprof(t *testing.T) {
	path := filepath.Join(t.TempDir(), "memory.pb.gz")
	var file bytes.Buffer
	if err := memorySample(t).Write(&file); err != nil {
		t.Fatal(err)
	}
	write(t, path, file.Bytes())
	for _, c := range []struct{ flags, want []string }{
		{[]string{"-top"}, []string{"Type: peak_live", "94.04kB", "ssd.tflite"}},
		{[]string{"-top", "-sample_index=weights"}, []string{"Type: weights", "864B"}},
		{[]string{"-top", "-sample_index=written"}, []string{"Type: written"}},
		{[]string{"-tags", "-sample_index=peak_live"}, []string{"arena", "persistent", "image"}},
		{[]string{"-comments"}, []string{"peak_live: ", "not known of ssd.tflite: delegate nodes"}},
	} {
		got, err := exec.Command("go", append(append([]string{"tool", "pprof"}, c.flags...), path)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, got)
		}
		for _, want := range c.want {
			if !strings.Contains(string(got), want) {
				t.Errorf("%v: missing %q in\n%s", c.flags, want, got)
			}
		}
	}
}

func TestPlus(t *testing.T) {
	for _, c := range []struct {
		sum          int64
		bytes, count uint64
		want         int64
	}{{1, 2, 3, 7}, {1, 1 << 62, 2, 1<<63 - 1}, {1<<63 - 1, 1, 1, 1<<63 - 1}, {5, 1 << 63, 0, 5}} {
		if diff := cmp.Diff(c.want, plus(c.sum, c.bytes, c.count)); diff != "" {
			t.Error(diff)
		}
	}
}
