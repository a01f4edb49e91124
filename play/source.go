package play

import (
	"errors"

	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/dataset"
	"github.com/edgexray/edgexray/pipeline/step"
)

// OfDataSet are the pieces of a data set.
func OfDataSet(items []dataset.Item) []Item {
	list := make([]Item, len(items))
	for i := range items {
		list[i] = Item{i + 1, items[i].Name, items[i].Label, items[i].Labelled, items[i].Read}
	}
	return list
}

// OfApp are the raw data that an app marked, frame by frame. Frames that have none are left out.
func OfApp(log *frames.Log) []Item {
	var list []Item
	for _, f := range log.Frames {
		raw := f.Raw()
		if raw == nil {
			continue
		}
		item := Item{Frame: f.Number, Read: func() (step.Value, error) { return log.RawValue(raw) }}
		item.Name, _ = f.Name()
		item.Label, item.Labelled = f.Label()
		list = append(list, item)
	}
	return list
}

// OfFrames are raw data that files have of an app's frames.
func OfFrames(log *frames.Log, raw func(f *frames.Frame) (step.Value, bool, error)) []Item {
	var list []Item
	for _, f := range log.Frames {
		item := Item{Frame: f.Number, Read: func() (step.Value, error) {
			v, ok, err := raw(f)
			if !ok {
				err = errors.New("there is no file of it")
			}
			return v, err
		}}
		item.Name, _ = f.Name()
		item.Label, item.Labelled = f.Label()
		list = append(list, item)
	}
	return list
}
