package stragglers

import "github.com/edgexray/edgexray/analyze"

const (
	fewSamples      = 10  // of an op, fewer than which don't tell where its time goes
	mostlyReference = 0.5 // of an op's samples in reference code
)

// sampled is where an op's CPU time went, by samples.
type sampled struct {
	all, reference uint64
	function       string // the reference code
}

// samples sums up a result's samples by op. Without `record --sample` there are none.
func samples(r *analyze.OpsResult) map[*analyze.Op]*sampled {
	byOp := make(map[*analyze.Op]*sampled)
	for _, stack := range r.Samples() {
		op := stack.Ops[len(stack.Ops)-1]
		if byOp[op] == nil {
			byOp[op] = new(sampled)
		}
		s := byOp[op]
		s.all += stack.Count
		for _, frame := range stack.Frames {
			if reference.MatchString(frame.Name) {
				s.reference += stack.Count
				s.function = frame.Name
				break
			}
		}
	}
	return byOp
}

// referenceCode returns the reference code in which the op spends its time: its kernel, by its symbol, or what samples found; empty when
// neither tells.
func (f *finder) referenceCode(op *analyze.Op) string {
	if isReference(op) {
		return op.Kernel
	}
	if s := f.sampled[op]; s != nil && s.all >= fewSamples && float64(s.reference) >= mostlyReference*float64(s.all) {
		return s.function
	}
	return ""
}
