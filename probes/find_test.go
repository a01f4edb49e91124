package probes

import (
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/symbolize"
	"github.com/edgexray/edgexray/test/parts"
	"github.com/google/go-cmp/cmp"
)

// runtimes are real ones, of every layout of TfLiteRegistration, with what was counted in them by hand or by their
// symbols. All but LiteRT's common library are stripped.
var runtimes = []struct {
	part    string
	records int
	invokes int // distinct functions
}{
	{"litert-2.3.0/amd64/libpywrap_litert_common.so", 227, 223},
	{"litert-2.3.0/arm64/libpywrap_litert_common.so", 227, 223},
	{"litert-2.3.0/amd64/libLiteRt.so", 224, 220},
	{"litert-2.3.0/arm64/libLiteRt.so", 224, 220},
	{"tflite-2.17.1/amd64/libtensorflowlite_c.so", 173, 170},
	{"tflite-2.17.1/arm64/libtensorflowlite_c.so", 173, 170},
	{"tflite-runtime-2.14.0/amd64/_pywrap_tensorflow_interpreter_wrapper.so", 223, 219},
	{"tflite-2.9.0/amd64/libtensorflowlite_c.so", 152, 149},
	{"tflite-2.9.0/arm64/libtensorflowlite_c.so", 152, 149},
	{"android-2.14.0/arm64-v8a/libtensorflowlite_jni.so", 162, 159},
	{"android-2.14.0/armeabi-v7a/libtensorflowlite_jni.so", 162, 159},
	{"android-2.14.0/x86/libtensorflowlite_jni.so", 162, 159},
	{"android-2.14.0/x86_64/libtensorflowlite_jni.so", 162, 159},
	{"android-2.16.1/arm64-v8a/libtensorflowlite_jni.so", 173, 170},
	{"android-2.16.1/armeabi-v7a/libtensorflowlite_jni.so", 173, 170},
	{"android-2.16.1/x86/libtensorflowlite_jni.so", 173, 170},
	{"android-2.16.1/x86_64/libtensorflowlite_jni.so", 173, 170},
}

