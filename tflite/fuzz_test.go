package tflite

import (
	"encoding/binary"
	"testing"
)

func FuzzParseModel(f *testing.F) {
	many := example()
	many.Buffers[1].Size = 3 * pageSize
	for range 2 {
		many.Subgraphs = append(many.Subgraphs, many.Subgraphs...)
	}
	for _, m := range []*Model{example(), many, {}} {
		data := build(f, m, false)
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Add([]byte("\x08\x00\x00\x00TFL3"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseModel(data)
		if err != nil {
			return
		}
		// What the model promises: its indices are valid.
		for i, s := range m.Subgraphs {
			for _, op := range s.Operators {
				_ = m.OperatorCodes[op.Opcode].String()
				for _, index := range append(append(op.Inputs, op.Outputs...), op.Intermediates...) {
					if index != -1 {
						_ = s.Tensors[index]
					}
				}
			}
			for _, tensor := range s.Tensors {
				if tensor.Buffer != 0 {
					_ = m.Buffers[tensor.Buffer]
				}
			}
			for _, node := range live(m, i).Nodes {
				if !m.sameNode(&s, node) {
					t.Errorf("subgraph %d: node %+v is not itself", i, node)
				}
			}
		}
		for _, b := range m.Buffers {
			if b.Size < 0 || b.Offset < 0 || b.Offset+b.Size > int64(len(data)) {
				t.Errorf("buffer %+v in %d bytes", b, len(data))
			}
		}
		for _, s := range m.Signatures {
			_ = m.Subgraphs[s.Subgraph]
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, g := range generations {
		node := testHeap + 3*uint64(g.stride)
		raw := subgraphBytes(testHeap-4096, g.vector, testHeap, testHeap+uint64(30*g.stride))
		raw = append(raw, pairBytes(g.stride, g.registration, 0, 3)...)
		f.Add(raw, testHeap-4096, node, testCode)
	}
	f.Fuzz(func(t *testing.T, raw []byte, address, node, invoke uint64) {
		DecodeTensor(raw)
		DecodeNode(raw)
		DecodeAffine(raw)
		DecodeDelegateParams(raw, false)
		DecodeDelegateParams(raw, true)
		if values, size, ok := DecodeInts(raw); ok && (len(values) > size || len(values) > len(raw)/4) {
			t.Errorf("%d values of %d in %d bytes", len(values), size, len(raw))
		}
		if r, offset, ok := FindRegistration(raw, invoke); ok {
			if r.Invoke != binary.LittleEndian.Uint64(raw[offset+RegistrationInvoke:]) || invoke != 0 && r.Invoke != invoke {
				t.Errorf("registration %+v at %d is not of %#x", r, offset, invoke)
			}
		}
		SubgraphValid(address, raw)
		var begin, end uint64
		for _, v := range NodeVectors(raw) {
			if begin, end = v.Begin, v.End; end <= begin || v.Stride != 0 && (end-begin)%uint64(v.Stride) != 0 {
				t.Errorf("nodes from %#x to %#x, %d bytes each", begin, end, v.Stride)
			}
		}
		inputs, outputs, ok := FindEnds(raw, begin, end)
		for _, v := range append(FindPlans(raw, begin, end), inputs, outputs) {
			if (ok || v != inputs && v != outputs) && (v.End < v.Begin || v.End-v.Begin > 4*maxEnds || (v.End-v.Begin)%4 != 0) {
				t.Errorf("a vector of indices from %#x to %#x", v.Begin, v.End)
			}
		}
		for _, head := range [][]byte{nil, raw} {
			stride, ok := Stride(begin, end, []uint64{node}, head)
			if ok && ((end-begin)%uint64(stride) != 0 || (node-begin)%uint64(stride) != 0) {
				t.Errorf("stride %d does not lead from %#x to %#x and %#x", stride, begin, node, end)
			}
		}
	})
}
