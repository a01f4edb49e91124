package main

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/traceexport"
)

// The trace to analyse: 10 million ops of an app with 65 nodes, as many as
// MobileNetV2 has.
const (
	syntheticOps   = 10_000_000
	syntheticNodes = 65
)

func measureAnalyse(b *bench) error {
	path := filepath.Join(b.dir, "synthetic.xray")
	wrote, size, err := writeSynthetic(path, syntheticOps)
	if err != nil {
		return err
	}
	half := filepath.Join(b.dir, "half.xray")
	if _, _, err := writeSynthetic(half, syntheticOps/2); err != nil {
		return err
	}
	rows := [][]string{{"write the trace", fmt.Sprintf("%.2f", wrote.Seconds()), "", "", fmt.Sprintf("%.1f MB", float64(size)/1e6)}}
	for _, args := range analysed(path, half) {
		command := b.command("cache", args...)
		var written counter
		command.Stdout = &written
		began := time.Now()
		if err := command.Run(); err != nil {
			return fmt.Errorf("run %s: %w", command, err)
		}
		took := time.Since(began)
		usage := command.ProcessState.SysUsage().(*syscall.Rusage)
		rows = append(rows, []string{
			"edgexray " + strings.Join(slices.DeleteFunc(args, filepath.IsAbs), " "), fmt.Sprintf("%.2f", took.Seconds()),
			fmt.Sprintf("%.2f", time.Duration(usage.Utime.Nano()+usage.Stime.Nano()).Seconds()),
			fmt.Sprintf("%.1f", float64(usage.Maxrss)/(1<<10)), fmt.Sprintf("%.1f MB", float64(written)/1e6)})
	}
	return report.Listing(os.Stdout, []string{"what", "s", "CPU s", "max RSS MiB", "size"}, rows)
}

// analysed returns the command lines that are measured; each writes to stdout. Two halves have as many ops in all.
func analysed(trace, half string) [][]string {
	all := [][]string{{"ops", trace}, {"ops", trace, "--json"}, {"stragglers", trace}, {"diff", half, half}, {"pprof", trace, "-o", "-"}, {"report", trace, "-o", "-"}}
	for _, format := range traceexport.Formats {
		all = append(all, []string{"export", trace, "-o", "-", "--format", format.Name})
	}
	return all
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// writeSynthetic writes the trace and returns how long that took, without
// making up the ops, and its size.
func writeSynthetic(path string, ops int) (took time.Duration, size int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	const start = 1e12
	w, err := trace.NewWriter(f, &trace.Header{Recorder: "bench", StartNs: start})
	if err != nil {
		return 0, 0, err
	}
	if err := describeSynthetic(w); err != nil {
		return 0, 0, err
	}
	g := newGenerator(start)
	batch := make([]trace.Op, 0, 100*syntheticNodes)
	for left := ops; left > 0; left -= len(batch) {
		batch = g.fill(batch[:min(left, cap(batch))])
		began := time.Now()
		for _, op := range batch {
			if err := w.AddOp(op); err != nil {
				return 0, 0, err
			}
		}
		took += time.Since(began)
	}
	err = w.Close(&trace.End{DurationNs: g.now - start, Reason: "duration"})
	return took, w.Bytes(), err
}

func describeSynthetic(w *trace.Writer) error {
	all := []trace.Description{
		&trace.Process{Id: 1, Pid: 1, Name: "synthetic"},
		&trace.Thread{Id: 1, Process: 1, Tid: 1, Name: "main"},
		&trace.Subgraph{Id: 1, Process: 1, Interpreter: 1, Name: "main", Nodes: syntheticNodes},
	}
	for i := range int32(syntheticNodes) {
		all = append(all, &trace.Node{Id: uint32(i + 1), Subgraph: 1, Index: i, OpCode: 3, Op: "CONV_2D",
			Outputs: []*trace.Tensor{{Index: i, Name: fmt.Sprintf("block_%d/Relu6", i), Type: 1, Shape: []int32{1, 56, 56, 24}}}})
	}
	for _, d := range all {
		if err := w.Describe(d); err != nil {
			return err
		}
	}
	return nil
}

// generator makes up ops whose durations vary by 3 % around their node's own
// mean, as a real app's do.
type generator struct {
	random *rand.Rand
	mean   [syntheticNodes]float64 // ns
	now    uint64
	node   int
}

func newGenerator(start uint64) *generator {
	g := &generator{random: rand.New(rand.NewPCG(1, 2)), now: start}
	for i := range g.mean {
		g.mean[i] = 2e5 * math.Exp(g.random.NormFloat64())
	}
	return g
}

func (g *generator) fill(ops []trace.Op) []trace.Op {
	for i := range ops {
		g.now += 800 + g.random.Uint64N(400)
		duration := uint64(g.mean[g.node] * math.Exp(0.03*g.random.NormFloat64()))
		ops[i] = trace.Op{Thread: 1, Node: uint32(g.node + 1), Start: g.now, Duration: duration}
		g.now += duration
		g.node = (g.node + 1) % syntheticNodes
	}
	return ops
}
