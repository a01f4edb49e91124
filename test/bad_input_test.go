package test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/edgexray/edgexray/test/parts"
)

// wantFailure checks how a command failed: its exit status, and what its
// message says was tried and is to be done.
func wantFailure(t *testing.T, got outcome, status int, texts ...string) {
	t.Helper()
	if got.status != status {
		t.Errorf("exit status %d, want %d\n%s", got.status, status, got.stderr)
	}
	for _, want := range texts {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("stderr doesn't say %q:\n%s", want, got.stderr)
		}
	}
	wantNoPanic(t, got)
}

func wantNoPanic(t *testing.T, got outcome) {
	t.Helper()
	if strings.Contains(got.stderr, "panic") || strings.Contains(got.stderr, "goroutine ") {
		t.Errorf("it panicked:\n%s", got.stderr)
	}
}

// write makes a file in a temporary folder.
func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

const noProcess = "4194305" // one more than Linux's limit of process numbers

// A recording that can't begin leaves an older trace as it is.
func TestRecordRefused(t *testing.T) {
	runtime := read(t, library(t, "2.9.0"))
	truncated := write(t, "truncated.so", runtime[:len(runtime)/2])
	text := write(t, "text.so", []byte("not a library\n"))
	arm64 := parts.Path(t, "tflite-2.9.0/arm64/libtensorflowlite_c.so")
	for name, test := range map[string]struct {
		args   []string
		status int
		texts  []string
	}{
		"no such process":       {[]string{"-p", noProcess}, 2, []string{"record process " + noProcess, "no such process", "ps -A"}},
		"library isn't there":   {[]string{"--library", "/no/such.so"}, 2, []string{"/no/such.so", "no such file"}},
		"library isn't ELF":     {[]string{"--library", text}, 2, []string{text, "neither an ELF file nor an APK"}},
		"library is a folder":   {[]string{"--library", "/usr/lib"}, 2, []string{"/usr/lib", "name a library"}},
		"library is truncated":  {[]string{"--library", truncated}, 2, []string{truncated, "truncated", "use the file the app loads"}},
		"library is arm64's":    {[]string{"--library", arm64}, 4, []string{arm64, "EM_AARCH64", "EM_X86_64", "record on the device itself"}},
		"no such command":       {[]string{"--", "/no/such-command"}, 2, []string{"start /no/such-command", "no such file"}},
		"no target":             {nil, 2, []string{"0 targets named", "name one of -p PID, -n NAME, --library PATH and -- CMD"}},
		"two targets":           {[]string{"-p", "1", "-n", "init"}, 2, []string{"2 targets named", "name one of"}},
		"three targets":         {[]string{"-p", "1", "-n", "init", "--", "true"}, 2, []string{"3 targets named", "name one of"}},
		"unknown flag":          {[]string{"--no-such-flag"}, 2, []string{"unknown flag", "--no-such-flag"}},
		"PID isn't a number":    {[]string{"-p", "app"}, 2, []string{`"app"`, "--pid"}},
		"duration without unit": {[]string{"-d", "10", "--", "true"}, 2, []string{`"10"`, "--duration"}},
		"unknown method":        {[]string{"--method", "magic", "--", "true"}, 2, []string{`"magic"`, "no such method", "uprobe_multi", "perf-address"}},
	} {
		t.Run(name, func(t *testing.T) {
			older := write(t, "run.xray", []byte("older"))
			command := edgexray(t, append([]string{"record", "-d", "300ms", "-o", older}, test.args...)...)
			wantFailure(t, finish(t, command), test.status, test.texts...)
			if got := read(t, older); string(got) != "older" {
				t.Errorf("the older trace was replaced by %d bytes", len(got))
			}
			if files, err := os.ReadDir(filepath.Dir(older)); err != nil || len(files) != 1 {
				t.Errorf("files are left: %v, %v", files, err)
			}
		})
	}
}

