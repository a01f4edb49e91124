// Package heard makes what apps feed their models of recordings, with the libraries that apps use: SciPy, librosa, soundfile,
// TensorFlow and pymicro-features. Tests and benchmarks ask of it whether its making is named.
package heard

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/test/parts"
)

//go:embed heard.py
var script string

// Hop is one change of a sample rate.
type Hop struct {
	Rate   int    `json:"rate"`
	Method string `json:"method"`
	Assume int    `json:"assume,omitempty"` // the rate that the samples are taken for behind it
}

// Features are what a front end makes of samples. What a front end has no use for is left empty.
type Features struct {
	Frame  int     `json:"frame"`
	Step   int     `json:"step"`
	FFT    int     `json:"fft"`
	Window string  `json:"window"`
	Center string  `json:"center"` // how frames are padded at the ends: constant, reflect, or not at all
	Power  float64 `json:"power"`  // 1: magnitudes, 2: powers
	Mel    string  `json:"mel"`
	Norm   string  `json:"norm"`
	Bins   int     `json:"bins"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Log    string  `json:"log"`
	Offset float64 `json:"offset"`
	Floor  float64 `json:"floor"`
	Range  float64 `json:"range"`
	MFCC   int     `json:"mfcc"`
}

// Case is one way to make one input of one recording.
type Case struct {
	ID          string   `json:"id"`
	Recording   string   `json:"recording"`
	Front       string   `json:"front"` // samples, tf..., librosa..., micro
	Swap        bool     `json:"swap,omitempty"`
	Mono        string   `json:"mono"`
	Resample    []Hop    `json:"resample"`
	Gain        float64  `json:"gain,omitempty"`
	Clip        bool     `json:"clip,omitempty"`
	Divide      float64  `json:"divide,omitempty"`
	Level       string   `json:"level,omitempty"`
	Preemphasis float64  `json:"preemphasis,omitempty"`
	Features    Features `json:"features"`
	Outside     string   `json:"outside,omitempty"` // done to the sound, what no pipeline says

	Name    string   `json:"-"` // what the app does otherwise
	Aspects []string `json:"-"` // what has to be named, sorted; none for the right pipeline
}

// Made is what was made in a case.
type Made struct {
	Case
	Raw       step.Value
	Fed       *step.Array
	Reference []step.Step
}

// Make makes all cases, in a new folder below dir.
func Make(dir string, cases []Case) ([]Made, error) {
	dir, err := os.MkdirTemp(dir, "heard-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for i := range cases {
		cases[i].ID = fmt.Sprint(i)
		if cases[i].Gain == 0 {
			cases[i].Gain = 1
		}
		if cases[i].Divide == 0 {
			cases[i].Divide = 32768
		}
	}
	list, err := json.Marshal(cases)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "cases.json"), list, 0o644); err != nil {
		return nil, err
	}
	for _, p := range []struct{ program, part, front string }{
		{"sound", "python-audio", ""}, {"tensorflow", "keras", "tf"}, {"micro", "python", "micro"},
	} {
		if !slices.ContainsFunc(cases, func(c Case) bool { return strings.HasPrefix(c.Front, p.front) }) {
			continue
		}
		if err := run(p.part, p.program, dir); err != nil {
			return nil, err
		}
	}
	made := make([]Made, len(cases))
	for i, c := range cases {
		if made[i], err = read(dir, c); err != nil {
			return nil, fmt.Errorf("read what was made of %s: %w", c.Name, err)
		}
	}
	return made, nil
}

func run(part, program, dir string) error {
	python, err := parts.Find(part + "/bin/python")
	if err != nil {
		return err
	}
	command := exec.Command(python, "-c", script, program, dir)
	command.Env = append(os.Environ(), "TF_CPP_MIN_LOG_LEVEL=3")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("run heard.py %s: %w\n%s", program, err, output)
	}
	return nil
}

func read(dir string, c Case) (Made, error) {
	m := Made{Case: c, Fed: &step.Array{}}
	wav, err := os.ReadFile(c.Recording)
	if err != nil {
		return m, err
	}
	m.Raw = step.Value{Bytes: wav}
	shape, err := os.ReadFile(filepath.Join(dir, c.ID+".shape"))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(shape, &m.Fed.Shape); err != nil {
		return m, err
	}
	data, err := os.ReadFile(filepath.Join(dir, c.ID+".f32"))
	if err != nil {
		return m, err
	}
	m.Fed.Float32 = make([]float32, len(data)/4)
	if err := binary.Read(bytes.NewReader(data), binary.LittleEndian, m.Fed.Float32); err != nil {
		return m, err
	}
	p, err := pipeline.Read(strings.NewReader(strings.ReplaceAll(References[c.Front], ", ", "\n")), c.Front)
	if err != nil {
		return m, err
	}
	m.Reference = p.Inputs[0].Steps
	return m, nil
}
