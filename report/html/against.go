package html

import (
	"fmt"

	"github.com/edgexray/edgexray/analyze/stragglers"
)

// against sets a model beside the same one in another form: of another type, with another runtime or delegate, on another device.
type against struct {
	Title, Whole string
	Losses       []lossRow
	Rows         []pairRow // what takes longer here, the largest loss first
	More         int
	Only         []string
}

// lossRow sums up ops that take longer here for the same reason.
type lossRow struct {
	Op, Ops, Types, Here, There, Loss, Bar, Cause, Why string
}

type pairRow struct {
	Place, Op, Types, Here, There, Times, Loss, Bar, Cause, Kernels string
}

const maxPairs = 60

func newAgainst(a *stragglers.Against) against {
	v := against{Title: fmt.Sprintf("%s against %s of %s", shown(a.Model), shown(a.Other), shown(a.Trace)), Whole: wholeText(a), More: max(len(a.Losers)-maxPairs, 0)}
	for _, l := range a.Losses[:min(len(a.Losses), maxPairs)] {
		v.Losses = append(v.Losses, lossRow{shown(l.Op), number(l.Ops), typesText(l.Type, l.OtherType), us(l.NS), us(l.OtherNS), us(l.LossNS),
			at(float64(l.LossNS), float64(a.Losses[0].LossNS)), shown(string(l.Cause)), shownWhy(l.Why)})
	}
	for _, p := range a.Losers[:min(len(a.Losers), maxPairs)] {
		row := pairRow{Place: placeName(&p.Place), Op: shown(p.Op), Types: typesText(p.Type, p.OtherType), Here: us(p.NS), There: us(p.OtherNS),
			Times: digits(ratio(p.NS, p.OtherNS)), Loss: us(float64(p.LossNS)), Bar: at(float64(p.LossNS), float64(a.Losers[0].LossNS)), Cause: shown(string(p.Cause))}
		if len(p.Other) > 0 {
			row.Kernels = shortKernel(p.Kernel) + ", there " + shortKernel(p.Other[0].Kernel)
		}
		v.Rows = append(v.Rows, row)
	}
	for _, side := range []struct {
		text   string
		places []stragglers.Place
		ns     uint64
	}{{"here only", a.Only, a.OnlyNS}, {"there only", a.OtherOnly, a.OtherOnlyNS}} {
		if n := len(side.places); n > 0 {
			v.Only = append(v.Only, fmt.Sprintf("%s ran %s, for %s an invoke", count(n, "op"), side.text, duration(side.ns)))
		}
	}
	return v
}

// typesText names the types on both sides.
func typesText(here, there string) string {
	if here == there {
		return shown(here)
	}
	return shown(here) + " here, " + shown(there) + " there"
}

// wholeText compares whole invokes.
func wholeText(a *stragglers.Against) string {
	if a.InvokeNS == 0 || a.OtherNS == 0 {
		return "There are not enough whole invokes to compare these."
	}
	both := fmt.Sprintf("%s an invoke, against %s", duration(a.InvokeNS), duration(a.OtherNS))
	if r := ratio(a.InvokeNS, a.OtherNS); r < 1 {
		return fmt.Sprintf("%s is %s as fast as %s: %s.", shown(a.Model), times(1/r), shown(a.Other), both)
	}
	return fmt.Sprintf("%s takes %s as long as %s: %s.", shown(a.Model), times(ratio(a.InvokeNS, a.OtherNS)), shown(a.Other), both)
}

// againstFinding is the sentence of the summary.
func againstFinding(a *stragglers.Against) finding {
	f := finding{Kind: "Against", Mark: note, Title: wholeText(a), Link: "#against"}
	if a.InvokeNS > a.OtherNS {
		f.Mark = bad
	}
	if len(a.Losses) > 0 {
		l := a.Losses[0]
		f.Detail = fmt.Sprintf("%s, %s, lose most: %s an invoke. %s", count(l.Ops, shown(l.Op)+" op"), typesText(l.Type, l.OtherType), duration(l.LossNS),
			sentences([]string{string(l.Cause) + ": " + shownWhy(l.Why)}))
		f.Do = advice[l.Cause]
	}
	return f
}
