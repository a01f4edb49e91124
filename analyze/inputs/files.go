package inputs

import (
	"fmt"

	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/dataset"
	"github.com/edgexray/edgexray/pipeline/step"
)

// ItemOf returns which item of a data set a frame is of: the one that the app named, or else the one at the frame's place. A single item is
// that of all frames.
func ItemOf(f *frames.Frame, items []dataset.Item) (*dataset.Item, bool) {
	if name, ok := f.Name(); ok {
		if item, ok := dataset.Find(items, name); ok {
			return item, true
		}
	}
	switch i := f.Number - 1; {
	case len(items) == 1:
		return &items[0], true
	case i < len(items):
		return &items[i], true
	}
	return nil, false
}

// Read reads raw data.
type Read func() (step.Value, error)

// Files finds the raw data of frames in a data set's files, for Source.Raw. Nothing is read before it is asked for.
func Files(items []dataset.Item) func(f *frames.Frame) (Read, bool) {
	return func(f *frames.Frame) (Read, bool) {
		item, ok := ItemOf(f, items)
		return func() (step.Value, error) {
			v, err := item.Read()
			if err != nil {
				err = fmt.Errorf("%s: %w", item.Name, err)
			}
			return v, err
		}, ok
	}
}
