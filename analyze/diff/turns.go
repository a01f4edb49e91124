package diff

// turnsP is the Mann-Whitney p of the times at which runs began below which the sides were not recorded in turns. A machine
// drifts: of 200 times five and five of the same processes, recorded in turns, none were told to differ; first five and then the other five, 14 were;
// with some ten seconds in between, 123 of 390.
const turnsP = 0.05

// notInTurns says that one side was recorded before the other; nothing when they took turns, or when nobody knows.
func notInTurns(base, new []*Run) string {
	began := func(runs []*Run) []float64 {
		var times []float64
		for _, r := range runs {
			if r.StartUnixNS == 0 {
				return nil
			}
			times = append(times, float64(r.StartUnixNS))
		}
		return times
	}
	b, n := began(base), began(new)
	if b == nil || n == nil {
		return ""
	}
	s := newShifts(len(b), len(n), DefaultConfidence).of(b, n)
	if s.p > turnsP {
		return ""
	}
	order := "before"
	if s.estimate < 0 {
		order = "after"
	}
	return "base was recorded " + order + " new, and what the machine did in between can't be told from a change: record them in turns, base, new, base, new (--any-order judges all the same)"
}
