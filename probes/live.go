package probes

import (
	"encoding/binary"
	"io"
	"slices"

	"github.com/edgexray/edgexray/tflite"
)

// Mapping is a part of a process's address space.
type Mapping struct {
	Start, End     uint64
	Writable, Exec bool
}

// Live is what a process's memory says about its interpreters and resolvers.
type Live struct {
	Registrations []tflite.RawRegistration // with op code and version, each invoke and code once
	Subgraphs     []LiveSubgraph
}

// LiveSubgraph is a tflite::Subgraph in a process, with the vector of its nodes.
type LiveSubgraph struct {
	Context uint64 // address of its TfLiteContext
	Begin   uint64 // address of its first node
	Stride  int    // bytes from one node to the next
	Nodes   []LiveNode
}

// LiveNode is a node and the registration behind it.
type LiveNode struct {
	tflite.RawNode
	tflite.RawRegistration
}

const (
	scanChunk      = 1 << 20
	scanOverlap    = 256      // a record that straddles two chunks is seen whole in the second
	maxScanned     = 4 << 30  // bytes of one process; interpreters sit in the heap, not in gigabytes of buffers
	maxNodesBytes  = 16 << 20 // 100 000 nodes
	maxScanVersion = 64
	maxScanCode    = 1023
)

// ScanMemory searches a process's writable memory for registrations, as op resolvers and nodes hold them, and for
// subgraphs. A subgraph shows itself by its TfLiteContext, which points back at the object that it lies in.
func ScanMemory(memory io.ReaderAt, mappings []Mapping) *Live {
	s := scan{memory: memory, seen: make(map[registrationKey]bool)}
	for _, m := range mappings {
		if m.Exec {
			s.code = append(s.code, m)
		}
	}
	slices.SortFunc(s.code, func(a, b Mapping) int { return int(int64(a.Start - b.Start)) })
	if len(s.code) == 0 {
		return &s.live
	}
	buffer := make([]byte, scanChunk+scanOverlap)
	var scanned uint64
	for _, m := range mappings {
		if !m.Writable || m.Exec {
			continue
		}
		for at := m.Start; at < m.End && scanned < maxScanned; at += scanChunk {
			n, _ := memory.ReadAt(buffer[:min(uint64(len(buffer)), m.End-at)], int64(at))
			s.chunk(at, buffer[:n])
			scanned += scanChunk
		}
	}
	return &s.live
}

type registrationKey struct {
	invoke uint64
	code   tflite.OpCode
}

type scan struct {
	memory io.ReaderAt
	code   []Mapping
	seen   map[registrationKey]bool
	live   Live
}

func (s *scan) chunk(address uint64, b []byte) {
	le := binary.LittleEndian
	for at := 0; at+tflite.RegistrationSize <= len(b) && at < scanChunk; at += 8 {
		word := le.Uint64(b[at+tflite.RegistrationInvoke:]) // the same place as TfLiteContext.impl_
		if word == 0 {
			continue
		}
		if word == address+uint64(at)-tflite.ContextInSubgraph {
			s.subgraph(address + uint64(at))
		} else if s.isCode(word) {
			s.registration(b[at:])
		}
	}
}

func (s *scan) isCode(address uint64) bool {
	if address < s.code[0].Start || address >= s.code[len(s.code)-1].End {
		return false
	}
	_, found := slices.BinarySearchFunc(s.code, address, func(m Mapping, address uint64) int {
		switch {
		case m.End <= address:
			return -1
		case m.Start > address:
			return 1
		}
		return 0
	})
	return found
}

func (s *scan) isCodeOrNull(address uint64) bool { return address == 0 || s.isCode(address) }

func (s *scan) registration(b []byte) {
	r, ok := tflite.DecodeRegistration(b)
	if !ok || r.BuiltinCode < 0 || r.BuiltinCode > maxScanCode || r.Version < 1 || r.Version > maxScanVersion ||
		!s.isCode(r.Prepare) || !s.isCodeOrNull(r.Init) || !s.isCodeOrNull(r.Free) || !s.isCodeOrNull(r.ProfilingString) ||
		(r.BuiltinCode == tflite.OpCustom || r.BuiltinCode == tflite.OpDelegate) != (r.CustomName != 0) {
		return
	}
	key := registrationKey{r.Invoke, r.BuiltinCode}
	if !s.seen[key] {
		s.seen[key] = true
		s.live.Registrations = append(s.live.Registrations, r)
	}
}

func (s *scan) subgraph(context uint64) {
	if subgraph, ok := ReadSubgraph(s.memory, context); ok {
		s.live.Subgraphs = append(s.live.Subgraphs, subgraph)
	}
}

// ReadSubgraph reads the nodes of the subgraph that a TfLiteContext lies in: the first vector in it whose elements are
// nodes with registrations. It reports false for anything else.
func ReadSubgraph(memory io.ReaderAt, context uint64) (LiveSubgraph, bool) {
	var object [1024]byte
	n, _ := memory.ReadAt(object[:], int64(context-tflite.ContextInSubgraph))
	if !tflite.SubgraphValid(context-tflite.ContextInSubgraph, object[:n]) {
		return LiveSubgraph{}, false
	}
	for _, v := range tflite.NodeVectors(object[:n]) {
		if subgraph, ok := readNodes(memory, v); ok {
			subgraph.Context = context
			return subgraph, true
		}
	}
	return LiveSubgraph{}, false
}

// readNodes reads nodes. It reports false where there are none, or in another stride.
func readNodes(memory io.ReaderAt, v tflite.NodeVector) (LiveSubgraph, bool) {
	if v.End-v.Begin > maxNodesBytes {
		return LiveSubgraph{}, false
	}
	nodes := make([]byte, v.End-v.Begin)
	if n, _ := memory.ReadAt(nodes, int64(v.Begin)); n < len(nodes) {
		return LiveSubgraph{}, false
	}
	stride, ok := tflite.Stride(v.Begin, v.End, nil, nodes)
	if !ok || v.Stride != 0 && stride != v.Stride {
		return LiveSubgraph{}, false
	}
	subgraph := LiveSubgraph{Begin: v.Begin, Stride: stride}
	for ; len(nodes) >= stride; nodes = nodes[stride:] {
		node, _ := tflite.DecodeNode(nodes)
		registration, _, ok := tflite.FindRegistration(nodes[:stride], 0)
		if !ok {
			registration = readExternal(memory, nodes[:stride])
		}
		subgraph.Nodes = append(subgraph.Nodes, LiveNode{node, registration})
	}
	return subgraph, true
}

// readExternal reads a node's registration where its functions are in an object of their own.
func readExternal(memory io.ReaderAt, node []byte) tflite.RawRegistration {
	registration, operator, ok := tflite.FindExternal(node)
	if !ok {
		return tflite.RawRegistration{}
	}
	var raw [tflite.OperatorBytes]byte
	n, _ := memory.ReadAt(raw[:], int64(operator))
	if registration, ok = registration.WithOperator(raw[:n]); !ok {
		registration.Invoke = 0
	}
	return registration
}
