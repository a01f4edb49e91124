// Package reference runs models with kernels that are trusted: whole models on the inputs that an app gave, and single ops
// on what they had in an app.
package reference

import (
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
	runtime     string   // what it runs them with, for a person
}

// runners are the kinds, the better one first. Kernels are those that it has, the better ones first.
var runners = []struct {
	name    string
	kernels []protocol.Kernels
	locate  func(t Tools, r *runner, dir string) error // sets command and environment
}{
	{LiteRT, []protocol.Kernels{protocol.Reference, protocol.Builtin}, Tools.locateLiteRT},
	{GoTFLite, []protocol.Kernels{protocol.Builtin}, Tools.locateGoTFLite},
}

// find returns the runners that work, of a name and with kernels, any when these are empty, and why the others don't.
// What they need is put into a folder, dir.
func (t Tools) find(ctx context.Context, name string, kernels protocol.Kernels, dir string) (found []*runner, failed error) {
	var failures []error
	for _, kind := range runners {
		if name != "" && name != kind.name {
			continue
		}
		r := &runner{name: kind.name, kernels: kernels, environment: os.Environ()}
		if kernels == "" {
			r.kernels = kind.kernels[0]
		}
		err := fmt.Errorf("it has no %s kernels", kernels)
		if slices.Contains(kind.kernels, r.kernels) {
			if err = kind.locate(t, r, dir); err == nil {
				err = r.greet(ctx)
			}
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", kind.name, err))
			continue
		}
		found = append(found, r)
	}
	if len(found) == 0 && len(failures) == 0 {
		return nil, fmt.Errorf("no runner is called %q: use %s or %s", name, LiteRT, GoTFLite)
	}
	return found, errors.Join(failures...)
}

// first returns the first runner that find finds.
func (t Tools) first(ctx context.Context, name string, kernels protocol.Kernels, dir string) (*runner, error) {
	found, failed := t.find(ctx, name, kernels, dir)
	if len(found) == 0 {
		return nil, fmt.Errorf("%w:\n%w", ErrNoRunner, failed)
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
	r.command = []string{path}
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

// greet starts the runner, which tells what it runs models with.
func (r *runner) greet(ctx context.Context) error {
	s := session{runner: r}
	defer s.end()
	return s.start(ctx)
}
