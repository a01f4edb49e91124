package xnnpack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

var le = binary.LittleEndian

// Memory is that of a process. ReadAt may stop at the end of a mapping.
type Memory interface {
	ReadAt(b []byte, address int64) (int, error)
}

// Bounds of what is read: the largest models so far have some thousand operators.
const (
	objectBytes  = 1 << 10 // of the delegate's object; it has its runtime among its first members
	maxSlots     = 1 << 14
	maxValues    = 1 << 17
	maxSlotBytes = 1 << 10 // of xnn_operator_data: at most 512 in any release so far
	minSlotBytes = 1 << 6  // above the size of its array of operators
	// Of xnn_value, before 2.13 xnn_blob: 24, 160 and 176 so far.
	minValueBytes = 16
	valueBytes    = 256
	wordBytes     = 4 // of an id
)

// Runtime is the xnn_runtime of a delegate node: what its operators read and write, as numbers of values.
type Runtime struct {
	slots  []slot
	values []byte // the array of values as it lies in memory
	count  int    // of values
}

// slot is an xnn_operator_data: one step of the runtime. Mostly it holds one operator, but a concatenation has one for each
// of its inputs.
type slot struct {
	operators int    // so many, the next ones in the order in which they run
	memory    []byte // from its first operator on, to that of the next slot
}

// Offsets in an xnn_runtime. Before them is the number of external values.
// Source: XNNPACK's src/xnnpack/subgraph.h, since the runtime exists.
const (
	runtimeSlots      = 8
	runtimeSlotCount  = 16
	runtimeValues     = 24
	runtimeValueCount = 32
	runtimeBytes      = 40
)

// ErrNoRuntime says that a delegate's object leads to no runtime that has the operators.
var ErrNoRuntime = errors.New("no runtime of XNNPACK with these operators")

// Read finds the runtime behind a delegate node's user data: the one whose array holds the operators, which are the
// addresses of those that the node ran, in this order.
func Read(m Memory, object uint64, operators []uint64) (*Runtime, error) {
	if len(operators) == 0 {
		return nil, ErrNoRuntime
	}
	head := readUpTo(m, object, objectBytes)
	for at := 0; at+8 <= len(head); at += 8 {
		if r := readRuntime(m, le.Uint64(head[at:]), operators); r != nil {
			return r, nil
		}
	}
	return nil, fmt.Errorf("%w among the first %d bytes at %#x", ErrNoRuntime, len(head), object)
}

func readRuntime(m Memory, address uint64, operators []uint64) *Runtime {
	raw := readUpTo(m, address, runtimeBytes)
	if len(raw) < runtimeBytes {
		return nil
	}
	slotCount, valueCount := le.Uint64(raw[runtimeSlotCount:]), le.Uint64(raw[runtimeValueCount:])
	if slotCount == 0 || slotCount > maxSlots || valueCount == 0 || valueCount > maxValues {
		return nil
	}
	// The first operator tells whether this is the array, before all of it is read.
	array := le.Uint64(raw[runtimeSlots:])
	first := readUpTo(m, array, int(min(slotCount, 64))*maxSlotBytes)
	if find(first, 0, operators[0]) < 0 {
		return nil
	}
	memory := readUpTo(m, array, int(slotCount)*maxSlotBytes)
	slots := split(memory, operators)
	if slots == nil || len(slots) > int(slotCount) {
		return nil
	}
	values := readUpTo(m, le.Uint64(raw[runtimeValues:]), int(valueCount)*valueBytes)
	return &Runtime{slots: slots, count: min(int(valueCount), len(values)/minValueBytes), values: values}
}

// split finds the slots of the operators, which lie in the order in which they run. Operators side by side are in one slot.
func split(memory []byte, operators []uint64) []slot {
	var slots []slot
	at, next := 0, 0
	for _, operator := range operators {
		next = find(memory, next, operator)
		if next < 0 {
			return nil
		}
		if len(slots) > 0 && next-at < minSlotBytes {
			slots[len(slots)-1].operators++
		} else {
			if len(slots) > 0 {
				before := &slots[len(slots)-1]
				before.memory = before.memory[:min(len(before.memory), next-at)]
			}
			at = next
			slots = append(slots, slot{1, memory[at:min(len(memory), at+maxSlotBytes)]})
		}
		next += 8
	}
	return slots
}

// find returns where in memory, from a place on, an address stands; -1 for nowhere.
func find(memory []byte, from int, address uint64) int {
	for at := from; at+8 <= len(memory); at += 8 {
		if le.Uint64(memory[at:]) == address {
			return at
		}
	}
	return -1
}

// readUpTo reads what is there of so many bytes.
func readUpTo(m Memory, address uint64, bytes int) []byte {
	if address == 0 || address&7 != 0 || address > math.MaxInt64-uint64(bytes) {
		return nil
	}
	b := make([]byte, bytes)
	n, _ := m.ReadAt(b, int64(address))
	return b[:max(n, 0)]
}
