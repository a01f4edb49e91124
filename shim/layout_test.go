package shim

import (
	"fmt"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"unicode"
)

// What Go takes for the layouts is what every compiler of the shim makes of lib/records.h.
func TestLayout(t *testing.T) {
	source := new(strings.Builder)
	fmt.Fprintln(source, `#include "records.h"`)
	assert := func(c string, value any) {
		fmt.Fprintf(source, "_Static_assert(%s == %v, \"%[1]s is not %[2]v\");\n", c, value)
	}
	for name, value := range map[string]any{
		"SHARED_MAGIC": sharedMagic, "SHARED_VERSION": sharedVersion, "SHARED_BYTES": sharedBytes, "LINE": line,
		"MAX_OPS": maxOps, "MAX_RANGES": maxRanges, "PATTERN_BYTES": patternBytes, "OPEN_OPS": openOps, "BUCKETS": buckets,
		"KEY_BYTES": keyBytes, "TEXT_BYTES": textBytes, "MARKER_CAPTURE": uint64Text(markerCapture), "UNREADABLE": uint64Text(unreadable),
		"REPLAY_MAGIC": replayMagic,
		"MODE_TIMING":  modeTiming, "MODE_DATA": modeData, "MODE_STATISTICS": modeStatistics,
		"FULL_BLOCK": fullBlock, "FULL_DROP": fullDrop, "FULL_SAMPLE": fullSample,
		"PHASE_NONE": phaseNone, "PHASE_INVOKE": phaseInvoke, "PHASE_PREPARE": phasePrepare, "PHASE_INIT": phaseInit,
		"RECORD_PROCESS": recordProcess, "RECORD_MODULE": recordModule, "RECORD_SUBGRAPH": recordSubgraph,
		"RECORD_TENSOR": recordTensor, "RECORD_NODE": recordNode, "RECORD_OP": recordOp, "RECORD_CAPTURE": recordCapture,
		"RECORD_MORE": recordMore, "RECORD_STATISTICS": recordStatistics, "RECORD_MARKER": recordMarker,
		"STATE_RESERVED": stateReserved, "STATE_COMPLETE": stateComplete,
		"MISSING_NOTHING": missingNothing, "MISSING_NO_MEMORY": missingNoMemory, "MISSING_DELEGATE": missingDelegate,
		"MISSING_TYPE": missingType, "MISSING_DROPPED": missingDropped, "MISSING_BUDGET": missingBudget,
		"MISSING_UNREADABLE": missingUnreadable, "MISSING_SHAPE": missingShape, "MISSING_STATISTICS": missingStatistics,
		"LOST_TENSORS": lostTensors, "LOST_TENSOR_BYTES": lostTensorBytes, "SKIPPED_INVOKES": skippedInvokes,
		"OVER_BUDGET": overBudget, "NO_DATA": noData, "EARLIER_INTERPRETERS": earlierInterpreters, "NO_THUNK": noThunk,
		"NOT_KERNELS": notKernels, "UNKNOWN_NODES": unknownNodes, "NO_MEMORY": noMemory, "WAITED_NS": waitedNs,
		"LOST_OPS": lostOps, "GAVE_UP": gaveUp,
		"LOST_MARKERS": lostMarkers, "FRAMES_NOT_BEGUN": framesNotBegun, "COUNTERS": counters,
	} {
		assert(name, value)
	}
	for _, layout := range []struct {
		c   string
		go_ any
	}{
		{"range", nodeRange{}}, {"selection", selection{}}, {"open_op", openOp{}}, {"shared", shared{}},
		{"record_header", recordHeader{}}, {"process_record", processRecord{}}, {"module_record", moduleRecord{}},
		{"subgraph_record", subgraphRecord{}}, {"tensor_record", tensorRecord{}}, {"node_record", nodeRecord{}},
		{"op_record", opRecord{}}, {"capture_record", captureRecord{}}, {"more_record", moreRecord{}},
		{"statistics_record", statisticsRecord{}}, {"marker_record", markerRecord{}},
		{"replay", replayHead{}}, {"replay_key", replayKey{}}, {"replay_piece", replayPiece{}},
	} {
		struct_ := reflect.TypeOf(layout.go_)
		assert(fmt.Sprintf("sizeof(struct %s)", layout.c), struct_.Size())
		for i := range struct_.NumField() {
			field := struct_.Field(i)
			if field.Name == "_" {
				continue
			}
			member := fmt.Sprintf("((struct %s *)0)->%s", layout.c, snakeCase(field.Name))
			assert(fmt.Sprintf("__builtin_offsetof(struct %s, %s)", layout.c, snakeCase(field.Name)), field.Offset)
			assert("sizeof("+member+")", field.Type.Size())
		}
	}
	for _, target := range []string{"x86_64-linux-gnu", "aarch64-linux-gnu", "armv7a-linux-gnueabihf"} {
		clang := exec.Command("clang-16", "--target="+target, "-ffreestanding", "-fsyntax-only", "-Ilib", "-xc", "-")
		clang.Stdin = strings.NewReader(source.String())
		if output, err := clang.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", target, err, output)
		}
	}
}

func uint64Text(v uint64) string { return fmt.Sprintf("%dULL", v) }

func snakeCase(name string) string {
	var b strings.Builder
	for _, r := range strings.TrimSuffix(name, "_") {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
