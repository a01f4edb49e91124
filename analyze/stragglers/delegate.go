package stragglers

import (
	"fmt"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/analyze"
)

// delegated tells whether a delegate does the op's work.
func (s *subject) delegated() bool { return s.Mapping != "" }

// neighbours returns the delegate nodes right before and after an op that no delegate took; nil where there is none.
func (f *finder) neighbours(s *subject) (before, after *analyze.Op) {
	if s.delegated() {
		return nil, nil
	}
	for _, op := range s.model.Ops {
		if op.Subgraph != s.Subgraph || op.Mapping != "" || op.Delegate == "" {
			continue
		}
		if feeds(op, s.Op) {
			before = op
		}
		if feeds(s.Op, op) {
			after = op
		}
	}
	return before, after
}

// feeds tells whether one op reads what the other one writes.
func feeds(from, to *analyze.Op) bool {
	for _, out := range from.Outputs {
		if out.Index >= 0 && slices.ContainsFunc(to.Inputs, func(in analyze.Tensor) bool { return in.Index == out.Index }) {
			return true
		}
	}
	return false
}

func count(op *analyze.Op) int {
	if op == nil {
		return 0
	}
	return 1
}

// whyNotDelegated says what tells why a delegate took what is around the op, but not the op.
func (f *finder) whyNotDelegated(s *subject) string {
	var delegate string
	var otherTypes []string
	same := false
	for _, op := range s.model.Ops {
		if op.Delegate != "" && op.Mapping == "" {
			delegate = op.Delegate
		}
	}
	for _, o := range f.all {
		if o.model != s.model || !o.delegated() || o.Op.Op != s.Op.Op {
			continue
		}
		if types := typesOf(o.Op); types == typesOf(s.Op) {
			same = true
		} else if !slices.Contains(otherTypes, types) {
			otherTypes = append(otherTypes, types)
		}
	}
	switch {
	case same:
		return fmt.Sprintf("%s took other %s ops of the same type in this model: it is a matter of this one's shape, parameters or tensors", delegate, s.Op.Op)
	case len(otherTypes) > 0:
		return fmt.Sprintf("%s took %s ops of type %s in this model, but none of %s", delegate, s.Op.Op, strings.Join(otherTypes, ", "), typesOf(s.Op))
	}
	return fmt.Sprintf("%s took no %s of type %s in this model, but what is around them", delegate, s.Op.Op, typesOf(s.Op))
}
