package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/trace"
)

// sizeInvokes is how many invokes a recording has at least.
const sizeInvokes = 300

func measureSize(b *bench) error {
	var rows [][]string
	for _, a := range mobileNets {
		invokes := (sizeInvokes + a.invokes - 1) / a.invokes * a.invokes
		a.invokes = invokes
		p, err := b.start(a)
		if err != nil {
			return err
		}
		_, recorded, err := b.recorded(p, p.step)
		p.close()
		if err != nil {
			return err
		}
		s, err := sizesOf(recorded.trace)
		if err != nil {
			return err
		}
		perOp := float64(s.ops) / float64(s.opCount)
		ops := float64(recorded.ops) / float64(invokes)
		rows = append(rows, []string{
			a.name(), fmt.Sprint(invokes), fmt.Sprintf("%.0f", ops), fmt.Sprintf("%.2f", perOp), fmt.Sprintf("%.0f", perOp*ops),
			fmt.Sprint(s.rest), fmt.Sprint(s.ops + s.rest), fmt.Sprint(recorded.lost),
		})
	}
	return report.Listing(os.Stdout, []string{"app", "invokes", "ops an invoke", "bytes an op", "bytes an invoke",
		"header and descriptions, bytes", "whole trace, bytes", "lost"}, rows)
}

// sizes of a trace's frames, in bytes.
type sizes struct {
	ops     int64 // of frames that hold nothing but ops
	opCount int   // in them
	rest    int64 // of everything else
}

func sizesOf(path string) (s sizes, err error) {
	f, err := os.Open(path)
	if err != nil {
		return s, err
	}
	defer f.Close()
	t, err := trace.Open(path)
	if err != nil {
		return s, err
	}
	defer t.Close()
	const preamble, head = 12, 8 // docs/trace-format.md
	at := int64(preamble)
	s.rest = at
	for t.Next() {
		var length [4]byte
		if _, err := f.ReadAt(length[:], at); err != nil && err != io.EOF {
			return s, err
		}
		size := head + int64(binary.LittleEndian.Uint32(length[:]))
		at += size
		if count := onlyOps(t.Block()); count > 0 {
			s.ops += size
			s.opCount += count
		} else {
			s.rest += size
		}
	}
	return s, t.Err()
}

// onlyOps counts the ops of a block, unless it also describes something.
func onlyOps(b *trace.Block) int {
	if b.Header != nil || b.End != nil || len(b.Runtimes)+len(b.Kernels)+len(b.Processes)+len(b.Threads)+
		len(b.Models)+len(b.Subgraphs)+len(b.Nodes)+len(b.Notes) > 0 {
		return 0
	}
	count := 0
	for _, batch := range b.Ops {
		count += len(batch.Node)
	}
	return count
}
