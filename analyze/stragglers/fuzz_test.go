package stragglers

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/edgexray/edgexray/trace"
)

// Whatever a device sends, there is a result without numbers that JSON can't hold.
func FuzzFind(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		m := newMade()
		m.invokes = 1 + r.IntN(30)
		if r.IntN(2) == 0 {
			m = delegated(t, func(*trace.Node) bool { return r.IntN(3) == 0 })
			m.invokes = 10
		}
		for range r.IntN(30) {
			distort(r, m)
		}
		m.op = func(_ int, _ *trace.Node, op *trace.Op) {
			if r.IntN(20) == 0 {
				op.Duration = anyNumber(r)
				op.Paid = trace.Paid{OffCPU: anyNumber(r), Preempted: anyNumber(r), Workers: anyNumber(r), MinorFaults: anyNumber(r), Threads: anyNumber(r), Core: anyNumber(r), KHz: anyNumber(r)}
			}
		}
		result, err := Find(m.ops(t), Options{Profile: profileOf(t, newMade())})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(result); err != nil {
			t.Fatal(err)
		}
		a, err := json.Marshal(m.find(t, Options{Against: []Other{{"itself", m.ops(t)}}}))
		if err != nil {
			t.Fatalf("%v in %.200s", err, a)
		}
	})
}

// anyNumber is small, large, or as large as can be in a time that goes on.
func anyNumber(r *rand.Rand) uint64 { return r.Uint64() >> (10 + r.IntN(54)) }

// distort changes something about a node, or about all.
func distort(r *rand.Rand, m *made) {
	n := m.nodes[r.IntN(len(m.nodes))]
	tensors := append(n.Inputs, n.Outputs...)
	if len(tensors) == 0 {
		return
	}
	x := tensors[r.IntN(len(tensors))]
	dims := []int32{0, 1, -1, -7, math.MaxInt32, math.MinInt32, 1 << 16}
	switch r.IntN(9) {
	case 0:
		for i := range x.Shape {
			x.Shape[i] = dims[r.IntN(len(dims))]
		}
	case 1:
		x.Shape = nil
	case 2:
		x.Type = int32(r.IntN(40)) - 5
	case 3:
		x.Index = -1
	case 4:
		n.Inputs = nil
	case 5:
		n.Outputs = nil
	case 6:
		n.Op = []string{"", "CONV_2D", "SOFTMAX", "MAX_POOL_2D", "IF"}[r.IntN(5)]
	case 7:
		n.Kernel = uint32(r.IntN(20))
	case 8:
		m.header.Cores = []*trace.Core{{Capacity: uint32(anyNumber(r)), MaxKhz: anyNumber(r)}, {}}
		m.header.MinorFaultNs = anyNumber(r)
	}
}
