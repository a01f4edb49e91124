package markers

import (
	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/tensors"
)

// Result is what `edgexray markers --json` prints; docs/markers-json.md is its contract.
type Result struct {
	Recording Recording         `json:"recording"`
	Cut       string            `json:"cut"` // why the file ends early, or empty
	Lost      map[string]uint64 `json:"lost"`
	Notes     []analyze.Note    `json:"notes"`
	NoInvokes string            `json:"no_invokes"` // why invokes aren't known, or empty
	Invokes   int               `json:"invokes"`    // of the recording
	Markers   int               `json:"markers"`
	Untied    int               `json:"untied"` // of them: they belong to no invoke
	Processes []*Process        `json:"processes"`
	Keys      []*Key            `json:"keys"`
}

// Recording says how the file was made.
type Recording struct {
	Recorder    string   `json:"recorder"`
	CommandLine []string `json:"command_line"`
	Linux       string   `json:"linux"`
	Hostname    string   `json:"hostname"`
	StartUnixNS int64    `json:"start_unix_ns"`
	DurationNS  uint64   `json:"duration_ns"`
}

// Process is a process that marks something.
type Process struct {
	PID     int32    `json:"pid"`
	Name    string   `json:"process"`
	Markers int      `json:"markers"`
	Frames  int      `json:"frames"`       // that it began
	FrameNS *Numbers `json:"frame_ns"`     // of those whose end was seen; null when none was
	Invokes int      `json:"invokes"`      // that its markers belong to
	Most    int      `json:"most_invokes"` // to which the markers of one frame belong
}

// Key is all markers of a process that are of the same kind and have the same key.
type Key struct {
	Process int      `json:"process"` // index in Result.Processes
	Kind    string   `json:"kind"`    // "before", "after", "label", "metric" or "sensor"
	Key     string   `json:"key"`
	Count   int      `json:"count"`
	Frames  int      `json:"frames"`  // it is in that many
	Invokes int      `json:"invokes"` // it belongs to that many
	Untied  int      `json:"untied"`  // of the count: they belong to no invoke
	Numbers []Column `json:"numbers"` // a column for each number that a marker has
	Texts   []Text   `json:"texts"`   // the most frequent ones, most frequent first
	// Texts that aren't listed: how many markers have them.
	OtherTexts int            `json:"other_texts"`
	Arrays     []*Array       `json:"arrays"` // by what they are, in order of appearance
	Missing    map[string]int `json:"missing"`
}

// Numbers sums numbers up. NaN is left out, and counted.
type Numbers struct {
	Count  int            `json:"count"`
	NaNs   int            `json:"nans"`
	Min    tensors.Number `json:"min"`
	Median tensors.Number `json:"median"` // of an even number the lower one in the middle
	Max    tensors.Number `json:"max"`
}

// Column is one of the numbers of a key's markers, in time.
type Column struct {
	Numbers
	Last tensors.Number `json:"last"`
}

// Text is a text that some markers have.
type Text struct {
	Text  string `json:"text"`
	Count int    `json:"count"`
}

// Array is what arrays are that differ in their elements only.
type Array struct {
	Type   string  `json:"type"`
	Shape  []int64 `json:"shape"`
	Format string  `json:"format"` // of an image; else empty
	Rate   uint32  `json:"rate"`   // of audio; else 0
	Count  int     `json:"count"`
	Bytes  uint64  `json:"bytes"` // of one
}
