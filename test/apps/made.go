package apps

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/shim/snapshot"
)

// Made is an output of an op.
type Made struct {
	Subgraph, Node, Tensor int
	Hash                   string // FNV-1a of the data, empty for a resource
}

// MadeByKernels reads what capi.c, started with --tensors, said on stdout of what its kernels had made when they returned, in
// that order.
func MadeByKernels(t testing.TB, stdout string) (list []Made) {
	t.Helper()
	for line := range strings.Lines(stdout) {
		text, ok := strings.CutPrefix(line, "tensors ")
		if !ok {
			continue
		}
		var stack []struct {
			Subgraph, Node int
			Outputs        []Made
		}
		if err := json.Unmarshal([]byte(text), &stack); err != nil {
			t.Fatalf("parse what kernels made: %v\n%s", err, text)
		}
		innermost := stack[len(stack)-1]
		for _, o := range innermost.Outputs {
			list = append(list, Made{innermost.Subgraph, innermost.Node, o.Tensor, o.Hash})
		}
	}
	return list
}

// MadeInSnapshot returns the outputs that a snapshot holds.
func MadeInSnapshot(f *snapshot.File) (list []Made) {
	for _, c := range f.Captures {
		if c.Role == snapshot.Role_OUTPUT {
			list = append(list, MadeInCapture(f, c))
		}
	}
	return list
}

// MadeInCapture is MadeInSnapshot for one.
func MadeInCapture(f *snapshot.File, c snapshot.Captured) Made {
	n := f.Nodes[c.Node]
	m := Made{int(f.Subgraphs[n.Subgraph].Index), int(n.Index), int(c.Tensor), ""}
	if c.Missing == "" {
		hash := fnv.New64a()
		hash.Write(c.Data)
		m.Hash = fmt.Sprintf("%016x", hash.Sum64())
	}
	return m
}
