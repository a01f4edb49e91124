package agent

import (
	"testing"

	"github.com/edgexray/edgexray/bpf"
)

func TestPausesTakenOut(t *testing.T) {
	const tid = 7
	ps := newPauses()
	ps.over[tid] = []pause{{from: 90, to: 150}, {from: 300, to: 320}}
	op := func(start, duration uint64, depth uint16) *bpf.OpRecord {
		r := &bpf.OpRecord{StartNs: start, DurationNs: duration, Depth: depth}
		r.Header.Tid = tid
		return r
	}
	for _, test := range []struct {
		name            string
		op              *bpf.OpRecord
		start, duration uint64
		pausesLeft      int
	}{
		{"held as it began, inside another op", op(100, 60, 1), 150, 10, 2},
		{"between the pauses", op(200, 50, 1), 200, 50, 2},
		{"held in the midst", op(290, 100, 1), 310, 80, 2},
		{"around them all", op(95, 400, 0), 170, 325, 0},
		{"after the outermost op ended", op(100, 60, 0), 100, 60, 0},
	} {
		start, duration := ps.takenOut(test.op)
		if start != test.start || duration != test.duration {
			t.Errorf("%s: began at %d and took %d, want %d and %d", test.name, start, duration, test.start, test.duration)
		}
		if got := len(ps.over[tid]); got != test.pausesLeft {
			t.Errorf("%s: %d pauses are kept, want %d", test.name, got, test.pausesLeft)
		}
	}
}
