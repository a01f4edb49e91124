package tflite

import (
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// generations are the layouts so far: the size of a pair, the registration's place in it, and the node vector's place
// in the subgraph.
var generations = []struct {
	since                        string
	stride, registration, vector int
}{
	{"2.3", 136, 72, 208},
	{"2.4", 136, 72, 224},
	{"2.6", 144, 80, 224},
	{"2.7", 144, 80, 232},
	{"2.10", 152, 80, 232},
	{"2.13", 160, 80, 232},
	{"2.14", 168, 80, 264},
	{"a future one", 176, 80, 280},
}

const (
	testHeap uint64 = 0xb400_7f00_0000_0000 // with a tag in the top byte, as on Android
	testCode uint64 = 0x7e00_0000_0000
)

// pairBytes is the node with the given index as a runtime keeps it.
func pairBytes(stride, registration, index int, code OpCode) []byte {
	pair := make([]byte, stride)
	heap := testHeap + uint64(0x1000*(index+1))
	for at := NodeInputs; at <= NodeTemporaries; at += 8 {
		le.PutUint64(pair[at:], heap+uint64(at))
	}
	r := pair[registration:]
	for at := RegistrationInit; at <= RegistrationInvoke; at += 8 {
		le.PutUint64(r[at:], testCode+uint64(16*at))
	}
	le.PutUint32(r[RegistrationBuiltinCode:], uint32(code))
	le.PutUint32(r[RegistrationVersion:], uint32(1+index%3))
	return pair
}

func TestFindRegistration(t *testing.T) {
	for _, g := range generations {
		for code := OpCode(0); int(code) < len(opNames); code++ {
			raw := append(pairBytes(g.stride, g.registration, 0, code), pairBytes(g.stride, g.registration, 1, code)...)
			whole, _ := DecodeRegistration(raw[g.registration:])
			for _, invoke := range []uint64{0, whole.Invoke} {
				got, offset, ok := FindRegistration(raw, invoke)
				if !ok || offset != g.registration || got != whole || got.BuiltinCode != code {
					t.Fatalf("since %s, %s, invoke %#x: got %+v at %d, %v; want it at %d", g.since, code, invoke, got, offset, ok, g.registration)
				}
			}
			if got, offset, ok := FindRegistration(raw, whole.Invoke+8); ok {
				t.Fatalf("since %s, %s: another function found in %+v at %d", g.since, code, got, offset)
			}
		}
	}
}

func TestFindRegistrationWithOneFunctionForAll(t *testing.T) {
	for _, g := range generations {
		raw := pairBytes(g.stride, g.registration, 0, 3)
		le.PutUint64(raw[g.registration+RegistrationPrepare:], testCode)
		le.PutUint64(raw[g.registration+RegistrationInvoke:], testCode)
		if _, offset, ok := FindRegistration(raw, testCode); !ok || offset != g.registration {
			t.Errorf("since %s: found at %d, %v; want %d", g.since, offset, ok, g.registration)
		}
	}
}

// subgraphBytes is a tflite::Subgraph at address with the node vector [begin, end).
func subgraphBytes(address uint64, vector int, begin, end uint64) []byte {
	raw := make([]byte, 1024)
	const tensors = testHeap + 0x100_0000
	le.PutUint64(raw[SubgraphTensors:], tensors)
	le.PutUint64(raw[SubgraphTensors+8:], tensors+7*TensorSize)
	le.PutUint64(raw[SubgraphTensors+16:], tensors+9*TensorSize)
	context := raw[ContextInSubgraph:]
	le.PutUint64(context[ContextTensorsSize:], 7)
	le.PutUint64(context[ContextTensors:], tensors)
	le.PutUint64(context[ContextImpl:], address)
	le.PutUint64(raw[vector:], begin)
	le.PutUint64(raw[vector+8:], end)
	le.PutUint64(raw[vector+16:], end)
	// Not a vector, though the node lies between these too.
	le.PutUint64(raw[vector+24:], begin-64)
	le.PutUint64(raw[vector+32:], end+64)
	le.PutUint64(raw[vector+40:], end+1<<12)
	return raw
}

func TestNodeVectors(t *testing.T) {
	const address, begin, nodes uint64 = testHeap + 0x5000_0000, testHeap + 0x20_0000, 30
	for _, g := range generations {
		end := begin + nodes*uint64(g.stride)
		raw := subgraphBytes(address, g.vector, begin, end)
		if got := NodeVectors(raw); len(got) == 0 || got[0] != (NodeVector{begin, end, 0}) {
			t.Errorf("since %s: %v, want %#x to %#x first", g.since, got, begin, end)
		}
		le.PutUint64(raw[g.vector+8:], nodes)
		le.PutUint64(raw[g.vector+16:], nodes+2)
		if got := NodeVectors(raw); !slices.Contains(got, NodeVector{begin, end, g.stride}) {
			t.Errorf("since %s, counted: %v, want %#x to %#x among them", g.since, got, begin, end)
		}
	}
	for name, words := range map[string][3]uint64{
		"none": {0, 0, 0}, "empty": {begin, begin, begin}, "no element": {begin, 0, 8}, "no pointer": {7, 8, 9},
		"more than there is room": {begin, 33, 32}, "ends behind its room": {begin, begin + 168, begin}, "too many": {begin, begin - 1, begin - 1},
	} {
		raw := make([]byte, 1024)
		for i, word := range words {
			le.PutUint64(raw[len(raw)-vectorSize+8*i:], word)
		}
		if got := NodeVectors(raw); got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestStride(t *testing.T) {
	const begin uint64 = testHeap
	for _, g := range generations {
		var memory []byte
		for i := range 2520 { // divisible by many strides' ratios
			memory = append(memory, pairBytes(g.stride, g.registration, i, OpCode(i%200))...)
		}
		for _, nodes := range []int{1, 2, 17, 18, 19, 20, 21, 22, 306, 2520} {
			end := begin + uint64(nodes*g.stride)
			head := memory[:min(nodes*g.stride, 1024)]
			if got, ok := Stride(begin, end, nil, head); !ok || got != g.stride {
				t.Errorf("since %s, %d nodes: got %d, %v; want %d", g.since, nodes, got, ok, g.stride)
			}
		}
	}
}

func TestStrideWithLittleEvidence(t *testing.T) {
	tests := []struct {
		name  string
		bytes uint64
		nodes []uint64
		want  int // 0: can't be told
	}{
		{"one node", 168, nil, 168},
		{"17 nodes of 144 or 18 of 136", 17 * 144, nil, 0},
		{"the second node tells", 17 * 144, []uint64{testHeap + 144}, 144},
		{"a node in both", 17 * 144, []uint64{testHeap}, 0},
		{"a node in neither", 17 * 144, []uint64{testHeap + 8}, 0},
		{"no multiple", 1000, nil, 0},
		{"empty", 0, nil, 0},
	}
	for _, test := range tests {
		got, ok := Stride(testHeap, testHeap+test.bytes, test.nodes, nil)
		if got != test.want || ok != (test.want != 0) {
			t.Errorf("%s: got %d, %v; want %d", test.name, got, ok, test.want)
		}
	}
}

func TestNodesOfRealRuntimes(t *testing.T) {
	data, err := os.ReadFile("testdata/subgraphs.txt")
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cases++
		var runtime, ops, rawHex, headHex string
		var stride, nodes int
		var address, begin uint64
		if _, err := fmt.Sscan(line, &runtime, &stride, &nodes, &ops, &address, &begin, &rawHex, &headHex); err != nil {
			t.Fatal(err)
		}
		raw, err := hex.DecodeString(rawHex)
		if err != nil {
			t.Fatal(err)
		}
		head, err := hex.DecodeString(headHex)
		if err != nil {
			t.Fatal(err)
		}
		end := begin + uint64(nodes*stride)
		if got := NodeVectors(raw); !SubgraphValid(address, raw) || !slices.Contains(got, NodeVector{begin, end, 0}) {
			t.Errorf("%s, %s: %v, want %#x to %#x", runtime, ops, got, begin, end)
		}
		if got, ok := Stride(begin, end, nil, head); !ok || got != stride {
			t.Errorf("%s: stride %d, %v; want %d", runtime, got, ok, stride)
		}
		for i, want := range strings.Split(ops, ",") {
			r, _, ok := FindRegistration(head[i*stride:], 0)
			if !ok || r.BuiltinCode.String() != want {
				t.Errorf("%s: node %d is %s, %v; want %s", runtime, i, r.BuiltinCode, ok, want)
			}
		}
	}
	if cases == 0 {
		t.Error("testdata/subgraphs.txt holds no case")
	}
}

func TestWithOperator(t *testing.T) {
	registration := RawRegistration{BuiltinCode: OpCustom, CustomName: 0x7000, Version: 1}
	plain := make([]byte, OperatorBytes)
	le.PutUint64(plain[OperatorPrepare:], 0x8000)
	le.PutUint64(plain[OperatorInvoke:], 0x9000)
	withData := make([]byte, OperatorBytes)
	le.PutUint64(withData[OperatorPrepareWithData:], 0x8000)
	le.PutUint64(withData[OperatorInvokeWithData:], 0x9000)
	for _, test := range []struct {
		name         string
		raw          []byte
		ok, withData bool
	}{
		{"plain functions", plain, true, false},
		{"plain functions of an older operator", plain[:OperatorPrefix], true, false},
		{"functions with user data", withData, true, true},
		{"no functions in an older operator", withData[:OperatorPrefix], false, false},
		{"no functions", make([]byte, OperatorBytes), false, true},
		{"cut short", plain[:OperatorPrefix-1], false, false},
	} {
		got, ok := registration.WithOperator(test.raw)
		if ok != test.ok || got.WithData != test.withData || ok && (got.Invoke != 0x9000 || got.Prepare != 0x8000) {
			t.Errorf("%s: %+v, %t", test.name, got, ok)
		}
	}
}
