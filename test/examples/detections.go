package examples

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/edgexray/edgexray/analyze/accuracy"
)

// judgeDetections compares what detect said with objects.csv: PASCAL VOC's mean average precision at an overlap of one half.
func judgeDetections(said []byte, folder string) (Score, error) {
	file, err := os.Open(filepath.Join(folder, "objects.csv"))
	if err != nil {
		return Score{}, err
	}
	defer file.Close()
	objects, _, err := accuracy.ReadBoxes(file)
	if err != nil {
		return Score{}, fmt.Errorf("read %s: %w", file.Name(), err)
	}
	var truth, found [][]accuracy.Box
	lines := bufio.NewScanner(bytes.NewReader(said))
	for lines.Scan() {
		picture, boxes, err := foundObjects(lines.Bytes())
		if err != nil {
			return Score{}, err
		}
		truth, found = append(truth, objects[picture]), append(found, boxes)
	}
	return Score{"mAP", accuracy.VOC(truth, found), len(found)}, lines.Err()
}

// foundObjects reads what was found in a picture, the most probable first: rows of class, score, ymin, xmin, ymax, xmax.
func foundObjects(line []byte) (picture string, boxes []accuracy.Box, err error) {
	var said struct {
		Name    string
		Objects [][]any
	}
	if err := json.Unmarshal(line, &said); err != nil {
		return "", nil, err
	}
	for _, row := range said.Objects {
		if len(row) != 6 {
			return "", nil, fmt.Errorf("%s: an object of %d fields", said.Name, len(row))
		}
		var b accuracy.Box
		b.Class, _ = row[0].(string)
		for i, into := range []*float64{&b.Score, &b.Top, &b.Left, &b.Bottom, &b.End} {
			*into, _ = row[i+1].(float64)
		}
		boxes = append(boxes, b)
	}
	slices.SortStableFunc(boxes, func(a, b accuracy.Box) int { return cmp.Compare(b.Score, a.Score) })
	return said.Name, boxes, nil
}
