package play

import (
	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/analyze/inputs"
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

// OfFrames are the pieces of a data set that an app's frames are of. Frames that there is no piece for are left out.
func OfFrames(log *frames.Log, items []dataset.Item) []Item {
	var list []Item
	for _, f := range log.Frames {
		if piece, ok := inputs.ItemOf(f, items); ok {
			item := Item{f.Number, piece.Name, piece.Label, piece.Labelled, piece.Read}
			if label, ok := f.Label(); ok {
				item.Label, item.Labelled = label, true
			}
			list = append(list, item)
		}
	}
	return list
}
