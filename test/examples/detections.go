package examples

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// object is one in a picture: where it is, in parts of the picture, as ymin, xmin, ymax, xmax.
type object struct {
	picture, class string
	score          float64 // of one that an app found
	box            [4]float64
}

// judgeDetections compares what detect said with objects.csv: the mean over classes of the average precision at an overlap of
// one half, as PASCAL VOC has it since 2010 (the area under the curve whose precision never rises).
func judgeDetections(said []byte, folder string) (Score, error) {
	truth, err := readObjects(filepath.Join(folder, "objects.csv"))
	if err != nil {
		return Score{}, err
	}
	found, pictures, err := foundObjects(said)
	if err != nil {
		return Score{}, err
	}
	truth = slices.DeleteFunc(truth, func(o object) bool { return !slices.Contains(pictures, o.picture) })
	classes := make(map[string]bool)
	for _, o := range truth {
		classes[o.class] = true
	}
	sum := 0.0
	for class := range classes {
		other := func(o object) bool { return o.class != class }
		sum += averagePrecision(slices.DeleteFunc(slices.Clone(found), other), slices.DeleteFunc(slices.Clone(truth), other))
	}
	return Score{"mAP", sum / float64(max(1, len(classes))), len(pictures)}, nil
}

func readObjects(path string) ([]object, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, err
	}
	var all []object
	for _, row := range rows[1:] {
		o := object{picture: row[0], class: row[1]}
		for i := range o.box {
			if o.box[i], err = strconv.ParseFloat(row[2+i], 64); err != nil {
				return nil, fmt.Errorf("read %s: %w", path, err)
			}
		}
		all = append(all, o)
	}
	return all, nil
}

func foundObjects(said []byte) (all []object, pictures []string, err error) {
	lines := bufio.NewScanner(bytes.NewReader(said))
	for lines.Scan() {
		var line struct {
			Name    string
			Objects [][]any
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, nil, err
		}
		pictures = append(pictures, line.Name)
		for _, row := range line.Objects {
			o := object{picture: line.Name}
			o.class, _ = row[0].(string)
			o.score, _ = row[1].(float64)
			for i := range o.box {
				o.box[i], _ = row[2+i].(float64)
			}
			all = append(all, o)
		}
	}
	return all, pictures, lines.Err()
}

// averagePrecision is that of one class.
func averagePrecision(found, truth []object) float64 {
	slices.SortStableFunc(found, func(a, b object) int { return cmp.Compare(b.score, a.score) })
	taken := make([]bool, len(truth))
	precision, recall := make([]float64, len(found)), make([]float64, len(found))
	hits := 0
	for i, f := range found {
		best, most := -1, 0.5
		for j, t := range truth {
			if v := overlap(f.box, t.box); t.picture == f.picture && !taken[j] && v >= most {
				best, most = j, v
			}
		}
		if best >= 0 {
			taken[best] = true
			hits++
		}
		precision[i], recall[i] = float64(hits)/float64(i+1), float64(hits)/float64(len(truth))
	}
	area, above := 0.0, 0.0
	for i := len(found) - 1; i >= 0; i-- {
		above = max(above, precision[i])
		before := 0.0
		if i > 0 {
			before = recall[i-1]
		}
		area += above * (recall[i] - before)
	}
	return area
}

// overlap is the intersection of two boxes over their union.
func overlap(a, b [4]float64) float64 {
	h, w := min(a[2], b[2])-max(a[0], b[0]), min(a[3], b[3])-max(a[1], b[1])
	if h <= 0 || w <= 0 {
		return 0
	}
	size := func(b [4]float64) float64 { return (b[2] - b[0]) * (b[3] - b[1]) }
	return h * w / (size(a) + size(b) - h*w)
}
