package arm64_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/symbolize"
	"github.com/edgexray/edgexray/test/parts"
)

// Instructions that a probe may sit on: arm64 Linux 5.10, 6.1 and 6.12 were
// seen to take each, at entry and return, and to run it as it is. `ldr` is one
// with a base register, whose operand begins with a bracket: literal loads
// crash Linux 5.10 or the app.
var triedInstructions = []string{
	"adr", "adrp", "b", "b.eq", "b.le", "b.lt", "b.ne", "bl", "cbz", "ldr", "mov", "stp", "str", "sub",
}

// Every function that is found in a release library has a site, and one of
// those.
func TestSites(t *testing.T) {
	for _, library := range []string{
		"tflite-2.9.0/arm64/libtensorflowlite_c.so",
		"tflite-2.17.1/arm64/libtensorflowlite_c.so",
		"litert-2.3.0/arm64/libpywrap_litert_common.so",
	} {
		file, err := symbolize.Open(parts.Path(t, library))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		inspection, err := probes.Inspect(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(inspection.Kernels) < 100 {
			t.Errorf("%s: %d functions were found", library, len(inspection.Kernels))
		}
		for _, f := range inspection.Kernels {
			instruction, operands, _ := strings.Cut(f.Site.Instruction, " ")
			if f.Refused != "" || !slices.Contains(triedInstructions, instruction) || instruction == "ldr" && !strings.Contains(operands, "[x") {
				t.Errorf("%s: %s of %s: `%s` (refused: %q), want an instruction that was tried",
					library, f.Role, f.Label(), f.Site.Instruction, f.Refused)
			}
		}
	}
}
