package probes

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/cilium/ebpf/ringbuf"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/trace"
)

// How often the calibration target is called. Enough that the fastest round is undisturbed, and over in a tenth of a
// second; what is recorded fits into the ring buffer.
const (
	calibrationRounds = 5
	calibrationCalls  = 1000
)

// MeasureCosts attaches programs to a program of ours, and returns what an op pays for that by the class of the probed
// instruction. It is also the proof that the method works here: probes that attach but don't fire are an error. The
// programs' ring buffer and counters are empty again afterwards.
func MeasureCosts(method Method, programs *bpf.Programs) ([]*trace.ProbeCost, error) {
	target, err := NewCalibrationTarget()
	if err != nil {
		return nil, err
	}
	costs, err := measure(method, programs, target)
	return costs, errors.Join(err, target.Close(), programs.Reset())
}

// EntryOnly is added to the class of an instruction for what an op pays whose kernel's return is not probed.
const EntryOnly = ", entry only"

func measure(method Method, programs *bpf.Programs, target *CalibrationTarget) ([]*trace.ProbeCost, error) {
	if err := programs.Targets.Put(uint32(target.PID()), uint32(1)); err != nil {
		return nil, fmt.Errorf("mark calibration target for recording: %w", err)
	}
	defer programs.Targets.Delete(uint32(target.PID()))
	bare, err := target.Measure(calibrationRounds, calibrationCalls)
	if err != nil {
		return nil, err
	}
	costs, err := measureProbed(method, programs, target, bare, false)
	if err != nil || programs.EnterOnly == nil {
		return costs, err
	}
	entries, err := measureProbed(method, programs, target, bare, true)
	for _, c := range entries {
		c.InstructionClass += EntryOnly
	}
	return append(costs, entries...), err
}

// measureProbed returns the costs given what a call of each function takes bare, in ns.
func measureProbed(method Method, programs *bpf.Programs, target *CalibrationTarget, bare []float64, entryOnly bool) ([]*trace.ProbeCost, error) {
	points := make([]Point, len(target.Sites()))
	for i, site := range target.Sites() {
		points[i] = Point{Role: Invoke, Offset: site.FileOffset, Cookie: uint64(i + 1), EntryOnly: entryOnly}
	}
	attachment, err := Attach(method, programs, target.Path(), points)
	if err != nil {
		return nil, err
	}
	defer attachment.Close()
	if len(attachment.Refused) > 0 {
		return nil, fmt.Errorf("attach to `%s`: %w", target.Sites()[0].Instruction, attachment.Refused[0].Err)
	}
	probed, err := target.Measure(calibrationRounds, calibrationCalls)
	if err != nil {
		return nil, err
	}
	durations, err := recordedDurations(programs)
	if err != nil {
		return nil, err
	}
	if len(durations) != len(points) {
		return nil, fmt.Errorf("attach by %s: probes at %d instructions were accepted, those at %d fired", method, len(points), len(durations))
	}
	var costs []*trace.ProbeCost
	for i, site := range target.Sites() {
		inside := durations[i] - bare[i]
		costs = append(costs, &trace.ProbeCost{
			InstructionClass: site.Class.String(),
			TotalNs:          uint64(max(probed[i]-bare[i], 0)),
			InsideNs:         uint64(max(min(inside, probed[i]-bare[i]), 0)), // the median op may be slower than the fastest round
		})
	}
	return dearest(costs), nil
}

// recordedDurations returns the median recorded duration of each function, in the order in which they ran first.
func recordedDurations(programs *bpf.Programs) ([]float64, error) {
	ring, err := ringbuf.NewReader(programs.Ring)
	if err != nil {
		return nil, fmt.Errorf("open ring buffer: %w", err)
	}
	defer ring.Close()
	ring.SetDeadline(time.Unix(1, 0)) // take what is there, wait for nothing
	place := make(map[uint64]int)     // of a node's function
	var durations [][]float64
	var record ringbuf.Record
	for {
		if err := ring.ReadInto(&record); errors.Is(err, os.ErrDeadlineExceeded) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read ring buffer: %w", err)
		}
		decoded, err := bpf.Decode(record.RawSample)
		if err != nil {
			return nil, err
		}
		if r, ok := decoded.(*bpf.OpRecord); ok {
			i, seen := place[r.Node]
			if !seen {
				i = len(durations)
				place[r.Node] = i
				durations = append(durations, nil)
			}
			durations[i] = append(durations[i], float64(r.DurationNs))
		}
	}
	if len(durations) == 0 {
		return aggregatedDurations(programs)
	}
	medians := make([]float64, len(durations))
	for i, d := range durations {
		slices.Sort(d)
		medians[i] = d[len(d)/2]
	}
	return medians, nil
}

// aggregatedDurations is recordedDurations for programs that sum ops up, and empties their sums.
func aggregatedDurations(programs *bpf.Programs) ([]float64, error) {
	sums, err := programs.TakeAggregates()
	if err != nil {
		return nil, err
	}
	slices.SortFunc(sums, func(a, b bpf.NodeAggregate) int { return cmp.Compare(a.FirstStartNs, b.FirstStartNs) })
	medians := make([]float64, len(sums))
	for i := range sums {
		medians[i] = float64(sums[i].Median())
	}
	return medians, nil
}

// dearest keeps one cost a class, the highest.
func dearest(costs []*trace.ProbeCost) []*trace.ProbeCost {
	var kept []*trace.ProbeCost
	for _, c := range costs {
		i := slices.IndexFunc(kept, func(k *trace.ProbeCost) bool { return k.InstructionClass == c.InstructionClass })
		switch {
		case i < 0:
			kept = append(kept, c)
		case kept[i].TotalNs < c.TotalNs:
			kept[i] = c
		}
	}
	return kept
}
