package diff

import (
	_ "embed"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/edgexray/edgexray/analyze/rows"
)

// DefaultThresholds is the table of what is judged, in the format of ParseThresholds, which its comments describe.
//
//go:embed thresholds.txt
var DefaultThresholds string

// limits are what a change has to exceed to be told.
type limits struct {
	change float64 // as a share
	time   float64 // ns
}

// limitNames are the names of limits in a table, and how to read a value.
var limitNames = map[string]struct {
	of   func(*limits) *float64
	read func(string) (float64, error)
}{
	"change": {func(l *limits) *float64 { return &l.change }, ParseShare},
	"time":   {func(l *limits) *float64 { return &l.time }, parseTime},
}

// Thresholds is a table of limits by model and op.
type Thresholds []thresholdRow

type thresholdRow struct {
	model string
	what  []string
	set   map[string]float64
}

// ParseThresholds reads the default table, replaces its change where that isn't 0, and then reads a user's table where r isn't
// nil, whose lines so count before those of the default. An error names the line.
func ParseThresholds(change float64, r io.Reader) (Thresholds, error) {
	table, err := parseThresholds(strings.NewReader(DefaultThresholds))
	if err != nil {
		return nil, err
	}
	if change != 0 {
		table = append(table, thresholdRow{"*", []string{"*"}, map[string]float64{"change": change}})
	}
	if r == nil {
		return table, nil
	}
	own, err := parseThresholds(r)
	return append(table, own...), err
}

func parseThresholds(r io.Reader) (Thresholds, error) {
	return rows.Read(r, "thresholds", parseThreshold)
}

func parseThreshold(fields []string) (thresholdRow, error) {
	row := thresholdRow{set: make(map[string]float64)}
	if len(fields) < 3 {
		return row, fmt.Errorf("want MODEL WHAT LIMIT=VALUE ..., such as: * CONV_2D change=5%%")
	}
	row.model, row.what = fields[0], strings.Split(fields[1], ",")
	for _, pattern := range append(row.what, row.model) {
		if _, err := path.Match(pattern, ""); err != nil {
			return row, fmt.Errorf("pattern %q: %w (use * for any text, \\ before [ and ?)", pattern, err)
		}
	}
	for _, field := range fields[2:] {
		name, text, _ := strings.Cut(field, "=")
		limit, known := limitNames[name]
		if !known {
			return row, fmt.Errorf("there is no limit %q: use change or time, as in change=5%%", name)
		}
		value, err := limit.read(text)
		if err != nil {
			return row, fmt.Errorf("%s=%q: %w", name, text, err)
		}
		row.set[name] = value
	}
	return row, nil
}

// ParseShare reads 3%, 0.03 or inf.
func ParseShare(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(value) || value <= 0 {
		return 0, fmt.Errorf("want a share such as 3%% or 0.03, or inf")
	}
	if percent {
		value /= 100
	}
	return value, nil
}

func parseTime(text string) (float64, error) {
	value, err := time.ParseDuration(text)
	if err != nil || value < 0 {
		return 0, fmt.Errorf("want a time such as 20us or 1ms")
	}
	return float64(value), nil
}

// limits returns what counts for something of a model that goes by these names.
func (t Thresholds) limits(model string, names ...string) limits {
	var l limits
	for _, row := range t {
		if !matches(row.model, model) || !slices.ContainsFunc(names, func(name string) bool {
			return slices.ContainsFunc(row.what, func(pattern string) bool { return matches(pattern, name) })
		}) {
			continue
		}
		for name, value := range row.set {
			*limitNames[name].of(&l) = value
		}
	}
	return l
}

// matches compares a name with a pattern of path.Match. Names may hold slashes, which that keeps apart.
func matches(pattern, name string) bool {
	if pattern == "*" {
		return true
	}
	ok, _ := path.Match(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(name, "/", "\x00"))
	return ok
}
