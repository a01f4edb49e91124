package image

import "math"

// kernel is the weight of a pixel at a distance of x >= 0.
type kernel func(x float32) float32

// gaussianRadius is where TensorFlow cuts its Gaussian off: at three standard deviations.
const gaussianRadius = 1.5

// tfScale is TensorFlow's ScaleAndTranslate. With antialias the kernel is widened where the picture shrinks.
func tfScale(k kernel, radius float32, antialias bool) func(Image, int, int) Image {
	return func(m Image, width, height int) Image {
		return downAcross(m.floats(), spans(m.Width, width, k, radius, antialias), spans(m.Height, height, k, radius, antialias))
	}
}

func spans(input, output int, k kernel, radius float32, antialias bool) axis[float32] {
	a, wide := make(axis[float32], output), float32(1)
	scale := 1 / (float32(output) / float32(input))
	if antialias {
		wide = max(scale, 1)
	}
	narrow := 1 / wide
	for i := range a {
		at := float32((float32(i) + 0.5) * scale)
		if at < 0 || at > float32(input) {
			continue
		}
		reach := float32(radius * wide)
		first := clamp(int(math.Ceil(float64(at-reach-0.5))), input)
		last := clamp(int(floor(at+reach-0.5)), input)
		var sum float32
		for p := first; p <= last; p++ {
			distance := float32(float32(p) + 0.5 - at)
			weight := k(float32(math.Abs(float64(distance * narrow))))
			sum += weight
			a[i] = append(a[i], tap[float32]{p, weight})
		}
		normalizeTaps(a[i], sum)
	}
	return a
}

func triangle(x float32) float32 { return max(0, 1-x) }

// keysCubic is Keys' kernel with a = -1/2: "Cubic Convolution Interpolation for Digital Image Processing", 1981.
func keysCubic(x float32) float32 {
	switch {
	case x >= 2:
		return 0
	case x >= 1:
		return ((-0.5*x+2.5)*x-4)*x + 2
	}
	return (1.5*x-2.5)*x*x + 1
}

// mitchell is that of Mitchell and Netravali with B = C = 1/3: "Reconstruction Filters in Computer Graphics", 1988.
func mitchell(x float32) float32 {
	switch {
	case x >= 2:
		return 0
	case x >= 1:
		return ((-7.0/18*x+2)*x-10.0/3)*x + 16.0/9
	}
	return (7.0/6*x-2)*x*x + 8.0/9
}

func gaussian(x float32) float32 {
	const sigma = gaussianRadius / 3
	if x >= gaussianRadius {
		return 0
	}
	return float32(math.Exp(float64(-x * x / (2 * sigma * sigma))))
}

func lanczos(radius float32) kernel {
	return func(x float32) float32 {
		switch {
		case x > radius:
			return 0
		case x <= 1e-3: // sin(x)/x is 1 there
			return 1
		}
		sin := func(v float32) float32 { return float32(math.Sin(float64(v))) }
		return radius * sin(math.Pi*x) * sin(math.Pi*x/radius) / (math.Pi * math.Pi * x * x)
	}
}
