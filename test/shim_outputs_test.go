package test

import (
	"slices"
	"strings"
	"testing"
)

// shimModes are the ways to run a command with the shim.
var shimModes = map[string][]string{
	"data":       {"snapshot"},
	"statistics": {"snapshot", "--statistics"},
	"timing":     {"record", "--via", "shim"},
}

// What an app puts out is the same with the shim, whatever that does.
func TestSameOutputsWithShim(t *testing.T) {
	for name, command := range map[string][]string{
		"LiteRT with XNNPACK":      litert(t, model(t, "mobilenet_v3_small_int8"), "--invokes", "3"),
		"LiteRT 1.4.0, XNNPACK":    litert140(t, model(t, "face_landmark"), "--invokes", "3", "--threads", "2"),
		"LiteRT, two threads":      litert(t, model(t, "mobilenet_v1_float"), "--resolver", "builtin", "--threads", "2"),
		"LiteRT, reference":        litert(t, model(t, "iris_landmark"), "--resolver", "builtin_ref"),
		"TFLite 2.17.1, XNNPACK":   capi(t, "2.17.1", "--model", model(t, "mobilenet_v2_float"), "--xnnpack", "2"),
		"TFLite 2.9.0, XNNPACK":    capi(t, "2.9.0", "--model", model(t, "mobilenet_v2_int8"), "--xnnpack", "1"),
		"TFLite 2.17.1, state":     capi(t, "2.17.1", "--model", model(t, "okay_nabu"), "--invokes", "100"),
		"TFLite 2.9.0, threads":    capi(t, "2.9.0", "--model", model(t, "face_detection_front"), "--threads", "4", "--invokes", "2"),
		"TFLite 2.17.1, turns":     capi(t, "2.17.1", "--model", model(t, "if"), "--model", model(t, "while"), "--interpreters", "10", "--invokes", "10"),
		"TFLite 2.17.1, user data": capi(t, "2.17.1", "--model", model(t, "custom"), "--custom-op-with-data", "--invokes", "100"),
	} {
		want := hashOf(t, alone(t, command))
		for mode, verb := range shimModes {
			t.Run(name+"/"+mode, func(t *testing.T) {
				args := append(slices.Clone(verb), "-o", t.TempDir()+"/out", "--")
				got := finish(t, edgexray(t, append(args, command...)...))
				if got.status != 0 || hashOf(t, got.stdout) != want || !strings.Contains(got.stderr, "lost nothing") {
					t.Errorf("exit status %d, outputs have hash %s, want 0 and %s\n%s", got.status, hashOf(t, got.stdout), want, got.stderr)
				}
			})
		}
	}
}