// The advice is the same when the cache knows that a library has no kernels.
func TestNoKernels(t *testing.T) {
	for _, args := range [][]string{
		{"discover", "/bin/ls"},
		{"record", "-d", "300ms", "-o", filepath.Join(t.TempDir(), "run.xray"), "--library", "/bin/ls"},
	} {
		cache := t.TempDir() // empty the first time
		for _, from := range []string{"the file", "the cache"} {
			t.Run(args[0]+" from "+from, func(t *testing.T) {
				command := edgexray(t, args...)
				command.Env = append(command.Env, "XDG_CACHE_HOME="+cache)
				wantFailure(t, finish(t, command), 4, "search /bin/ls", "no TFLite kernels found", "name the library that holds the runtime")
			})
		}
	}
}

func TestMisuse(t *testing.T) {
	text := write(t, "text", []byte("not a trace, and not a library\n"))
	for name, test := range map[string]struct {
		args   []string
		status int
		texts  []string
	}{
		"unknown verb":              {[]string{"recrod"}, 2, []string{"unknown command", `"recrod"`}},
		"discover without target":   {[]string{"discover"}, 2, []string{"accepts 1 arg"}},
		"discover no process":       {[]string{"discover", noProcess}, 2, []string{"discover process " + noProcess, "ps -A"}},
		"discover text":             {[]string{"discover", text}, 2, []string{text, "neither an ELF file nor an APK"}},
		"discover without kernels":  {[]string{"discover", "/bin/ls"}, 4, []string{"search /bin/ls", "no TFLite kernels found"}},
		"discover app without":      {[]string{"discover", fmt.Sprint(os.Getpid())}, 4, []string{"no TFLite kernels found", "has it loaded its model yet?"}},
		"ops of text":               {[]string{"ops", text}, 2, []string{text, "not an edgexray trace", "edgexray record"}},
		"pprof of text":             {[]string{"pprof", text}, 2, []string{text, "not an edgexray trace", "edgexray record"}},
		"ops of nothing":            {[]string{"ops", "/no/such.xray"}, 2, []string{"/no/such.xray", "no such file"}},
		"output in no folder":       {[]string{"record", "-o", "/no/such/run.xray", "--", "true"}, 2, []string{"create trace", "/no/such/run.xray", "-o"}},
		"output where none can be":  {[]string{"record", "-o", "/proc/run.xray", "--", "true"}, 2, []string{"create trace", "/proc/run.xray", "-o"}},
		"output is a folder":        {[]string{"record", "-o", filepath.Dir(text), "--", "true"}, 2, []string{"create trace", "is a directory", "-o"}},
		"profile where none can be": {[]string{"pprof", realTrace(t).trace, "-o", "/proc/x.pb.gz"}, 2, []string{"write profile", "/proc/x.pb.gz"}},
	} {
		t.Run(name, func(t *testing.T) {
			wantFailure(t, finish(t, edgexray(t, test.args...)), test.status, test.texts...)
		})
	}
}

func TestNotRoot(t *testing.T) {
	if err := os.Chmod(builds.Dir, 0o711); err != nil { // for others to run what is in it
		t.Fatal(err)
	}
	asNobody := func(args ...string) outcome {
		command := edgexray(t, args...)
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		command.Dir = "/"
		return finish(t, command)
	}
	wantFailure(t, asNobody("record", "--", "true"), 3, "record: probes need root", "sudo")
	wantFailure(t, asNobody("discover", "1"), 3, "discover process 1", "run as root")
	doctor := asNobody("doctor")
	wantFailure(t, doctor, 3, "recording does not work here", "see what is missing above")
	for _, want := range []string{"missing", "user id 65534", "CAP_BPF", "run it as root"} {
		if !strings.Contains(doctor.stdout, want) {
			t.Errorf("doctor doesn't say %q:\n%s", want, doctor.stdout)
		}
	}
}

