package parts

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/edgexray/edgexray/test/models"
)

// The Python packages that tests run, with the SHA-256 of every one.
//
//go:embed requirements.txt
var requirements string

// The same with an older LiteRT.
//
//go:embed requirements-1.4.0.txt
var requirements140 string

// MediaPipe, which has a TFLite of its own. What it only draws with is left out.
//
//go:embed requirements-mediapipe.txt
var requirementsMediaPipe string

// What reads exported traces: Perfetto's messages, DuckDB and pandas.
//
//go:embed requirements-readers.txt
var requirementsReaders string

// What preprocesses sound and text: SciPy, librosa, soundfile, SoX's resampler, and Hugging Face's tokenizers.
//
//go:embed requirements-audio.txt
var requirementsAudio string

// What apps decode and resize pictures with: OpenCV, Pillow, and Skia, which Android draws with.
//
//go:embed requirements-imaging.txt
var requirementsImaging string

// An app's package that detects faces, with LiteRT and Pillow.
//
//go:embed requirements-face.txt
var requirementsFace string

// Model Explorer with all that it imports.
//
//go:embed requirements-model-explorer.txt
var requirementsModelExplorer string

// What the example apps run with: LiteRT, NumPy and Pillow.
//
//go:embed requirements-examples.txt
var requirementsExamples string

// made lists the parts that are made here rather than fetched as they are.
func made() []part {
	return []part{
		{
			name: "python",
			key:  requirements,
			fill: func(dir string) error { return makeVenv(dir, requirements) },
		},
		{
			name: "python-litert-1.4.0",
			key:  requirements140,
			fill: func(dir string) error { return makeVenv(dir, requirements140) },
		},
		{
			name: "python-mediapipe",
			key:  requirementsMediaPipe,
			fill: func(dir string) error { return makeVenv(dir, requirementsMediaPipe) },
		},
		{
			name: "python-readers",
			key:  requirementsReaders,
			fill: func(dir string) error { return makeVenv(dir, requirementsReaders) },
		},
		{
			name: "python-audio",
			key:  requirementsAudio,
			fill: func(dir string) error { return makeVenv(dir, requirementsAudio) },
		},
		{
			name: "python-imaging",
			key:  requirementsImaging,
			fill: func(dir string) error { return makeVenv(dir, requirementsImaging) },
		},
		{
			name: "python-face",
			key:  requirementsFace,
			fill: func(dir string) error { return makeVenv(dir, requirementsFace) },
		},
		{
			// 600 MB, nearly all of it a library that converts models.
			name: "python-model-explorer",
			key:  requirementsModelExplorer,
			fill: func(dir string) error { return makeVenv(dir, requirementsModelExplorer) },
		},
		{
			// TensorFlow, 1.5 GB, needed only while the models are made.
			name: "keras",
			key:  models.Requirements,
			fill: func(dir string) error { return makeVenv(dir, models.Requirements) },
		},
		{
			name: "models",
			key:  models.Requirements + models.Script,
			fill: func(dir string) error { return makeModels(dir, models.Script) },
		},
		{
			// 350 MB, for benchmarks.
			name: "classifiers",
			key:  models.Requirements + models.Classifiers,
			fill: func(dir string) error { return makeModels(dir, models.Classifiers) },
		},
		{
			name: "python-examples",
			key:  requirementsExamples,
			fill: func(dir string) error { return makeVenv(dir, requirementsExamples) },
		},
	}
}

func makeModels(dir, script string) error {
	keras, err := Dir("keras")
	if err != nil {
		return err
	}
	return run(dir, filepath.Join(keras, "bin", "python"), "-c", script, dir)
}

// makeVenv makes a virtual environment in dir with exactly the packages of a
// requirements file. The wheels pinned there are those of CPython 3.11 on
// x86-64.
func makeVenv(dir, requirements string) error {
	python, err := findPython()
	if err != nil {
		return err
	}
	if err := run(dir, python, "-m", "venv", dir); err != nil {
		return err
	}
	pinned := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(pinned, []byte(requirements), 0o644); err != nil {
		return err
	}
	return run(dir, filepath.Join(dir, "bin", "python"), "-m", "pip", "install",
		"--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement="+pinned)
}

// findPython returns a CPython 3.11 that can make virtual environments.
func findPython() (string, error) {
	var tried []error
	for _, name := range []string{"python3.11", "python3"} {
		const version = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
		output, err := exec.Command(name, "-c", version).Output()
		if err != nil {
			tried = append(tried, fmt.Errorf("run %s: %w", name, err))
			continue
		}
		if got := strings.TrimSpace(string(output)); got != "3.11" {
			tried = append(tried, fmt.Errorf("run %s: it is Python %s", name, got))
			continue
		}
		return exec.LookPath(name)
	}
	return "", fmt.Errorf("find Python 3.11 with venv and ensurepip: %w (Debian 12's package is python3-venv: run `make setup`)", errors.Join(tried...))
}
