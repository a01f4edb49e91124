package stragglers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

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

// ProfileOp is an op as far as its time depends on it, and what it took.
type ProfileOp struct {
	Key string    `json:"key"` // class, shapes and parameters
	NS  []float64 `json:"ns"`  // of a typical run in each trace, the latest last
}

const (
	profileFormat  = "edgexray device profile"
	profileVersion = 1

	maxProfileBytes = 64 << 20
	maxProfileOps   = 200_000
	maxProfileRuns  = 32 // kept of an op, the latest ones
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

// Fits reports an error when the profile was made on a device of another architecture than the trace.
func (p *Profile) Fits(r *analyze.OpsResult) error {
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
	took := make(map[string][]float64)
	for _, s := range subjects(r) {
		key := s.key()
		took[key] = append(took[key], s.ns)
	}
	at := make(map[string]int)
	for i, op := range p.Ops {
		at[op.Key] = i
	}
	for _, key := range slices.Sorted(maps.Keys(took)) {
		i, known := at[key]
		if !known {
			if i = len(p.Ops); i == maxProfileOps {
				return fmt.Errorf("add to a device profile: it has %d ops, as many as it can have: make another one", maxProfileOps)
			}
			p.Ops = append(p.Ops, ProfileOp{Key: key})
		}
		op := &p.Ops[i]
		op.NS = append(op.NS, rounded(median(took[key])))
		op.NS = op.NS[max(len(op.NS)-maxProfileRuns, 0):]
	}
	slices.SortFunc(p.Ops, func(a, b ProfileOp) int { return strings.Compare(a.Key, b.Key) })
	p.Architecture = r.Recording.Architecture
	p.Traces++
	return nil
}
