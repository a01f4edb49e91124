package tensors

import (
	"fmt"
	"strings"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// Marker is what the app marked in the same way, one or more times.
type Marker struct {
	Key     string            `json:"key"`
	Kind    string            `json:"kind"`   // "before", "sensor", ...: MarkerKind of trace.proto in lower case
	Type    string            `json:"type"`   // of an array's elements; empty without
	Shape   []int64           `json:"shape"`  // of an array
	Format  string            `json:"format"` // of an image; else empty
	Rate    uint32            `json:"rate"`   // of audio, samples a second; else 0
	Count   uint64            `json:"count"`
	Bytes   uint64            `json:"bytes"`   // of data, all of them together
	Missing map[string]uint64 `json:"missing"` // those without data although there should be, by reason
	Text    string            `json:"text"`    // of the last one
	Numbers []Number          `json:"numbers"` // of the last one
}

// markers sums up what the app marked, in the order in which it was marked first.
func markers(f *snapshot.File) []*Marker {
	list := []*Marker{}
	rows := make(map[string]*Marker)
	for _, m := range f.Markers {
		key := fmt.Sprint(m.Kind, m.Key, "\x00", m.Type, m.Shape, m.Format, m.Rate)
		row := rows[key]
		if row == nil {
			row = &Marker{
				Key: m.Key, Kind: kindOf(m.Kind), Shape: notNil(m.Shape), Format: m.Format, Rate: m.Rate, Missing: make(map[string]uint64),
			}
			if m.Type != 0 {
				row.Type = tflite.Type(m.Type).String()
			}
			rows[key] = row
			list = append(list, row)
		}
		row.add(m)
	}
	return list
}

func kindOf(k trace.MarkerKind) string { return strings.ToLower(k.String()) }

func (row *Marker) add(m snapshot.Marked) {
	row.Count++
	row.Bytes += uint64(len(m.Data))
	if m.Missing != "" {
		row.Missing[m.Missing]++
	}
	row.Text, row.Numbers = m.Text, make([]Number, 0, len(m.Numbers))
	for _, n := range m.Numbers {
		row.Numbers = append(row.Numbers, Number(n))
	}
}
