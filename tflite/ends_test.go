package tflite

import "testing"

func TestFindEnds(t *testing.T) {
	const begin, end = testHeap, testHeap + 30*168
	lists := [3]IndexVector{{testHeap + 0x2000, testHeap + 0x2004}, {testHeap + 0x2010, testHeap + 0x2018}, {}}
	subgraph := func(vector int, change func(behind []byte)) []byte {
		raw := subgraphBytes(testHeap-4096, vector, begin, end)
		behind := raw[vector+24:]
		behind[0] = 1 // consistent_; what pads it may be anything
		behind[3] = 0xa5
		for i, v := range lists {
			le.PutUint64(behind[8+24*i:], v.Begin)
			le.PutUint64(behind[16+24*i:], v.End)
			le.PutUint64(behind[24+24*i:], v.End)
		}
		if change != nil {
			change(behind)
		}
		return raw
	}
	for _, g := range generations {
		inputs, outputs, ok := FindEnds(subgraph(g.vector, nil), begin, end)
		if !ok || inputs != lists[0] || outputs != lists[1] {
			t.Errorf("since %s: found %v and %v, %v; want %v and %v", g.since, inputs, outputs, ok, lists[0], lists[1])
		}
	}
	counted := subgraph(264, func(behind []byte) {
		for i, v := range lists {
			le.PutUint64(behind[16+24*i:], (v.End-v.Begin)/4)
			le.PutUint64(behind[24+24*i:], (v.End-v.Begin)/4)
		}
	})
	le.PutUint64(counted[264+8:], 30)
	if inputs, outputs, ok := FindEnds(counted, begin, end); !ok || inputs != lists[0] || outputs != lists[1] {
		t.Errorf("in vectors that count their elements: found %v and %v, %v; want %v and %v", inputs, outputs, ok, lists[0], lists[1])
	}
	for name, change := range map[string]func([]byte){
		"consistent_ is no bool":          func(b []byte) { b[0] = 2 },
		"inputs end before they begin":    func(b []byte) { le.PutUint64(b[16:], lists[0].Begin-4) },
		"more inputs than there is room":  func(b []byte) { le.PutUint64(b[16:], 2); le.PutUint64(b[24:], 1) },
		"outputs end beyond the capacity": func(b []byte) { le.PutUint64(b[48:], lists[1].End-4) },
		"half an element":                 func(b []byte) { le.PutUint64(b[16:], lists[0].Begin+2) },
		"inputs are no pointer":           func(b []byte) { le.PutUint64(b[8:], 7) },
		"an end without a beginning":      func(b []byte) { le.PutUint64(b[64:], 8) },
		"too many": func(b []byte) {
			le.PutUint64(b[16:], lists[0].Begin+1<<30)
			le.PutUint64(b[24:], lists[0].Begin+1<<30)
		},
	} {
		if inputs, outputs, ok := FindEnds(subgraph(264, change), begin, end); ok {
			t.Errorf("%s: found %v and %v", name, inputs, outputs)
		}
	}
	whole := subgraph(264, nil)
	if _, _, ok := FindEnds(whole, begin, end+168); ok {
		t.Error("found behind another node vector")
	}
	for size := range 264 + 32 + 72 {
		if _, _, ok := FindEnds(whole[:size], begin, end); ok {
			t.Errorf("found in %d bytes", size)
		}
	}
}
