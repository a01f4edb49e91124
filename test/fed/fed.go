// Package fed makes what apps feed their models of photographs, with the libraries that apps use: TensorFlow, OpenCV and
// Pillow. Tests and benchmarks ask of it whether its making is named.
package fed

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg" // photographs are of these
	_ "image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/test/parts"
)

//go:embed fed.py
var script string

// Case is one way to make one picture.
type Case struct {
	ID          string    `json:"id"`
	Seed        int       `json:"seed"`
	Photo       string    `json:"photo"`
	Other       string    `json:"other"`                  // another photo, where Outside takes one
	Crop        []int     `json:"crop,omitempty"`         // x, y, width, height in the photo; it may reach beyond it
	Fill        int       `json:"fill"`                   // what is beyond it
	Resize      string    `json:"resize"`                 // a method as pipelines name it
	Width       int       `json:"width"`                  // after resizing
	Height      int       `json:"height"`                 // after resizing
	Inside      []int     `json:"inside,omitempty"`       // x, y, width, height where the resized picture lies, Fill around it
	CropAfter   []int     `json:"crop_after,omitempty"`   // x, y, width, height in the resized picture
	Turn        []string  `json:"turn,omitempty"`         // lines of a pipeline
	TurnedFirst bool      `json:"turned_first,omitempty"` // before it is resized
	Cast        string    `json:"cast,omitempty"`         // to 8 bits: round or truncate
	Channels    string    `json:"channels"`
	Normalize   Normalize `json:"normalize"`
	Quantize    *Quantize `json:"quantize,omitempty"`
	Float       bool      `json:"float"` // 8 bits become FLOAT32
	Layout      string    `json:"layout"`
	Noise       string    `json:"noise,omitempty"`   // what is known of the photo differs: "one", or a JPEG quality
	Outside     string    `json:"outside,omitempty"` // done to the photo, what no pipeline says
}

// Normalize is how numbers are made of pixels: nothing when empty.
type Normalize struct {
	Name string    `json:"name"`
	Mean []float64 `json:"mean,omitempty"`
	Std  []float64 `json:"std,omitempty"`
}

// Quantize is how elements are made of numbers.
type Quantize struct {
	Type      string  `json:"type"`
	Scale     float64 `json:"scale"`
	ZeroPoint int     `json:"zero_point"`
	Way       string  `json:"way"` // rounded, truncated, wrapped (bytes as they are)
}

// Photo is a photograph.
type Photo struct {
	Name  string `json:"name"`
	Path  string `json:"path"`
	Width int    `json:"width,omitempty"` // it is made as wide first
}

// Photos finds the photographs.
func Photos() ([]Photo, error) {
	var photos []Photo
	for _, part := range []string{"photos/scikit-image", "photos/scikit-learn", "photos/ultralytics"} {
		dir, err := parts.Dir(part)
		if err != nil {
			return nil, err
		}
		files, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			name := f.Name()[:len(f.Name())-len(filepath.Ext(f.Name()))]
			photos = append(photos, Photo{Name: name, Path: filepath.Join(dir, f.Name())})
		}
	}
	return photos, nil
}

// Sizes are the heights and widths of photographs.
func Sizes(photos []Photo) (map[string][2]int, error) {
	sizes := make(map[string][2]int)
	for _, p := range photos {
		file, err := os.Open(p.Path)
		if err != nil {
			return nil, err
		}
		config, _, err := image.DecodeConfig(file)
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", p.Path, err)
		}
		sizes[p.Name] = [2]int{config.Height, config.Width}
	}
	return sizes, nil
}

// Made is where the results are.
type Made struct {
	dir    string
	Photos map[string][]int `json:"photos"` // their shapes
	Fed    map[string]struct {
		Shape []int  `json:"shape"`
		Type  string `json:"type"`
	} `json:"fed"`
}

// makers are the Python environments with the families of methods that they have the libraries of.
var makers = []struct {
	part     string
	families []string
}{
	{"keras", []string{"tf1", "tf2"}},
	{"python-imaging", []string{"opencv", "pillow"}},
}

// Make makes all cases in a folder.
func Make(dir string, photos []Photo, cases []Case) (*Made, error) {
	text, err := json.Marshal(map[string]any{"photos": photos, "cases": cases})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "cases.json"), text, 0o644); err != nil {
		return nil, err
	}
	all := &Made{dir: dir}
	for _, m := range makers {
		if !slices.ContainsFunc(cases, func(c Case) bool { return slices.Contains(m.families, family(c.Resize)) }) {
			continue
		}
		python, err := parts.Find(m.part + "/bin/python")
		if err != nil {
			return nil, err
		}
		var stdout, stderr bytes.Buffer
		command := exec.Command(python, append([]string{"-c", script, dir}, m.families...)...)
		command.Stdout, command.Stderr = &stdout, &stderr
		if err := command.Run(); err != nil {
			return nil, fmt.Errorf("make pictures with %s: %w\n%s", m.part, err, stderr.String())
		}
		if err := json.Unmarshal(stdout.Bytes(), all); err != nil {
			return nil, fmt.Errorf("make pictures with %s: %w", m.part, err)
		}
	}
	return all, nil
}

func family(method string) string {
	f, _, _ := strings.Cut(method, ".")
	return f
}

// Raw is what is known of a case's photo.
func (m *Made) Raw(c Case) (step.Value, error) {
	name := c.Photo
	if c.Noise != "" {
		name = c.ID
	}
	pixels, err := os.ReadFile(filepath.Join(m.dir, name+".rgb"))
	return step.Value{Array: &step.Array{Shape: m.Photos[c.Photo], Uint8: pixels}}, err
}

// Tensor is what was fed in a case.
func (m *Made) Tensor(c Case) (*step.Array, error) {
	b, err := os.ReadFile(filepath.Join(m.dir, c.ID+".fed"))
	if err != nil {
		return nil, err
	}
	made := m.Fed[c.ID]
	a := &step.Array{Shape: append([]int{1}, made.Shape...)}
	if c.Quantize != nil {
		a.Scale, a.ZeroPoint = c.Quantize.Scale, c.Quantize.ZeroPoint
	}
	switch made.Type {
	case "uint8":
		a.Uint8 = b
	case "int8":
		a.Int8 = make([]int8, len(b))
		for i, v := range b {
			a.Int8[i] = int8(v)
		}
	case "int16":
		a.Int16 = make([]int16, len(b)/2)
		for i := range a.Int16 {
			a.Int16[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
		}
	case "float32":
		a.Float32 = make([]float32, len(b)/4)
		for i := range a.Float32 {
			a.Float32[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
	default:
		return nil, fmt.Errorf("read case %s: it is of type %q", c.ID, made.Type)
	}
	return a, nil
}
