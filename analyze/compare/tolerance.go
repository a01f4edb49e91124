package compare

import (
	_ "embed"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze/rows"
)

// DefaultTolerances is the table of what is allowed, in the format of ParseTolerances, which its comments describe.
//
//go:embed tolerances.txt
var DefaultTolerances string

// Limits are what an output may be off. Infinity is no limit.
type Limits struct {
	Off      float64 // quantization steps
	Share    float64 // of elements that are off
	Relative float64 // see Metrics.MaxRelative; for each of √terms, which is 1 of hybrid ops
	NRMSE    float64 // accumulated
	Jump     float64
	Steps    float64 // of quantization, as in Metrics.RMSEScale
}

// limits are the names of limits in a table.
var limits = map[string]func(*Limits) *float64{
	"off":      func(l *Limits) *float64 { return &l.Off },
	"share":    func(l *Limits) *float64 { return &l.Share },
	"relative": func(l *Limits) *float64 { return &l.Relative },
	"nrmse":    func(l *Limits) *float64 { return &l.NRMSE },
	"jump":     func(l *Limits) *float64 { return &l.Jump },
	"steps":    func(l *Limits) *float64 { return &l.Steps },
}

// Tolerances is a table of limits by op and type.
type Tolerances []toleranceRow

type toleranceRow struct {
	ops, types []string // "*" is any
	set        map[string]float64
}

// ParseTolerances reads the default table and then, where r isn't nil, a user's, whose lines so count before those of the
// default. An error names the line.
func ParseTolerances(r io.Reader) (Tolerances, error) {
	table, err := parseTolerances(strings.NewReader(DefaultTolerances))
	if err != nil || r == nil {
		return table, err
	}
	own, err := parseTolerances(r)
	return append(table, own...), err
}

func parseTolerances(r io.Reader) (Tolerances, error) {
	return rows.Read(r, "tolerances", parseTolerance)
}

func parseTolerance(fields []string) (toleranceRow, error) {
	row := toleranceRow{set: make(map[string]float64)}
	if len(fields) < 3 {
		return row, fmt.Errorf("want OPS TYPES LIMIT=VALUE ..., such as: CONV_2D INT8 off=1 share=0.05")
	}
	row.ops, row.types = strings.Split(fields[0], ","), strings.Split(fields[1], ",")
	for _, field := range fields[2:] {
		name, text, _ := strings.Cut(field, "=")
		if limits[name] == nil {
			return row, fmt.Errorf("there is no limit %q: use off, share, relative, nrmse, jump or steps, as in share=0.05", name)
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil || value < 0 || math.IsNaN(value) {
			return row, fmt.Errorf("%s=%q: want a number that is not negative, or inf", name, text)
		}
		row.set[name] = value
	}
	return row, nil
}

// limits returns what is allowed of an op's output. classes are its type's name and class.
func (t Tolerances) limits(op string, classes ...string) Limits {
	l := Limits{math.Inf(1), math.Inf(1), math.Inf(1), math.Inf(1), math.Inf(1), math.Inf(1)}
	for _, row := range t {
		if !row.matches(op, classes) {
			continue
		}
		for name, value := range row.set {
			*limits[name](&l) = value
		}
	}
	return l
}

func (r *toleranceRow) matches(op string, classes []string) bool {
	any := func(list []string) bool { return slices.Contains(list, "*") }
	if !any(r.ops) && !slices.Contains(r.ops, op) {
		return false
	}
	return any(r.types) || slices.ContainsFunc(classes, func(c string) bool { return slices.Contains(r.types, c) })
}
