package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/edgexray/edgexray/analyze/explain"
	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/test/fed"
)

// combinations is how many combinations of what apps do are made, and outsideEach how many photos of each thing that no
// pipeline says.
const (
	combinations = 34 * 8
	outsideEach  = 3
)

// answered is what was said about a case.
type answered struct {
	fed.Case
	truth       []string
	explanation explain.Explanation
	wrong       []explain.Difference // of the explanation that is nearest to the truth
	accused     []explain.Difference // by a judge who knows the truth
	took, used  time.Duration
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
	for _, group := range []struct {
		name  string
		cases []fed.Case
		show  func([]answered)
	}{
		{"combinations", fed.Combinations(combinations, photos, sizes), showExact},
		{"photo not known to the last bit, or cut by a pixel", fed.Robust(photos, sizes), showExact},
		{"outside", fed.Outside(outsideEach, photos), showOutside},
		{"large", large(), showExact},
	} {
		dir := filepath.Join(b.dir, strings.Fields(group.name)[0])
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		these := photos
		if group.name == "large" {
			these = []fed.Photo{{Name: "china", Path: photoPath(photos, "china"), Width: 4000}, {Name: "astronaut", Path: photoPath(photos, "astronaut"), Width: 3464}}
		}
		made, err := fed.Make(dir, these, group.cases)
		if err != nil {
			return err
		}
		all, err := askAll(made, group.cases)
		if err != nil {
			return err
		}
		fmt.Printf("%s: %d cases\n", group.name, len(all))
		group.show(all)
		showTimes(all)
		os.RemoveAll(dir)
	}
	return nil
}

func photoPath(photos []fed.Photo, name string) string {
	i := slices.IndexFunc(photos, func(p fed.Photo) bool { return p.Name == name })
	return photos[i].Path
}

// large are pictures of 10 and 12 million pixels.
func large() []fed.Case {
	var all []fed.Case
	for i, method := range []string{"opencv.linear", "tf1.bilinear", "pillow.bilinear", "tf2.area", "tf2.lanczos5 antialias", "opencv.nearest"} {
		all = append(all, fed.Case{
			ID: fmt.Sprintf("large-%d", i), Photo: []string{"china", "astronaut"}[i%2], Resize: method, Width: 224, Height: 224, Channels: "bgr",
			Normalize: fed.Normalize{Name: "[-1,1]", Mean: []float64{127.5}, Std: []float64{127.5}}, Turn: []string{"rotate 90"}, Layout: "nhwc", Float: true,
		})
	}
	return all
}

func askAll(made *fed.Made, cases []fed.Case) ([]answered, error) {
	var all []answered
	for _, c := range cases {
		a, err := ask(made, c)
		if err != nil {
			return nil, fmt.Errorf("explain %s: %w", c.ID, err)
		}
		if os.Getenv("SHOW") != "" && (c.Outside == "" && (!a.explanation.Explained || len(a.wrong) > 0)  || c.Outside != "" && a.explanation.Explained){
			fmt.Printf("  %s %s %s | explained %v, %.3f left: %s | %v\n", a.ID, a.Photo, strings.Join(a.truth, ", "), a.explanation.Explained, a.explanation.Residual, pipeline.Words(a.explanation.Steps), a.wrong)
		}
		all = append(all, a)
	}
	return all, nil
}

