package html

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/edgexray/edgexray/report"
)

// How many characters of what comes from a device are shown. More would push everything else aside.
const (
	maxName = 160
	maxText = 1200
)

// shown makes a name from a device fit to be shown: printable, and of bounded length.
func shown(name string) string { return cut(name, maxName) }

// shownText does the same with what is longer than a name.
func shownText(text string) string { return cut(text, maxText) }

var unitAfterNumber = regexp.MustCompile(`[0-9](?: us\b|%)`)

// shownWhy does it with a reason in words, in which units are then written as they are on the page.
func shownWhy(text string) string {
	return unitAfterNumber.ReplaceAllStringFunc(shownText(text), func(found string) string {
		return found[:1] + map[string]string{" us": " µs", "%": " %"}[found[1:]]
	})
}

func cut(s string, limit int) string {
	if len(s) > utf8.UTFMax*limit {
		s = s[:utf8.UTFMax*limit]
	}
	s = report.Printable(s)
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return s
}

// us shows ns as µs for a column of a table.
func us[N uint64 | float64](ns N) string { return strconv.FormatFloat(float64(ns)/1e3, 'f', 1, 64) }

// A unit of a scale.
type unit struct {
	size float64
	name string
}

var (
	timeUnits = []unit{{1, "ns"}, {1e3, "µs"}, {1e6, "ms"}, {1e9, "s"}}
	byteUnits = []unit{{1, "B"}, {1 << 10, "KiB"}, {1 << 20, "MiB"}, {1 << 30, "GiB"}}
)

// duration shows ns to three digits, in the unit that suits it: "3.87 ms".
func duration[N uint64 | float64](ns N) string { return scaled(float64(ns), timeUnits) }

// size shows bytes the same way.
func size[N uint64 | float64](bytes N) string { return scaled(float64(bytes), byteUnits) }

func scaled(v float64, units []unit) string {
	u := units[0]
	for _, larger := range units[1:] {
		if math.Abs(v) >= 0.9995*larger.size { // what rounds to 1000 is 1 of the next
			u = larger
		}
	}
	return digits(v/u.size) + "\u00a0" + u.name
}

// digits shows three of them, all of an integer part.
func digits(v float64) string {
	decimals := 2
	for limit := 10.0; decimals > 0 && math.Abs(v) >= limit-0.005*limit/10; limit *= 10 {
		decimals--
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// percent shows a share; to a tenth below 10 %.
func percent(share float64) string {
	decimals := 0
	if math.Abs(share) < 0.0995 {
		decimals = 1
	}
	return strconv.FormatFloat(100*share, 'f', decimals, 64) + "\u00a0%"
}

// times shows a ratio: "2.4 times".
func times(ratio float64) string { return digits(ratio) + " times" }

// number groups digits by thousands: "26,000".
func number[N int | int64 | uint64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// count says how many there are of something: "1 op", "26,000 ops".
func count[N int | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// at is a place along a chart, as a percentage of its width.
func at(part, whole float64) string {
	if whole == 0 {
		return "0%"
	}
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(100*part/whole, 'f', 4, 64), "0"), ".") + "%"
}

func ratio(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
