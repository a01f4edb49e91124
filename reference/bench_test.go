package reference

import (
	"testing"

	"github.com/edgexray/edgexray/test/parts"
)

// BenchmarkLocal runs all ops of a model alone, starting the runner included.
func BenchmarkLocal(b *testing.B) {
	for _, name := range []string{"mobilenet_v2_float", "mobilenet_v2_int8", "mobilenet_v3_small_int8_logits"} {
		b.Run(name, func(b *testing.B) {
			path := parts.Path(b, "models/"+name+".tflite")
			ops := preserve(b, path, "BUILTIN_WITHOUT_DEFAULT_DELEGATES").localOps()
			local, err := NewLocal(b.Context(), path, Options{Tools: Tools{Python: parts.Python(b)}, Runner: LiteRT})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := local.Run(b.Context(), ops); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(ops)), "ops")
		})
	}
}
