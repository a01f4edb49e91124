package agent

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/prometheus/procfs"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/symbolize"
	"github.com/edgexray/edgexray/tflite"
)

// Discovery is what can be probed in a library, an APK or a process.
type Discovery struct {
	PID       int                `json:"pid,omitempty"`
	Libraries []DiscoveredFile   `json:"libraries"`
	Subgraphs []DiscoveredGraph  `json:"subgraphs,omitempty"` // of a process
	Unusable  []UnusableLibrary  `json:"unusable,omitempty"`  // libraries of an APK that can't be looked at
	files     map[string]*lookup // by path and entry
}

// DiscoveredFile is a library and its kernels.
type DiscoveredFile struct {
	Path         string             `json:"path"`
	Entry        string             `json:"entry,omitempty"` // in an APK
	BuildID      string             `json:"build_id,omitempty"`
	ID           string             `json:"id"` // build ID, or content hash
	Machine      string             `json:"machine"`
	NotProbeable string             `json:"not_probeable,omitempty"` // why nothing in it can be probed from here
	Kernels      []DiscoveredKernel `json:"kernels"`
	Suspects     []probes.Suspect   `json:"suspects,omitempty"`
	XNNPACK      *DiscoveredXNNPACK `json:"xnnpack,omitempty"`
	NoXNNPACK    string             `json:"no_xnnpack,omitempty"` // why its operators can't be told apart
}

// DiscoveredKernel is a function and its site.
type DiscoveredKernel struct {
	Role        string   `json:"role"` // invoke, prepare, init
	FileOffset  int64    `json:"file_offset"`
	Address     uint64   `json:"address"`
	Symbol      string   `json:"symbol,omitempty"`
	Name        string   `json:"name,omitempty"` // of a delegate or custom op
	Ops         []string `json:"ops,omitempty"`  // where they are known
	SiteOffset  int64    `json:"site_file_offset"`
	Instruction string   `json:"instruction,omitempty"`
	Class       string   `json:"class,omitempty"`
	Emulated    bool     `json:"emulated"`
	Refused     string   `json:"refused,omitempty"`
}

// DiscoveredXNNPACK is what is known of the XNNPACK in a library.
type DiscoveredXNNPACK struct {
	Run        DiscoveredKernel `json:"run"`                   // the function that runs an operator
	Names      int              `json:"names"`                 // of types of operators
	TypeOffset uint32           `json:"type_offset,omitempty"` // of an operator's type in it
	Score      int              `json:"score"`                 // how well the function fits what was looked for
	RunnerUp   int              `json:"runner_up"`             // and the next best one
}

// DiscoveredGraph is a subgraph of a live interpreter.
type DiscoveredGraph struct {
	Context uint64           `json:"context"`
	Nodes   []DiscoveredNode `json:"nodes"`
}

// DiscoveredNode is a node of a live interpreter.
type DiscoveredNode struct {
	Index    int    `json:"index"`
	Op       string `json:"op"`
	Delegate bool   `json:"delegate,omitempty"`
	Library  string `json:"library,omitempty"`
	Offset   int64  `json:"file_offset,omitempty"` // of its kernel in the library
	Refused  string `json:"refused,omitempty"`
}

// UnusableLibrary is a library that could not be looked at.
type UnusableLibrary struct {
	Path string `json:"path"`
	Why  string `json:"why"`
}

// lookup is a library that is open.
type lookup struct {
	path       string // as the process calls it
	file       *symbolize.File
	inspection *probes.Inspection
}

// Discover finds the kernels of a process (by its number), a library, or all libraries of an APK. The error is
// probes.ErrNoKernels when there are none.
func Discover(target string, cache *probes.Cache) (*Discovery, error) {
	if pid, err := strconv.Atoi(target); err == nil {
		return discoverProcess(pid, cache)
	}
	d := &Discovery{}
	file, err := symbolize.Open(target)
	switch {
	case err == nil:
		defer file.Close()
		if err := d.addFile(file, cache); err != nil {
			return nil, err
		}
		return d, nil
	case !errors.Is(err, symbolize.ErrNotELF):
		return nil, err
	}
	apk, err := symbolize.OpenAPK(target)
	if err != nil {
		return nil, err
	}
	defer apk.Close()
	for _, entry := range apk.Entries {
		err := entry.Err
		if err == nil {
			err = d.addFile(entry.File, cache)
		}
		if err != nil && !errors.Is(err, probes.ErrNoKernels) {
			d.Unusable = append(d.Unusable, UnusableLibrary{entry.Name, err.Error()})
		}
	}
	if len(d.Libraries) == 0 && len(d.Unusable) == 0 {
		return nil, fmt.Errorf("discover %s: %w in any of its %d libraries", target, probes.ErrNoKernels, len(apk.Entries))
	}
	return d, nil
}

func (d *Discovery) addFile(file *symbolize.File, cache *probes.Cache) error {
	inspection, err := cache.Inspect(file)
	if err != nil {
		return err
	}
	d.Libraries = append(d.Libraries, describeFile(file, inspection))
	return nil
}

func describeFile(file *symbolize.File, inspection *probes.Inspection) DiscoveredFile {
	f := DiscoveredFile{
		Path: inspection.Path, Entry: inspection.Entry, BuildID: inspection.BuildID, ID: inspection.ID,
		Machine: machineName(inspection.PointerSize, file.Machine.String()), Suspects: inspection.Suspects,
	}
	if err := probes.Probeable(file); err != nil {
		f.NotProbeable = err.Error()
	}
	if x := inspection.XNNPACK; x != nil {
		f.XNNPACK = &DiscoveredXNNPACK{describeKernel(&x.Run), len(x.Names), x.TypeOffset, x.Score, x.RunnerUp}
	}
	f.NoXNNPACK = inspection.NoXNNPACK
	for i := range inspection.Kernels {
		found := &inspection.Kernels[i]
		f.Kernels = append(f.Kernels, describeKernel(found))
	}
	return f
}

