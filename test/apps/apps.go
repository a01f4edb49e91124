// Package apps builds and holds the small unprepared apps that tests record:
// those in sources/, which say themselves what they do.
package apps

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/test/parts"
)

//go:embed sources
var sources embed.FS

// compilers are the C compilers by GOARCH, as Debian on x86-64 names them; those of C++ end in g++ instead of gcc.
var compilers = map[string]string{
	"amd64": "gcc",
	"arm64": "aarch64-linux-gnu-gcc",
	"arm":   "arm-linux-gnueabihf-gcc",
}

// CAPI builds capi.c for an architecture (amd64, arm64 or arm) and returns the
// binary's path. It needs glibc where it runs and loads TFLite with dlopen.
func CAPI(t testing.TB, goarch string) string {
	t.Helper()
	return buildApp(t, "capi.c", goarch, "-std=gnu11")
}

// Throwing is CAPI for throwing.cc, which needs the C++ library, too.
func Throwing(t testing.TB, goarch string) string {
	t.Helper()
	return buildApp(t, "throwing.cc", goarch, "-std=c++17")
}

// Marked is CAPI for marked.c, which marks what it does.
func Marked(t testing.TB, goarch string) string {
	t.Helper()
	return buildApp(t, "marked.c", goarch, "-std=gnu11", "-I"+MarkersInclude(t))
}

// Listened builds listened.c for this machine, as an app or as a library for it,
// stripped, and returns the file's path.
func Listened(t testing.TB, library bool) string {
	t.Helper()
	source := Script(t, "listened.c")
	binary := strings.TrimSuffix(source, ".c")
	args := []string{"-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-s", "-I" + MarkersInclude(t)}
	if library {
		binary += ".so"
		args = append(args, "-DLIBRARY", "-shared", "-fPIC", "-fvisibility=hidden")
	}
	build(t, exec.Command(compilers["amd64"], append(args, "-o", binary, source, "-ldl")...))
	return binary
}

// JavaMarked compiles the markers of sdk/java and MarkedApp.java, and returns
// the class path.
func JavaMarked(t testing.TB) string {
	t.Helper()
	main := filepath.Join(filepath.Dir(MarkersInclude(t)), "java", "src", "main")
	sdk, err := filepath.Glob(filepath.Join(main, "java", "io", "edgexray", "*.java")) // the rest is Android's
	if err != nil || len(sdk) == 0 {
		t.Fatalf("find the markers of sdk/java: %v", err)
	}
	source := Script(t, "MarkedApp.java")
	classes := filepath.Join(filepath.Dir(source), "classes")
	build(t, exec.Command("javac", append([]string{"-Xlint:all", "-Werror", "--release", "11", "-d", classes, source}, sdk...)...))
	return classes + ":" + filepath.Join(main, "resources")
}

// MarkersInclude returns the folder of edgexray.h.
func MarkersInclude(t testing.TB) string {
	t.Helper()
	return folder(t, "sdk/c")
}

// MarkersPython returns the folder of the Python package edgexray, for PYTHONPATH.
func MarkersPython(t testing.TB) string {
	t.Helper()
	return folder(t, "sdk/python")
}

// folder returns where one of this module's folders is.
func folder(t testing.TB, name string) string {
	t.Helper()
	output, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/edgexray/edgexray/"+name).Output()
	if err != nil {
		t.Fatalf("find %s: %v", name, err)
	}
	return strings.TrimSpace(string(output))
}

// buildApp builds an app of TFLite's C API.
func buildApp(t testing.TB, name, goarch, standard string, flags ...string) string {
	t.Helper()
	compiler, ok := compilers[goarch]
	if !ok {
		t.Fatalf("build %s: no compiler is known for %s", name, goarch)
	}
	if strings.HasSuffix(name, ".cc") {
		compiler = strings.TrimSuffix(compiler, "gcc") + "g++"
	}
	header := "tensorflow/lite/c/c_api.h"
	include := strings.TrimSuffix(parts.Path(t, "tflite-2.9.0/include/"+header), header)
	source := Script(t, name)
	binary := strings.TrimSuffix(source, filepath.Ext(name)) + "-" + goarch // each architecture's stays where it is
	args := append(flags, standard, "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-isystem", include, "-pthread", "-o", binary, source, "-ldl")
	build(t, exec.Command(compiler, args...))
	return binary
}

