// Package library has the pipelines that ship with the tool: those of well-known models, each with its source.
package library

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/pipeline"
)

//go:embed *.pipeline
var files embed.FS

const ending = ".pipeline"

// Names are those of the pipelines, sorted.
func Names() []string {
	paths, _ := fs.Glob(files, "*"+ending)
	for i, p := range paths {
		paths[i] = strings.TrimSuffix(p, ending)
	}
	slices.Sort(paths)
	return paths
}

// Open reads a pipeline by its name.
func Open(name string) (*pipeline.Pipeline, error) {
	file, err := files.ReadFile(name + ending)
	if err != nil {
		return nil, fmt.Errorf("open pipeline %q: there is none of that name (known: %s)", name, strings.Join(Names(), ", "))
	}
	return pipeline.Read(bytes.NewReader(file), name)
}

// Text is the file of a pipeline that ships, nil of a name that none has.
func Text(name string) []byte {
	text, err := files.ReadFile(name + ending)
	if err != nil {
		return nil
	}
	return text
}

// About is what a pipeline that ships is for: the first sentence of its file.
func About(name string) string {
	line, _, _ := strings.Cut(string(Text(name)), "\n")
	about, _, _ := strings.Cut(strings.TrimPrefix(line, "# "), ". ")
	return strings.TrimSuffix(about, ".")
}
