package snapshot

import (
	"fmt"
	"strconv"
	"strings"
)

// PlayedNote is the kind of a note that says of which frames of an app, or pieces of a data set, invokes are: the text is what
// Played makes. A reference run of a played snapshot has the same note.
const PlayedNote = "played"

// maxPlayed bounds how many invokes a note is about.
const maxPlayed = 10_000_000

// Played writes numbers, one an invoke, in their order: "1-40,42,42,43-60".
func Played(numbers []int) string {
	var b strings.Builder
	for i := 0; i < len(numbers); {
		end := i + 1
		for end < len(numbers) && numbers[end] == numbers[end-1]+1 {
			end++
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		if end-i == 1 {
			fmt.Fprintf(&b, "%d", numbers[i])
		} else {
			fmt.Fprintf(&b, "%d-%d", numbers[i], numbers[end-1])
		}
		i = end
	}
	return b.String()
}

// PlayedFrames returns of which frame each invoke of the file's main subgraph is, in order; nil when nothing says.
func (f *File) PlayedFrames() []int {
	for _, n := range f.Notes {
		if n.GetKind() == PlayedNote {
			return parsePlayed(n.GetText())
		}
	}
	return nil
}

// parsePlayed reads what Played wrote; nil when it is something else.
func parsePlayed(text string) []int {
	var numbers []int
	for part := range strings.SplitSeq(text, ",") {
		first, last, several := strings.Cut(part, "-")
		from, err := strconv.Atoi(first)
		to := from
		if several && err == nil {
			to, err = strconv.Atoi(last)
		}
		if err != nil || from < 1 || to < from || to-from >= maxPlayed-len(numbers) {
			return nil
		}
		for n := from; n <= to; n++ {
			numbers = append(numbers, n)
		}
	}
	return numbers
}