// Preload builds one of the package's C sources as a library to preload, for
// this machine, and returns its path.
func Preload(t testing.TB, name string) string {
	t.Helper()
	source := Script(t, name)
	library := strings.TrimSuffix(source, ".c") + ".so"
	build(t, exec.Command(compilers["amd64"], "-std=gnu11", "-O2", "-fno-builtin", "-Wall", "-Wextra", "-Werror",
		"-shared", "-fPIC", "-pthread", "-o", library, source))
	return library
}

// Program builds one of the package's C sources that needs nothing but libc, for
// this machine, and returns the binary's path.
func Program(t testing.TB, name string) string {
	t.Helper()
	source := Script(t, name)
	binary := strings.TrimSuffix(source, ".c")
	build(t, exec.Command(compilers["amd64"], "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o", binary, source))
	return binary
}

// Broken builds broken.c, which breaks kernels, as a library to preload, for
// this machine, and returns its path.
func Broken(t testing.TB) string {
	t.Helper()
	return replacing(t, "broken.so", "broken.c")
}

// Delay is Broken for delay.c, which makes kernels take longer.
func Delay(t testing.TB) string {
	t.Helper()
	return replacing(t, "delay.so", "delay.c")
}

func replacing(t testing.TB, name string, own ...string) string {
	t.Helper()
	library := filepath.Join(t.TempDir(), name)
	command, err := Replacing(library, own...)
	if err != nil {
		t.Fatal(err)
	}
	build(t, command)
	return library
}

// Replacing returns the command that builds a library which replaces kernels,
// from some of the package's sources and those of the shim.
func Replacing(library string, own ...string) (*exec.Cmd, error) {
	output, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/edgexray/edgexray/shim", "github.com/edgexray/edgexray/test/apps").Output()
	if err != nil {
		return nil, fmt.Errorf("find the sources of the shim and of apps: %w", err)
	}
	dirs := strings.Fields(string(output))
	shim, err := filepath.Glob(filepath.Join(dirs[0], "lib", "*.c"))
	if err != nil || len(shim) == 0 {
		return nil, fmt.Errorf("find the shim's sources in %s: %v", dirs[0], err)
	}
	shim = slices.DeleteFunc(shim, func(path string) bool { // they have other ends
		return slices.Contains([]string{"capture.c", "statistics.c"}, filepath.Base(path))
	})
	args := []string{"-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-ffreestanding", "-fno-stack-protector",
		"-shared", "-fPIC", "-fvisibility=hidden", "-Wl,-z,now", "-Wl,-z,defs", "-I" + filepath.Dir(shim[0]), "-o", library,
		"-Wl,-z,muldefs"} // of what both define, the first one's counts
	for _, name := range own {
		args = append(args, filepath.Join(dirs[1], "sources", name))
	}
	return exec.Command(compilers["amd64"], append(args, shim...)...), nil
}

// Script writes one of the package's sources to a temporary folder and returns
// its path; run the Python ones with parts.Python.
func Script(t testing.TB, name string) string {
	t.Helper()
	text, err := sources.ReadFile("sources/" + name)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Hybrid makes a model of a float one whose convolutions and fully connected
// layers have integer weights, and returns its path.
func Hybrid(t testing.TB, model string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), strings.TrimSuffix(filepath.Base(model), ".tflite")+"_hybrid.tflite")
	build(t, exec.Command(parts.Python(t), Script(t, "hybrid.py"), model, path))
	return path
}

// Go builds a Go command of this module, statically linked, for an architecture
// and returns the binary's path. The package is an import path.
func Go(t testing.TB, pkg, goarch string) string {
	t.Helper()
	return goBuild(t, goarch, filepath.Base(pkg), "build", pkg)
}

// GoTest is Go for a package's tests.
func GoTest(t testing.TB, pkg, goarch string) string {
	t.Helper()
	return goBuild(t, goarch, filepath.Base(pkg)+".test", "test", "-c", pkg)
}

func goBuild(t testing.TB, goarch, name string, args ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), name)
	args = append(args[:len(args)-1:len(args)-1], "-o", binary, args[len(args)-1])
	command := exec.Command("go", args...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+goarch)
	build(t, command)
	return binary
}

// Speech synthesises text with espeak-ng into a WAV file and returns its path.
// At this pace okay_nabu hears "okay nabu".
func Speech(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "speech.wav")
	build(t, exec.Command("espeak-ng", "-v", "en-us", "-s", "140", "-w", path, text))
	return path
}

// build runs a command that makes a file the test can't do without.
func build(t testing.TB, command *exec.Cmd) {
	t.Helper()
	output, err := command.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatalf("run %s: it isn't installed (run `make setup`)", command.Args[0])
	}
	if err != nil {
		t.Fatalf("run %s: %v\n%s", command, err, output)
	}
}
