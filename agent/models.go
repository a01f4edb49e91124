package agent

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prometheus/procfs"
	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// model is a .tflite file that some process maps, has open or names on its command line.
type model struct {
	parsed    *tflite.Model
	described *trace.Model
	announced bool
}

// modelSearch is the model files around a process.
type modelSearch struct {
	pid    int
	looked int // times; apps load models late, so it is done again for new subgraphs
	models []*model
}

// maxModelBytes bounds what is read to tell a model's hash.
const maxModelBytes = 4 << 30

// identifyModels matches subgraphs that have run, or been described further, with the files around their process.
func (s *Session) identifyModels() {
	for _, g := range s.subgraphs {
		if g.described.Model == 0 && g.settled != g.matched {
			g.matched = g.settled
			s.identifyModel(g)
		}
	}
}

func (s *Session) identifyModel(g *subgraph) {
	p := g.process
	if p.models.looked < 8 {
		s.lookForModels(p)
	}
	live := g.live()
	var matches []tflite.Match
	for _, m := range p.models.models {
		matches = append(matches, m.parsed.Match(live)...)
	}
	best, ok := tflite.Identify(matches)
	if !ok {
		return
	}
	i := slices.IndexFunc(p.models.models, func(m *model) bool { return m.parsed == best.Model })
	m := p.models.models[i]
	if !m.announced {
		m.announced = true
		s.describe(m.described)
	}
	g.described.Model = m.described.Id
	if g.described.Index < 0 {
		g.described.Index = int32(best.Subgraph)
	}
	g.described.Name = m.parsed.Subgraphs[best.Subgraph].Name
	s.describe(proto.CloneOf(g.described))
}

// live is what was seen of the subgraph's nodes, delegate nodes aside.
func (g *subgraph) live() tflite.LiveSubgraph {
	live := tflite.LiveSubgraph{TensorCount: int(g.described.Tensors), NodeCount: int(g.described.Nodes)}
	tensors := make(map[int32]*trace.Tensor)
	for _, d := range g.known {
		if d.Index < 0 || d.Incomplete {
			continue
		}
		live.Nodes = append(live.Nodes, tflite.LiveNode{
			Index:    int(d.Index),
			Code:     tflite.OpCode(d.OpCode),
			Delegate: d.Delegate != "",
			Inputs:   indices(d.Inputs),
			Outputs:  indices(d.Outputs),
		})
		for _, t := range slices.Concat(d.Inputs, d.Outputs) {
			if t.Index >= 0 {
				tensors[t.Index] = t
			}
		}
	}
	for _, t := range tensors {
		live.Tensors = append(live.Tensors, tflite.LiveTensor{Index: t.Index, Type: tflite.Type(t.Type), Shape: t.Shape, Name: t.Name})
	}
	return live
}

func indices(tensors []*trace.Tensor) []int32 {
	list := make([]int32, len(tensors))
	for i, t := range tensors {
		list[i] = t.Index
	}
	return list
}

// lookForModels finds .tflite files that a process maps, has open or was given as an argument. Whether one of them is
// what an interpreter runs is decided by its contents.
func (s *Session) lookForModels(p *process) {
	p.models.looked++
	p.readMaps()
	paths := make(map[string]string) // to open -> to show
	for _, m := range p.maps {
		if isFile(m) && !m.Perms.Execute {
			paths[openable(p.pid, m)] = m.Pathname
		}
	}
	if proc, err := procfs.NewProc(p.pid); err == nil {
		if targets, err := proc.FileDescriptorTargets(); err == nil {
			for _, target := range targets {
				paths[filepath.Join(fmt.Sprintf("/proc/%d/root", p.pid), target)] = target
			}
		}
		cwd, _ := proc.Cwd()
		for _, argument := range p.described.CommandLine {
			_, value, found := strings.Cut(argument, "=") // --graph=model.tflite
			if !found {
				value = argument
			}
			if !filepath.IsAbs(value) {
				value = filepath.Join(cwd, value)
			}
			paths[value] = value
		}
	}
	for path, shown := range paths {
		if m := s.openModel(path, shown); m != nil && !slices.Contains(p.models.models, m) {
			p.models.models = append(p.models.models, m)
		}
	}
	slices.SortFunc(p.models.models, func(a, b *model) int { return cmp.Compare(a.described.Id, b.described.Id) })
}

// openModel reads a file if it is a model; nil for anything else.
func (s *Session) openModel(path, shown string) *model {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() < 8 || info.Size() > maxModelBytes {
		return nil
	}
	key := keyOf(info)
	if m, seen := s.models[key]; seen {
		return m
	}
	s.models[key] = nil
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	var head [8]byte
	if _, err := file.ReadAt(head[:], 0); err != nil || !tflite.IsModel(head[:]) {
		return nil
	}
	parsed, err := tflite.OpenModel(file, info.Size())
	if err != nil {
		s.note("model", "%s: %v", shown, err)
		return nil
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(file, 0, info.Size())); err != nil {
		s.note("model", "%s: %v", shown, err)
		return nil
	}
	s.nextID.model++
	m := &model{parsed: parsed, described: &trace.Model{
		Id:          s.nextID.model,
		Path:        shown,
		Sha256:      hex.EncodeToString(hash.Sum(nil)),
		Size:        uint64(info.Size()),
		Description: parsed.Description,
	}}
	s.models[key] = m
	return m
}
