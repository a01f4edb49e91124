package examples

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/test/parts"
)

// Set is the apps, built, and the data they have been given.
type Set struct {
	root   string // of the module
	dir    string // of what was built
	python string
	broken string              // the library that breaks a kernel
	runner map[string][]string // the command of an app, by its name, without arguments
}

// Build builds the apps into a folder, which it makes.
func Build(dir string) (*Set, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	root, err := output("go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return nil, err
	}
	s := &Set{root: strings.TrimSpace(root), dir: dir, runner: make(map[string][]string)}
	if s.python, err = parts.Find("python-examples/bin/python"); err != nil {
		return nil, err
	}
	s.broken = filepath.Join(dir, "broken.so")
	if breaking, err := apps.Replacing(s.broken, "broken.c"); err != nil {
		return nil, err
	} else if said, err := breaking.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("run %s: %w\n%s", breaking, err, said)
	}
	for _, a := range Apps {
		source := filepath.Join(s.root, "examples", a.Source)
		switch filepath.Ext(source) {
		case ".cc":
			s.runner[a.Name], err = s.buildCPP(source, filepath.Join(dir, a.Name))
		case ".java":
			s.runner[a.Name], err = s.buildJava(source, filepath.Join(dir, a.Name))
		default:
			s.runner[a.Name] = []string{s.python, source}
		}
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

const header = "tensorflow/lite/c/c_api.h"

func (s *Set) buildCPP(source, binary string) ([]string, error) {
	include, err := parts.Find("tflite-2.9.0/include/" + header)
	if err != nil {
		return nil, err
	}
	library, err := parts.Dir("tflite-2.17.1/amd64")
	if err != nil {
		return nil, err
	}
	_, err = output("g++", "-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", "-isystem", strings.TrimSuffix(include, header),
		"-I"+filepath.Join(s.root, "sdk", "c"), "-o", binary, source, "-L"+library, "-Wl,-rpath,"+library, "-ltensorflowlite_c", "-lpng")
	return []string{binary}, err
}

func (s *Set) buildJava(source, folder string) ([]string, error) {
	jna, err := parts.Find("jna/jna.jar")
	if err != nil {
		return nil, err
	}
	library, err := parts.Dir("tflite-2.17.1/amd64")
	if err != nil {
		return nil, err
	}
	markers, err := filepath.Glob(filepath.Join(s.root, "sdk", "java", "src", "main", "java", "io", "edgexray", "*.java"))
	if err != nil {
		return nil, err
	}
	resources := filepath.Join(s.root, "sdk", "java", "src", "main", "resources")
	classpath := strings.Join([]string{jna, folder, resources}, string(filepath.ListSeparator))
	if _, err := output("javac", append([]string{"-Xlint:all,-path", "-Werror", "-d", folder, "-cp", classpath, source}, markers...)...); err != nil {
		return nil, err
	}
	return []string{"java", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true", "-Djna.library.path=" + library, "-cp", classpath, "Classify"}, nil
}

// Make makes data of a task that the models have not seen, count in all, and returns its folder.
func (s *Set) Make(task string, count int) (string, error) {
	folder := filepath.Join(s.dir, "data", fmt.Sprintf("%s-%d", task, count))
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	script := filepath.Join(s.root, "examples", "models", "make_data.py")
	_, err := output(s.python, script, task, folder, strconv.Itoa(count))
	return folder, err
}

// Model is the path of a model's file.
func (s *Set) Model(m Model, form string) string {
	return filepath.Join(s.root, "examples", "models", m.Name+"_"+form+".tflite")
}

// Pipeline is the path of a model's pipeline.
func (s *Set) Pipeline(m Model, form string) string {
	return filepath.Join(s.root, "examples", "models", m.Name+"_"+form+".pipeline")
}

// Command is an app's on a folder of data. Bug "none" is none; segment writes what it says beside the data.
func (s *Set) Command(a App, m Model, form, bug, folder string) *exec.Cmd {
	models := filepath.Join(s.root, "examples", "models")
	args := []string{s.Model(m, form)}
	switch a.Name {
	case "segment":
		args = append(args, folder, said(folder))
	case "review":
		args = append(args, s.Labels(a), filepath.Join(models, "reviews.vocabulary.txt"), folder)
	default:
		args = append(args, s.Labels(a), folder)
	}
	env := append(os.Environ(), "PYTHONPATH="+filepath.Join(s.root, "sdk", "python"), "PYTHONDONTWRITEBYTECODE=1")
	if bug == broken.Name {
		env, bug = append(env, "LD_PRELOAD="+s.broken, "EDGEXRAY_BREAK=saturation 0:1,0:2,0:3,0:4,0:5,0:6,0:7"), "none"
	}
	line := slices.Concat(s.runner[a.Name], args, m.Flags, []string{"--bug", bug})
	c := exec.Command(line[0], line[1:]...)
	c.Env = env
	return c
}

// Root is the module's folder, to which paths in pipelines are relative.
func (s *Set) Root() string { return s.root }

// Labels is the path of the names of an app's classes.
func (s *Set) Labels(a App) string {
	return filepath.Join(s.root, "examples", "models", a.Data+".labels.txt")
}

// said is the folder of what segment says of the pictures of a folder.
func said(folder string) string { return folder + "-said" }

func output(name string, args ...string) (string, error) {
	c := exec.Command(name, args...)
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("run %s: %w (is it installed? `make setup` does)\n%s", c, err, &stderr)
	}
	return string(out), nil
}
