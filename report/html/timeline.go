package html

import (
	"fmt"
	"math"
	"slices"

	"github.com/edgexray/edgexray/analyze"
)

// timeline is one invoke, op by op, with what other threads ran meanwhile.
type timeline struct {
	Text   string // which invoke it is
	Total  uint64 // ns
	Ticks  []tick
	Lanes  []lane
	Height int // px
	Hidden int // executions too many to draw, the shortest ones
	drawn  int
}

// lane is a thread.
type lane struct {
	Name   string
	Y      int // of its name
	Frames []frame
}

type tick struct{ X, Label string }

const (
	axisHeight = 22 // px
	laneHead   = 20
)

// timeline draws a model's typical invoke; nil when there is none.
func (b *builder) timeline(m *analyze.Model, invokes []*analyze.Invoke) *timeline {
	if len(invokes) == 0 || len(invokes[0].Executions) == 0 {
		return nil
	}
	typical := invokes[0]
	v := &timeline{Total: max(typical.EndNS-typical.StartNS, 1), Height: axisHeight}
	v.Text = fmt.Sprintf("Invoke %s of %s, the one nearest the median: %s.", number(typical.Number), number(m.Invokes), duration(v.Total))
	v.Ticks = ticks(v.Total)
	shortest := v.limit(invokes)
	for _, thread := range byThread(invokes) {
		v.lane(b, thread, typical.StartNS, shortest)
	}
	return v
}

// byThread groups invokes by their thread, that of the first one first.
func byThread(invokes []*analyze.Invoke) [][]*analyze.Invoke {
	var threads [][]*analyze.Invoke
	for _, v := range invokes {
		i := slices.IndexFunc(threads, func(t []*analyze.Invoke) bool { return t[0].Thread.TID == v.Thread.TID })
		if i < 0 {
			i, threads = len(threads), append(threads, nil)
		}
		threads[i] = append(threads[i], v)
	}
	return threads
}

// limit returns how long an execution must last to be drawn.
func (v *timeline) limit(invokes []*analyze.Invoke) uint64 {
	var durations []uint64
	for _, i := range invokes {
		for _, e := range i.Executions {
			durations = append(durations, e.DurationNS)
		}
	}
	more := len(durations) - maxFrames
	if more <= 0 {
		return 0
	}
	slices.Sort(durations)
	return durations[more]
}

func (v *timeline) lane(b *builder, invokes []*analyze.Invoke, start, shortest uint64) {
	t := invokes[0].Thread
	l := lane{Name: fmt.Sprintf("%s (%d)", shown(t.Name), t.TID), Y: v.Height}
	depth := 0
	for _, invoke := range invokes {
		for _, e := range invoke.Executions {
			from, to := max(e.StartNS, start)-start, min(max(e.StartNS+e.DurationNS, start)-start, v.Total)
			if from >= to {
				continue
			}
			if e.DurationNS < shortest || v.drawn == maxFrames {
				v.Hidden++
				continue
			}
			v.drawn++
			depth = max(depth, e.Depth+1)
			l.Frames = append(l.Frames, frame{
				ID: b.details(e.Op), Class: b.colours.of(e.Op), X: at(float64(from), float64(v.Total)), Width: at(float64(to-from), float64(v.Total)),
				Y: v.Height + laneHead + e.Depth*frameHeight, Label: shown(e.Op.FusedOp()), Labelled: ratio(to-from, v.Total) > labelWidth, Text: executionText(&e, start),
			})
		}
	}
	v.Height += laneHead + depth*frameHeight
	v.Lanes = append(v.Lanes, l)
}

func executionText(e *analyze.Execution, start uint64) string {
	begins := duration(float64(e.StartNS) - float64(start))
	text := fmt.Sprintf("%s: %s, %s, begins at %s", shown(e.Op.FusedOp()), where(e.Op), duration(e.DurationNS), begins)
	if e.Paid.OffCPU > 0 {
		text += fmt.Sprintf(", not running for %s of it", duration(e.Paid.OffCPU))
	}
	return text
}

// ticks are marks of an axis from 0 to a time, at most ten, at 1, 2 or 5 times a power of ten.
func ticks(total uint64) []tick {
	step := math.Pow(10, math.Floor(math.Log10(float64(total)/10)))
	for _, m := range []float64{1, 2, 5, 10} {
		if float64(total)/(step*m) <= 10 {
			step *= m
			break
		}
	}
	var all []tick
	for n := 0; float64(n)*step < float64(total); n++ {
		label := "0"
		if n > 0 {
			label = duration(float64(n) * step)
		}
		all = append(all, tick{at(float64(n)*step, float64(total)), label})
	}
	return all
}
