package agent

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/tflite"
)

// Only is what a recording is restricted to; zero is no restriction.
type Only struct {
	Said []string // as the user did
	tflite.Selection
	Processes []string // names or numbers, of those that the recording's target has
}

// ParseOnly reads selectors: those of ops, see tflite.ParseSelection, and "process=NAME" or "process=PID".
func ParseOnly(selectors []string) (Only, error) {
	only := Only{Said: selectors}
	var ops []string
	for _, selector := range selectors {
		if process, ok := strings.CutPrefix(selector, "process="); ok {
			only.Processes = append(only.Processes, process)
			continue
		}
		ops = append(ops, selector)
	}
	var err error
	if only.Selection, err = tflite.ParseSelection(ops); err != nil {
		return Only{}, fmt.Errorf("record: %w", err)
	}
	return only, nil
}

// excludes tells whether ops of a node, which is settled, are not to be recorded. A delegate node may stand for any op: it
// is recorded, with those of its operators that stand for a node which is asked for, or for nobody knows which.
func (o *Only) excludes(n *node) bool {
	switch {
	case !o.Restricts() || n.delegate:
		return false
	case n.operator == nil:
		return !o.Wants(n.op, n.subgraph.described.Index, n.index)
	}
	f, subgraph := n.operator.standsFor, n.subgraph.described.Index
	return f != nil &&
		!slices.ContainsFunc(f.ops, func(op string) bool { return o.Wants(op, subgraph, -1) }) &&
		!slices.ContainsFunc(f.nodes, func(index int32) bool { return o.Wants("", subgraph, index) })
}

// hold keeps an operator's op, if it isn't certain yet whether it is asked for, and tells whether it does. That becomes
// certain when its delegate node has run.
func (o *Only) hold(n *node, r *bpf.OpRecord) bool {
	if !o.Restricts() || n.operator == nil || n.operator.delegate.ran {
		return false
	}
	d := n.operator.delegate
	d.held = append(d.held, *r)
	return true
}

// releaseHeld records the ops of a delegate node's operators that were held, as far as they are asked for. The node has run,
// or never will.
func (s *Session) releaseHeld(delegate *node) {
	held := delegate.held
	delegate.ran, delegate.held = true, nil
	for i := range held {
		s.op(&held[i])
	}
}

// want notes which kernels the nodes of a subgraph need, and takes the probes from the others.
func (s *Session) want(g *subgraph, nodes []probes.LiveNode) {
	only := &s.options.Only
	if !only.Restricts() {
		return
	}
	for i, n := range nodes {
		k := s.libraries.byAddress(g.process, n.Invoke)
		if k == nil {
			continue
		}
		name, _ := g.process.readString(n.CustomName, 256)
		op := tflite.OpName(n.BuiltinCode, name)
		s.summary.ops[op] = true
		if n.Delegate != 0 || only.Wants(op, g.described.Index, int32(i)) {
			k.wanted = true
		}
	}
	if err := s.libraries.keepWanted(); err != nil {
		s.note("attach", "take probes from ops that are not asked for: %v", err)
	}
}

// keepWanted removes the probes of kernels that no subgraph needs so far, and puts those of others back.
func (ls *libraries) keepWanted() error {
	if !ls.session.method.Together() || ls.session.budget.paused != 0 {
		return nil // removing some takes seconds; or they are attached later
	}
	var changed []*probes.Attachment
	ls.each(func(a *probes.Attachment) error {
		if len(ls.wantedOf(a.Points())) != a.Kernels() {
			changed = append(changed, a)
		}
		return nil
	})
	if len(changed) == 0 {
		return nil
	}
	errs := []error{ls.session.nextPeriod()}
	for _, a := range changed {
		errs = append(errs, a.Pause(), a.Resume(ls.wantedOf(a.Points())))
	}
	return errors.Join(append(errs, ls.session.nextPeriod())...)
}

// wantedOf returns the points of kernels that are needed, as far as that is known.
func (ls *libraries) wantedOf(points []probes.Point) []probes.Point {
	if !ls.session.options.Only.Restricts() {
		return points
	}
	return slices.DeleteFunc(slices.Clone(points), func(p probes.Point) bool {
		k := ls.byCookie(p.Cookie &^ bpf.WithData)
		return p.Role == probes.Invoke && k != nil && !k.wanted
	})
}