func find(t testing.TB, path string) *Library {
	t.Helper()
	f, err := symbolize.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l, err := FindKernels(f)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func kernelsOf(l *Library, role Role) []Kernel {
	return slices.DeleteFunc(slices.Clone(l.Kernels), func(k Kernel) bool { return k.Role != role })
}

func TestFindKernelsInRealRuntimes(t *testing.T) {
	for _, r := range runtimes {
		l := find(t, parts.Path(t, r.part))
		records, delegates := 0, 0
		invokes := kernelsOf(l, Invoke)
		for _, k := range invokes {
			records += k.Records
			if k.Name == "TfLiteXNNPackDelegate" {
				delegates++
			}
		}
		if records != r.records || len(invokes) != r.invokes || delegates != 1 {
			t.Errorf("%s: %d records, %d invoke functions, %d XNNPACK delegates, want %d, %d, 1", r.part, records, len(invokes), delegates, r.records, r.invokes)
		}
		if len(kernelsOf(l, Prepare)) == 0 || len(kernelsOf(l, Init)) == 0 {
			t.Errorf("%s: no prepare or no init function", r.part)
		}
	}
}

// TestFindKernelsIsTrue compares with the symbols of the only real runtime that has them: every registration is a
// function-local "r" of a Register_X, but for the delegate's and the stub's.
func TestFindKernelsIsTrue(t *testing.T) {
	kernel := regexp.MustCompile(`Eval|Invoke|tflite::ops::(builtin|custom)::`)
	prepare := regexp.MustCompile(`Prepare|lsh_projection::Resize`)
	for _, part := range []string{"litert-2.3.0/amd64", "litert-2.3.0/arm64"} {
		path := parts.Path(t, part+"/libpywrap_litert_common.so")
		l := find(t, path)
		records := 0
		for _, k := range kernelsOf(l, Invoke) {
			records += k.Records
		}
		if want := countRegistrations(t, path) + 2; records != want {
			t.Errorf("%s: %d records, want %d", part, records, want)
		}
		for _, k := range l.Kernels {
			switch {
			case k.Symbol == "" || k.Size == 0:
				t.Errorf("%s: no symbol or no extent: %+v", part, k)
			case k.Role == Invoke && !kernel.MatchString(k.Symbol):
				t.Errorf("%s: %s isn't named like a kernel", part, k.Symbol)
			case k.Role == Prepare && !prepare.MatchString(k.Symbol):
				t.Errorf("%s: %s isn't named like a prepare function", part, k.Symbol)
			case k.Role == Init && !strings.Contains(k.Symbol, "Init"):
				t.Errorf("%s: %s isn't named like an init function", part, k.Symbol)
			}
		}
	}
}

func countRegistrations(t *testing.T, path string) int {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, s := range symbols {
		if strings.Contains(s.Name, "Register_") && strings.HasSuffix(s.Name, "E1r") {
			n++
		}
	}
	return n
}

func TestFindKernelsIgnoresSymbols(t *testing.T) {
	original := parts.Path(t, "litert-2.3.0/amd64/libpywrap_litert_common.so")
	want := find(t, original)
	for _, option := range []string{"--strip-all", "--strip-sections"} {
		stripped := filepath.Join(t.TempDir(), "stripped.so")
		if out, err := exec.Command("llvm-strip-16", option, "-o", stripped, original).CombinedOutput(); err != nil {
			t.Fatalf("llvm-strip-16: %v\n%s", err, out)
		}
		got := find(t, stripped)
		if diff := cmp.Diff(offsets(want), offsets(got)); diff != "" {
			t.Errorf("%s changed what is found (-unstripped +stripped):\n%s", option, diff)
		}
	}
}

// offsets drops the symbols, and keeps all else.
func offsets(l *Library) []Kernel {
	kernels := slices.Clone(l.Kernels)
	for i := range kernels {
		kernels[i].Symbol = ""
	}
	return kernels
}

func TestFindKernelsInEveryKindOfFile(t *testing.T) {
	paths, err := filepath.Glob("../symbolize/testdata/*.so")
	if err != nil || len(paths) < 10 {
		t.Fatalf("found %d test libraries: %v", len(paths), err)
	}
	for _, path := range append(paths, "../symbolize/testdata/amd64.exe") {
		l := find(t, path)
		names := map[Role]int{}
		for _, k := range l.Kernels {
			names[k.Role] += k.Records
		}
		// testdata/kernels.c: five ops and a delegate; three of them have init. Two records overlap in its decoy.
		if diff := cmp.Diff(map[Role]int{Invoke: 6, Prepare: 6, Init: 3}, names); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		if len(l.Suspects) != 2 {
			t.Errorf("%s: suspects %v, want the decoy's two records", path, l.Suspects)
		}
	}
}

func TestFindKernelsFindsNoneElsewhere(t *testing.T) {
	self, err := os.Executable() // It mentions TFLite, and Go's tables of functions look alike.
	if err != nil {
		t.Fatal(err)
	}
	files := []string{self, parts.Path(t, "litert-2.3.0/amd64/libLiteRtWebGpuAccelerator.so")}
	python := filepath.Dir(filepath.Dir(parts.Python(t)))
	err = filepath.WalkDir(python, func(path string, d os.DirEntry, err error) error {
		if strings.Contains(path, "numpy") && strings.HasSuffix(path, ".so") {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) < 10 {
		t.Fatalf("found %d libraries without TFLite: %v", len(files), err)
	}
	for _, path := range files {
		f, err := symbolize.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := FindKernels(f); !errors.Is(err, ErrNoKernels) {
			t.Errorf("%s: error %v, want ErrNoKernels", path, err)
		}
		f.Close()
	}
}

func TestJudge(t *testing.T) {
	row := func(addresses ...uint64) (records []registration) {
		for _, a := range addresses {
			records = append(records, registration{address: a})
		}
		return records
	}
	named := func(name string, address uint64) registration { return registration{address: address, name: name} }
	for _, c := range []struct {
		says       string
		candidates []registration
		want       []uint64
	}{
		{"nothing", nil, nil},
		{"too few side by side", row(0x1000, 0x1058, 0x10b0), nil},
		{"scattered", row(0x1000, 0x2000, 0x3000, 0x4000, 0x5000), nil},
		{"a stride that no version has", row(0x1000, 0x1080, 0x1100, 0x1180), nil},
		{"a row", row(0x1000, 0x1058, 0x10b0, 0x1108), []uint64{0x1000, 0x1058, 0x10b0, 0x1108}},
		{"the older stride", row(0x1000, 0x1040, 0x1080, 0x10c0), []uint64{0x1000, 0x1040, 0x1080, 0x10c0}},
		{"overlapped in a row", row(0x1000, 0x1058, 0x1060, 0x10b0, 0x1108), []uint64{0x1000, 0x1058, 0x10b0, 0x1108}},
		{"overlaps outside of it", row(0x1000, 0x1058, 0x10b0, 0x1108, 0x1200, 0x1208), []uint64{0x1000, 0x1058, 0x10b0, 0x1108}},
		{"a lone one near", row(0x1000, 0x1058, 0x10b0, 0x1108, 0x1200), []uint64{0x1000, 0x1058, 0x10b0, 0x1108, 0x1200}},
		{"a lone one far", row(0x1000, 0x1058, 0x10b0, 0x1108, 0x9000), []uint64{0x1000, 0x1058, 0x10b0, 0x1108}},
		{"a short row far", row(0x1000, 0x1058, 0x10b0, 0x1108, 0x9000, 0x9058), []uint64{0x1000, 0x1058, 0x10b0, 0x1108, 0x9000, 0x9058}},
		{"a delegate far", append(row(0x1000, 0x1058, 0x10b0, 0x1108), named("TfLiteXNNPackDelegate", 0x9000)), []uint64{0x1000, 0x1058, 0x10b0, 0x1108, 0x9000}},
		{"another name far", append(row(0x1000, 0x1058, 0x10b0, 0x1108), named("epsilon", 0x9000)), []uint64{0x1000, 0x1058, 0x10b0, 0x1108}},
	} {
		records, suspects := judge(c.candidates, layouts[8])
		var got []uint64
		for _, r := range records {
			got = append(got, r.address)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.says, diff)
		}
		if c.want != nil && len(records)+len(suspects) != len(c.candidates) {
			t.Errorf("%s: %d records and %d suspects of %d candidates", c.says, len(records), len(suspects), len(c.candidates))
		}
	}
}

func BenchmarkFindKernels(b *testing.B) {
	for _, part := range []string{"litert-2.3.0/amd64/libpywrap_litert_common.so", "tflite-2.17.1/arm64/libtensorflowlite_c.so", "android-2.14.0/arm64-v8a/libtensorflowlite_jni.so"} {
		path := parts.Path(b, part)
		b.Run(part, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				find(b, path)
			}
		})
	}
}
