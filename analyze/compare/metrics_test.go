package compare

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

func le[T any](values ...T) []byte {
	data, err := binary.Append(nil, binary.LittleEndian, values)
	if err != nil {
		panic(err)
	}
	return data
}

func mustView(t testing.TB, tensor *trace.Tensor, data []byte) *view {
	t.Helper()
	v, err := newView(tensor, data)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func db(v float64) *float64 { return &v }

// What is made of one colour over and over is one number a channel.
func TestDistinct(t *testing.T) {
	tensor := &trace.Tensor{Type: int32(tflite.Int8), Shape: []int32{100, 4}, Scale: 1}
	edge, reference := mustView(t, tensor, bytes.Repeat(le[int8](1, 2, 3, 4), 100)), mustView(t, tensor, bytes.Repeat(le[int8](1, 2, 3, 3), 100))
	got := distinct(edge, reference)
	if want := (Off{By0: 3, By1: 1, Up: 1, Max: 1}); *got != want {
		t.Errorf("%+v, want %+v", *got, want)
	}
}

// Worked out by hand.
func TestMetrics(t *testing.T) {
	float := func(shape ...int32) *trace.Tensor { return &trace.Tensor{Type: int32(tflite.Float32), Shape: shape} }
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		name            string
		tensor          *trace.Tensor
		edge, reference []byte
		want            Metrics
	}{
		{"float32", float(4), le[float32](0, 1, 2, 7), le[float32](0, 1, 2, 3), Metrics{
			Elements: 4, NRMSE: 2. / 7, RMSE: 2, SQNR: db(10 * math.Log10(14./16)), Cosine: 26 / math.Sqrt(54*14),
			MaxAbs: 4, MaxAbsAt: 3, MeanError: 1, MaxRelative: 4 / (3 + math.Sqrt(3.5))}},
		{"channels", float(2, 2), le[float32](0, 1, 2, 7), le[float32](0, 1, 2, 3), Metrics{
			Elements: 4, NRMSE: 2. / 7, RMSE: 2, SQNR: db(10 * math.Log10(14./16)), Cosine: 26 / math.Sqrt(54*14),
			MaxAbs: 4, MaxAbsAt: 3, MeanError: 1, MaxRelative: 4 / (3 + math.Sqrt(3.5)), WorstChannel: &Channel{1, math.Sqrt(8) / 7}}},
		{"equal", float(2), le[float32](1, 2), le[float32](1, 2), Metrics{Elements: 2, Identical: true, Cosine: 1}},
		{"constant on both sides", float(2), le[float32](5, 5), le[float32](7, 7), Metrics{
			Elements: 2, Constant: true, NRMSE: 2. / 7, RMSE: 2, SQNR: db(10 * math.Log10(98./8)), Cosine: 1, MaxAbs: 2, MeanError: -2, MaxRelative: 2. / 14}},
		{"zeros on the edge", float(2), le[float32](0, 0), le[float32](3, 4), Metrics{
			Elements: 2, NRMSE: math.Sqrt(12.5), RMSE: math.Sqrt(12.5), SQNR: db(0), MaxAbs: 4, MaxAbsAt: 1, MeanError: -3.5, MaxRelative: 4 / (4 + math.Sqrt(12.5))}},
		{"not finite", float(6), le(nan, nan, inf, inf, 1, 2), le(nan, 1, inf, -inf, 1, 3), Metrics{
			Elements: 6, EdgeNaNs: 2, EdgeInfs: 2, ReferenceNaNs: 1, ReferenceInfs: 2, NonfiniteDiffers: 2,
			NRMSE: math.Sqrt(.5) / 2, RMSE: math.Sqrt(.5), SQNR: db(10), Cosine: 7 / math.Sqrt(50), MaxAbs: 1, MaxAbsAt: 5, MeanError: -.5, MaxRelative: 1 / (3 + math.Sqrt(5))}},
		{"nothing finite", float(2), le(nan, nan), le(nan, inf), Metrics{
			Elements: 2, EdgeNaNs: 2, ReferenceNaNs: 1, ReferenceInfs: 1, NonfiniteDiffers: 1, Cosine: 1}},
		{"equal NaNs", float(2), le(nan, inf), le(nan, inf), Metrics{Elements: 2, Identical: true, EdgeNaNs: 1, EdgeInfs: 1, ReferenceNaNs: 1, ReferenceInfs: 1, Cosine: 1}},
		{"descending", float(3), le[float32](3, 2, 1), le[float32](3, 2, 2), Metrics{
			Elements: 3, NRMSE: math.Sqrt(1./3) / 2, RMSE: math.Sqrt(1. / 3), SQNR: db(10 * math.Log10(17)), Cosine: 15 / math.Sqrt(14*17),
			MaxAbs: 1, MaxAbsAt: 2, MeanError: -1. / 3, MaxRelative: 1 / (2 + math.Sqrt(17./3))}},
		{"int8", &trace.Tensor{Type: int32(tflite.Int8), Shape: []int32{5}, Scale: 0.5, ZeroPoint: 1}, le[int8](1, 3, 127, -128, 9), le[int8](1, 2, 127, 5, 11), Metrics{
			Elements: 5, NRMSE: math.Sqrt((1+133*133+4)/4./5) / 127.5, RMSE: math.Sqrt((1 + 133*133 + 4) / 4. / 5), RMSEScale: math.Sqrt((1 + 133*133 + 4) / 5.),
			SQNR: db(10 * math.Log10(float64(1+126*126+16+100)/(1+133*133+4))), Cosine: float64(2+126*126-129*4+80) / math.Sqrt((4+126*126+129*129+64)*(1+126*126+16+100)),
			MaxAbs: 66.5, MaxAbsAt: 3, MeanError: (1 - 133 - 2) / 2. / 5, Off: &Off{By0: 2, By1: 1, By2: 1, ByMore: 1, Up: 1, Down: 2, Max: 133, Saturated: 1}}},
		{"int16", &trace.Tensor{Type: int32(tflite.Int16), Shape: []int32{2, 2}, Scale: 0.5}, le[int16](-2, 4, 6, 32767), le[int16](-2, 4, 10, 32767), Metrics{
			Elements: 4, NRMSE: 1 / 16384.5, RMSE: 1, RMSEScale: 2, SQNR: db(10 * math.Log10((4+16+100+32767*32767)/16.)),
			Cosine: 1 - 16/math.Pow(32767, 2)/2, MaxAbs: 2, MaxAbsAt: 2, MeanError: -.5, WorstChannel: &Channel{0, math.Sqrt2 / 16384.5},
			Off: &Off{By0: 3, ByMore: 1, Down: 1, Max: 4, Saturated: 1}}},
		{"int8 per channel", &trace.Tensor{Type: int32(tflite.Int8), Shape: []int32{2, 2}, Scale: 1, Channels: 2, Scales: []float32{1, 2}, ZeroPoints: []int64{0, 1}},
			le[int8](1, 2, 3, 4), le[int8](1, 2, 3, 5), Metrics{
				Elements: 4, NRMSE: 1. / 7, RMSE: 1, SQNR: db(10 * math.Log10((1+4+16+64)/4.)), Cosine: (1 + 4 + 16 + 48) / math.Sqrt((1+4+16+36)*(1+4+16+64)),
				MaxAbs: 2, MaxAbsAt: 3, MeanError: -.5, WorstChannel: &Channel{1, math.Sqrt2 / 7}, Off: &Off{By0: 3, By1: 1, Down: 1, Max: 1}}},
		{"int4", &trace.Tensor{Type: int32(tflite.Int4), Shape: []int32{3}, Scale: 1}, []byte{0x7f, 0x08}, []byte{0x7f, 0x0a}, Metrics{
			Elements: 3, NRMSE: math.Sqrt(4./3) / 15, RMSE: math.Sqrt(4. / 3), RMSEScale: math.Sqrt(4. / 3), SQNR: db(10 * math.Log10((1+49+36)/4.)),
			Cosine: (1 + 49 + 48) / math.Sqrt((1+49+64)*(1+49+36)), MaxAbs: 2, MaxAbsAt: 2, MeanError: -2. / 3, Off: &Off{By0: 2, By2: 1, Down: 1, Max: 2, Saturated: 1}}},
		{"int64", &trace.Tensor{Type: int32(tflite.Int64), Shape: []int32{2}}, le[int64](math.MaxInt64, 7), le[int64](math.MaxInt64-1, 7), Metrics{
			Elements: 2, Cosine: 1, Off: &Off{By0: 1, By1: 1, Up: 1, Max: 1}}}, // a double can't tell them apart
		{"int64 apart", &trace.Tensor{Type: int32(tflite.Int64), Shape: []int32{1}}, le[int64](math.MaxInt64), le[int64](math.MinInt64), Metrics{
			Elements: 1, NRMSE: 2, RMSE: 0x1p64, SQNR: db(10 * math.Log10(.25)), Cosine: -1, MaxAbs: 0x1p64, MeanError: 0x1p64,
			Off: &Off{ByMore: 1, Up: 1, Max: math.MaxUint64}}},
		{"bool", &trace.Tensor{Type: int32(tflite.Bool), Shape: []int32{2}}, []byte{1, 0}, []byte{1, 1}, Metrics{
			Elements: 2, Constant: true, NRMSE: math.Sqrt(.5), RMSE: math.Sqrt(.5), SQNR: db(10 * math.Log10(2)), Cosine: 1 / math.Sqrt2, MaxAbs: 1, MaxAbsAt: 1, MeanError: -.5,
			Off: &Off{By0: 1, By1: 1, Down: 1, Max: 1, Saturated: 1}}},
		{"empty", float(0), nil, nil, Metrics{Elements: 0, Identical: true, Cosine: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := measure(mustView(t, c.tensor, c.edge), mustView(t, c.tensor, c.reference))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&c.want, got, cmpopts.EquateApprox(1e-9, 1e-12)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The same numbers in any type give the same errors, and against a twin of another type only rounding.
func TestTypes(t *testing.T) {
	values := []float64{0, 1, 2, 3, 5, 6}
	others := []float64{0, 1, 2, 4, 5, 6}
	half := map[float64]uint16{0: 0, 1: 0x3c00, 2: 0x4000, 3: 0x4200, 4: 0x4400, 5: 0x4500, 6: 0x4600}
	as := map[tflite.Type]func(v float64) []byte{
		tflite.Int4:     nil, // packed below
		tflite.Int8:     func(v float64) []byte { return le(int8(v)) },
		tflite.UInt8:    func(v float64) []byte { return le(uint8(v)) },
		tflite.Int16:    func(v float64) []byte { return le(int16(v)) },
		tflite.UInt16:   func(v float64) []byte { return le(uint16(v)) },
		tflite.Int32:    func(v float64) []byte { return le(int32(v)) },
		tflite.UInt32:   func(v float64) []byte { return le(uint32(v)) },
		tflite.Int64:    func(v float64) []byte { return le(int64(v)) },
		tflite.UInt64:   func(v float64) []byte { return le(uint64(v)) },
		tflite.Float16:  func(v float64) []byte { return le(half[v]) },
		tflite.BFloat16: func(v float64) []byte { return le(uint16(math.Float32bits(float32(v)) >> 16)) },
		tflite.Float32:  func(v float64) []byte { return le(float32(v)) },
		tflite.Float64:  func(v float64) []byte { return le(v) },
	}
	encode := func(typ tflite.Type, values []float64) []byte {
		var data []byte
		for i, v := range values {
			switch {
			case typ != tflite.Int4:
				data = append(data, as[typ](v)...)
			case i%2 == 0:
				data = append(data, byte(v))
			default:
				data[i/2] |= byte(v) << 4
			}
		}
		return data
	}
	for a := range as {
		for b := range as {
			edge := mustView(t, &trace.Tensor{Type: int32(a), Shape: []int32{6}}, encode(a, values))
			reference := mustView(t, &trace.Tensor{Type: int32(b), Shape: []int32{6}}, encode(b, others))
			m, err := measure(edge, reference)
			if err != nil || math.Abs(m.RMSE-math.Sqrt(1./6)) > 1e-9 || m.MaxAbsAt != 3 {
				t.Errorf("%v against %v: %v, RMSE %v", a, b, err, m.RMSE)
			}
			if (m.Off != nil) != (a == b && edge.integer()) {
				t.Errorf("%v against %v: off %v", a, b, m.Off)
			}
		}
	}
}

func TestNotMeasured(t *testing.T) {
	for _, c := range []struct {
		tensor *trace.Tensor
		data   string
		want   string
	}{
		{&trace.Tensor{Type: int32(tflite.String), Shape: []int32{1}}, "abc", "STRING"},
		{&trace.Tensor{Type: int32(tflite.Complex64), Shape: []int32{1}}, "12345678", "COMPLEX64"},
		{&trace.Tensor{Type: int32(tflite.Float32), Shape: []int32{2}}, "1234", "don't fit"},
		{&trace.Tensor{Type: int32(tflite.Int8), Shape: []int32{4}, Scale: 1, Channels: 4}, "1234", "scales aren't known"},
	} {
		if _, err := newView(c.tensor, []byte(c.data)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	float := func(n int32) *view {
		return mustView(t, &trace.Tensor{Type: int32(tflite.Float32), Shape: []int32{n}}, make([]byte, 4*n))
	}
	if _, err := measure(float(2), float(3)); err == nil || !strings.Contains(err.Error(), "shapes differ: [2] on the edge, [3] in the reference") {
		t.Error(err)
	}
}

// Large tensors of bytes go another way, to the same end.
func TestJoint(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, twin := range []*trace.Tensor{
		{Type: int32(tflite.Int8), Shape: []int32{400, 96}, Scale: 0.25, ZeroPoint: -3},
		{Type: int32(tflite.Int8), Shape: []int32{400, 96}, Scale: 0.5},
		{Type: int32(tflite.UInt8), Shape: []int32{400, 96}, Scale: 0.25},
		{Type: int32(tflite.UInt8), Shape: []int32{38400}, Scale: 0.25},
	} {
		tensor := &trace.Tensor{Type: int32(tflite.Int8), Shape: twin.Shape, Scale: 0.25, ZeroPoint: -3}
		a, b := make([]byte, 400*96), make([]byte, 400*96)
		for i := range a {
			a[i] = byte(random.IntN(256))
			b[i] = a[i] + byte(random.IntN(3)) - 1
		}
		edge, reference := mustView(t, tensor, a), mustView(t, twin, b)
		joint, err := measure(edge, reference)
		if err != nil {
			t.Fatal(err)
		}
		s := newSums(edge.channels())
		s.blocks(edge, reference)
		blocks := &Metrics{Elements: len(a), Cosine: 1, RMSEScale: joint.RMSEScale}
		s.finish(blocks)
		if edge.sameEncoding(reference) {
			blocks.Off = new(Off)
			integers[tflite.Int8](blocks.Off, a, b, len(a))
		}
		if diff := cmp.Diff(blocks, joint, cmpopts.EquateApprox(1e-9, 1e-9), cmpopts.IgnoreFields(Metrics{}, "MaxAbsAt")); diff != "" {
			t.Error(diff)
		}
		var x, y [1]float64
		edge.real.Read(x[:], joint.MaxAbsAt)
		reference.real.Read(y[:], joint.MaxAbsAt)
		if math.Abs(x[0]-y[0]) != joint.MaxAbs {
			t.Errorf("element %d is off by %v, not %v", joint.MaxAbsAt, x[0]-y[0], joint.MaxAbs)
		}
	}
}

// Data need not be aligned.
func TestUnaligned(t *testing.T) {
	data := append([]byte{0}, le[float32](1, 2, 3)...)[1:]
	tensor := &trace.Tensor{Type: int32(tflite.Float32), Shape: []int32{3}}
	m, err := measure(mustView(t, tensor, data), mustView(t, tensor, bytes.Repeat([]byte{0}, 12)))
	if err != nil || math.Abs(m.MeanError-2) > 1e-9 {
		t.Error(m, err)
	}
}
