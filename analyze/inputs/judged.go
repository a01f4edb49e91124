package inputs

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/analyze/explain"
	"github.com/edgexray/edgexray/analyze/frames"
)

// Judged is what is found of one input of the model.
type Judged struct {
	Input       int     `json:"input"` // among the model's
	Name        string  `json:"name"`
	By          Basis   `json:"by"`
	Why         string  `json:"why"`    // it wasn't judged by what tells more
	Frames      int     `json:"frames"` // that were judged
	Healthy     int     `json:"healthy"`
	First       int     `json:"first"`       // frame that isn't healthy, counted from 1; 0: none
	Unexplained int     `json:"unexplained"` // that are not healthy, and nobody knows why
	Differences []Tally `json:"differences"` // those of most frames first
	Nearest     string  `json:"nearest"`     // to the first that is unexplained
	Explanation string  `json:"explanation"` // what the app did in the first frame that isn't healthy
	Failed      int     `json:"failed"`      // frames that could not be judged
	FirstError  string  `json:"first_error"`
}

// Tally is a difference with the frames that have it.
type Tally struct {
	Aspect    explain.Aspect `json:"aspect"`
	App       string         `json:"app"`
	Reference string         `json:"reference"`
	Advice    string         `json:"advice"`
	Frames    int            `json:"frames"`
	First     int            `json:"first"` // frame, counted from 1
}

// Of counts the frames with a difference in an aspect, and returns the one that most have.
func (j *Judged) Of(aspects ...explain.Aspect) (Tally, int) {
	n, most := 0, Tally{}
	for _, t := range j.Differences {
		if slices.Contains(aspects, t.Aspect) {
			if n == 0 {
				most = t
			}
			n += t.Frames
		}
	}
	return most, min(n, j.Frames)
}

const (
	// Tolerated is the share of frames that may differ in an aspect: naming isn't always right.
	Tolerated = 0.05
	// fewWays is in how many ways an app may differ in an aspect when no one of them is that of most frames. More are what noise is named.
	fewWays = 3
	// eachItsOwn is said of a level that isn't the same in all frames.
	eachItsOwn = " in one frame, by another number in others"
)

// Named are the aspects in which the app differs, each with how it does in most frames, in how many it does in any way. What is seen in few
// frames, or in other ways in each, is in doubtful: but for levels, which an app that scales each sound by itself changes in another way in each.
func (j *Judged) Named() (named, doubtful []Tally) {
	var aspects []explain.Aspect
	ways := make(map[explain.Aspect]int)
	for _, t := range j.Differences {
		if ways[t.Aspect]++; ways[t.Aspect] == 1 {
			aspects = append(aspects, t.Aspect)
		}
	}
	for _, a := range aspects {
		most, n := j.Of(a)
		often := 2*most.Frames > j.Frames
		for _, t := range j.Differences {
			if t.Aspect == a {
				most.First = min(most.First, t.First)
			}
		}
		most.Frames = n
		each := a == explain.Level && n == j.Frames && j.Unexplained == 0
		if each && !often && ways[a] > fewWays {
			most.App += eachItsOwn
		}
		if float64(n) > Tolerated*float64(j.Frames) && (often || ways[a] <= fewWays || each) {
			named = append(named, most)
		} else {
			doubtful = append(doubtful, most)
		}
	}
	slices.SortStableFunc(named, func(a, b Tally) int { return cmp.Compare(b.Frames, a.Frames) })
	return named, doubtful
}

func (j *Judged) fail(f *frames.Frame, err error) {
	if j.Failed++; j.Failed == 1 {
		j.FirstError = fmt.Sprintf("frame %d: %v", f.Number, err)
	}
}

// off notes a frame that isn't healthy.
func (j *Judged) off(f *frames.Frame) {
	if j.First == 0 || f.Number < j.First {
		j.First = f.Number
	}
}

func (j *Judged) add(f *frames.Frame, differences []explain.Difference, n int) {
	for _, d := range differences {
		i := slices.IndexFunc(j.Differences, func(t Tally) bool { return t.Aspect == d.Aspect && t.App == d.App && t.Reference == d.Reference })
		if i < 0 {
			i = len(j.Differences)
			j.Differences = append(j.Differences, Tally{Aspect: d.Aspect, App: d.App, Reference: d.Reference, Advice: d.Advice, First: f.Number})
		}
		j.Differences[i].First = min(j.Differences[i].First, f.Number)
		j.Differences[i].Frames += n
	}
}

// sort puts the differences of most frames first.
func (j *Judged) sort() {
	slices.SortStableFunc(j.Differences, func(a, b Tally) int { return cmp.Compare(b.Frames, a.Frames) })
}
