package machine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/edgexray/edgexray/test/parts"
)

func TestRun(t *testing.T) {
	given := filepath.Join(t.TempDir(), "given")
	if err := os.WriteFile(given, []byte("from the host\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// More than one record of tar and one block of the disk, and not text.
	library := parts.Path(t, "tflite-2.17.1/arm64/libtensorflowlite_c.so")
	want, err := os.ReadFile(library)
	if err != nil {
		t.Fatal(err)
	}
	for linux, release := range map[Linux]string{
		Linux510: "5.10.",
		Linux61:  "6.1.",
		Linux612: "6.12.",
	} {
		t.Run(string(linux), func(t *testing.T) {
			result := Run(t, linux, Options{
				Files: map[string]string{"/data/given": given, "/data/lib.so": library},
				Script: `
					uname -rm; cat /data/given; pwd
					grep -cE ' /(proc|sys|dev|tmp|sys/fs/bpf|sys/kernel/tracing) ' /proc/mounts
					echo to stderr >&2
					mkdir a && cp /data/lib.so a/copy
					exit 7`,
				Out: []string{"/tmp/a/copy"},
			})
			lines := strings.Split(result.Output, "\n")
			if !strings.HasPrefix(lines[0], release) || !strings.HasSuffix(lines[0], " aarch64") {
				t.Errorf("uname says %q, want %s... aarch64", lines[0], release)
			}
			if got, want := strings.Join(lines[1:], "\n"), "from the host\n/tmp\n6\nto stderr\n"; got != want {
				t.Errorf("output is %q, want %q", got, want)
			}
			if result.Status != 7 {
				t.Errorf("exit status is %d, want 7", result.Status)
			}
			if got := result.Files["/tmp/a/copy"]; string(got) != string(want) {
				t.Errorf("the file came back with %d bytes, want the %d given", len(got), len(want))
			}
		})
	}
}

func TestRunFails(t *testing.T) {
	for name, test := range map[string]struct {
		options Options
		want    string // part of the error
	}{
		"Linux crashes":     {Options{Script: "echo c >/proc/sysrq-trigger"}, "sysrq: Trigger a crash"},
		"never ends":        {Options{Script: "sleep 1000", Timeout: 8 * time.Second}, "didn't power off within 8s"},
		"no output file":    {Options{Script: "echo said", Out: []string{"/tmp/none"}}, "no file /tmp/none; its output is\nsaid\n"},
		"no such host file": {Options{Files: map[string]string{"/a": "/nonexistent"}}, "add file /a: open /nonexistent"},
		"relative path":     {Options{Files: map[string]string{"a": "/dev/null"}}, `"a": the guest path isn't absolute`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run(t.Context(), Linux61, t.TempDir(), test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}
