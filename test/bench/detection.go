package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/edgexray/edgexray/analyze/stragglers"
)

// delayTrials is how many ops are delayed in all, one a recording.
const delayTrials = 100

// cleanRuns is how often each model is recorded without a delay: to learn a profile, and to count what is named then.
const cleanRuns = 4

// delayable are models on the runtime's own kernels, each for about a second.
var delayable = []app{
	{model: "MobileNetV1 float", file: "models/mobilenet_v1_float.tflite", library: tflite217, invokes: 20},
	{model: "MobileNetV1 int8", file: "models/mobilenet_v1_int8.tflite", library: tflite217, invokes: 40},
	{model: "MobileNetV2 float", file: "models/mobilenet_v2_float.tflite", resolver: "builtin", invokes: 30},
	{model: "MobileNetV2 int8", file: "models/mobilenet_v2_int8.tflite", resolver: "builtin", invokes: 40},
	{model: "MobileNetV3-small float", file: "models/mobilenet_v3_small_float.tflite", library: tflite217, invokes: 60},
	{model: "MobileNetV3-small int8", file: "models/mobilenet_v3_small_int8.tflite", resolver: "builtin", invokes: 80},
	{model: "face_landmark", file: landmark, library: tflite217, invokes: 100},
	{model: "InceptionV3 float", file: "classifiers/inception_v3_float.tflite", resolver: "builtin", invokes: 6},
	{model: "ResNet50V2 int8", file: "classifiers/resnet50_v2_int8.tflite", resolver: "builtin", invokes: 8},
}

// bands are the shares of its own time by which an op is delayed, in percent.
var bands = []struct{ from, to int }{{20, 50}, {50, 100}, {100, 300}, {300, 1000}}

// rank is the place of a node among the stragglers, from 1; 0 when it isn't one.
func rank(result *stragglers.Result, p place) int {
	for i, s := range result.Stragglers {
		if s.Subgraph == p.subgraph && s.Node == p.node {
			return i + 1
		}
	}
	return 0
}

// percentIn draws a share from a band, all orders of magnitude alike.
func (d *delays) percentIn(from, to int) int {
	return int(float64(from) * math.Pow(float64(to)/float64(from), d.random.Float64()))
}

// clean is what was recorded of a model without a delay.
type clean struct {
	app
	line                  []string
	places                []place
	profile               string
	false, falseByHistory []int // stragglers that were named in each recording
}

// clean records a model without a delay. All recordings but the last one make the profile, by which the last one is judged.
func (d *delays) clean(a app) (*clean, error) {
	line, err := d.runs(a)
	if err != nil {
		return nil, err
	}
	line = first(line)
	c := &clean{app: a, line: line, profile: filepath.Join(d.dir, strings.ReplaceAll(a.model, " ", "-")+".json")}
	for run := range cleanRuns {
		file, err := d.record(line, nowhere)
		if err != nil {
			return nil, err
		}
		result, err := d.named(file)
		if err != nil {
			return nil, err
		}
		c.false = append(c.false, len(result.Stragglers))
		if run < cleanRuns-1 {
			if _, err := d.named(file, "--save-profile", c.profile); err != nil {
				return nil, err
			}
			continue
		}
		if result, err = d.named(file, "--profile", c.profile); err != nil {
			return nil, err
		}
		c.falseByHistory = append(c.falseByHistory, len(result.Stragglers))
		if c.places, err = trusted(file); err != nil {
			return nil, err
		}
	}
	if len(c.places) == 0 {
		return nil, fmt.Errorf("record %s: no op is long enough to be delayed", a.model)
	}
	return c, nil
}

// trial is one op that was delayed, and its rank among the stragglers.
type trial struct {
	model                 string
	place                 place
	percent               int
	byPeers, withHistory  int
	first, firstByHistory string // what was named first
}

func (d *delays) try(c *clean, percent int) (trial, error) {
	t := trial{model: c.model, place: c.places[d.random.IntN(len(c.places))], percent: percent}
	file, err := d.record(c.line, fmt.Sprintf("busy %d %v", percent, t.place))
	if err != nil {
		return t, err
	}
	defer os.Remove(file)
	peers, err := d.named(file)
	if err != nil {
		return t, err
	}
	history, err := d.named(file, "--profile", c.profile)
	if err != nil {
		return t, err
	}
	t.byPeers, t.withHistory = rank(peers, t.place), rank(history, t.place)
	t.first, t.firstByHistory = firstOf(peers), firstOf(history)
	return t, nil
}

// firstOf says what was named first.
func firstOf(result *stragglers.Result) string {
	if len(result.Stragglers) == 0 {
		return "nothing"
	}
	s := result.Stragglers[0]
	return fmt.Sprintf("%s (node %d), %s by %s, %.1f us", s.Op, s.Node, s.Cause, s.Basis, float64(s.ExcessNS)/1000)
}

// measureDetection delays random ops of models and prints how often they are named.
func measureDetection(b *bench) error {
	d, err := b.newDelays()
	if err != nil {
		return err
	}
	var cleans []*clean
	fmt.Println("| model, not delayed | ops | named by peers, in each of the recordings | with a profile |\n|---|---:|---|---|")
	for _, a := range delayable {
		c, err := d.clean(a)
		if err != nil {
			return err
		}
		cleans = append(cleans, c)
		fmt.Printf("| %s | %d | %s | %s |\n", c.model, len(c.places), list(c.false), list(c.falseByHistory))
	}
	var trials []trial
	for i := range delayTrials {
		band := bands[i%len(bands)]
		t, err := d.try(cleans[i/len(bands)%len(cleans)], d.percentIn(band.from, band.to))
		if err != nil {
			return err
		}
		trials = append(trials, t)
	}
	fmt.Println("\n| delay, of the op's own time | trials | first by peers | named | first with a profile | named |\n|---|---:|---:|---:|---:|---:|")
	for _, band := range bands {
		printBand(fmt.Sprintf("%d to %d %%", band.from, band.to), trials, band.from, band.to)
	}
	printBand("50 % and more", trials, 50, math.MaxInt)
	fmt.Println()
	for _, t := range trials {
		if t.byPeers != 1 || t.withHistory != 1 {
			fmt.Printf("%s: %s (node %v), %.1f us, delayed by %d %%: rank %d by peers (first was %s), %d with a profile (%s)\n",
				t.model, t.place.op, t.place, float64(t.place.ns)/1000, t.percent, t.byPeers, t.first, t.withHistory, t.firstByHistory)
		}
	}
	return nil
}

func printBand(name string, trials []trial, from, to int) {
	var all, first, named, firstByHistory, namedByHistory int
	for _, t := range trials {
		if t.percent < from || t.percent >= to {
			continue
		}
		all++
		first += one(t.byPeers == 1)
		named += one(t.byPeers > 0)
		firstByHistory += one(t.withHistory == 1)
		namedByHistory += one(t.withHistory > 0)
	}
	fmt.Printf("| %s | %d | %d | %d | %d | %d |\n", name, all, first, named, firstByHistory, namedByHistory)
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func list(numbers []int) string { return strings.Trim(fmt.Sprint(numbers), "[]") }
