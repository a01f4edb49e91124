package parts

import (
	"archive/zip"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestEnsure(t *testing.T) {
	t.Setenv("EDGEXRAY_PARTS", t.TempDir())
	var fills int
	var fillErr error
	p := part{name: "some/part", key: "1", fill: func(dir string) error {
		fills++
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte("whole"), 0o644); err != nil {
			return err
		}
		return fillErr
	}}
	var dir string
	for _, step := range []struct {
		what    string
		before  func()
		fills   int // so far
		failing bool
	}{
		{"interrupted", func() { fillErr = errors.New("interrupted") }, 1, true},
		{"after an interruption", func() { fillErr = nil }, 2, false},
		{"whole", func() {}, 2, false},
		{"changed file", func() { os.WriteFile(filepath.Join(dir, "file"), []byte("other"), 0o644) }, 3, false},
		{"missing file", func() { os.Remove(filepath.Join(dir, "file")) }, 4, false},
		{"another key", func() { p.key = "2" }, 5, false},
	} {
		step.before()
		got, err := p.ensure()
		if (err != nil) != step.failing || fills != step.fills {
			t.Fatalf("%s: %d fills and error %v, want %d fills", step.what, fills, err, step.fills)
		}
		dir = got
	}
}

func TestEnsureAtOnce(t *testing.T) {
	t.Setenv("EDGEXRAY_PARTS", t.TempDir())
	var fills atomic.Int32
	p := part{name: "part", fill: func(dir string) error {
		fills.Add(1)
		return os.WriteFile(filepath.Join(dir, "file"), nil, 0o644)
	}}
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			if _, err := p.ensure(); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if got := fills.Load(); got != 1 {
		t.Errorf("%d fills, want 1", got)
	}
}

func TestFetch(t *testing.T) {
	good := pkg{Name: "x", Client: "npm", Package: "tfjs-tflite-node", Version: "0.0.2",
		SHA256: "3be1632328a76a2475e5b6833253763c802c859433becb4d879ee1860e3b5284",
		Strip:  "package/cc_deps", Files: []string{"package/cc_deps/linux_*/libtensorflowlite_c.so"}}
	for name, test := range map[string]struct {
		change func(*pkg)
		path   string // PATH, if not empty
		want   string // part of the error; empty for none
	}{
		"good":          {change: func(*pkg) {}},
		"other hash":    {change: func(p *pkg) { p.SHA256 = strings.Repeat("0", 64) }, want: "the registry's file isn't the one pinned"},
		"no such file":  {change: func(p *pkg) { p.Files = append(slices.Clone(p.Files), "package/none*") }, want: `"package/none*": nothing in the archive matches`},
		"no client":     {change: func(*pkg) {}, path: "/nonexistent", want: "npm: it isn't installed (run `make setup`)"},
		"client unsaid": {change: func(p *pkg) { p.Client = "" }, want: `unknown client ""`},
	} {
		t.Run(name, func(t *testing.T) {
			if test.path != "" {
				t.Setenv("PATH", test.path)
			}
			row := good
			test.change(&row)
			dir := t.TempDir()
			err := row.fill(dir)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error is %v, want one with %q", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"linux_amd64/libtensorflowlite_c.so", "linux_arm64/libtensorflowlite_c.so"} {
				if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestExtractStaysInside(t *testing.T) {
	dir := t.TempDir()
	archive := filepath.Join(dir, "hostile.zip")
	file, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	writer := zip.NewWriter(file)
	if _, err := writer.Create("../outside"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(writer.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(dir, "in")
	err = extract(archive, target, "none", []string{"../*"})
	if err == nil || !strings.Contains(err.Error(), "leads out of the folder") {
		t.Errorf("error is %v, want one that the name leads out", err)
	}
}

func TestFind(t *testing.T) {
	for file, want := range map[string]string{
		"none/file":      "no part's name is a prefix",
		"wakeword/none":  "does parts.json extract it?",
		"wakeword":       "no part's name is a prefix",
		"tflite-2.9.0/x": "no part's name is a prefix",
	} {
		if _, err := Find(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want one with %q", file, err, want)
		}
	}
}

// TestTable gets every part, so that a registry that lost one shows here.
func TestTable(t *testing.T) {
	for _, name := range Names() {
		if name == "keras" {
			continue // not needed where the models are made already
		}
		dir, err := Dir(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) == 0 {
			t.Errorf("%s: %d files, error %v", name, len(entries), err)
		}
	}
}
