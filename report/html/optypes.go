package html

import "github.com/edgexray/edgexray/analyze"

// opType is a bar of the chart of time by op type, and a line of its table.
type opType struct {
	Name, Class    string
	X, Width       string // within the chart
	Bar            string // of the largest
	Nodes, Count   string
	Share, EachRun string // of the model's time; µs in an invoke
	Label          string // class of its name in the chart; empty when there is no room for it
}

// byType shows what each op type takes of a model's time.
func (b *builder) byType(m *analyze.Model) []opType {
	var types []opType
	var before float64
	groups := m.ByType()
	for _, g := range groups {
		types = append(types, opType{
			Name: shown(g.Name), Class: b.colours.class(g.Name),
			X: at(before, 1), Width: at(g.Share, 1), Bar: at(g.Share, groups[0].Share), Label: room(g),
			Nodes: number(g.Nodes), Count: number(g.Count), Share: percent(g.Share),
			EachRun: us(perInvoke(g.SelfNS, m)),
		})
		before += g.Share
	}
	return types
}

// room says on which screens an op type's name fits into its bar: all, or wide ones only.
func room(g *analyze.Group) string {
	const character = 8.0 // px, a bit more than most
	need := character * float64(len(shown(g.Name))+2)
	switch {
	case g.Share*320 > need: // px on a phone
		return "always"
	case g.Share*1000 > need: // px on a laptop
		return "wide"
	}
	return ""
}

// perInvoke spreads a sum over the model's invokes.
func perInvoke(sum uint64, m *analyze.Model) float64 {
	return float64(sum) / float64(max(m.Invokes, 1))
}
