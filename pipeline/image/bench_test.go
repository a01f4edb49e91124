package image

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkResize is a photograph made small enough for a model.
func BenchmarkResize(b *testing.B) {
	picture := noise(rand.New(rand.NewPCG(1, 2)), 1280, 960, 3)
	for _, m := range Methods {
		b.Run(m.String(), func(b *testing.B) {
			for b.Loop() {
				Resize(picture, 224, 224, m)
			}
		})
	}
}
