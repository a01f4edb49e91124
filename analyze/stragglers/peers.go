package stragglers

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// What ops' speeds have in common, as standard deviations of the logarithm of the time for a unit of work. They were
// chosen on recordings of 18 models with built-in kernels and XNNPACK (docs/stragglers.md): so that delayed ops are found, and clean
// runs name next to none.
const (
	deviceDeviation = 2.0   // any two ops
	kindDeviation   = 1.0   // those with MACs against those without
	opDeviation     = 1.0   // ops of different names
	modelDeviation  = 0.2   // the same op in different models: threads, caches
	typeDeviation   = 0.75  // other types, or run by a delegate
	classDeviation  = 0.55  // another kernel
	slopeDeviation  = 0.075 // for e times as much of a feature of the shape, within a class
	shapeDeviation  = 0.25  // of ops with entirely different shapes of a class, beyond that
	noiseDeviation  = 0.023 // of the same op run again
	movingNoise     = 0.08  // and of one without MACs, whose time is a matter of what is in the caches
	outOfCacheNoise = 0.18  // and of one that moves more than they hold
	shapeLength     = 0.5   // distance at which shapes have 1/e of that in common, in factors of e
)

const (
	outlierLimit = 3.5 // standard deviations from which on an op tells nothing about its peers
	maxTogether  = 600 // ops that are looked at together; the time for that grows with the third power
)

// expectByPeers says of each op with known work what it should take, as all others tell, and those of a profile.
func expectByPeers(all []*subject, profile *Profile) error {
	var known []*subject
	for _, s := range all {
		if s.known {
			known = append(known, s)
		}
	}
	groups := (len(known) + maxTogether - 1) / maxTogether
	for g := range groups {
		var group []*subject // every part of the models is in each group
		for i := g; i < len(known); i += groups {
			group = append(group, known[i])
		}
		if err := expectTogether(group, profile.peers(group)); err != nil {
			return err
		}
	}
	return nil
}

// expectTogether says of each op of a group what it should take. Others tell about it, but aren't judged.
func expectTogether(judged, others []*subject) error {
	group := slices.Concat(judged, others)
	values := make([]float64, len(group))
	for i, s := range group {
		values[i] = math.Log(s.ns) - s.effort
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := sorted[len(sorted)/2]
	for i := range values {
		values[i] -= middle
	}
	p, err := newProcess(values, covariance(group))
	if err != nil {
		return err
	}
	p.muteOutliers(outlierLimit)
	scale := dispersion(p, judged)
	for i, s := range judged {
		mean, deviation := p.predict(i)
		s.outcome = outcome{basis: ByPeers, expected: math.Exp(mean + middle + s.effort), deviation: deviation * scale, peers: peersOf(s, group)}
	}
	return nil
}

// peersOf counts the other ops of the subject's kind.
func peersOf(s *subject, group []*subject) int {
	n := -1
	for _, other := range group {
		if other.kind == s.kind {
			n++
		}
	}
	return n
}

// covariance of what ops take for a unit of work.
func covariance(group []*subject) *mat.SymDense {
	var mean shape
	for _, s := range group {
		for f := range mean {
			mean[f] += s.shape[f] / float64(len(group))
		}
	}
	c := mat.NewSymDense(len(group), nil)
	for i, a := range group {
		for j, b := range group[:i+1] {
			c.SetSym(i, j, common(a, b, &mean))
		}
		c.SetSym(i, i, c.At(i, i)+a.repeated()+a.noise*a.noise)
	}
	return c
}

// repeated is the variance of what the same op takes when it is run again in another place.
func (s *subject) repeated() float64 {
	noise := noiseDeviation
	if s.work.MACs == 0 {
		noise = movingNoise
	}
	if s.work.MACs < enoughForBytes*s.work.Bytes() {
		noise = math.Hypot(noise, outOfCacheNoise*min(float64(s.work.Bytes())/outOfCache, 1))
	}
	return noise * noise
}

// common is the covariance of two ops.
func common(a, b *subject, mean *shape) float64 {
	c := deviceDeviation * deviceDeviation
	if (a.work.MACs > 0) == (b.work.MACs > 0) {
		c += kindDeviation * kindDeviation
	}
	if a.op == b.op {
		c += opDeviation * opDeviation
	}
	if a.model == b.model {
		c += modelDeviation * modelDeviation
	}
	if a.kind != b.kind {
		return c
	}
	if a.class == b.class {
		c += classDeviation * classDeviation
	}
	var product, distance float64
	for f := range mean {
		product += (a.shape[f] - mean[f]) * (b.shape[f] - mean[f])
		distance += (a.shape[f] - b.shape[f]) * (a.shape[f] - b.shape[f])
	}
	return c + typeDeviation*typeDeviation + slopeDeviation*slopeDeviation*product +
		shapeDeviation*shapeDeviation*math.Exp(-math.Sqrt(distance)/shapeLength)
}

const (
	leastDispersion = 0.7
	mostDispersion  = 3
	fewForScale     = 8 // ops, fewer than which don't tell how far ops are off
)

// dispersion is how far ops are off in this trace, in units of what was expected: by the median, so that stragglers don't
// count.
func dispersion(p *process, judged []*subject) float64 {
	var off []float64
	for i, s := range judged {
		if mean, deviation := p.predict(i); s.Trusted && !p.out[i] {
			off = append(off, math.Abs(p.values[i]-mean)/deviation)
		}
	}
	if len(off) < fewForScale {
		return 1
	}
	slices.Sort(off)
	return min(max(off[len(off)/2]/normalMAD, leastDispersion), mostDispersion)
}
