package probes

import (
	"errors"
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/symbolize"
	"github.com/edgexray/edgexray/tflite/xnnpack"
)

// XNNPACK is what a library's file says of the XNNPACK in it.
type XNNPACK struct {
	// Run is the function that runs one operator, which is its first argument.
	Run Found
	// TypeOffset is where in an operator its type is, in bytes; 0 when not known.
	TypeOffset uint32
	// Names are those of the operators by type, nil when the library has none.
	Names []string `json:",omitempty"`
	// Layout of its runtimes, which the memory of processes taught; nil when it isn't known.
	Layout *xnnpack.Layout `json:",omitempty"`
	// Score says how much the function's code has in common with what is looked for, RunnerUp how much the next best
	// function has.
	Score, RunnerUp int
}

// ErrNoXNNPACK says that a library has no XNNPACK delegate.
var ErrNoXNNPACK = errors.New("no XNNPACK delegate")

// xnnpackDelegate is the custom name of the delegate's registration.
const xnnpackDelegate = "TfLiteXNNPackDelegate"

// The function is believed if it scores this much while no other one does better than that.
const (
	enoughScore = 5
	maxRunnerUp = 2
)

// findXNNPACK finds the function by its place and its shape: it is at most maxCallDepth calls away from the kernel of the
// delegate's nodes, looks at the operator's state first, and calls what spreads work over threads in many ways.
func findXNNPACK(f *symbolize.File, kernels []Kernel) (*XNNPACK, error) {
	i := slices.IndexFunc(kernels, func(k Kernel) bool { return k.Role == Invoke && k.Name == xnnpackDelegate })
	if i < 0 {
		return nil, ErrNoXNNPACK
	}
	r := &flowReader{file: f, seen: make(map[uint64]*flow)}
	x := &XNNPACK{}
	var best, state uint64
	for _, address := range r.reachable(kernels[i].Address) {
		switch score := r.score(address); {
		case score > x.Score:
			best, state = address, uint64(r.of(address).loads)
			x.Score, x.RunnerUp = score, x.Score
		case score > x.RunnerUp:
			x.RunnerUp = score
		}
	}
	if x.Score < enoughScore || x.RunnerUp > maxRunnerUp {
		return nil, fmt.Errorf("find XNNPACK's run function in %s: not conclusive: the best of what its delegate calls scores %d (%d is enough), the next %d (%d at most): operators are not told apart",
			f, x.Score, enoughScore, x.RunnerUp, maxRunnerUp)
	}
	x.Run = inspectFunction(f, *newKernel(f, Operator, best))
	x.Names, x.TypeOffset = operatorTypes(r, uint32(state))
	return x, nil
}

const (
	maxCallDepth = 3
	maxReached   = 4096 // functions
)

// reachable lists the functions that one calls, directly or not.
func (r *flowReader) reachable(from uint64) []uint64 {
	reached := []uint64{from}
	seen := map[uint64]bool{from: true}
	for depth, begin := 0, 0; depth < maxCallDepth; depth++ {
		end := len(reached)
		for _, address := range reached[begin:end] {
			f := r.of(address)
			if f == nil {
				continue
			}
			for callee := range f.calls {
				if !seen[callee] && len(reached) < maxReached {
					seen[callee] = true
					reached = append(reached, callee)
				}
			}
		}
		begin = end
	}
	return reached
}

// score says how much a function looks like XNNPACK's run function. No criterion alone holds in every build.
func (r *flowReader) score(address uint64) int {
	f := r.of(address)
	if f == nil {
		return 0
	}
	score := 0
	if f.loads != 0 && f.compares3 {
		score += 2
	}
	const many = 8
	switch {
	case len(f.calls) >= many && r.common(f)*10 >= len(f.calls)*6:
		score += 4
	case len(f.calls) >= 1 && len(f.calls) <= 2 && f.tableJump && f.indirect >= many:
		score += 3
	}
	if f.tableJump {
		score++
	}
	return score
}

// common returns how many of a function's callees call the one that most of them call.
func (r *flowReader) common(f *flow) int {
	times := make(map[uint64]int)
	most := 0
	for callee := range f.calls {
		if c := r.of(callee); c != nil {
			for target := range c.calls {
				times[target]++
				most = max(most, times[target])
			}
		}
	}
	return most
}
