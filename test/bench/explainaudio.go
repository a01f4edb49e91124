package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/edgexray/edgexray/analyze/explain"
	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/test/heard"
)

// heardCount sums up what was said of one kind of cases.
type heardCount struct {
	cases, right, explained int
	took                    []time.Duration
}

// measureExplainAudio asks what apps did to recordings, of inputs that real libraries made of them.
func measureExplainAudio(b *bench) error {
	recordings, err := heard.Recordings(b.dir)
	if err != nil {
		return err
	}
	fronts := []string{"samples", "tf mel", "tf mfcc", "librosa", "micro"}
	made, err := heard.Make(b.dir, heard.Cases(recordings, fronts))
	if err != nil {
		return err
	}
	counts := make(map[string]*heardCount)
	names := make(map[string]bool)
	right := 0
	for i, m := range made {
		began := time.Now()
		v, err := explain.Judge(m.Raw, m.Fed, m.Reference)
		if err != nil {
			return fmt.Errorf("judge %s of %s: %w", m.Name, m.Front, err)
		}
		took := time.Since(began)
		kind, isRight := heardVerdict(m, v)
		for _, key := range []string{m.Front + "|" + kind, "all|" + kind} {
			if counts[key] == nil {
				counts[key] = &heardCount{}
			}
			c := counts[key]
			c.cases++
			c.took = append(c.took, took)
			if isRight {
				c.right++
			}
			if v.Explanation.Explained {
				c.explained++
			}
		}
		names[m.Front+" "+m.Name] = true
		if isRight {
			right++
		} else {
			var said []string
			for _, d := range v.Differences {
				said = append(said, fmt.Sprintf("%s: %s", d.Aspect, d.App))
			}
			fmt.Printf("wrong: %s, %s of %s: said %q, explained %v, residual %.3g, distance %.3g; nearest %s\n", m.Front, m.Name, filepath.Base(m.Recording),
				said, v.Explanation.Explained, v.Explanation.Residual, v.Distance, pipeline.Words(v.Explanation.Steps))
		}
		if (i+1)%10 == 0 {
			fmt.Fprintf(os.Stderr, "%d of %d cases, %d right\n", i+1, len(made), right)
		}
	}
	fmt.Printf("\n%d recordings, %d kinds of making\n\n", len(recordings), len(names))
	fmt.Println("| front end | what | cases | right | explained | median s | most s |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for _, front := range append(fronts, "all") {
		for _, kind := range []string{"right", "one change", "two changes", "outside"} {
			if c := counts[front+"|"+kind]; c != nil {
				slices.Sort(c.took)
				fmt.Printf("| %s | %s | %d | %.1f %% | %d | %.2f | %.2f |\n", front, kind, c.cases, 100*float64(c.right)/float64(c.cases), c.explained,
					c.took[len(c.took)/2].Seconds(), c.took[len(c.took)-1].Seconds())
			}
		}
	}
	return nil
}

// heardVerdict tells whether a verdict is right: healthy, the aspects that were changed and no other, or unexplained.
func heardVerdict(m heard.Made, v explain.Verdict) (kind string, right bool) {
	switch {
	case m.Outside != "":
		return "outside", !v.Explanation.Explained
	case len(m.Aspects) == 0:
		return "right", v.Healthy
	}
	var said []string
	for _, d := range v.Differences {
		said = append(said, string(d.Aspect))
	}
	slices.Sort(said)
	kind = "one change"
	if len(m.Aspects) > 1 {
		kind = "two changes"
	}
	return kind, v.Explanation.Explained && slices.Equal(said, m.Aspects)
}
