package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/edgexray/edgexray/analyze/explain"
	shipped "github.com/edgexray/edgexray/pipeline/library"
	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/test/parts"
)

// A real app that nobody instrumented: pymicro-wakeword listens to synthesised speech. What it fed its model in hundreds of
// invokes is compared with what its reference makes of the file that the speaker recorded.
func TestExplainWakeword(t *testing.T) {
	recorded := apps.Speech(t, "okay nabu. turn on the light. okay nabu")
	folder := t.TempDir()
	// What goes wrong between a microphone and an app, done to the file by the audio library that apps use.
	const program = `
import sys, wave
import numpy as np
with wave.open(sys.argv[1], "rb") as f:
    rate, x = f.getframerate(), np.frombuffer(f.readframes(f.getnframes()), np.int16)
def write(name, samples, rate):
    with wave.open(sys.argv[2] + "/" + name + ".wav", "wb") as f:
        f.setnchannels(1); f.setsampwidth(2); f.setframerate(rate); f.writeframes(samples.tobytes())
times = np.arange(int(len(x) / rate * 16000)) / 16000
y = np.interp(times * rate, np.arange(len(x)), x).astype(np.int16)
write("recorded", y, 16000)
write("half", (y * 0.5).astype(np.int16), 16000)
write("slow", y[::2], 16000)  # 8 kHz samples in a file that says 16 kHz
`
	python := parts.Python(t)
	if output, err := exec.Command(python, "-c", program, recorded, folder).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	raw, err := os.ReadFile(filepath.Join(folder, "recorded.wav"))
	if err != nil {
		t.Fatal(err)
	}
	reference, err := shipped.Open("micro_wake_word")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file, app string
		aspect    explain.Aspect // "": healthy
	}{
		{"recorded", "", ""},
		{"half", "samples times 0.5 (-6.0 dB)", explain.Level},
		{"slow", "resample 8000 linear truncate, assume-rate 16000", explain.SampleRate},
	} {
		t.Run(c.file, func(t *testing.T) {
			s := snapshotCommand(t, []string{python, apps.Script(t, "wakeword.py"), filepath.Join(folder, c.file+".wav")}, "--ends-only")
			fed, err := explain.Concatenate(modelInputs(t, s.whole(t)))
			if err != nil {
				t.Fatal(err)
			}
			if fed.Shape[0] < 50 {
				t.Fatalf("%d invokes, want many", fed.Shape[0])
			}
			v, err := explain.Judge(step.Value{Bytes: raw}, fed, reference.Inputs[0].Steps)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case v.Healthy != (c.aspect == "") || !v.Explanation.Explained:
				t.Errorf("healthy %v, explained %v: %v, distance %.3g, residual %.3g", v.Healthy, v.Explanation.Explained, v.Explanation.Steps, v.Distance, v.Explanation.Residual)
			case c.aspect != "" && (len(v.Differences) != 1 || v.Differences[0].Aspect != c.aspect || v.Differences[0].App != c.app):
				t.Errorf("it differs in %+v, want %s: %s", v.Differences, c.aspect, c.app)
			}
		})
	}
}

// modelInputs are the INT8 inputs of a snapshot's invokes, in order.
func modelInputs(t *testing.T, f *snapshot.File) (inputs []*step.Array) {
	t.Helper()
	for _, c := range f.Captures {
		tensor := f.Tensor(c.Capture)
		if c.Role != snapshot.Role_INPUT || c.Data == nil || tensor == nil {
			continue
		}
		a := &step.Array{Int8: snapshot.Cast[int8](c.Data), Scale: tensor.Scale, ZeroPoint: int(tensor.ZeroPoint)}
		for _, d := range tensor.Shape {
			a.Shape = append(a.Shape, int(d))
		}
		inputs = append(inputs, a)
	}
	return inputs
}
