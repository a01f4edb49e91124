// Package reference runs models with kernels that are trusted: whole models on the inputs that an app gave, and single ops
// on what they had in an app.
package reference

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/reference/protocol"
)

// Tools says where runners are.
type Tools struct {
	Python   string // that has LiteRT; empty: python3
	GoTFLite string // edgexray-gotflite; empty: the one beside this program, or on PATH
	Library  string // libtensorflowlite_c.so for it, or its folder; empty: what the dynamic linker finds
}

// The runners.
const (
	LiteRT   = "litert"
	GoTFLite = "go-tflite"
)

// ErrNoRunner is the error when no runner works that could do what is asked for.
var ErrNoRunner = errors.New("nothing here can run the model")

// runner is a program that runs models.
type runner struct {
	name        string
	kernels     protocol.Kernels
	command     []string // the files of requests and reports are to be added
	environment []string // of the process
	delegates   bool     // its runtime may apply some by itself
	runtime     string   // what it runs them with, for a person
}

// runners are the kinds, the better one first. Kernels are those that it has, the better ones first.
var runners = []struct {
	name    string
	kernels []protocol.Kernels
	locate  func(t Tools, r *runner, dir string) error // sets command and environment
	hint    string                                     // when it doesn't start
}{
	{LiteRT, []protocol.Kernels{protocol.Reference, protocol.Builtin}, Tools.locateLiteRT, "name a Python that has LiteRT with --python"},
	{GoTFLite, []protocol.Kernels{protocol.Builtin}, Tools.locateGoTFLite, "name its " + libraryName + " with --library"},
}

// find returns sessions, which the caller ends, of runners that work, the first one or all, of a name and with kernels, any
// when these are empty. It also returns why others that it tried don't work. What a runner needs is put into dir.
func (t Tools) find(ctx context.Context, name string, kernels protocol.Kernels, all bool, dir string) (found []*session, failed error) {
	var failures []error
	for _, kind := range runners {
		if name != "" && name != kind.name || len(found) > 0 && !all {
			continue
		}
		r := &runner{name: kind.name, kernels: cmp.Or(kernels, kind.kernels[0]), environment: os.Environ()}
		s := &session{runner: r}
		err := fmt.Errorf("it has no %s kernels, but %v", kernels, kind.kernels)
		if slices.Contains(kind.kernels, r.kernels) {
			if err = kind.locate(t, r, dir); err == nil {
				if err = s.start(ctx); err != nil {
					err = fmt.Errorf("%w (%s)", err, kind.hint)
				}
			}
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", kind.name, err))
			continue
		}
		found = append(found, s)
	}
	switch failed = errors.Join(failures...); {
	case len(found) > 0:
		return found, failed
	case failed == nil:
		return nil, fmt.Errorf("no runner is called %q: use %s or %s", name, LiteRT, GoTFLite)
	}
	return nil, fmt.Errorf("%w:\n%w", ErrNoRunner, failed)
}

// first returns the first session that find finds.
func (t Tools) first(ctx context.Context, name string, kernels protocol.Kernels, dir string) (*session, error) {
	found, failed := t.find(ctx, name, kernels, false, dir)
	if len(found) == 0 {
		return nil, failed
	}
	return found[0], nil
}

//go:embed litert_reference.py
var litertScript []byte

func (t Tools) locateLiteRT(r *runner, dir string) error {
	python := t.Python
	if python == "" {
		python = "python3"
	}
	path, err := exec.LookPath(python)
	if err != nil {
		return fmt.Errorf("%w (name a Python that has LiteRT with --python)", err)
	}
	script := filepath.Join(dir, "litert_reference.py")
	r.command = []string{path, script}
	return os.WriteFile(script, litertScript, 0o600)
}

const gotfliteBinary = "edgexray-gotflite"

func (t Tools) locateGoTFLite(r *runner, dir string) error {
	path := t.GoTFLite
	if self, err := os.Executable(); err == nil && path == "" {
		path = filepath.Join(filepath.Dir(self), gotfliteBinary)
		if _, err := os.Stat(path); err != nil {
			path = gotfliteBinary
		}
	}
	path, err := exec.LookPath(path)
	if err != nil {
		return fmt.Errorf("%w (build it with `make reference`, and name it with --gotflite)", err)
	}
	r.command, r.delegates = []string{path}, true
	if t.Library == "" {
		return nil
	}
	folders, err := libraryFolders(t.Library, dir)
	if err != nil {
		return err
	}
	r.environment = append(r.environment, "LD_LIBRARY_PATH="+folders)
	return nil
}

const libraryName = "libtensorflowlite_c.so"

// libraryFolders returns an LD_LIBRARY_PATH with which the dynamic linker finds a library under the name that it looks for.
func libraryFolders(library, dir string) (string, error) {
	library, err := filepath.Abs(library)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(library)
	if err != nil {
		return "", fmt.Errorf("%w (--library names a %s, or its folder)", err, libraryName)
	}
	folders := []string{library}
	if !info.IsDir() {
		link := filepath.Join(dir, "library", libraryName)
		if err := errors.Join(os.Mkdir(filepath.Dir(link), 0o700), os.Symlink(library, link)); err != nil {
			return "", err
		}
		folders = []string{filepath.Dir(link), filepath.Dir(library)} // others that it needs may be beside it
	}
	if old := os.Getenv("LD_LIBRARY_PATH"); old != "" {
		folders = append(folders, old)
	}
	return strings.Join(folders, string(os.PathListSeparator)), nil
}
