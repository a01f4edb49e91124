package app

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/procfs"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// Models finds the .tflite files that processes run.
type Models struct {
	Describe func(trace.Description)                // gets models, and subgraphs whose model was found
	Note     func(kind, format string, args ...any) // gets what went wrong
	Nodes    bool                                   // models are described with their nodes

	files map[FileKey][]*model
	id    uint32 // last one given to a model
}

// model is a .tflite file that some process maps, has open or names on its command line.
type model struct {
	file      *os.File // behind content; an APK's models share it
	content   io.ReaderAt
	size      int64
	parsed    *tflite.Model
	path      string
	described *trace.Model // once an interpreter was found to run it
}

// modelSearch is the model files around a process.
type modelSearch struct {
	last   time.Time // of the last look
	looks  int
	models []*model
}

// lookAgainAfter bounds how often the files around one process are looked at: apps load models late, and interpreters
// that run none of the files that are known make us look again.
const lookAgainAfter = 250 * time.Millisecond

// maxModelBytes bounds what is read to tell a model's hash.
const maxModelBytes = 4 << 30

// Look finds .tflite files that a process maps, has open or was given as an argument, also inside of an APK. Whether one
// of them is what an interpreter runs is decided by its contents.
func (ms *Models) Look(p *Process) {
	if time.Since(p.models.last) < lookAgainAfter {
		return
	}
	p.models.last = time.Now()
	p.models.looks++
	p.ReadMaps()
	for _, m := range p.Maps {
		if IsFile(m) && !m.Perms.Execute && !m.Perms.Write {
			ms.consider(p, Openable(p.PID, m), m.Pathname)
		}
	}
	proc, _ := procfs.NewProc(p.PID) // fails for one that is gone: then the rest does
	targets, _ := proc.FileDescriptorTargets()
	for _, target := range targets {
		ms.consider(p, InRoot(p.PID, target), target)
	}
	cwd, err := proc.Cwd()
	if err != nil {
		cwd, _ = os.Getwd() // a command begins in ours
	}
	for _, argument := range p.CommandLine {
		if _, value, found := strings.Cut(argument, "="); found { // --graph=model.tflite
			argument = value
		}
		if !filepath.IsAbs(argument) {
			argument = filepath.Join(cwd, argument)
		}
		ms.consider(p, InRoot(p.PID, argument), argument)
	}
}

// consider adds the models that a file holds to those around a process. A file that was read for another process isn't
// read again. When the process is gone, what it called shown is as good as any.
func (ms *Models) consider(p *Process, path, shown string) {
	info, err := os.Stat(path)
	if err != nil {
		path = shown
		info, err = os.Stat(path)
	}
	if err != nil || !info.Mode().IsRegular() || info.Size() < 8 || info.Size() > maxModelBytes {
		return
	}
	key := KeyOf(info)
	models, seen := ms.files[key]
	if !seen {
		models, err = openModels(path, shown, info.Size())
		if err != nil {
			ms.Note("model", "%v", err)
		}
		if ms.files == nil {
			ms.files = make(map[FileKey][]*model)
		}
		ms.files[key] = models
	}
	for _, m := range models {
		if !slices.Contains(p.models.models, m) {
			p.models.models = append(p.models.models, m)
		}
	}
}

// announce describes a model, with its hash, before its first use. It returns its id.
func (ms *Models) announce(m *model) uint32 {
	if m.described == nil {
		ms.id++
		m.described = &trace.Model{Id: ms.id, Path: m.path, Size: uint64(m.size), Description: m.parsed.Description}
		hash := sha256.New()
		if _, err := io.Copy(hash, io.NewSectionReader(m.content, 0, m.size)); err != nil {
			ms.Note("model", "%s: %v: its hash is not known", m.path, err)
		} else {
			m.described.Sha256 = hex.EncodeToString(hash.Sum(nil))
		}
		ms.Describe(m.described)
		if ms.Nodes {
			ms.describeNodes(m)
		}
	}
	return m.described.Id
}

// Get returns the path and the content of a model by its id in descriptions; nil for 0.
func (ms *Models) Get(id uint32) (string, *tflite.Model) {
	for _, models := range ms.files {
		for _, m := range models {
			if m.described != nil && m.described.Id == id {
				return m.path, m.parsed
			}
		}
	}
	return "", nil
}

// Used returns the paths of the models that were found to run, in alphabetical order.
func (ms *Models) Used() []string {
	var paths []string
	for _, models := range ms.files {
		for _, m := range models {
			if m.described != nil {
				paths = append(paths, m.path)
			}
		}
	}
	slices.Sort(paths)
	return paths
}

// Close closes the files.
func (ms *Models) Close() {
	for _, models := range ms.files {
		for _, m := range models {
			m.file.Close() // the second time, for an APK with several, does nothing
		}
	}
}
