package agent

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/tflite"
)

// Only is what a recording is restricted to; zero is no restriction. An op is recorded if it is named by Ops or by Nodes.
type Only struct {
	Said      []string // as the user did
	Ops       []string // names, as the tables show them, in upper case
	Nodes     []Nodes
	Processes []string // names or numbers, of those that the recording's target has
}

// Nodes is a range of nodes of one subgraph.
type Nodes struct{ Subgraph, First, Last int32 }

// ParseOnly reads selectors: "CONV_2D", "12", "12-20", "1:3" (in subgraph 1), "process=NAME" or "process=PID".
func ParseOnly(selectors []string) (Only, error) {
	only := Only{Said: selectors}
	for _, selector := range selectors {
		if process, ok := strings.CutPrefix(selector, "process="); ok {
			only.Processes = append(only.Processes, process)
			continue
		}
		if selector == "" {
			return Only{}, fmt.Errorf("record only %q: it is empty (an op's name, a node's number, or process=NAME)", selector)
		}
		if strings.Trim(selector, "0123456789:-") != "" {
			only.Ops = append(only.Ops, strings.ToUpper(selector))
			continue
		}
		nodes, err := parseNodes(selector)
		if err != nil {
			return Only{}, err
		}
		only.Nodes = append(only.Nodes, nodes)
	}
	return only, nil
}

func parseNodes(selector string) (Nodes, error) {
	var n Nodes
	rest := selector
	var errs [3]error
	number := func(text string, i int) int32 {
		v, err := strconv.ParseInt(text, 10, 32)
		errs[i] = err
		return int32(v)
	}
	if subgraph, after, ok := strings.Cut(rest, ":"); ok {
		n.Subgraph, rest = number(subgraph, 0), after
	}
	first, last, ranged := strings.Cut(rest, "-")
	n.First = number(first, 1)
	n.Last = n.First
	if ranged {
		n.Last = number(last, 2)
	}
	for _, err := range errs {
		if err != nil {
			return n, fmt.Errorf("record only node %q: %w (write 12, 12-20, or 1:12 for a node of subgraph 1)", selector, err)
		}
	}
	if n.Last < n.First {
		return n, fmt.Errorf("record only nodes %q: the first comes after the last", selector)
	}
	return n, nil
}

func (o *Only) restrictsOps() bool { return len(o.Ops)+len(o.Nodes) > 0 }

// wants tells whether an op is asked for by its name or its node.
func (o *Only) wants(op string, subgraph, index int32) bool {
	if !o.restrictsOps() || slices.Contains(o.Ops, strings.ToUpper(op)) {
		return true
	}
	return slices.ContainsFunc(o.Nodes, func(n Nodes) bool {
		return n.Subgraph == max(subgraph, 0) && n.First <= index && index <= n.Last
	})
}

// excludes tells whether ops of a node, which is settled, are not to be recorded. A delegate node may stand for any op: it
// is recorded, with those of its operators that stand for a node which is asked for, or for nobody knows which.
func (o *Only) excludes(n *node) bool {
	switch {
	case !o.restrictsOps() || n.delegate:
		return false
	case n.operator == nil:
		return !o.wants(n.op, n.subgraph.described.Index, n.index)
	}
	f, subgraph := n.operator.standsFor, n.subgraph.described.Index
	return f != nil &&
		!slices.ContainsFunc(f.ops, func(op string) bool { return o.wants(op, subgraph, -1) }) &&
		!slices.ContainsFunc(f.nodes, func(index int32) bool { return o.wants("", subgraph, index) })
}

// hold keeps an operator's op, if it isn't certain yet whether it is asked for, and tells whether it does. That becomes
// certain when its delegate node has run.
func (o *Only) hold(n *node, r *bpf.OpRecord) bool {
	if !o.restrictsOps() || n.operator == nil || n.operator.delegate.ran {
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
	if !only.restrictsOps() {
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
		if n.Delegate != 0 || only.wants(op, g.described.Index, int32(i)) {
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
	if !ls.session.options.Only.restrictsOps() {
		return points
	}
	return slices.DeleteFunc(slices.Clone(points), func(p probes.Point) bool {
		k := ls.byCookie(p.Cookie &^ bpf.WithData)
		return p.Role == probes.Invoke && k != nil && !k.wanted
	})
}