func TestNothingToProbe(t *testing.T) {
	app := start(t, exec.Command("sleep", "600"))
	for name, target := range map[string][]string{
		"process": {"-p", app.pid()},
		"name":    {"-n", "no-process-is-called-so"},
		"command": {"--", "true"},
	} {
		t.Run(name, func(t *testing.T) {
			r := record(t, append([]string{"-d", "300ms"}, target...)...)
			wantFailure(t, r.outcome, 4, "recorded 0 ops", "no TFLite runtime was loaded while recording", "edgexray discover PID")
			if result := r.ops(t); len(result.Models) != 0 || result.Truncated != "" {
				t.Errorf("the trace has %d models, truncated %q", len(result.Models), result.Truncated)
			}
		})
	}
}

// An empty recording loses no older one.
func TestOlderTrace(t *testing.T) {
	path := write(t, "run.xray", []byte("older"))
	wantFailure(t, finish(t, edgexray(t, "record", "-o", path, "--", "true")), 4, "recorded 0 ops")
	if got := string(read(t, path+".old")); got != "older" {
		t.Errorf("the older trace is %q", got)
	}
	if result := (recording{trace: path}).ops(t); len(result.Models) != 0 {
		t.Errorf("the new trace has %d models", len(result.Models))
	}
}

// realTrace is a recording in several blocks of "while" run four times: 62 ops each.
func realTrace(t *testing.T) recording {
	t.Helper()
	return recording{trace: builds.Once(t, "real.xray", func(testing.TB) string {
		app := startApp(t, capi(t, "2.9.0", "--model", model(t, "while"), "--steps"))
		recorder, r := startRecord(t, "-p", app.pid())
		for i := range 4 {
			app.step(t)
			waitForOps(t, r, 62*(i+1)) // each is written before the next
		}
		if got := recorder.stop(t); got.status != 0 {
			t.Fatalf("exit status %d\n%s", got.status, got.stdout)
		}
		path := filepath.Join(builds.Dir, "real.xray")
		if err := os.WriteFile(path, read(t, r.trace), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	})}
}

// What a cut trace still holds can be read, and it says that it is cut.
func TestTruncatedTrace(t *testing.T) {
	whole := read(t, realTrace(t).trace)
	const cuts = 48
	ops, refused, kept := 0, 0, map[int]bool{}
	for i := range cuts {
		cut := recording{trace: write(t, "cut.xray", whole[:len(whole)*i/cuts])}
		shown := finish(t, edgexray(t, "ops", cut.trace))
		profile := finish(t, edgexray(t, "pprof", cut.trace, "-o", "-"))
		if shown.status != 0 {
			wantFailure(t, shown, 2, cut.trace, "edgexray record")
			wantFailure(t, profile, 2, cut.trace, "edgexray record")
			refused++
			continue
		}
		wantNoPanic(t, shown)
		if !strings.Contains(shown.stdout, "INCOMPLETE: ") {
			t.Errorf("nothing says that %d of %d bytes are incomplete:\n%s", len(whole)*i/cuts, len(whole), shown.stdout)
		}
		result := cut.ops(t)
		if result.Truncated == "" || result.count() < ops {
			t.Errorf("%d ops, truncated %q; a shorter one has %d", result.count(), result.Truncated, ops)
		}
		ops = result.count()
		kept[ops] = true
		if profile.status != 0 || profile.stdout == "" {
			t.Errorf("pprof: exit status %d\n%s", profile.status, profile.stderr)
		}
	}
	if refused > 1 { // only the empty file has no header
		t.Errorf("%d of %d cut traces were refused", refused, cuts)
	}
	if len(kept) < 4 {
		t.Errorf("cuts kept only %v ops", kept)
	}
	if result := realTrace(t).ops(t); result.count() != 4*62 || result.Truncated != "" {
		t.Errorf("the whole trace has %d ops, truncated %q", result.count(), result.Truncated)
	}
}

// A damaged trace is never read as if it were whole.
func TestDamagedTrace(t *testing.T) {
	whole := read(t, realTrace(t).trace)
	random := rand.New(rand.NewPCG(1, 2))
	const minorVersion, first = 10, 12 // where the two bytes that readers ignore are, and the first block
	for i := range 48 {
		at := i
		if at >= minorVersion {
			at = first + random.IntN(len(whole)-first)
		}
		damaged := bytes.Clone(whole)
		damaged[at] ^= 1 << random.IntN(8)
		path := write(t, "damaged.xray", damaged)
		shown := finish(t, edgexray(t, "ops", path))
		profile := finish(t, edgexray(t, "pprof", path, "-o", "-"))
		wantNoPanic(t, shown)
		wantNoPanic(t, profile)
		switch {
		case shown.status == 2 && profile.status == 2 && strings.Contains(shown.stderr, path):
		case shown.status == 0 && profile.status == 0 && strings.Contains(shown.stdout, "INCOMPLETE: "):
		default:
			t.Errorf("byte %d of %d damaged: exit status %d and %d, and no warning\n%s%s", at, len(whole), shown.status, profile.status, shown.stdout, shown.stderr)
		}
	}
}

// A damaged model that an app has open, too, is noted and changes nothing.
func TestDamagedModel(t *testing.T) {
	healthy := model(t, "while")
	content := read(t, healthy)
	for name, damaged := range map[string][]byte{
		"truncated":     content[:len(content)-100],
		"only a header": content[:8],
		"wild offsets":  append(bytes.Clone(content[:8]), bytes.Repeat([]byte{0xff}, len(content)-8)...),
		"wild root":     append([]byte{0xff, 0xff, 0xff, 0x7f}, content[4:]...),
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, "damaged.tflite", damaged)
			app := append([]string{"sh", "-c", `exec 9<"$0"; exec "$@"`, path}, capi(t, "2.9.0", "--model", healthy)...)
			result := recordCommand(t, app).ops(t)
			wantNothingLost(t, result)
			if m := result.model(t); m.Model != healthy || m.count() != 62 {
				t.Errorf("%d ops of model %q, want 62 of %s", m.count(), m.Model, healthy)
			}
			noted := false
			for _, note := range result.Notes {
				noted = noted || note.Kind == "model" && strings.Contains(note.Text, path)
			}
			if !noted {
				t.Errorf("no note names %s: %+v", path, result.Notes)
			}
		})
	}
}

