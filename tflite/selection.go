package tflite

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Selection is some of the ops that models have: those that are named by Ops or by Nodes. Zero is all of them.
type Selection struct {
	Ops   []string // names, as the tables show them, in any case
	Nodes []Nodes
}

// Nodes is a range of nodes of one subgraph.
type Nodes struct{ Subgraph, First, Last int32 }

// ParseSelection reads selectors: "CONV_2D", "12", "12-20", "1:3" (in subgraph 1).
func ParseSelection(selectors []string) (Selection, error) {
	var s Selection
	for _, selector := range selectors {
		if selector == "" {
			return Selection{}, fmt.Errorf("only %q: it is empty (write an op's name, or a node's number)", selector)
		}
		if strings.Trim(selector, "0123456789:-") != "" {
			s.Ops = append(s.Ops, selector)
			continue
		}
		nodes, err := parseNodes(selector)
		if err != nil {
			return Selection{}, err
		}
		s.Nodes = append(s.Nodes, nodes)
	}
	return s, nil
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
			return n, fmt.Errorf("only node %q: %w (write 12, 12-20, or 1:12 for a node of subgraph 1)", selector, err)
		}
	}
	if n.Last < n.First {
		return n, fmt.Errorf("only nodes %q: the first comes after the last", selector)
	}
	return n, nil
}

// Restricts tells whether the selection leaves anything out.
func (s *Selection) Restricts() bool { return len(s.Ops)+len(s.Nodes) > 0 }

// Wants tells whether an op is selected, by its name or its node.
func (s *Selection) Wants(op string, subgraph, index int32) bool {
	named := func(name string) bool { return strings.EqualFold(name, op) }
	if !s.Restricts() || slices.ContainsFunc(s.Ops, named) {
		return true
	}
	return slices.ContainsFunc(s.Nodes, func(n Nodes) bool {
		return n.Subgraph == max(subgraph, 0) && n.First <= index && index <= n.Last
	})
}
