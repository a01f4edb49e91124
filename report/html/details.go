package html

import (
	"fmt"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/report"
)

// details is what the page shows of an op that was chosen. script.js reads it.
type details struct {
	Op      string      `json:"op"`
	Place   string      `json:"place"`
	Facts   []any       `json:"facts"`   // a name's index and a value, in turns
	Tensors [][3]string `json:"tensors"` // role, name, description
	Runs    *histogram  `json:"runs"`    // nil without a run
}

// details adds an op to what can be chosen and returns its id.
func (b *builder) details(op *analyze.Op) int {
	if id, ok := b.ids[op]; ok {
		return id
	}
	d := &details{Op: shown(op.FusedOp()), Place: where(op), Facts: b.index(facts(op)), Runs: newHistogram(op.Wall)}
	d.Tensors = slices.Concat(describe("in", op.Inputs), describe("out", op.Outputs))
	b.data.Ops = append(b.data.Ops, d)
	b.ids[op] = len(b.data.Ops) - 1
	return b.ids[op]
}

// index names facts by their place among the page's names, of which there are few.
func (b *builder) index(facts [][2]string) []any {
	var all []any
	for _, f := range facts {
		i := slices.Index(b.data.Names, f[0])
		if i < 0 {
			i = len(b.data.Names)
			b.data.Names = append(b.data.Names, f[0])
		}
		all = append(all, i, f[1])
	}
	return all
}

// where says where an op is in its model.
func where(op *analyze.Op) string {
	if op.Mapping == "" {
		return "node " + report.Place(op)
	}
	stands := "stands for no known node"
	if op.Node >= 0 {
		stands = "stands for node " + list(op.MappedNodes)
		if op.Mapping == "inferred" {
			stands += ", as it seems"
		}
	}
	return fmt.Sprintf("operator %d of delegate node %d; %s", op.OperatorIndex, op.DelegateNode, stands)
}

func list(nodes []int32) string {
	var all []string
	for _, n := range nodes[:min(len(nodes), maxTensors)] {
		all = append(all, fmt.Sprint(n))
	}
	if more := len(nodes) - maxTensors; more > 0 {
		all = append(all, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(all, ", ")
}

// facts are what is known of an op, name by name.
func facts(op *analyze.Op) [][2]string {
	var all [][2]string
	say := func(name, value string) {
		if value != "" {
			all = append(all, [2]string{name, value})
		}
	}
	w, p := op.Wall, op.Paid
	say("Share of the model's time", percent(op.Share))
	say("A run, on average", duration(w.Mean()))
	say("Median; nine of ten within", duration(w.Quantile(0.5))+"; "+duration(w.Quantile(0.9)))
	say("Shortest, longest", duration(w.Min)+", "+duration(w.Max))
	say("First run", duration(op.FirstNS))
	say("Runs", number(op.Count))
	say("Time went also to", causes(op))
	if !op.Trusted {
		say("Too short to trust", "its probe takes "+duration(op.ProbeCostNS))
	}
	if p.OffCPUNS > 0 {
		say("Not running", percent(ratio(p.OffCPUNS, p.WallNS))+" of its time")
	}
	if p.Threads() > 1 {
		say("Threads", digits(p.Threads())+", busy "+percent(p.Efficiency()))
	}
	if faults := p.MinorFaults + p.MajorFaults; faults > 0 {
		say("Page faults in a run", digits(float64(faults)/float64(max(op.Count, 1))))
	}
	if khz := p.MeanKHz(); khz > 0 {
		say("Cores' mean frequency", number(khz/1000)+" MHz")
	}
	if mem := op.Memory; mem != nil {
		say("Reads, writes", size(mem.Read)+", "+size(mem.Written))
		if mem.Weights > 0 {
			say("Weights", size(mem.Weights))
		}
		if mem.Temporary > 0 {
			say("Scratch memory", size(mem.Temporary))
		}
		if mem.Live != nil {
			say("All tensors while it runs", size(*mem.Live))
		}
	}
	if len(op.Replaced) > 0 {
		say("Stands for", count(len(op.Replaced), "node"))
	}
	say("Run by", kernel(op))
	return all
}

func describe(role string, tensors []analyze.Tensor) [][3]string {
	all := [][3]string{}
	for _, t := range tensors[:min(len(tensors), maxTensors)] {
		if t.Index < 0 {
			continue
		}
		text := strings.TrimSpace(t.Type + " " + report.Shape(t.Shape))
		if t.Scale != 0 {
			text += fmt.Sprintf(", scale %.4g, zero point %d", t.Scale, t.ZeroPoint)
		}
		if t.Channels > 1 {
			text += fmt.Sprintf(" (first of %d channels)", t.Channels)
		}
		all = append(all, [3]string{role, shown(t.Name), shown(text)})
	}
	return all
}