// A full disk ends the recording, not the app, and what was written is kept.
func TestDiskFull(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	app := capi(t, "2.9.0", "--model", model(t, "while"), "--invokes", "3000")
	alone := finish(t, exec.Command(app[0], app[1:]...))
	r := recording{trace: filepath.Join(disk, "run.xray")}
	r.outcome = finish(t, edgexray(t, append([]string{"record", "-o", r.trace, "--"}, app...)...))
	if r.status != 3 {
		t.Errorf("exit status %d, want 3\n%s", r.status, r.stderr)
	}
	for _, want := range []string{"write trace", r.trace, "no space left on device", "what was recorded until now is kept", "ended: write error"} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("stderr doesn't say %q:\n%s", want, r.stderr)
		}
	}
	if gone := r.trace + ".new"; strings.Contains(r.stderr, gone) {
		t.Errorf("the error names %s, which isn't there:\n%s", gone, r.stderr)
	}
	if hashOf(t, r.stdout) != hashOf(t, alone.stdout) {
		t.Errorf("the app printed %s, without a recorder %s", r.stdout, alone.stdout)
	}
	result := r.ops(t)
	if result.count() == 0 || result.count() >= 3000*62 || result.Lost["trace not writable"] == 0 && result.Truncated == "" {
		t.Errorf("%d ops, lost %v, truncated %q", result.count(), result.Lost, result.Truncated)
	}
}
