package main

import (
	"cmp"
	"errors"
	"os"

	"github.com/edgexray/edgexray/trace"
)

func onSlowCore(h *trace.Header, op *trace.Op) {
	h.Cores = []*trace.Core{{Capacity: 1024}, {Capacity: 512}}
	if op != nil {
		op.Paid.Core = 1
		twiceAsSlow(h, op)
	}
}

func atLowFrequency(h *trace.Header, op *trace.Op) {
	h.Cores = []*trace.Core{{Capacity: 1024, MaxKhz: 2_000_000, Khz: 2_000_000}, {Capacity: 1024, MaxKhz: 2_000_000, Khz: 2_000_000}}
	if op != nil {
		op.Paid.KHz = 1_000_000
		twiceAsSlow(h, op)
	}
}

func twiceAsSlow(h *trace.Header, op *trace.Op) {
	op.Start += op.Start - h.StartNs
	op.Duration *= 2
}

// remade writes a trace anew, its header and ops changed.
func remade(file string, change func(*trace.Header, *trace.Op)) error {
	r, err := trace.Open(file)
	if err != nil {
		return err
	}
	defer r.Close()
	out, err := os.Create(file + ".made")
	if err != nil {
		return err
	}
	defer out.Close()
	var w *trace.Writer
	var header *trace.Header
	for r.Next() {
		b := r.Block()
		if b.Header != nil {
			header = b.Header
			change(header, nil)
			if w, err = trace.NewWriter(out, header); err != nil {
				return err
			}
		}
		if err := copyBlock(w, b, func(op *trace.Op) { change(header, op) }); err != nil {
			return err
		}
	}
	return cmp.Or(r.Err(), os.Rename(file+".made", file))
}

func copyBlock(w *trace.Writer, b *trace.Block, change func(*trace.Op)) error {
	var errs []error
	describe := func(d trace.Description) { errs = append(errs, w.Describe(d)) }
	each(b.Runtimes, describe)
	each(b.Kernels, describe)
	each(b.Processes, describe)
	each(b.Models, describe)
	each(b.ModelNodes, describe)
	each(b.Threads, describe)
	each(b.Subgraphs, describe)
	each(b.Nodes, describe)
	for _, batch := range b.Ops {
		for op := range batch.All() {
			change(&op)
			errs = append(errs, w.AddOp(op))
		}
	}
	errs = append(errs, w.Flush(b.TimeNs))
	if b.End != nil {
		errs = append(errs, w.Close(b.End))
	}
	return errors.Join(errs...)
}

func each[D trace.Description](list []D, do func(trace.Description)) {
	for _, d := range list {
		do(d)
	}
}
