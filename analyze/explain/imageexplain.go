package explain

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/edgexray/edgexray/pipeline/step"
)

// What an explanation may leave, in steps of the photo's 8 bits: decoders of JPEG differ by a step here and there, which
// is within noise; a few points may be off by more, at edges that noise moves.
const (
	noise     = 1.0
	outlying  = 12.0
	alikeLeft = 0.003 // two makings that differ by less than this in what they leave, or in what they make, can't be told apart
	alikeMade = 0.02
	// Where more than nearly nothing is left the same holds of a share of that, and of what rounding makes twice: it is as good as
	// random there.
	withinNoise = 0.5
	roundings   = 0.45 // a little more than sqrt(2/12)
)

// alike is up to what is left makings may be alike to the best, and by how much they may differ from it.
func alike(best float64) (left, apart float64) {
	left, apart = max(best+alikeLeft, 1.1*best), max(alikeMade, withinNoise*best)
	if best > nearly {
		left, apart = 1.25*best, max(apart, roundings)
	}
	return left, apart
}

func explainImage(raw step.Value, fed *step.Array) (Explanation, error) {
	e, err := explainDecoded(raw, fed, "decode")
	if err != nil || !mayBeFast(raw, e.Residual) {
		return e, err
	}
	if fast, err := explainDecoded(raw, fed, "decode fast"); err == nil && (Verdict{Explanation: fast}).better(Verdict{Explanation: e}) {
		fast.Notes = append(fast.Notes, fastNote)
		return fast, nil
	}
	return e, nil
}

func explainDecoded(raw step.Value, fed *step.Array, by string) (Explanation, error) {
	pixels, decoded, err := decode(raw, by)
	if err != nil {
		return Explanation{}, err
	}
	found, err := searchImage(pixels, fed, expected{conventions: conventions})
	if err != nil {
		return Explanation{}, err
	}
	found.decoded = decoded
	return found.explanation()
}

// decode makes pixels of raw data by a line, and returns what did it: none where they are pixels.
func decode(raw step.Value, line string) (pixels *step.Array, by []string, err error) {
	if raw.Array != nil {
		return raw.Array, nil, nil
	}
	by = []string{line}
	s, err := steps(by)
	if err != nil {
		return nil, nil, err
	}
	if raw, err = s[0].Apply(raw); err != nil {
		return nil, nil, fmt.Errorf("explain: %w", err)
	}
	return raw.Array, by, nil
}

// imageFound is what a search found.
type imageFound struct {
	photo   photo
	fed     *step.Array
	decoded []string // the lines that make pixels of a file
	best    []making // those that come nearest: the first one, and what can't be told apart from it
	gray    bool     // the photo's channels are alike
	// The nearest explains what was fed: it leaves no more than noise does.
	explained bool
}

func searchImage(pixels, fed *step.Array, e expected) (imageFound, error) {
	found := imageFound{fed: fed}
	var err error
	if found.photo, err = newPhoto(pixels); err != nil {
		return found, err
	}
	found.gray = found.photo.gray()
	all, err := views(fed)
	if err != nil {
		return found, err
	}
	s := newImageSearch(found.photo, fed, e)
	found.keep(s.search(all))
	return found, nil
}

// alikeMakings are the makings that can't be told apart from the nearest one, those that say least first.
func alikeMakings(all []making, p photo, fed *step.Array) []making {
	var kept []making
	said := make(map[string]bool)
	for _, m := range all {
		left, apart := alike(all[0].left)
		key := fmt.Sprint(m.lines(p, fed))
		if said[key] || m.left > all[0].left+alikeLeft && (m.left > left || m.apart(all[0]) > apart) {
			continue
		}
		said[key] = true
		kept = append(kept, m)
	}
	unusual := func(m making) int { // numbers that are no convention's, where as good as random noise is left
		if m.normal.name == "" && all[0].left > nearly {
			return 1
		}
		return 0
	}
	uneven := func(m making) int { // padding that isn't of one colour: the picture begins elsewhere
		if m.uneven > outlying {
			return 1
		}
		return 0
	}
	resized := func(m making) int { // where the size may have stayed, it has
		if !m.asExpected && !m.plan.keepsSize() {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(kept, func(a, b making) int {
		return cmp.Or(
			uneven(a)-uneven(b),
			unusual(a)-unusual(b),
			resized(a)-resized(b),
			cmp.Compare(math.Floor(a.score()/alikeLeft), math.Floor(b.score()/alikeLeft)),
			cmp.Compare(len(a.lines(p, fed)), len(b.lines(p, fed))),
		)
	})
	return kept
}

// apart is the root mean square by which two makings differ in what they make, in steps of the photo's 8 bits.
func (m making) apart(o making) float64 {
	if len(m.made) != len(o.made) || m.placement.orientation != o.placement.orientation || len(m.made[0]) != len(o.made[0]) {
		return math.Inf(1)
	}
	sum, n := 0.0, 0
	for i := range m.made {
		_, std := m.normal.of(i)
		for j, v := range m.made[i] {
			d := float64(v-o.made[i][j]) * std
			sum += d * d
			n++
		}
	}
	return math.Sqrt(sum / float64(n))
}

// tolerance is what a making may leave: so much noise, and what an element's rounding takes away.
func (m *making) tolerance(fed *step.Array, noise float64) float64 {
	_, std := m.normal.of(0)
	return math.Hypot(noise, math.Abs(fed.Scale*std)/math.Sqrt(12))
}

// keep keeps the nearest makings, and says whether they explain what was fed.
func (f *imageFound) keep(makings []making) {
	if len(makings) == 0 {
		return
	}
	f.best = alikeMakings(makings, f.photo, f.fed)
	m := &f.best[0]
	f.explained = (m.left <= m.tolerance(f.fed, noise) || m.left <= m.tolerance(f.fed, mostNoise) && m.random()) &&
		max(m.most(), m.uneven) <= outlying*max(m.left, m.tolerance(f.fed, noise))
	if !f.explained && m.left > hopeless {
		f.best = nil
	}
}

func (f imageFound) explanation() (Explanation, error) {
	e := Explanation{Explained: f.explained, Residual: math.Inf(1)}
	for i, m := range f.best {
		s, err := steps(slices.Concat(f.decoded, m.lines(f.photo, f.fed)))
		if err != nil {
			return e, err
		}
		if i == 0 {
			e.Steps, e.Residual = s, m.left
		} else {
			e.Same = append(e.Same, s)
		}
	}
	e.Notes = f.notes()
	return e, nil
}

func (f imageFound) notes() []string {
	if len(f.best) == 0 {
		return []string{"nothing in the photo looks like what was fed"}
	}
	var notes []string
	m := &f.best[0]
	if f.gray && f.photo.channels == 3 {
		notes = append(notes, "the photo is gray: the order of its channels can't be told")
	}
	if f.explained && m.left > 0.2 && m.left > m.tolerance(f.fed, noise)/3 {
		notes = append(notes, fmt.Sprintf("the raw data isn't what the app had, to the last bit: %.2f steps of 8 bits are left, as by another decoder of JPEG", m.left))
	}
	if f.explained && m.normal.name == "" {
		notes = append(notes, "the normalization is no convention that is known")
	}
	return notes
}

// gray says whether a photo's channels are alike.
func (p photo) gray() bool {
	if p.channels == 1 {
		return true
	}
	for i := 0; i < len(p.pixels); i += 3 {
		if p.pixels[i] != p.pixels[i+1] || p.pixels[i] != p.pixels[i+2] {
			return false
		}
	}
	return true
}
