package html

import "github.com/edgexray/edgexray/analyze"

// opType is a bar of the chart of time by op type, and a line of its table.
type opType struct {
	Name, Class    string
	X, Width       string // within the chart
	Nodes, Count   string
	Share, EachRun string // of the model's time; µs in an invoke
	Labelled       bool   // wide enough for its name
}

// byType shows what each op type takes of a model's time.
func (b *builder) byType(m *analyze.Model) []opType {
	var types []opType
	var before float64
	for _, g := range m.ByType() {
		types = append(types, opType{
			Name: shown(g.Name), Class: b.colours.class(g.Name),
			X: at(before, 1), Width: at(g.Share, 1), Labelled: g.Share > 0.1,
			Nodes: number(g.Nodes), Count: number(g.Count), Share: percent(g.Share),
			EachRun: us(perInvoke(g.SelfNS, m)),
		})
		before += g.Share
	}
	return types
}

// perInvoke spreads a sum over the model's invokes.
func perInvoke(sum uint64, m *analyze.Model) float64 {
	return float64(sum) / float64(max(m.Invokes, 1))
}
