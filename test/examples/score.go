package examples

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Score is how well an app did.
type Score struct {
	Metric string // "accuracy", "mAP", "mIoU"
	Value  float64
	Count  int // of what it was given
}

// Run runs an app on a folder of data and judges what it says.
func (s *Set) Run(a App, m Model, form, bug, folder string) (Score, error) {
	c := s.Command(a, m, form, bug, folder)
	var stderr strings.Builder
	c.Stderr = &stderr
	said, err := c.Output()
	if err != nil {
		return Score{}, fmt.Errorf("run %s: %w\n%s", c, err, &stderr)
	}
	score, err := a.Judge(said, folder)
	if err != nil {
		err = fmt.Errorf("judge what %s says: %w", c, err)
	}
	return score, err
}

// Judge judges what an app said of a folder of data.
func (a App) Judge(said []byte, folder string) (Score, error) {
	switch a.Name {
	case "detect":
		return judgeDetections(said, folder)
	case "segment":
		return judgeRegions(folder)
	}
	right, count := 0, 0
	lines := bufio.NewScanner(bytes.NewReader(said))
	for lines.Scan() {
		label, result, ok := labelled(lines.Text())
		if !ok {
			continue
		}
		count++
		if label == result {
			right++
		}
	}
	if count == 0 {
		return Score{}, errors.New("it said nothing")
	}
	return Score{"accuracy", float64(right) / float64(count), count}, lines.Err()
}

// labelled reads a line: "LABEL RESULT", or a JSON object.
func labelled(line string) (label, result string, ok bool) {
	if strings.HasPrefix(line, "{") {
		var said struct{ Label, Result string }
		err := json.Unmarshal([]byte(line), &said)
		return said.Label, said.Result, err == nil
	}
	label, result, ok = strings.Cut(line, " ")
	return label, result, ok && !strings.HasPrefix(line, "right:")
}
