package analyze

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/trace"
)

// show writes calls as lines "outer/inner count self".
func show(cs calls, outer string) []string {
	var lines []string
	for _, c := range slices.Collect(maps.Values(cs)) {
		path := outer + c.row.desc.Op
		lines = append(lines, fmt.Sprint(path, " ", c.count, " ", c.self))
		lines = append(lines, show(c.children, path+"/")...)
	}
	slices.Sort(lines)
	return lines
}

func TestStack(t *testing.T) {
	type op struct {
		name            string
		start, duration uint64
		depth           uint32
	}
	cases := []struct {
		name string
		ops  []op // in the order in which they ended
		want string
	}{
		{"flat", []op{{"a", 0, 10, 0}, {"b", 10, 5, 0}, {"a", 20, 10, 0}}, "a 2 20, b 1 5"},
		{"nested", []op{{"x", 2, 3, 1}, {"y", 5, 4, 1}, {"if", 0, 10, 0}}, "if 1 3, if/x 1 3, if/y 1 4"},
		{"nested twice", []op{{"x", 2, 3, 2}, {"if", 1, 5, 1}, {"y", 7, 1, 1}, {"while", 0, 10, 0}},
			"while 1 4, while/if 1 2, while/if/x 1 3, while/y 1 1"},
		{"a loop", []op{{"x", 1, 2, 1}, {"x", 3, 2, 1}, {"while", 0, 10, 0}, {"x", 11, 2, 1}, {"while", 10, 10, 0}},
			"while 2 14, while/x 3 6"},
		{"outer op lost", []op{{"x", 1, 2, 1}, {"b", 10, 5, 0}}, "b 1 5, x 1 2"},
		{"middle op lost", []op{{"x", 2, 2, 2}, {"while", 1, 8, 0}}, "while 1 8, x 1 2"},
		{"outer op not ended", []op{{"a", 0, 1, 0}, {"x", 2, 2, 1}}, "a 1 1, x 1 2"},
		{"children longer than their parent", []op{{"x", 1, 20, 1}, {"if", 0, 10, 0}}, "if 1 0, if/x 1 20"},
		{"absurd depth", []op{{"x", 1, 2, 1<<32 - 1}, {"a", 5, 1, 0}}, "a 1 1, x 1 2"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			rows := make(map[string]*row)
			var s stack
			for _, o := range c.ops {
				if rows[o.name] == nil {
					rows[o.name] = &row{desc: &trace.Node{Op: o.name}}
				}
				s.end(rows[o.name], trace.Op{Start: o.start, Duration: o.duration, Depth: o.depth})
			}
			s.finish()
			s.fold()
			if diff := cmp.Diff(c.want, strings.Join(show(s.roots, ""), ", ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