func ask(made *fed.Made, c fed.Case) (answered, error) {
	a := answered{Case: c, truth: c.Lines(made.Photos[c.Photo])}
	raw, err := made.Raw(c)
	if err != nil {
		return a, err
	}
	tensor, err := made.Tensor(c)
	if err != nil {
		return a, err
	}
	began, cpu := time.Now(), processorTime()
	if a.explanation, err = explain.Explain(raw, tensor); err != nil {
		return a, err
	}
	a.took, a.used = time.Since(began), processorTime()-cpu
	truth, err := pipelineOf(a.truth)
	if err != nil {
		return a, err
	}
	for i, steps := range append([][]step.Step{a.explanation.Steps}, a.explanation.Same...) {
		wrong, err := explain.Compare(steps, truth, raw.Array.Shape[0], raw.Array.Shape[1])
		if err != nil {
			return a, err
		}
		if i == 0 || len(wrong) < len(a.wrong) {
			a.wrong = wrong
		}
	}
	if c.Outside != "" || os.Getenv("NOJUDGE") != "" {
		return a, nil
	}
	verdict, err := explain.Judge(raw, tensor, truth)
	if !verdict.Healthy {
		a.accused = append(verdict.Differences, explain.Difference{Aspect: explain.Data, App: fmt.Sprintf("distance %.3f", verdict.Distance)})
	}
	return a, err
}

func pipelineOf(lines []string) ([]step.Step, error) {
	var out []step.Step
	for _, line := range lines {
		s, err := pipeline.Step(strings.Fields(line))
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func showExact(all []answered) {
	exact, accused := 0, 0
	named := make(map[string]map[string]int)
	for _, a := range all {
		if len(a.accused) > 0 {
			accused++
			fmt.Printf("  accused  %s %v: %+v\n", a.ID, strings.Join(a.truth, ", "), a.accused)
		}
		said := pipeline.Words(a.explanation.Steps)
		if a.explanation.Explained && len(a.wrong) == 0 {
			exact++
		} else {
			fmt.Printf("  not exact  %s %s %v: explained %v, %.3f left: %s\n", a.ID, a.Photo, strings.Join(a.truth, ", "), a.explanation.Explained, a.explanation.Residual, said)
		}
		count(named, a.Resize, resizeOf(a))
	}
	fmt.Printf("  exact %d of %d (%.1f %%), accused %d\n", exact, len(all), 100*float64(exact)/float64(len(all)), accused)
	for _, truth := range sortedKeys(named) {
		for said, n := range named[truth] {
			if said != truth {
				fmt.Printf("  resized by %-28s named %-28s %d of %d\n", truth, said, n, total(named[truth]))
			}
		}
	}
}

// resizeOf is the method that was named: the right one if it is among those that can't be told apart.
func resizeOf(a answered) string {
	for _, d := range a.wrong {
		if d.Aspect == explain.Resize {
			return d.App
		}
	}
	return a.Resize
}

func count(table map[string]map[string]int, row, column string) {
	if table[row] == nil {
		table[row] = make(map[string]int)
	}
	table[row][column]++
}

func total(row map[string]int) int {
	n := 0
	for _, v := range row {
		n += v
	}
	return n
}

func sortedKeys(table map[string]map[string]int) []string {
	var keys []string
	for k := range table {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func showOutside(all []answered) {
	unexplained := 0
	for _, a := range all {
		if !a.explanation.Explained {
			unexplained++
			continue
		}
		fmt.Printf("  explained  %s %s of %s: %.3f left: %s\n", a.ID, a.Outside, a.Photo, a.explanation.Residual, pipeline.Words(a.explanation.Steps))
	}
	fmt.Printf("  unexplained %d of %d (%.1f %%)\n", unexplained, len(all), 100*float64(unexplained)/float64(len(all)))
}

func showTimes(all []answered) {
	slices.SortFunc(all, func(a, b answered) int { return cmp.Compare(a.took, b.took) })
	last := all[len(all)-1]
	fmt.Printf("  took %.2f s in the median, at most %.2f s (%s %s)", all[len(all)/2].took.Seconds(), last.took.Seconds(), last.ID, last.Photo)
	slices.SortFunc(all, func(a, b answered) int { return cmp.Compare(a.used, b.used) })
	fmt.Printf("; of processors %.2f s in the median, at most %.2f s\n\n", all[len(all)/2].used.Seconds(), all[len(all)-1].used.Seconds())
}

func processorTime() time.Duration {
	var u unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
