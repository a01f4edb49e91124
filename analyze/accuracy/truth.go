package accuracy

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/analyze/inputs"
	"github.com/edgexray/edgexray/dataset"
)

const (
	// maxTruth bounds a file of boxes, in bytes.
	maxTruth = 512 << 20
	// maxPixels bounds a mask.
	maxPixels = 1 << 26
	// maxNames bounds a file of names, in bytes.
	maxNames = 1 << 20
)

// OpenTruth reads right answers for a task: from a CSV file (name,label, or for detection name,label,top,left,bottom,right), from
// COCO's JSON, or from a folder: of masks for segmentation, else of a folder for each class. Items are the data set that the frames are
// of, for their names; nil when the app marks these, or the rows are in the order of the frames.
func OpenTruth(p string, task Task, items []dataset.Item) (Truth, error) {
	info, err := os.Stat(p)
	if err != nil {
		return Truth{}, err
	}
	switch {
	case info.IsDir() && task == Segmentation:
		return masks(p, items)
	case info.IsDir():
		return folders(p)
	case task == Detection:
		return openBoxes(p, items)
	case task == Segmentation:
		return Truth{}, fmt.Errorf("%s is no folder of masks (segmentation takes one with a PNG for each picture)", p)
	}
	labels, err := dataset.OpenLabels(p)
	if err != nil {
		return Truth{}, err
	}
	return Truth{Label: func(f *frames.Frame) (string, bool) {
		if name, named := nameIn(f, items); named {
			if label, ok := labels.Of(name); ok {
				return label, true
			}
		} else if f.Number <= len(labels.Answers) {
			return labels.Answers[f.Number-1], true
		}
		return f.Label()
	}}, nil
}

// nameIn is the name of the data that a frame is of: as the app marked it, or else the data set's at its place.
func nameIn(f *frames.Frame, items []dataset.Item) (string, bool) {
	if item, ok := inputs.ItemOf(f, items); ok {
		return item.Name, true
	}
	return f.Name()
}

// folders takes the folders of a data set for classes.
func folders(p string) (Truth, error) {
	items, err := dataset.Open(p)
	if err != nil {
		return Truth{}, err
	}
	return Truth{Label: func(f *frames.Frame) (string, bool) {
		if item, ok := inputs.ItemOf(f, items); ok && item.Labelled {
			return item.Label, true
		}
		return f.Label()
	}}, nil
}

// openBoxes reads the objects of pictures.
func openBoxes(p string, items []dataset.Item) (Truth, error) {
	file, err := os.Open(p)
	if err != nil {
		return Truth{}, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || info.Size() > maxTruth {
		return Truth{}, cmp.Or(err, fmt.Errorf("labels %s: more than %d MB", p, maxTruth>>20))
	}
	read := ReadBoxes
	if strings.EqualFold(filepath.Ext(p), ".json") {
		read = ReadCOCO
	}
	byName, order, err := read(io.LimitReader(file, maxTruth))
	if err != nil {
		return Truth{}, fmt.Errorf("labels %s: %w", p, err)
	}
	return Truth{Boxes: func(f *frames.Frame) ([]Box, bool) {
		if name, ok := nameIn(f, items); ok {
			boxes, ok := byName[name]
			if !ok {
				boxes, ok = byName[path.Base(name)]
			}
			return boxes, ok
		}
		if f.Number <= len(order) {
			return byName[order[f.Number-1]], true
		}
		return nil, false
	}}, nil
}

// ReadBoxes reads rows of name,label,top,left,bottom,right, whose numbers are parts of the picture's sides. It returns the boxes of each
// name, and the names in their order. A row with a name alone is a picture without objects.
func ReadBoxes(r io.Reader) (byName map[string][]Box, order []string, err error) {
	rows := dataset.Rows(r)
	byName = make(map[string][]Box)
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		line, _ := rows.FieldPos(0)
		if len(row) != 1 && len(row) != 6 {
			return nil, nil, fmt.Errorf("line %d has %d fields (write name,label,top,left,bottom,right)", line, len(row))
		}
		if line == 1 && strings.EqualFold(row[0], "name") {
			continue
		}
		if _, ok := byName[row[0]]; !ok {
			byName[row[0]] = []Box{}
			order = append(order, row[0])
		}
		if len(row) == 1 {
			continue
		}
		b := Box{Class: row[1]}
		for i, into := range []*float64{&b.Top, &b.Left, &b.Bottom, &b.End} {
			if *into, err = strconv.ParseFloat(row[2+i], 64); err != nil || math.IsNaN(*into) || *into < -1 || *into > 2 {
				return nil, nil, fmt.Errorf("line %d: %q is no part of a picture's side (0 is left and top, 1 right and bottom)", line, row[2+i])
			}
		}
		byName[row[0]] = append(byName[row[0]], b)
	}
	if len(order) == 0 {
		return nil, nil, errors.New("it has no rows (write name,label,top,left,bottom,right)")
	}
	return byName, order, nil
}

