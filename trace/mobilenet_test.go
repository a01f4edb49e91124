package trace

import (
	"math"
	"math/rand/v2"
)

// mobileNet yields ops like those of MobileNetV2 at 29 ms an invoke: 67 nodes whose durations vary by 2 to 5 % around
// their own means with some outliers, 0.3 to 3 us apart.
func mobileNet(invokes int, add func(Op)) {
	const nodes = 67
	r := rand.New(rand.NewPCG(1, 2))
	var mean, gap, noise [nodes]float64
	var sum float64
	for i := range nodes {
		mean[i] = math.Exp(r.NormFloat64())
		sum += mean[i]
		gap[i] = 300 + 1500*r.Float64()
		noise[i] = 0.02 + 0.03*r.Float64()
	}
	now := uint64(1e12)
	for range invokes {
		now += uint64(1e5 * (1 + r.Float64()))
		for i := range nodes {
			duration := mean[i] / sum * 28.9e6 * math.Exp(noise[i]*r.NormFloat64())
			if r.IntN(100) == 0 {
				duration *= 1 + r.Float64()
			}
			now += uint64(gap[i] * math.Exp(0.15*r.NormFloat64()))
			add(Op{Thread: 1, Node: uint32(i + 1), Start: now, Duration: uint64(duration)})
			now += uint64(duration)
		}
	}
}
