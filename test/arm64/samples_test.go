package arm64_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/test/machine"
	"github.com/edgexray/edgexray/test/parts"
	"github.com/edgexray/edgexray/trace"
)

// Samples on arm64: the programs pass each Linux's verifier, and stacks are unwound to their op's kernel. What was taken
// while Linux itself was at work can't be told before Linux 5.15.
func TestSamples(t *testing.T) {
	for _, linux := range machine.All {
		t.Run(string(linux), func(t *testing.T) {
			result := machine.Run(t, linux, machine.Options{
				Files: map[string]string{
					"/bin/edgexray":  edgexray(t),
					"/bin/bpf.test":  goTest(t, "bpf"),
					"/bin/capi":      capi(t, "arm64"),
					"/lib-2.17.1.so": parts.Path(t, "tflite-2.17.1/arm64/libtensorflowlite_c.so"),
					"/model.tflite":  modelPath(t, "face_detection_short_range"),
				},
				Script: `bpf.test -test.run LoadSampling || exit 1
edgexray record --sample 499 -o /tmp/run.xray -- capi --library /lib-2.17.1.so --model /model.tflite --invokes 5 >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
edgexray record --sample 499 -o /tmp/xnnpack.xray -- capi --library /lib-2.17.1.so --model /model.tflite --invokes 10 --xnnpack 2 >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
`,
				Out:     []string{"/tmp/run.xray", "/tmp/xnnpack.xray"},
				Timeout: 10 * time.Minute,
			})
			if result.Status != 0 {
				t.Fatalf("exit status is %d; output:\n%s", result.Status, result.Output)
			}
			for name, file := range result.Files {
				r, err := trace.NewReader(bytes.NewReader(file))
				if err != nil {
					t.Fatal(err)
				}
				ops, err := analyze.Ops(r, analyze.Options{})
				if err != nil {
					t.Fatal(err)
				}
				for cause, n := range ops.Lost {
					if cause != "samples" { // which must not crowd out ops
						t.Errorf("%s: %d ops lost: %s", name, n, cause)
					}
				}
				var all, whole, inLinux uint64
				broken := make(map[string]uint64)
				for _, s := range ops.Samples() {
					switch {
					case s.Kernel && linux == machine.Linux510:
						inLinux += s.Count
						continue
					case s.Broken == "":
						whole += s.Count
					default:
						broken[s.Broken] += s.Count
					}
					all += s.Count
				}
				t.Logf("%s: %d samples in ops, %d whole, %d in Linux, broken: %v", name, all, whole, inLinux, broken)
				if all < 50 || whole*100 < all*95 {
					t.Errorf("%s: of %d stacks %d are whole, want 95 %%", name, all, whole)
				}
			}
		})
	}
}