// ReadCOCO reads boxes from COCO's JSON.
// Source: https://cocodataset.org/#format-data
func ReadCOCO(r io.Reader) (byName map[string][]Box, order []string, err error) {
	var file struct {
		Images []struct {
			ID            int64   `json:"id"`
			FileName      string  `json:"file_name"`
			Width, Height float64 // of the picture that boxes are in, in pixels
		} `json:"images"`
		Annotations []struct {
			Image    int64     `json:"image_id"`
			Category int64     `json:"category_id"`
			Box      []float64 `json:"bbox"` // left, top, width, height
			Crowd    int       `json:"iscrowd"`
		} `json:"annotations"`
		Categories []struct {
			ID   int64  `json:"id"`
			Name string `json:"name"`
		} `json:"categories"`
	}
	if err := json.NewDecoder(r).Decode(&file); err != nil {
		return nil, nil, fmt.Errorf("COCO's JSON: %w", err)
	}
	byName = make(map[string][]Box)
	names, images := make(map[int64]string), make(map[int64]int)
	for _, c := range file.Categories {
		names[c.ID] = c.Name
	}
	for i, m := range file.Images {
		if m.Width <= 0 || m.Height <= 0 {
			return nil, nil, fmt.Errorf("image %d (%s) has no width and height", m.ID, m.FileName)
		}
		images[m.ID] = i
		byName[m.FileName] = []Box{}
		order = append(order, m.FileName)
	}
	for i, a := range file.Annotations {
		at, ok := images[a.Image]
		name, known := names[a.Category]
		if !ok || !known || len(a.Box) != 4 {
			return nil, nil, fmt.Errorf("annotation %d is of an image or category that isn't there, or has no box of four numbers", i)
		}
		m := file.Images[at]
		byName[m.FileName] = append(byName[m.FileName], Box{
			Class: name, Crowd: a.Crowd != 0,
			Left: a.Box[0] / m.Width, Top: a.Box[1] / m.Height, End: (a.Box[0] + a.Box[2]) / m.Width, Bottom: (a.Box[1] + a.Box[3]) / m.Height,
		})
	}
	if len(order) == 0 {
		return nil, nil, errors.New("it has no images")
	}
	return byName, order, nil
}

// masks reads a folder with a PNG for each picture, of the same name but for what is behind its last dot.
func masks(folder string, items []dataset.Item) (Truth, error) {
	all, err := dataset.Open(folder)
	if err != nil {
		return Truth{}, err
	}
	byName := make(map[string]string)
	for _, item := range all {
		byName[stem(item.Name)] = filepath.Join(folder, filepath.FromSlash(item.Name))
	}
	return Truth{Mask: func(f *frames.Frame) (*Mask, bool, error) {
		p, ok := "", false
		if name, named := nameIn(f, items); named {
			p, ok = byName[stem(name)]
		} else if f.Number <= len(all) {
			p, ok = filepath.Join(folder, filepath.FromSlash(all[f.Number-1].Name)), true
		}
		if !ok {
			return nil, false, nil
		}
		mask, err := openMask(p)
		return mask, true, err
	}}, nil
}

func stem(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }

func openMask(p string) (*Mask, error) {
	file, err := os.Open(p)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	config, err := png.DecodeConfig(file)
	if err != nil {
		return nil, fmt.Errorf("mask %s: %w", p, err)
	}
	if config.Width*config.Height > maxPixels {
		return nil, fmt.Errorf("mask %s has more than %d pixels", p, maxPixels)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	picture, err := png.Decode(file)
	if err != nil {
		return nil, fmt.Errorf("mask %s: %w", p, err)
	}
	m := &Mask{config.Height, config.Width, make([]uint8, config.Width*config.Height)}
	for y := range m.Height {
		for x := range m.Width {
			switch p := picture.(type) {
			case *image.Paletted:
				m.Classes[y*m.Width+x] = p.ColorIndexAt(x, y)
			case *image.Gray:
				m.Classes[y*m.Width+x] = p.GrayAt(x, y).Y
			default:
				return nil, fmt.Errorf("a mask's pixels are numbers of classes: a gray PNG of 8 bits, or one with a palette")
			}
		}
	}
	return m, nil
}

// ReadNames reads names of classes, a line each.
func ReadNames(r io.Reader) ([]string, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxNames+1))
	if err == nil && len(data) > maxNames {
		err = fmt.Errorf("more than %d bytes", maxNames)
	}
	if err != nil {
		return nil, err
	}
	names := strings.Split(strings.TrimRight(strings.ReplaceAll(string(data), "\r", ""), "\n"), "\n")
	if len(names) == 1 && names[0] == "" {
		return nil, errors.New("it has no lines")
	}
	return names, nil
}
