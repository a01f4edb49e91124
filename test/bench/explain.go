package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/test/fed"
)

// combinations is how many combinations of what apps do are made, and outsideEach on how many photos each thing is done that
// no pipeline says.
const (
	combinations = 34 * 8
	outsideEach  = 2
)

// explained is a group of cases.
type explained struct {
	name   string
	photos []fed.Photo
	cases  []fed.Case
	show   func([]*fed.Answer)
}

func measureExplain(b *bench) error {
	photos, err := fed.Photos()
	if err != nil {
		return err
	}
	sizes, err := fed.Sizes(photos)
	if err != nil {
		return err
	}
	for _, group := range []explained{
		{"combinations", photos, fed.Combinations(combinations, photos, sizes), showExact},
		{"outside", photos, fed.Outside(outsideEach, photos), showOutside},
		{"pixel", photos, fed.Pixel(photos, sizes), showExact},
		{"noise", photos, fed.Noise(photos), showExact},
		{"large", fed.LargePhotos(photos), fed.Large(), showExact},
	} {
		if err := group.measure(filepath.Join(b.dir, group.name)); err != nil {
			return fmt.Errorf("%s: %w", group.name, err)
		}
	}
	return nil
}

func (g *explained) measure(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	made, err := fed.Make(dir, g.photos, g.cases)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d cases on %d photos\n", g.name, len(g.cases), len(g.photos))
	var all []*fed.Answer
	for _, c := range g.cases {
		a, err := made.Ask(c)
		if err != nil {
			return err
		}
		switch {
		case c.Outside == "" && !a.Exact():
			fmt.Println("  not exact:", a)
		case c.Outside != "" && a.Explanation.Explained:
			fmt.Printf("  explained %s: %v\n", c.Outside, a)
		}
		if a.Accused != "" {
			fmt.Printf("  accused: %v: %s\n", a, a.Accused)
		}
		all = append(all, a)
	}
	g.show(all)
	showTimes(all)
	return nil
}

func showExact(all []*fed.Answer) {
	exact, accused := 0, 0
	named := make(map[string]map[string]int) // by how it was resized, and what was said
	for _, a := range all {
		if a.Exact() {
			exact++
		}
		if a.Accused != "" {
			accused++
		}
		if named[a.Resize] == nil {
			named[a.Resize] = make(map[string]int)
		}
		named[a.Resize][a.Resized()]++
	}
	fmt.Printf("  exact %d of %d (%.1f %%), accused %d\n", exact, len(all), percent(exact, len(all)), accused)
	for _, a := range all {
		for said, n := range named[a.Resize] {
			if said != a.Resize {
				fmt.Printf("  %s was named %s: %d times, by its own name %d\n", a.Resize, said, n, named[a.Resize][a.Resize])
			}
		}
		delete(named, a.Resize)
	}
}

func showOutside(all []*fed.Answer) {
	unexplained := 0
	for _, a := range all {
		if !a.Explanation.Explained {
			unexplained++
		}
	}
	fmt.Printf("  unexplained %d of %d (%.1f %%)\n", unexplained, len(all), percent(unexplained, len(all)))
}

func percent(n, of int) float64 { return 100 * float64(n) / float64(max(1, of)) }

func showTimes(all []*fed.Answer) {
	slices.SortFunc(all, func(a, b *fed.Answer) int { return cmp.Compare(a.Took, b.Took) })
	last := all[len(all)-1]
	fmt.Printf("  took %.2f s in the median, at most %.2f s (%s)", all[len(all)/2].Took.Seconds(), last.Took.Seconds(), pipeline.Words(last.Explanation.Steps))
	slices.SortFunc(all, func(a, b *fed.Answer) int { return cmp.Compare(a.Used, b.Used) })
	fmt.Printf("; of all processors %.2f s in the median, at most %.2f s\n\n", all[len(all)/2].Used.Seconds(), all[len(all)-1].Used.Seconds())
}
