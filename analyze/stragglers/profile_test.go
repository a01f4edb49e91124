package stragglers

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/trace"
)

func profileOf(t testing.TB, traces ...*made) *Profile {
	t.Helper()
	p := NewProfile()
	for _, m := range traces {
		if err := p.Add(m.ops(t)); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	read, err := ReadProfile(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// A profile of earlier traces finds what peers can't: an op that is always slower than its kind is none, one that became slower is. A run
// that is slower as a whole has no stragglers.
func TestHistory(t *testing.T) {
	usual := func() *made {
		m := newMade()
		m.slow(14, 3)
		return m
	}
	p := profileOf(t, usual(), usual(), usual())
	if p.Traces != 3 || len(p.Ops) != 40 || len(p.Ops[0].NS) != 3 {
		t.Fatalf("%d traces, %d ops: %+v", p.Traces, len(p.Ops), p.Ops[0])
	}
	slower := usual()
	slower.op = func(_ int, _ *trace.Node, op *trace.Op) { op.Duration += op.Duration / 2 }
	for name, c := range map[string]struct {
		m    *made
		want int // node, -1 for none
	}{"as ever": {usual(), -1}, "all slower": {slower, -1}, "one slower": {func() *made { m := usual(); m.duration[m.nodes[21].Id] = m.duration[m.nodes[21].Id] * 3 / 2; return m }(), 21}} {
		r := c.m.find(t, Options{Profile: p})
		if c.want < 0 && len(r.Stragglers) > 0 || c.want >= 0 && (len(r.Stragglers) != 1 || r.Stragglers[0].Node != int32(c.want) || r.Stragglers[0].Basis != ByHistory) {
			t.Errorf("%s: %s, want node %d", name, describe(r.Stragglers), c.want)
		}
		if speed := r.Models[0].Speed; name == "all slower" && math.Abs(speed-1/1.5) > 0.02 || name == "as ever" && speed != 1 {
			t.Errorf("%s: speed %g", name, speed)
		}
	}
}

// Ops of a profile are peers for a model that it doesn't have: one with a single convolution.
func TestProfileHasPeers(t *testing.T) {
	m := newMade()
	p := profileOf(t, m)
	one := newMade()
	one.model.Sha256 = "other"
	one.nodes = []*trace.Node{one.nodes[1], one.nodes[14]}
	for _, n := range one.nodes {
		n.Inputs[0].Shape[1]++ // another shape
	}
	one.nodes[1].Outputs[0].Shape[1]++
	if r := one.find(t, Options{Profile: p}); len(r.Stragglers) != 0 || r.Models[0].ByPeers != 2 {
		t.Errorf("%s; %+v", describe(r.Stragglers), r.Models[0])
	}
	one.slow(1, 4)
	if r := one.find(t, Options{Profile: p}); len(r.Stragglers) != 1 || r.Stragglers[0].Node != 14 || r.Stragglers[0].Basis != ByPeers {
		t.Errorf("%s", describe(r.Stragglers))
	}
}

func TestOtherDevice(t *testing.T) {
	p := profileOf(t, newMade())
	m := newMade()
	m.header.Architecture = "amd64"
	if err := p.Add(m.ops(t)); !errors.Is(err, ErrOtherDevice) {
		t.Errorf("add: %v", err)
	}
	if _, err := Find(m.ops(t), Options{Profile: p}); !errors.Is(err, ErrOtherDevice) {
		t.Errorf("find: %v", err)
	}
}

// Whatever is read for a profile is either refused or can be used.
func FuzzReadProfile(f *testing.F) {
	text, err := json.Marshal(profileOf(f, newMade()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	for _, bad := range []string{
		"", "{}", `{"format":"edgexray device profile","version":2}`,
		`{"format":"edgexray device profile","version":1,"ops":[{"ns":[0]}]}`,
		`{"format":"edgexray device profile","version":1,"ops":[{"ns":[]}]}`,
		`{"format":"edgexray device profile","version":1,"ops":[{"ns":[1],"effort":1e9}]}`,
		`{"format":"edgexray device profile","version":1,"ops":[{"ns":[1],"shape":[1e300]}]}`,
	} {
		f.Add([]byte(bad))
		if _, err := ReadProfile(strings.NewReader(bad)); err == nil {
			f.Errorf("took %s", bad)
		}
	}
	ops := newMade().ops(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ReadProfile(bytes.NewReader(text))
		if err != nil {
			return
		}
		r, err := Find(ops, Options{Profile: p})
		if err != nil && !errors.Is(err, ErrOtherDevice) {
			t.Fatal(err)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Fatal(err)
		}
	})
}
