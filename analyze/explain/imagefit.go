package explain

import "math"

// basis are columns that other columns are fitted with, by least squares, and a constant beside them.
type basis struct {
	columns [][]float32
	means   []float64
	inverse [][]float64 // of the columns' covariances
}

// singular is the share of a column's variance that must be left when the others are taken out of it: a column with
// less says nothing that they don't, and gets no part in a fit.
const singular = 1e-5

func newBasis(columns [][]float32) *basis {
	b := &basis{columns: columns}
	n := len(columns)
	cov := make([][]float64, n)
	for i, c := range columns {
		b.means = append(b.means, mean(c))
		cov[i] = make([]float64, n)
	}
	for i := range n {
		for j := range i + 1 {
			cov[i][j] = covariance(columns[i], columns[j], b.means[i], b.means[j])
			cov[j][i] = cov[i][j]
		}
	}
	b.inverse = invert(cov)
	return b
}

// fit returns the columns' coefficients, the constant last, and the share of the variance that they explain.
func (b *basis) fit(plane []float32) (coefficients []float64, share float64) {
	m := mean(plane)
	total := covariance(plane, plane, m, m)
	with := make([]float64, len(b.columns))
	for i, c := range b.columns {
		with[i] = covariance(plane, c, m, b.means[i])
	}
	coefficients = make([]float64, len(b.columns)+1)
	constant, explained := m, 0.0
	for i := range b.columns {
		for j := range b.columns {
			coefficients[i] += b.inverse[i][j] * with[j]
		}
		constant -= coefficients[i] * b.means[i]
		explained += coefficients[i] * with[i]
	}
	coefficients[len(b.columns)] = constant
	if total <= 0 {
		return coefficients, 0
	}
	return coefficients, explained / total
}

// invert inverts a matrix of covariances; rows of columns that say nothing new are zero.
func invert(m [][]float64) [][]float64 {
	n := len(m)
	a, inverse := make([][]float64, n), make([][]float64, n)
	for i := range n {
		a[i] = append([]float64(nil), m[i]...)
		inverse[i] = make([]float64, n)
	}
	// Sweeping out one column after the other leaves minus the inverse where columns were swept.
	swept := make([]bool, n)
	for k := range n {
		if d := a[k][k]; d > singular*m[k][k] && d > 0 {
			sweep(a, k)
			swept[k] = true
		}
	}
	for i := range n {
		for j := range n {
			if swept[i] && swept[j] {
				inverse[i][j] = -a[i][j]
			}
		}
	}
	return inverse
}

func sweep(a [][]float64, k int) {
	d := a[k][k]
	for i := range a {
		if i == k {
			continue
		}
		for j := range a {
			if j != k {
				a[i][j] -= a[i][k] * a[k][j] / d
			}
		}
	}
	for i := range a {
		if i != k {
			a[i][k] /= d
			a[k][i] /= d
		}
	}
	a[k][k] = -1 / d
}

func mean(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x)
	}
	return sum / float64(len(v))
}

func covariance(a, b []float32, meanA, meanB float64) float64 {
	sum := 0.0
	for i, x := range a {
		sum += (float64(x) - meanA) * (float64(b[i]) - meanB)
	}
	return sum / float64(len(a))
}

func variance(v []float32) float64 {
	m := mean(v)
	return covariance(v, v, m, m)
}

// line is the straight line y = slope*x + offset that is nearest to points, what it leaves, and from where to where they are.
type line struct{ slope, offset, rms, from, to float64 }

// fitLine leaves out points that keep is false for; nil keeps all.
func fitLine(x, y []float32, keep func(i int) bool) line {
	var n, sx, sy, sxx, sxy, syy float64
	low, high := math.Inf(1), math.Inf(-1)
	for i := range x {
		if keep != nil && !keep(i) {
			continue
		}
		a, b := float64(x[i]), float64(y[i])
		n++
		low, high = min(low, a), max(high, a)
		sx += a
		sy += b
		sxx += a * a
		sxy += a * b
		syy += b * b
	}
	if n < 2 {
		return line{rms: math.Inf(1)}
	}
	vx, vy, c := sxx/n-sx/n*sx/n, syy/n-sy/n*sy/n, sxy/n-sx/n*sy/n
	if vx <= 0 {
		return line{offset: sy / n, rms: math.Sqrt(max(0, vy)), from: low, to: high}
	}
	slope := c / vx
	return line{slope, (sy - slope*sx) / n, math.Sqrt(max(0, vy-slope*c)), low, high}
}
