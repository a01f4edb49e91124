package compare

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// BenchmarkMeasure counts the bytes of both tensors.
func BenchmarkMeasure(b *testing.B) {
	const n = 112 * 112 * 96
	shape := []int32{1, 112, 112, 96}
	for _, c := range []struct {
		name  string
		typ   tflite.Type
		noise float64 // share of elements that differ
	}{
		{"int8/identical", tflite.Int8, 0}, {"int8/few", tflite.Int8, 0.01}, {"int8/all", tflite.Int8, 1},
		{"int16/all", tflite.Int16, 1},
		{"float32/identical", tflite.Float32, 0}, {"float32/all", tflite.Float32, 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			random := rand.New(rand.NewPCG(1, 2))
			tensor := &trace.Tensor{Type: int32(c.typ), Shape: shape}
			if c.typ != tflite.Float32 {
				tensor.Scale = 0.02
			}
			var edgeData, referenceData []byte
			for range n {
				x := random.NormFloat64() * 30
				y := x
				if random.Float64() < c.noise {
					y += random.NormFloat64()
				}
				edgeData, referenceData = appendElement(edgeData, c.typ, y), appendElement(referenceData, c.typ, x)
			}
			edge, err := newView(tensor, edgeData)
			if err != nil {
				b.Fatal(err)
			}
			reference, err := newView(tensor, referenceData)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(edge.data) + len(reference.data)))
			b.ReportAllocs()
			best := time.Hour // on a busy machine the mean says little
			for b.Loop() {
				began := time.Now()
				if _, err := measure(edge, reference); err != nil {
					b.Fatal(err)
				}
				best = min(best, time.Since(began))
			}
			b.ReportMetric(float64(len(edge.data)+len(reference.data))/1e6/best.Seconds(), "best-MB/s")
		})
	}
}

func appendElement(data []byte, typ tflite.Type, v float64) []byte {
	switch typ {
	case tflite.Int8:
		return append(data, byte(int8(max(-128, min(127, math.Round(v))))))
	case tflite.Int16:
		return binary.LittleEndian.AppendUint16(data, uint16(int16(math.Round(v*100))))
	default:
		return binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(v)))
	}
}
