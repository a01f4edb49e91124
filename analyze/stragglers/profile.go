package stragglers

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/edgexray/edgexray/analyze"
)

// Profile is what ops took on a device in earlier traces. docs/stragglers-json.md is the contract of its JSON.
type Profile struct {
	Format       string      `json:"format"`
	Version      int         `json:"version"`
	Architecture string      `json:"architecture"`
	Traces       int         `json:"traces"`
	Ops          []ProfileOp `json:"ops"` // by key
}

// ProfileOp is an op of a model, as far as its time depends on it, and what it took.
type ProfileOp struct {
	Model    string    `json:"model"` // its file's hash, or else its name
	Subgraph int32     `json:"subgraph"`
	Node     int32     `json:"node"`
	Operator int       `json:"operator_index"` // -1 of nodes
	Key      string    `json:"key"`            // class, shapes and parameters
	Op       string    `json:"op"`
	Kind     string    `json:"kind"`
	Class    string    `json:"class"`
	MACs     bool      `json:"has_macs"`
	Effort   float64   `json:"effort"` // ln of what its time is taken to grow with; 0 when its work is unknown
	Shape    shape     `json:"shape"`
	NS       []float64 `json:"ns"` // of a typical run in each trace, the latest last
}

// identity is what tells an op from all others.
type identity struct {
	model          string
	subgraph, node int32
	operator       int
	key            string
}

func (op *ProfileOp) identity() identity {
	return identity{op.Model, op.Subgraph, op.Node, op.Operator, op.Key}
}

func (s *subject) identity() identity {
	return identity{cmp.Or(s.model.SHA256, s.model.Name), s.Subgraph, s.Node, s.OperatorIndex, s.key()}
}

const (
	profileFormat  = "edgexray device profile"
	profileVersion = 1

	maxProfileBytes = 64 << 20
	maxProfileOps   = 200_000
	maxProfileRuns  = 32 // kept of an op, the latest ones
	maxLogarithm    = 100
)

// ReadProfile reads a profile. What it holds is checked: it may come from elsewhere.
func ReadProfile(r io.Reader) (*Profile, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxProfileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxProfileBytes {
		return nil, fmt.Errorf("read a device profile: it has more than %d MB: make another one with --save-profile", maxProfileBytes>>20)
	}
	p := new(Profile)
	if err := json.Unmarshal(data, p); err != nil {
		return nil, fmt.Errorf("read a device profile: it is not JSON as --save-profile writes it: %w", err)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("read a device profile: %w (make another one with --save-profile)", err)
	}
	return p, nil
}

func (p *Profile) check() error {
	switch {
	case p.Format != profileFormat:
		return fmt.Errorf("its format is %q, not %q", p.Format, profileFormat)
	case p.Version > profileVersion:
		return fmt.Errorf("its version is %d, this edgexray reads up to %d", p.Version, profileVersion)
	case len(p.Ops) > maxProfileOps:
		return fmt.Errorf("it has %d ops, more than %d", len(p.Ops), maxProfileOps)
	}
	for _, op := range p.Ops {
		for _, v := range append(op.Shape[:], op.Effort) {
			if !(math.Abs(v) < maxLogarithm) {
				return fmt.Errorf("%.100q has shape or effort %g", op.Key, v)
			}
		}
		if len(op.NS) == 0 || len(op.NS) > maxProfileRuns {
			return fmt.Errorf("%.100q has %d times, not 1 to %d", op.Key, len(op.NS), maxProfileRuns)
		}
		for _, ns := range op.NS {
			if !(ns > 0 && ns < math.MaxInt64) {
				return fmt.Errorf("%.100q took %g ns", op.Key, ns)
			}
		}
	}
	return nil
}

// NewProfile returns an empty profile.
func NewProfile() *Profile {
	return &Profile{Format: profileFormat, Version: profileVersion, Ops: []ProfileOp{}}
}

// ErrOtherDevice says that a profile was made on a device of another kind.
var ErrOtherDevice = errors.New("the profile was made on another kind of device")

// Fits reports an error when the profile was made on a device of another architecture than the trace. A nil profile fits all.
func (p *Profile) Fits(r *analyze.OpsResult) error {
	if p == nil {
		return nil
	}
	if here := r.Recording.Architecture; p.Architecture != "" && here != "" && p.Architecture != here {
		return fmt.Errorf("%w: %s, the trace on %s (make one for this device with --save-profile)", ErrOtherDevice, p.Architecture, here)
	}
	return nil
}

// Add takes in what the ops of a trace took.
func (p *Profile) Add(r *analyze.OpsResult) error {
	if err := p.Fits(r); err != nil {
		return err
	}
	at := make(map[identity]int)
	for i := range p.Ops {
		at[p.Ops[i].identity()] = i
	}
	for _, s := range subjects(r) {
		id := s.identity()
		i, known := at[id]
		if !known {
			if i = len(p.Ops); i == maxProfileOps {
				return fmt.Errorf("add to a device profile: it has %d ops, as many as it can have: make another one", maxProfileOps)
			}
			at[id] = i
			p.Ops = append(p.Ops, ProfileOp{
				Model: id.model, Subgraph: id.subgraph, Node: id.node, Operator: id.operator, Key: id.key,
				Op: s.Op.Op, Kind: s.kind, Class: s.class, MACs: s.work.MACs > 0,
			})
			if s.known {
				p.Ops[i].Effort, p.Ops[i].Shape = s.effort, s.shape
			}
		}
		op := &p.Ops[i]
		op.NS = append(op.NS, rounded(s.ns))
		op.NS = op.NS[max(len(op.NS)-maxProfileRuns, 0):]
	}
	p.Architecture = r.Recording.Architecture
	p.Traces++
	return nil
}
