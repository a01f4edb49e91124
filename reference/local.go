package reference

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/reference/protocol"
	"github.com/edgexray/edgexray/tflite"
)

// Options says with what NewLocal runs ops.
type Options struct {
	Tools
	Runner  string           // LiteRT or GoTFLite; empty: the first that works
	Kernels protocol.Kernels // empty: the best ones of that runner
}

// NewLocal returns what runs single ops of a model file. The file is read here; a process runs only while ops do. The error
// is ErrNoRunner when there is no runner for them.
func NewLocal(ctx context.Context, path string, o Options) (compare.Local, error) {
	l := &local{options: o, unable: make(map[tflite.Place]error)}
	var err error
	if l.file, l.model, err = readModel(path); err != nil {
		return nil, err
	}
	for i := range l.model.Subgraphs {
		l.fed = append(l.fed, l.model.Subgraphs[i].Fed())
	}
	dir, err := os.MkdirTemp("", "edgexray-reference-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := o.first(ctx, o.Runner, o.Kernels, dir)
	if err != nil {
		return nil, err
	}
	s.end()
	l.options.Runner = s.runner.name
	return l, nil
}

// maxModel is the size of the largest model that is read whole.
const maxModel = 1 << 30

func readModel(path string) ([]byte, *tflite.Model, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if info.Size() > maxModel {
		return nil, nil, fmt.Errorf("%s: a model of more than %d MB can't be taken apart", path, maxModel>>20)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	model, err := tflite.ParseModel(file)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, model, nil
}

// local implements compare.Local.
type local struct {
	options Options
	file    []byte
	model   *tflite.Model
	fed     [][]bool               // by subgraph: its tensors that get their data at run time
	unable  map[tflite.Place]error // ops that a process died of before it ran them: once is enough
}

// Run implements compare.Local: first with kernels of each op's own types, then in float what these can't run, or what is to.
func (l *local) Run(ctx context.Context, ops []compare.LocalOp) ([]compare.LocalResult, error) {
	dir, err := os.MkdirTemp("", "edgexray-reference-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := l.options.first(ctx, l.options.Runner, l.options.Kernels, dir)
	if err != nil {
		return nil, err
	}
	defer s.end()
	b := &batch{local: l, dir: dir, session: s, ops: ops, results: make([]compare.LocalResult, len(ops))}
	var runnable []int
	for i, op := range ops {
		if b.results[i].Err = l.check(op); b.results[i].Err == nil {
			runnable = append(runnable, i)
		}
	}
	own := slices.DeleteFunc(slices.Clone(runnable), func(i int) bool { return ops[i].Float })
	if err := b.runAll(ctx, b.able(own), asIs); err != nil {
		return nil, err
	}
	for i, op := range ops {
		if op.Float && b.results[i].Err == nil && !l.quantized(op) {
			b.results[i].Err = fmt.Errorf("%s is not quantized: it has no other form in float", l.name(op))
		}
	}
	runnable = slices.DeleteFunc(runnable, func(i int) bool {
		return b.results[i].Err == nil && !ops[i].Float || !l.quantized(ops[i])
	})
	if err := b.runAll(ctx, runnable, inFloat); err != nil {
		return nil, err
	}
	return b.results, nil
}

// Constant implements compare.Local.
func (l *local) Constant(subgraph int, tensor int32) []byte {
	if subgraph < 0 || subgraph >= len(l.model.Subgraphs) || tensor < 0 || int(tensor) >= len(l.model.Subgraphs[subgraph].Tensors) {
		return nil
	}
	b := l.model.Buffers[l.model.Subgraphs[subgraph].Tensors[tensor].Buffer]
	if b.Size == 0 {
		return nil
	}
	return l.file[b.Offset : b.Offset+b.Size]
}

// able returns the ops of which it isn't known that they can't run as they are, and notes the others' errors.
func (b *batch) able(ops []int) []int {
	var able []int
	for _, i := range ops {
		if b.results[i].Err = b.local.unable[place(b.ops[i])]; b.results[i].Err == nil {
			able = append(able, i)
		}
	}
	return able
}

func place(op compare.LocalOp) tflite.Place {
	return tflite.Place{Subgraph: op.Subgraph, Node: op.Node}
}

// batch is ops that are run with one session.
type batch struct {
	local   *local
	dir     string // for files
	session *session
	ops     []compare.LocalOp
	results []compare.LocalResult
}

// What one model may hold: each op has its inputs and outputs in memory until all have run.
const (
	maxOps        = 512
	maxInputBytes = 256 << 20
)

// runAll runs ops, as many at once as one model may hold.
func (b *batch) runAll(ctx context.Context, ops []int, form form) error {
	for len(ops) > 0 {
		n, size := 0, 0
		for n < len(ops) && n < maxOps && (n == 0 || size < maxInputBytes) {
			op := b.ops[ops[n]]
			_, o := b.local.operator(op)
			for _, t := range o.Inputs {
				size += len(op.Inputs[t])
			}
			n++
		}
		if err := b.run(ctx, ops[:n], form); err != nil {
			return err
		}
		ops = ops[n:]
	}
	return nil
}

// run runs ops in one model. When that fails it runs each half, so that an op that can't run is alone in the end.
func (b *batch) run(ctx context.Context, ops []int, form form) error {
	err := b.together(ctx, ops, form)
	if err == nil || !ofModel(err) {
		return err
	}
	if len(ops) == 1 {
		b.fail(ops[0], form, err)
		return nil
	}
	half := len(ops) / 2
	if err := b.run(ctx, ops[:half], form); err != nil {
		return err
	}
	return b.run(ctx, ops[half:], form)
}

// ofModel tells whether an error is a model's rather than that of what runs it.
func ofModel(err error) bool {
	var died *Died
	var refused *Refused
	var unfit *tflite.ExtractError
	return errors.As(err, &died) && died.Doing.Stage != "" || errors.As(err, &refused) || errors.As(err, &unfit)
}

// fail notes why an op has no result.
func (b *batch) fail(i int, form form, err error) {
	op, result := b.ops[i], &b.results[i]
	if form == asIs {
		result.Err = fmt.Errorf("%s (node %d) %w", b.local.name(op), op.Node, err)
		if died := (*Died)(nil); errors.As(err, &died) && died.Doing.Stage != protocol.Invoking {
			b.local.unable[place(op)] = result.Err
		}
	} else if result.Err == nil {
		result.Err = fmt.Errorf("%s (node %d) in float %w", b.local.name(op), op.Node, err)
	} else {
		result.Err = fmt.Errorf("%w; in float it %w", result.Err, err)
	}
}
