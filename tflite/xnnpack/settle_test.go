package xnnpack

import (
	"fmt"
	"testing"
)

func TestSettle(t *testing.T) {
	slots := func(nodes ...[]int) (mappings []Mapping) {
		for _, n := range nodes {
			m := Mapping{n, Exact}
			switch len(n) {
			case 0:
				m.Confidence = Unknown
			case 1:
			default:
				m.Confidence = Fused
			}
			mappings = append(mappings, m)
		}
		return mappings
	}
	none := []int(nil)
	for _, test := range []struct {
		name string
		all  [][]Mapping
		want []Mapping
	}{
		{"nothing", nil, nil},
		{"one", [][]Mapping{slots([]int{0}, none)}, slots([]int{0}, none)},
		{"coarser", [][]Mapping{slots([]int{1, 0}, []int{1, 0}, []int{2}), slots([]int{0}, []int{1}, []int{2})}, slots([]int{0}, []int{1}, []int{2})},
		{"another node", [][]Mapping{slots([]int{0}, []int{1}), slots([]int{0}, []int{2})}, slots([]int{0}, none)},
		{"a node on the other side", [][]Mapping{slots([]int{0, 1}, []int{2}, []int{3}), slots([]int{0}, []int{1, 2}, []int{3})}, slots(none, none, []int{3})},
		{"unknown to one", [][]Mapping{slots([]int{0}, []int{1}, none), slots([]int{0}, none, []int{1})}, slots([]int{0}, none, none)},
	} {
		if got := settle(test.all); fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
