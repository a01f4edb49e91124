package report

import (
	"fmt"
	"unicode/utf8"

	"github.com/edgexray/edgexray/analyze"
)

// keys returns as many of the keys as fit into a line.
func keys(width int) string {
	choices := []string{
		"q: quit  ?: help  ← →: sort  r: reverse  n/o/k: node/op/kernel  w: window  m: model  p: pause",
		"q:quit ?:help ←→:sort r:reverse n/o/k:node/op/kernel w:window m:model p:pause",
		"q:quit ?:help ←→:sort n/o/k:group w:window m:model p:pause",
		"q:quit ?:help ←→:sort m:model",
		"q:quit ?:help",
	}
	for _, c := range choices {
		if utf8.RuneCountInString(c) <= width {
			return c
		}
	}
	return choices[len(choices)-1]
}

var helpTexts = []string{
	"q        quit; Ctrl-C also interrupts a command that was started",
	"← → s    sort by another column         r  the other way round",
	"↑ ↓      scroll, also Page Up and Down, Home and End",
	"n o k    one line a node, an op or a kernel",
	"w        sum up the latest time, or everything since the start",
	"m M      next and previous model        p  pause the screen, not the recording",
	"",
	"share    of the time of the model's ops, without the ops within them",
	"trend    means of each tenth of the latest time, against their mean: in the",
	"         middle the same, full half as much again or more, empty nothing ran",
	"!        on a mean: too short to trust, median under %d times its probe's cost",
	"└        an operator of XNNPACK's, within its delegate node",
	"lost     records that are missing, by cause",
	"probe    what an op pays for being recorded, measured at the start",
	"",
}

// help returns the page that tells of keys and columns, with all notes.
func help(s *analyze.Snapshot) []LiveLine {
	lines := []LiveLine{{"edgexray top: keys and columns (any key goes back)", Heading}}
	for _, text := range helpTexts {
		if text != "" && text[0] == '!' {
			text = fmt.Sprintf(text, analyze.TrustFactor)
		}
		lines = append(lines, LiveLine{Text: text})
	}
	for _, n := range s.Notes {
		lines = append(lines, LiveLine{Text: fmt.Sprintf("note (%s): %s", n.Kind, n.Text)})
	}
	return lines
}
