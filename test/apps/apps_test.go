package apps_test

import (
	"debug/elf"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/test/machine"
	"github.com/edgexray/edgexray/test/parts"
	"github.com/google/go-cmp/cmp"
)

// capiOutcome is what capi.c prints, without times.
type capiOutcome struct {
	Version     string
	Invokes     int
	Hash        string
	Unloaded    bool
	CustomCalls int   `json:"custom_calls"`
	CustomNS    []int `json:"custom_ns"`
}

func runCAPI(t *testing.T, binary, library string, args ...string) capiOutcome {
	t.Helper()
	var outcome capiOutcome
	output, err := exec.Command(binary, append([]string{"--library", library}, args...)...).Output()
	if err != nil {
		t.Fatalf("run capi %q: %v", args, err)
	}
	if err := json.Unmarshal(output, &outcome); err != nil {
		t.Fatalf("parse output of capi %q: %v\n%s", args, err, output)
	}
	return outcome
}

func TestCAPI(t *testing.T) {
	binary := apps.CAPI(t, "amd64")
	model := func(name string) string { return parts.Path(t, "models/"+name+".tflite") }
	for _, version := range []string{"2.9.0", "2.17.1"} {
		library := parts.Path(t, "tflite-"+version+"/amd64/libtensorflowlite_c.so")
		once := runCAPI(t, binary, library, "--model", model("while"))
		for name, test := range map[string]struct {
			args []string
			want capiOutcome
		}{
			"again":   {[]string{"--model", model("while")}, once},
			"child":   {[]string{"--model", model("while"), "--fork"}, once},
			"reload":  {[]string{"--model", model("while"), "--reload"}, capiOutcome{Invokes: 2, Unloaded: true}},
			"threads": {[]string{"--model", model("while"), "--threads", "3", "--interpreters", "5", "--invokes", "2"}, capiOutcome{Invokes: 30}},
			"resize":  {[]string{"--model", model("dynamic"), "--resize", "1,4,5,3"}, capiOutcome{Invokes: 1}},
			"resizes": {[]string{"--model", model("dynamic"), "--resize", "1,4,5,3", "--resize", "1,2,2,3", "--invokes", "2"}, capiOutcome{Invokes: 4}},
			"models":  {[]string{"--model", model("if"), "--model", model("while"), "--interpreters", "5"}, capiOutcome{Invokes: 5}},
			"custom":  {[]string{"--model", model("custom"), "--custom-op", "--invokes", "2"}, capiOutcome{Invokes: 2, CustomCalls: 2}},
		} {
			t.Run(version+"/"+name, func(t *testing.T) {
				got := runCAPI(t, binary, library, test.args...)
				if len(got.CustomNS) != got.CustomCalls {
					t.Errorf("%d custom op times, want %d", len(got.CustomNS), got.CustomCalls)
				}
				test.want.Version = version
				if test.want.Hash == "" {
					got.Hash = ""
				}
				got.CustomNS, test.want.CustomNS = nil, nil
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("outcome (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestCAPIOnARM64(t *testing.T) {
	result := machine.Run(t, machine.Linux510, machine.Options{
		Files: map[string]string{
			"/capi":         apps.CAPI(t, "arm64"),
			"/lib-2.9.so":   parts.Path(t, "tflite-2.9.0/arm64/libtensorflowlite_c.so"),
			"/lib-2.17.so":  parts.Path(t, "tflite-2.17.1/arm64/libtensorflowlite_c.so"),
			"/model.tflite": parts.Path(t, "wakeword/okay_nabu.tflite"),
		},
		Script: `
			set -e
			/capi --library /lib-2.9.so --model /model.tflite --invokes 5 >2.9.json
			/capi --library /lib-2.17.so --model /model.tflite --invokes 5 >2.17.json`,
		Out: []string{"/tmp/2.9.json", "/tmp/2.17.json"},
	})
	if result.Status != 0 {
		t.Fatalf("exit status is %d; output:\n%s", result.Status, result.Output)
	}
	for file, version := range map[string]string{"/tmp/2.9.json": "2.9.0", "/tmp/2.17.json": "2.17.1"} {
		var got capiOutcome
		if err := json.Unmarshal(result.Files[file], &got); err != nil {
			t.Fatalf("parse %s: %v\n%s", file, err, result.Files[file])
		}
		if got.Version != version || got.Invokes != 5 {
			t.Errorf("%s: version %s with %d invokes, want %s with 5", file, got.Version, got.Invokes, version)
		}
	}
}

func TestGo(t *testing.T) {
	const pkg = "github.com/edgexray/edgexray/test/parts"
	for goarch, want := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		for _, binary := range []string{apps.Go(t, pkg+"/cmd", goarch), apps.GoTest(t, pkg, goarch)} {
			file, err := elf.Open(binary)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			libraries, err := file.ImportedLibraries()
			if file.Machine != want || len(libraries) != 0 || err != nil {
				t.Errorf("%s: machine %s with libraries %q (%v), want %s without any", binary, file.Machine, libraries, err, want)
			}
		}
	}
}

func TestLiteRT(t *testing.T) {
	script := apps.Script(t, "litert_run.py")
	run := func(model, resolver string) (outcome struct {
		Invokes int
		SHA256  string
		Nodes   []struct{ Op string }
	}) {
		t.Helper()
		output, err := exec.Command(parts.Python(t), script, parts.Path(t, model), "--resolver", resolver, "--invokes", "2", "--describe").Output()
		if err != nil {
			t.Fatalf("run %s: %v", model, err)
		}
		if err := json.Unmarshal(output, &outcome); err != nil {
			t.Fatalf("parse output for %s: %v\n%s", model, err, output)
		}
		return outcome
	}
	// Node counts of the model files; XNNPACK adds a node for each of its own.
	for _, test := range []struct {
		model, resolver string
		nodes           int
	}{
		{"face/face_landmark.tflite", "builtin", 97},
		{"face/face_landmark.tflite", "builtin_ref", 97},
		{"face/face_landmark.tflite", "default", 98},
		{"wakeword/okay_nabu.tflite", "builtin", 61},
		{"models/mobilenet_v2_float.tflite", "builtin", 65},
		{"models/mobilenet_v3_small_int8_logits.tflite", "builtin_ref", 110},
	} {
		t.Run(test.model+"/"+test.resolver, func(t *testing.T) {
			first, second := run(test.model, test.resolver), run(test.model, test.resolver)
			if first.SHA256 != second.SHA256 || first.SHA256 == "" {
				t.Errorf("outputs of two runs have SHA-256 %s and %s, want the same", first.SHA256, second.SHA256)
			}
			if first.Invokes != 2 || len(first.Nodes) != test.nodes {
				t.Errorf("%d invokes of %d nodes, want 2 of %d", first.Invokes, len(first.Nodes), test.nodes)
			}
		})
	}
}

func TestWakeword(t *testing.T) {
	for text, want := range map[string]bool{"okay nabu": true, "good morning": false} {
		output, err := exec.Command(parts.Python(t), apps.Script(t, "wakeword.py"), apps.Speech(t, text+". "+text)).Output()
		if err != nil {
			t.Fatalf("listen to %q: %v", text, err)
		}
		var got struct {
			Heard   bool
			Invokes int
		}
		if err := json.Unmarshal(output, &got); err != nil {
			t.Fatalf("parse output: %v\n%s", err, output)
		}
		if got.Heard != want || got.Invokes < 30 {
			t.Errorf("%q: heard %t in %d invokes, want %t in 30 or more", text, got.Heard, got.Invokes, want)
		}
	}
}
