package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/procfs"
	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

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

// maxLooks is how often it is looked for the model of a subgraph of which nothing new is known.
const maxLooks = 20

// maxModelBytes bounds what is read to tell a model's hash.
const maxModelBytes = 4 << 30

// identifyModels matches subgraphs that were described further since the last time.
func (s *Session) identifyModels() {
	for _, g := range s.subgraphs {
		s.identifyModel(g)
	}
}

// identifyModel finds the model whose subgraph this is, from the nodes seen so far. Once it is found, or there is
// nothing new to tell, it costs nothing.
func (s *Session) identifyModel(g *subgraph) {
	if g.described.Model != 0 || len(g.facts.Nodes) == 0 {
		return
	}
	if len(g.facts.Nodes) == g.matched && g.process.models.looks >= maxLooks {
		return
	}
	best, ok := g.match()
	if !ok {
		s.lookForModels(g.process)
		if best, ok = g.match(); !ok {
			g.matched = len(g.facts.Nodes)
			return
		}
	}
	models := g.process.models.models
	m := models[slices.IndexFunc(models, func(m *model) bool { return m.parsed == best.Model })]
	g.described.Model = s.announceModel(m)
	if g.described.Index < 0 {
		g.described.Index = int32(best.Subgraph)
	}
	g.described.Name = m.parsed.Subgraphs[best.Subgraph].Name
	s.checkEnds(g.described, &m.parsed.Subgraphs[best.Subgraph])
	s.describe(proto.CloneOf(g.described))
	g.facts = tflite.LiveSubgraph{}
	g.matched = 0
}

// match compares the subgraph with the same subgraph of every model around its process.
func (g *subgraph) match() (tflite.Match, bool) {
	g.facts.TensorCount, g.facts.NodeCount = int(g.described.Tensors), int(g.described.Nodes)
	var matches []tflite.Match
	for _, m := range g.process.models.models {
		for _, match := range m.parsed.Match(g.facts) {
			if g.described.Index < 0 || match.Subgraph == int(g.described.Index) {
				matches = append(matches, match)
			}
		}
	}
	return tflite.Identify(matches)
}

// addFacts keeps what tells a node of one model from that of another.
func (g *subgraph) addFacts(d *trace.Node) {
	if g.described.Model != 0 || d.Index < 0 || d.Incomplete {
		return
	}
	g.facts.Nodes = append(g.facts.Nodes, tflite.LiveNode{
		Index:    int(d.Index),
		Code:     tflite.OpCode(d.OpCode),
		Delegate: d.Delegate != "",
		Replaced: d.Replaced,
		Inputs:   indices(d.Inputs),
		Outputs:  indices(d.Outputs),
	})
	for _, t := range slices.Concat(d.Inputs, d.Outputs) {
		if t.Index >= 0 {
			g.facts.Tensors = append(g.facts.Tensors, tflite.LiveTensor{Index: t.Index, Type: tflite.Type(t.Type), Shape: t.Shape, Name: t.Name})
		}
	}
}

func indices(tensors []*trace.Tensor) []int32 {
	list := make([]int32, len(tensors))
	for i, t := range tensors {
		list[i] = t.Index
	}
	return list
}

// announceModel writes a model to the trace, with its hash, before its first use. It returns its id.
func (s *Session) announceModel(m *model) uint32 {
	if m.described == nil {
		s.nextID.model++
		m.described = &trace.Model{Id: s.nextID.model, Path: m.path, Size: uint64(m.size), Description: m.parsed.Description}
		hash := sha256.New()
		if _, err := io.Copy(hash, io.NewSectionReader(m.content, 0, m.size)); err != nil {
			s.note("model", "%s: %v: its hash is not known", m.path, err)
		} else {
			m.described.Sha256 = hex.EncodeToString(hash.Sum(nil))
		}
		s.describe(m.described)
	}
	return m.described.Id
}

// lookForModels finds .tflite files that a process maps, has open or was given as an argument, also inside of an APK.
// Whether one of them is what an interpreter runs is decided by its contents.
func (s *Session) lookForModels(p *process) {
	if time.Since(p.models.last) < lookAgainAfter {
		return
	}
	p.models.last = time.Now()
	p.models.looks++
	p.readMaps()
	for _, m := range p.maps {
		if isFile(m) && !m.Perms.Execute && !m.Perms.Write {
			s.considerModel(p, openable(p.pid, m), m.Pathname)
		}
	}
	proc, err := procfs.NewProc(p.pid)
	if err != nil {
		return
	}
	if targets, err := proc.FileDescriptorTargets(); err == nil {
		for _, target := range targets {
			s.considerModel(p, filepath.Join(fmt.Sprintf("/proc/%d/root", p.pid), target), target)
		}
	}
	cwd, _ := proc.Cwd()
	for _, argument := range p.described.CommandLine {
		if _, value, found := strings.Cut(argument, "="); found { // --graph=model.tflite
			argument = value
		}
		if !filepath.IsAbs(argument) {
			argument = filepath.Join(cwd, argument)
		}
		s.considerModel(p, filepath.Join(fmt.Sprintf("/proc/%d/root", p.pid), argument), argument)
	}
}

// considerModel adds the models that a file holds to those around a process. A file that was read for another process
// isn't read again.
func (s *Session) considerModel(p *process, path, shown string) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() < 8 || info.Size() > maxModelBytes {
		return
	}
	key := keyOf(info)
	models, seen := s.models[key]
	if !seen {
		models, err = openModels(path, shown, info.Size())
		if err != nil {
			s.note("model", "%v", err)
		}
		s.models[key] = models
	}
	for _, m := range models {
		if !slices.Contains(p.models.models, m) {
			p.models.models = append(p.models.models, m)
		}
	}
}
