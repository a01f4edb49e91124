package reference

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/edgexray/edgexray/test/parts"
)

// goTFLite builds edgexray-gotflite, once a process, as `make reference` does, and returns its path.
func goTFLite(t *testing.T) string {
	t.Helper()
	const header = "tensorflow/lite/c/c_api.h"
	headers := strings.TrimSuffix(parts.Path(t, "tflite-2.9.0/include/"+header), header)
	library := parts.Path(t, "tflite-2.17.1/amd64/"+libraryName)
	own, err := filepath.Abs("gotflite/include")
	if err != nil {
		t.Fatal(err)
	}
	path, err := buildOnce(headers, own, filepath.Dir(library))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var built struct {
	sync.Once
	dir, path string
	err       error
}

func buildOnce(headers, own, library string) (string, error) {
	built.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "edgexray-test-"); built.err != nil {
			return
		}
		built.path = filepath.Join(built.dir, gotfliteBinary)
		build := exec.Command("go", "build", "-tags", "gotflite", "-o", built.path, "./gotflite")
		build.Env = append(os.Environ(), "CGO_ENABLED=1", "CGO_CFLAGS=-I"+headers+" -I"+own, "CGO_LDFLAGS=-L"+library)
		build.Stderr = os.Stderr
		built.err = build.Run()
	})
	return built.path, built.err
}

func TestMain(m *testing.M) {
	status := m.Run()
	os.RemoveAll(built.dir)
	os.Exit(status)
}

// The library is chosen when the runner is started: no path of the machine that built it is in it.
func TestGoTFLiteHasNoPathOfALibrary(t *testing.T) {
	file, err := elf.Open(goTFLite(t))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		if paths, _ := file.DynString(tag); len(paths) > 0 {
			t.Errorf("%v is %q", tag, paths)
		}
	}
}

func TestGoTFLiteRunsWithTheLibraryNamed(t *testing.T) {
	binary := goTFLite(t)
	renamed := filepath.Join(t.TempDir(), "renamed.so")
	if err := os.Symlink(parts.Path(t, "tflite-2.9.0/amd64/"+libraryName), renamed); err != nil {
		t.Fatal(err)
	}
	for library, want := range map[string]string{
		parts.Path(t, "tflite-2.9.0/amd64/"+libraryName):                "go-tflite (TensorFlow Lite 2.9.0)",
		filepath.Dir(parts.Path(t, "tflite-2.17.1/amd64/"+libraryName)): "go-tflite (TensorFlow Lite 2.17.1)",
		renamed: "go-tflite (TensorFlow Lite 2.9.0)",
	} {
		s, err := Tools{GoTFLite: binary, Library: library}.first(t.Context(), GoTFLite, "", t.TempDir())
		if err != nil {
			t.Errorf("%s: %v", library, err)
			continue
		}
		s.end()
		if s.runner.runtime != want {
			t.Errorf("%s: %s, want %s", library, s.runner.runtime, want)
		}
	}
}

func TestMissingRunners(t *testing.T) {
	t.Setenv("LD_LIBRARY_PATH", "")
	bare := filepath.Join(t.TempDir(), "python")
	if err := os.WriteFile(bare, []byte("#!/bin/sh\nexec /usr/bin/python3 -S -I \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		tools  Tools
		runner string
		want   []string
	}{
		"no Python":      {Tools{Python: "/nowhere/python3"}, LiteRT, []string{"/nowhere/python3", "--python"}},
		"no LiteRT":      {Tools{Python: bare}, LiteRT, []string{"ai_edge_litert", "-m pip install ai-edge-litert"}},
		"no binary":      {Tools{GoTFLite: "/nowhere/gotflite"}, GoTFLite, []string{"/nowhere/gotflite", "make reference"}},
		"no library":     {Tools{GoTFLite: goTFLite(t)}, GoTFLite, []string{libraryName, "--library"}},
		"other library":  {Tools{GoTFLite: goTFLite(t), Library: "/nowhere"}, GoTFLite, []string{"/nowhere", "--library"}},
		"nothing at all": {Tools{Python: "/nowhere/python3", GoTFLite: "/nowhere/gotflite"}, "", []string{"litert:", "go-tflite:"}},
		"other runner":   {Tools{}, "tensorrt", []string{`"tensorrt"`, LiteRT, GoTFLite}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.tools.first(t.Context(), c.runner, "", t.TempDir())
			if err == nil {
				t.Fatal("found")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in the error: %v", want, err)
				}
			}
		})
	}
}
