package inputs

import (
	"fmt"
	"path"
	"path/filepath"

	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/dataset"
	"github.com/edgexray/edgexray/pipeline/step"
)

// ItemOf returns which item of a data set a frame is of: the one that the app named, or the one at the frame's place when it named none.
// A single item is that of all frames. A name that the data set hasn't is of none: another item would accuse the app wrongly.
func ItemOf(f *frames.Frame, items []dataset.Item) (*dataset.Item, bool) {
	if len(items) == 1 {
		return &items[0], true
	}
	name, named := f.Name()
	if item, ok := dataset.Find(items, name); named && ok {
		return item, true
	}
	i := f.Number - 1
	if i >= len(items) || named && path.Base(items[i].Name) != path.Base(filepath.ToSlash(name)) {
		return nil, false
	}
	return &items[i], true
}

// Read reads raw data.
type Read func() (step.Value, error)

// Files finds the raw data of frames in a data set's files, for Source.Raw. Nothing is read before it is asked for.
func Files(items []dataset.Item) func(f *frames.Frame) (Read, bool) {
	return func(f *frames.Frame) (Read, bool) {
		item, ok := ItemOf(f, items)
		if name, named := f.Name(); !ok && named && f.Raw() == nil {
			return func() (step.Value, error) {
				return step.Value{}, fmt.Errorf("the app says that the frame is of %q, which the data set hasn't", name)
			}, true
		}
		return func() (step.Value, error) {
			v, err := item.Read()
			if err != nil {
				err = fmt.Errorf("%s: %w", item.Name, err)
			}
			return v, err
		}, ok
	}
}