func describeKernel(found *probes.Found) DiscoveredKernel {
	k := DiscoveredKernel{
		Role:       found.Role.String(),
		FileOffset: found.FileOffset,
		Address:    found.Address,
		Symbol:     found.Symbol,
		Name:       found.Name,
		Refused:    found.Refused,
	}
	for _, op := range found.Ops {
		k.Ops = append(k.Ops, tflite.OpName(op, found.Name))
	}
	if found.Refused == "" {
		k.SiteOffset = found.FileOffset + int64(found.Site.Offset)
		k.Instruction = found.Site.Instruction
		k.Class = found.Site.Class.String()
		k.Emulated = found.Site.Class.Emulated()
	}
	return k
}

func machineName(pointerSize int, machine string) string {
	return fmt.Sprintf("%s, %d bits", machine, 8*pointerSize)
}

// discoverProcess also looks into the process's memory: for the ops that kernels run, and for its interpreters.
func discoverProcess(pid int, cache *probes.Cache) (*Discovery, error) {
	if _, err := procfs.NewProc(pid); err != nil {
		return nil, fmt.Errorf("discover process %d: %w (see ps -A)", pid, err)
	}
	p := newProcess(0, pid, "")
	defer p.close()
	if p.memory == nil || len(p.Maps) == 0 {
		return nil, fmt.Errorf("discover process %d: its memory can't be read: %w (run as root)", pid, probes.ErrNotPermitted)
	}
	d := &Discovery{PID: pid, files: make(map[string]*lookup)}
	defer func() {
		for _, l := range d.files {
			l.file.Close()
		}
	}()
	for _, m := range p.Maps {
		if m.Perms.Execute && app.IsFile(m) {
			d.open(p, m, cache)
		}
	}
	live := probes.ScanMemory(p.memory, p.mappings())
	for _, r := range live.Registrations {
		if _, _, found := d.find(p, r.Invoke); found != nil {
			found.Learn(r.BuiltinCode)
		}
	}
	for _, g := range live.Subgraphs {
		d.addSubgraph(p, g)
	}
	for _, key := range slices.Sorted(maps.Keys(d.files)) {
		l := d.files[key]
		if len(l.inspection.Kernels) == 0 {
			continue
		}
		if l.inspection.ID != "" {
			cache.Learned(l.inspection)
		}
		d.Libraries = append(d.Libraries, describeFile(l.file, l.inspection))
	}
	if len(d.Libraries) == 0 {
		return nil, fmt.Errorf("discover process %d: %w (has it loaded its model yet?)", pid, probes.ErrNoKernels)
	}
	return d, nil
}

// open looks at the file behind a mapping, once.
func (d *Discovery) open(p *process, m *procfs.ProcMap, cache *probes.Cache) {
	file, err := symbolize.OpenAt(app.Openable(p.PID, m), m.Offset)
	if err != nil {
		return
	}
	key := m.Pathname + "!" + file.Entry
	if d.files[key] != nil {
		file.Close()
		return
	}
	inspection, err := cache.Inspect(file)
	if err != nil {
		// It may still hold a custom op.
		inspection = &probes.Inspection{Library: probes.Library{Entry: file.Entry, BuildID: file.BuildID, PointerSize: file.PointerSize}}
	}
	inspection.Path = m.Pathname
	d.files[key] = &lookup{m.Pathname, file, inspection}
}

// find returns the library and the kernel at an address of the process: no kernel where the static search found none.
func (d *Discovery) find(p *process, address uint64) (l *lookup, inFile uint64, found *probes.Found) {
	m := p.FindMapping(address)
	if m == nil {
		return nil, 0, nil
	}
	offset := int64(address-uint64(m.StartAddr)) + m.Offset
	for _, l := range d.files {
		if l.path != m.Pathname {
			continue
		}
		inFile, ok := l.file.Address(offset)
		if !ok {
			continue
		}
		for i := range l.inspection.Kernels {
			if k := &l.inspection.Kernels[i]; k.Address == inFile && k.Role == probes.Invoke {
				return l, inFile, k
			}
		}
		return l, inFile, nil
	}
	return nil, 0, nil
}

func (d *Discovery) addSubgraph(p *process, live probes.LiveSubgraph) {
	g := DiscoveredGraph{Context: live.Context}
	for i, n := range live.Nodes {
		name, _ := p.readString(n.CustomName, 256)
		node := DiscoveredNode{Index: i, Op: tflite.OpName(n.BuiltinCode, name), Delegate: n.Delegate != 0}
		l, inFile, found := d.find(p, n.Invoke)
		if l != nil && found == nil {
			own := probes.InspectFunction(l.file, inFile, probes.Invoke, n.WithData)
			own.Name = name
			l.inspection.Kernels = append(l.inspection.Kernels, own)
			found = &l.inspection.Kernels[len(l.inspection.Kernels)-1]
		}
		if found != nil {
			found.Learn(n.BuiltinCode)
			node.Library, node.Offset, node.Refused = l.path, found.FileOffset, found.Refused
		}
		g.Nodes = append(g.Nodes, node)
	}
	d.Subgraphs = append(d.Subgraphs, g)
}
