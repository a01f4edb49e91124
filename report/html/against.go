package html

import (
	"fmt"

	"github.com/edgexray/edgexray/analyze/stragglers"
)

// against sets the first recording beside another one of the same model in another form.
type against struct {
	Title, Speedup string
	Rows           []pairRow // what takes longer here, the largest loss first
	More           int
	Only           []string
}

type pairRow struct {
	Place, Op, Types         string
	Here, There, Times, Loss string
	Bar                      string
	Why                      string
}

const maxPairs = 40

func newAgainst(a *stragglers.Against) against {
	v := against{Title: fmt.Sprintf("Against %s in %s", shown(a.Model), shown(a.Trace)), More: max(len(a.Losers)-maxPairs, 0)}
	if a.InvokeNS > 0 && a.OtherNS > 0 {
		v.Speedup = fmt.Sprintf("An invoke takes %s here and %s there: %s as long.", duration(a.InvokeNS), duration(a.OtherNS), times(ratio(a.InvokeNS, a.OtherNS)))
	}
	for _, p := range a.Losers[:min(len(a.Losers), maxPairs)] {
		row := pairRow{Place: placeName(&p.Place), Op: shown(p.Op), Types: shown(p.Type), Here: us(p.NS), There: us(p.OtherNS),
			Times: digits(ratio(p.NS, p.OtherNS)), Loss: us(float64(p.LossNS)), Bar: at(float64(p.LossNS), float64(a.Losers[0].LossNS)), Why: shownText(p.Why)}
		if p.OtherType != p.Type {
			row.Types = shown(p.Type + " here, " + p.OtherType + " there")
		}
		v.Rows = append(v.Rows, row)
	}
	for _, side := range []struct {
		text   string
		places []stragglers.Place
	}{{"here only", a.Only}, {"there only", a.OtherOnly}} {
		if n := len(side.places); n > 0 {
			v.Only = append(v.Only, fmt.Sprintf("%s ran %s", count(n, "op"), side.text))
		}
	}
	return v
}

// againstFinding is the comparison's sentence of the summary.
func againstFinding(a *stragglers.Against) *finding {
	if a.InvokeNS == 0 || a.OtherNS == 0 {
		return nil
	}
	f := &finding{Kind: "Against", Mark: good, Link: "#against"}
	if r := ratio(a.InvokeNS, a.OtherNS); r >= 1 {
		f.Mark = bad
		f.Title = fmt.Sprintf("It takes %s as long as %s: %s an invoke against %s.", times(r), shown(a.Model), duration(a.InvokeNS), duration(a.OtherNS))
	} else {
		f.Title = fmt.Sprintf("It is %s as fast as %s: %s an invoke against %s.", times(1/r), shown(a.Model), duration(a.InvokeNS), duration(a.OtherNS))
	}
	if len(a.Losers) > 0 {
		l := a.Losers[0]
		f.Detail = fmt.Sprintf("%s longer here, %s (node %s) most of all: %s against %s. %s", takes(len(a.Losers)), shown(l.Op), placeName(&l.Place),
			duration(l.NS), duration(l.OtherNS), shownText(sentences([]string{l.Why})))
	}
	return f
}

func takes(n int) string {
	if n == 1 {
		return "1 op takes"
	}
	return number(n) + " ops take"
}
