package traceexport

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/analyze"
)

// Folded writes a line for each stack of ops with its own time in ns, for flamegraph.pl, inferno and speedscope. Its
// frames are those of the pprof profile beneath the process. Stacks that threads have in common are one.
func Folded(w io.Writer, s Source) error {
	sums := make(map[string]uint64)
	for _, stack := range s.Ops.Stacks() {
		sums[strings.Join(foldedFrames(stack), ";")] += stack.SelfNS
	}
	b := bufio.NewWriter(w)
	for _, stack := range slices.Sorted(maps.Keys(sums)) {
		if _, err := fmt.Fprintf(b, "%s %d\n", stack, sums[stack]); err != nil {
			return err
		}
	}
	return b.Flush()
}

func foldedFrames(s analyze.Stack) []string {
	frames := []string{s.Process}
	for i, op := range s.Ops {
		if i == 0 || s.Models[i] != s.Models[i-1] {
			frames = append(frames, s.Models[i].Name)
		}
		frames = append(frames, op.Frames()...)
	}
	for i, frame := range frames {
		frames[i] = foldedFrame(frame)
	}
	return frames
}

// foldedFrame escapes what would end a frame, or a line.
func foldedFrame(name string) string {
	name = strings.ReplaceAll(printable(name), ";", `\x3b`)
	if name == "" {
		return "[unknown]"
	}
	return name
}
