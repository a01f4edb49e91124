package compare_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/tflite"
)

// perturbation is a way in which a kernel may be broken, as it shows in an output: int8 of a shape, or float32.
type perturbation struct {
	name  string
	int8  func(q []int8, shape []int32, random *rand.Rand)
	float func(v []float32, shape []int32, random *rand.Rand)
}

var perturbations = []perturbation{
	{name: "zero point off by one", int8: func(q []int8, _ []int32, _ *rand.Rand) {
		for i := range q {
			q[i] = int8(min(int(q[i])+1, 127))
		}
	}},
	{name: "rounds down", int8: func(q []int8, _ []int32, random *rand.Rand) { // what is between is as likely in either half
		for i := range q {
			q[i] = int8(max(int(q[i])-random.IntN(2), -128))
		}
	}},
	{name: "saturation lost", int8: func(q []int8, _ []int32, _ *rand.Rand) {
		for i := range q {
			if q[i] == 127 || q[i] == -128 {
				q[i] = ^q[i]
			}
		}
	}},
	{name: "wrong divisor at borders", int8: func(q []int8, shape []int32, _ *rand.Rand) { border(q, shape, func(v int8) int8 { return v / 3 * 2 }) },
		float: func(v []float32, shape []int32, _ *rand.Rand) {
			border(v, shape, func(v float32) float32 { return v / 3 * 2 })
		}},
	{name: "channels swapped", int8: func(q []int8, shape []int32, r *rand.Rand) { swap(q, shape, r) },
		float: func(v []float32, shape []int32, r *rand.Rand) { swap(v, shape, r) }},
	{name: "last tile unwritten", int8: func(q []int8, _ []int32, _ *rand.Rand) { clear(q[len(q)-len(q)/16:]) },
		float: func(v []float32, _ []int32, _ *rand.Rand) { clear(v[len(v)-len(v)/16:]) }},
	{name: "accumulator overflow", int8: func(q []int8, _ []int32, random *rand.Rand) {
		for range 3 {
			i := random.IntN(len(q))
			q[i] += -128 // the highest bit
		}
	}},
	{name: "NaN", float: func(v []float32, _ []int32, random *rand.Rand) { v[random.IntN(len(v))] = float32(math.NaN()) }},
	{name: "all zeros", int8: func(q []int8, _ []int32, _ *rand.Rand) { clear(q) },
		float: func(v []float32, _ []int32, _ *rand.Rand) { clear(v) }},
}

func border[T any](values []T, shape []int32, change func(T) T) {
	if len(shape) != 4 {
		return
	}
	height, width, channels := int(shape[1]), int(shape[2]), int(shape[3])
	for i := range values {
		y, x := i/channels/width%height, i/channels%width
		if y == 0 || x == 0 || y == height-1 || x == width-1 {
			values[i] = change(values[i])
		}
	}
}

func swap[T any](values []T, shape []int32, random *rand.Rand) {
	channels := int(shape[len(shape)-1])
	a, b := random.IntN(channels), random.IntN(channels)
	for row := 0; row+channels <= len(values); row += channels {
		values[row+a], values[row+b] = values[row+b], values[row+a]
	}
}

// perturb returns an output as a broken kernel would make it, nil when it is the same: that nobody can see.
func (p *perturbation) perturb(data []byte, t *tflite.Tensor, random *rand.Rand) []byte {
	broken := slices.Clone(data)
	switch {
	case t.Type == tflite.Int8 && p.int8 != nil && len(data) > 0:
		q := make([]int8, len(data))
		for i, b := range data {
			q[i] = int8(b)
		}
		p.int8(q, t.Shape, random)
		for i, v := range q {
			broken[i] = byte(v)
		}
	case t.Type == tflite.Float32 && p.float != nil && len(data) > 0:
		v := make([]float32, len(data)/4)
		if _, err := binary.Decode(data, binary.LittleEndian, v); err != nil {
			return nil
		}
		p.float(v, t.Shape, random)
		broken, _ = binary.Append(broken[:0], binary.LittleEndian, v)
	}
	if bytes.Equal(broken, data) {
		return nil
	}
	return broken
}

// remembered runs each op once, so its second opinion is its first.
type remembered struct {
	compare.Local
	results map[int]compare.LocalResult
}

func (r *remembered) Run(ctx context.Context, ops []compare.LocalOp) ([]compare.LocalResult, error) {
	if len(r.results) == 0 {
		results, err := r.Local.Run(ctx, ops)
		for i, op := range ops {
			r.results[op.Node] = results[i]
		}
		return results, err
	}
	var results []compare.LocalResult
	for _, op := range ops {
		results = append(results, r.results[op.Node])
	}
	return results, nil
}

// A broken kernel is found. The app dies after it, so that what the ops before it had is what they had without it.
func TestBroken(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	cases, found := make(map[string]int), make(map[string]int)
	total, right := 0, 0
	for _, part := range []string{
		"models/mobilenet_v1_int8_logits.tflite", "models/mobilenet_v2_int8_logits.tflite", "models/mobilenet_v3_small_int8_logits.tflite",
		"models/mobilenet_v2_float.tflite", "models/mobilenet_v3_small_float.tflite", "face/face_landmark.tflite",
	} {
		healthy, ref := capture(t, part, optimized), capture(t, part, trusted).snapshot(t, -1)
		options := compare.Options{Model: healthy.model, Local: &remembered{newLocal(t, healthy.path), make(map[int]compare.LocalResult)}}
		run(t, healthy.snapshot(t, -1), ref, options) // remembers
		s := &healthy.model.Subgraphs[0]
		for _, p := range perturbations {
			for range 5 {
				node := random.IntN(len(s.Operators))
				output := s.Operators[node].Outputs[0]
				good := healthy.tensors[output]
				bad := p.perturb(good, &s.Tensors[output], random)
				if bad == nil {
					continue
				}
				healthy.tensors[output] = bad
				edge := healthy.snapshot(t, node)
				r := run(t, edge, ref, options)
				edge.Close()
				healthy.tensors[output] = good
				total++
				cases[p.name]++
				if g := r.Verdict.Guilty; len(g) == 1 && g[0].Node == int32(node) {
					right++
					found[p.name]++
				} else {
					t.Logf("%s: %s in node %d, %v: found %v", part, p.name, node, healthy.model.OperatorCodes[s.Operators[node].Opcode], g)
				}
			}
		}
	}
	for _, p := range perturbations {
		t.Logf("%-25s %d of %d", p.name, found[p.name], cases[p.name])
	}
	t.Logf("%d of %d", right, total)
	if total < 100 || float64(right) < 0.98*float64(total) {
		t.Errorf("%d of %d broken kernels were found, want 98 %%", right, total)
	}
}
