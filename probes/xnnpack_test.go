package probes

import (
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/symbolize"
	"github.com/edgexray/edgexray/test/parts"
)

// Where symbols tell, they are the truth; elsewhere the offsets are those that the operators of running models showed.
func TestFindXNNPACK(t *testing.T) {
	for _, test := range []struct {
		file, symbol string
		typeOffset   uint32
		names        int
	}{
		{"litert-2.3.0/amd64/libpywrap_litert_common.so", "xnn_run_operator_with_index", 184, 129},
		{"litert-2.3.0/arm64/libpywrap_litert_common.so", "xnn_run_operator_with_index", 184, 129},
		{"litert-2.3.0/amd64/libLiteRt.so", "", 184, 129},
		{"litert-2.3.0/arm64/libLiteRt.so", "", 184, 129},
		{"litert-1.4.0/amd64/libpywrap_litert_common.so", "xnn_run_operator_with_index", 160, 108},
		{"tflite-2.17.1/amd64/libtensorflowlite_c.so", "", 1808, 159},
		{"tflite-2.17.1/arm64/libtensorflowlite_c.so", "", 584, 159},
		{"tflite-2.9.0/amd64/libtensorflowlite_c.so", "", 0, 0},
		{"tflite-2.9.0/arm64/libtensorflowlite_c.so", "", 0, 0},
		{"tflite-runtime-2.14.0/amd64/_pywrap_tensorflow_interpreter_wrapper.so", "xnn_run_operator_with_index", 1168, 134},
		{"android-2.14.0/x86_64/libtensorflowlite_jni.so", "", 1168, 134},
		{"android-2.14.0/arm64-v8a/libtensorflowlite_jni.so", "", 432, 134},
		{"android-2.16.1/arm64-v8a/libtensorflowlite_jni.so", "", 536, 155},
		{"android-2.16.1/x86_64/libtensorflowlite_jni.so", "", 2064, 155},
	} {
		t.Run(test.file, func(t *testing.T) {
			f, err := symbolize.Open(parts.Path(t, test.file))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			library, err := FindKernels(f)
			if err != nil {
				t.Fatal(err)
			}
			x, err := findXNNPACK(f, library.Kernels)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s at %#x, %d bytes, score %d, next %d; type at %d, %d names; site +%#x %s %s",
				x.Run.Symbol, x.Run.Address, x.Run.Size, x.Score, x.RunnerUp, x.TypeOffset, len(x.Names), x.Run.Site.Offset, x.Run.Site.Instruction, x.Run.Refused)
			if x.Run.Symbol != test.symbol || x.TypeOffset != test.typeOffset || len(x.Names) != test.names || x.Run.Refused != "" {
				t.Errorf("want %q, type at %d, %d names", test.symbol, test.typeOffset, test.names)
			}
		})
	}
}

func TestXNNPACKWithoutSymbols(t *testing.T) {
	original := parts.Path(t, "litert-2.3.0/amd64/libpywrap_litert_common.so")
	stripped := filepath.Join(t.TempDir(), "stripped.so")
	if out, err := exec.Command("llvm-strip-16", "--strip-all", "-o", stripped, original).CombinedOutput(); err != nil {
		t.Fatalf("llvm-strip-16: %v\n%s", err, out)
	}
	var found [2]*XNNPACK
	for i, path := range []string{original, stripped} {
		f, err := symbolize.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		library, err := FindKernels(f)
		if err != nil {
			t.Fatal(err)
		}
		if found[i], err = findXNNPACK(f, library.Kernels); err != nil {
			t.Fatal(err)
		}
	}
	if found[1].Run.Symbol != "" {
		t.Fatalf("%s is not stripped", stripped)
	}
	found[1].Run.Symbol = found[0].Run.Symbol
	if diff := cmp.Diff(found[0], found[1]); diff != "" {
		t.Errorf("stripping changes what is found (-with symbols +without):\n%s", diff)
	}
}

func TestNoXNNPACK(t *testing.T) {
	if _, err := findXNNPACK(&symbolize.File{}, nil); !errors.Is(err, ErrNoXNNPACK) {
		t.Error(err)
	}
}
