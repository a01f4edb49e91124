package framestest

import (
	"math"
	"math/rand/v2"
)

// Photo makes a picture with texture, whose channels differ, of side x side pixels with three channels, in [0, 1]. Another seed
// makes another picture.
func Photo(seed uint64, side int) []float32 {
	random := rand.New(rand.NewPCG(seed, 1))
	phases := [9]float64{}
	for i := range phases {
		phases[i] = random.Float64() * 2 * math.Pi
	}
	out := make([]float32, 0, side*side*3)
	for y := range side {
		for x := range side {
			for c := range 3 {
				v := 0.5 + 0.2*math.Sin(float64(x)/(2+float64(c))+phases[c]) + 0.2*math.Sin(float64(y)/3+phases[3+c]) + 0.1*math.Sin(float64(x*y)/40+phases[6+c])
				out = append(out, float32(v))
			}
		}
	}
	return out
}
