package test

import (
	"os/exec"
	"testing"
)

// hashOf returns the hash of everything that an app's models put out.
func hashOf(t *testing.T, stdout string) string {
	t.Helper()
	var app struct{ Hash, SHA256 string }
	decode(t, stdout, &app)
	if app.Hash+app.SHA256 == "" {
		t.Fatalf("no hash in %s", stdout)
	}
	return app.Hash + app.SHA256
}

func TestSameOutputs(t *testing.T) {
	for _, app := range []struct {
		name    string
		command []string
	}{
		{"LiteRT with XNNPACK", litert(t, model(t, "mobilenet_v3_small_int8"), "--invokes", "3")},
		{"LiteRT builtin", litert(t, model(t, "face_landmark"), "--resolver", "builtin", "--invokes", "3")},
		{"LiteRT builtin, two threads", litert(t, model(t, "mobilenet_v1_float"), "--resolver", "builtin", "--threads", "2")},
		{"TFLite 2.17.1, state", capi(t, "2.17.1", "--model", model(t, "okay_nabu"), "--invokes", "100")},
		{"TFLite 2.17.1, control flow", capi(t, "2.17.1", "--model", model(t, "if"), "--model", model(t, "while"), "--interpreters", "10", "--invokes", "10")},
		{"TFLite 2.9.0, threads", capi(t, "2.9.0", "--model", model(t, "face_detection_front"), "--threads", "2", "--invokes", "3")},
		{"TFLite 2.9.0, custom op", capi(t, "2.9.0", "--model", model(t, "custom"), "--custom-op", "--invokes", "100")},
	} {
		t.Run(app.name, func(t *testing.T) { wantSameOutputs(t, app.command) })
	}
}

// wantSameOutputs runs a command with and without a recorder, and returns what
// was recorded.
func wantSameOutputs(t *testing.T, command []string, flags ...string) opsJSON {
	t.Helper()
	alone, err := exec.Command(command[0], command[1:]...).Output()
	if err != nil {
		t.Fatalf("run %q: %v", command, err)
	}
	r := recordCommand(t, command, flags...)
	result := r.ops(t)
	wantNothingLost(t, result)
	if got, want := hashOf(t, r.stdout), hashOf(t, string(alone)); got != want || result.count() == 0 {
		t.Errorf("outputs have hash %s with %d ops recorded, want %s with some", got, result.count(), want)
	}
	return result
}

// Linux takes a fraction of a second to remove each of hundreds of perf probes:
// so this is one app for each method, beside the other tests.
func TestForcedMethods(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"uprobe_multi", "perf-cookie", "perf-address"} {
		t.Run(method, func(t *testing.T) {
			result := wantSameOutputs(t, capi(t, "2.9.0", "--model", model(t, "while"), "--invokes", "2"), "--method", method)
			if result.Recording.AttachMethod != method {
				t.Errorf("attached with %s", result.Recording.AttachMethod)
			}
			if m := result.model(t); m.Invokes != 2 || m.count() != 124 || m.Name != "while.tflite" {
				t.Errorf("%d invokes and %d ops of %s, want 2 and 124 of while.tflite", m.Invokes, m.count(), m.Name)
			}
		})
	}
}
