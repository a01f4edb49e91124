package analyze

import (
	"math"
	"testing"
)

// Types of ops stand side by side; what a trace doesn't have is 0 there, and nothing is left out.
func TestAcrossTraces(t *testing.T) {
	r := ops(t, sample(t), Options{})
	a, err := AcrossTraces([]Named{{"a", r}, {"b", &OpsResult{}}, {"c", r}}, ByOp)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Columns) != 4 || a.Columns[0].Trace != "a" || a.Columns[2].Trace != "c" {
		t.Fatalf("columns %+v", a.Columns)
	}
	var nodes int
	for i, row := range a.Rows {
		if len(row.Cells) != 4 || row.Cells[0] != row.Cells[2] || row.Cells[1] != row.Cells[3] {
			t.Errorf("%s: cells %v", row.Name, row.Cells)
		}
		if i > 0 && row.most() > a.Rows[i-1].most() {
			t.Errorf("%s is out of order", row.Name)
		}
		nodes += row.Cells[0].Nodes
		if row.Name == "CONV_2D" && math.Abs(row.Cells[0].NS-1.2e6) > 2e4 {
			t.Errorf("convolutions take %.0f ns, want about 1 ms in four of five invokes and 2 in the other", row.Cells[0].NS)
		}
	}
	if nodes != 6 {
		t.Errorf("%d nodes", nodes)
	}
	for _, by := range []By{ByNode, ByThread} {
		if _, err := AcrossTraces(nil, by); err == nil {
			t.Errorf("by %s: no error", by)
		}
	}
}
