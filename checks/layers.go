package checks

import (
	"fmt"

	"github.com/edgexray/edgexray/analyze/compare"
)

// checkKernels asks which op is wrong by itself, as `edgexray compare` finds it.
func checkKernels(s *Subject, _ arguments) Outcome {
	r, err := s.Compared()
	if err != nil {
		return notChecked("%v", err)
	}
	v := &r.Verdict
	if len(v.Guilty) > 0 {
		o := failed("%s is wrong by itself: %s%s", placeText(v.Guilty[0].Place), v.Guilty[0].Why, more(len(v.Guilty)))
		o.Advice = "update the runtime, or take another kernel for this op (edgexray snapshot --kernels builtin keeps delegates out)"
		return o
	}
	for _, f := range v.Suspects {
		if f.Node < 0 {
			continue // an input that differs is no kernel's fault
		}
		return failed("%s is suspect, and could not be run alone: %s%s", placeText(f.Place), f.Why, more(len(v.Suspects)))
	}
	if v.Right == 0 {
		return notChecked("no op was run alone (that takes --model, and a snapshot with all layers)")
	}
	return pass("%d ops are right when run alone, %d were not run alone", v.Right, v.NotAlone)
}

// maxName is how many characters of a tensor's name are shown: that of a fused op has those of all its parts.
const maxName = 60

func placeText(p compare.Place) string {
	name := p.Tensor
	if runes := []rune(name); len(runes) > maxName {
		name = string(runes[:maxName-1]) + "…"
	}
	if p.Subgraph > 0 {
		return fmt.Sprintf("%s (node %d of subgraph %d, %q)", p.Op, p.Node, p.Subgraph, name)
	}
	return fmt.Sprintf("%s (node %d, %q)", p.Op, p.Node, name)
}

func more(n int) string {
	if n > 1 {
		return fmt.Sprintf("; and %d more", n-1)
	}
	return ""
}

// checkQuantizationError asks where the error against the reference jumps, although each op is right.
func checkQuantizationError(s *Subject, a arguments) Outcome {
	r, err := s.Compared()
	if err != nil {
		return notChecked("%v", err)
	}
	allowed := a.get("nrmse", 0.1)
	if len(r.Verdict.Suspects) > 0 && r.Verdict.Suspects[0].Node < 0 {
		return notChecked("the reference was given other inputs, which are in all errors")
	}
	worst, at, layers := 0.0, compare.Place{}, 0
	for _, m := range r.Models {
		for _, op := range m.Ops {
			for _, o := range op.Outputs {
				if o.Accumulated == nil {
					continue
				}
				layers++
				if e := o.Accumulated.MeanNRMSE; e > worst {
					worst, at = e, op.Place
				}
			}
		}
	}
	jumped := ""
	if len(r.Verdict.Jumps) > 0 {
		jumped = fmt.Sprintf("; it jumps at %s: %s", placeText(r.Verdict.Jumps[0].Place), r.Verdict.Jumps[0].Why)
	}
	switch {
	case layers == 0:
		return notChecked("no layer has a counterpart in the reference")
	case worst > allowed:
		o := failed("the largest error of a layer is nRMSE %.2g, at %s, %.2g allowed%s", worst, placeText(at), allowed, jumped)
		o.Advice = "calibrate with data like the app's, or keep the layer at which the error jumps in floating point"
		return o
	}
	return pass("the largest error of %d layers is nRMSE %.2g, at %s", layers, worst, placeText(at))
}
