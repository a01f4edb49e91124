package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/shim/snapshot"
)

const (
	captureRounds = 9
	shimRounds    = 25
)

// classifier is one of the paper's models, and what capturing its layers once took there: ML-EXray's tables 3 and 5, on a Pixel 4.
type classifier struct {
	app
	paper string // seconds, MB of memory, MB of storage
}

// classifiers have every layer on the runtime's own kernels.
func classifiers() (all []classifier) {
	for _, m := range []struct{ name, file, float, int8 string }{
		{"MobileNetV1", "models/mobilenet_v1", "21, 53, 87", "14, 2, 44"},
		{"MobileNetV2", "models/mobilenet_v2", "21, 6, 93", "16, 1, 51"},
		{"ResNet50V2", "classifiers/resnet50_v2", "104, 60, 478", "67, 24, 176"},
		{"InceptionV3", "classifiers/inception_v3", "85, 155, 333", "57, 46, 150"},
		{"DenseNet121", "classifiers/densenet121", "114, 298, 426", "70, 74, 177"},
	} {
		for _, form := range []struct{ name, paper string }{{"float", m.float}, {"int8", m.int8}} {
			all = append(all, classifier{paper: form.paper, app: app{model: m.name + " " + form.name, runtime: "built-in kernels",
				file: m.file + "_" + form.name + ".tflite", resolver: "builtin", invokes: 2}})
		}
	}
	return all
}

// beside is an app that runs twice, one process bare and one under a verb of edgexray, in turn.
type beside struct {
	pairs []pair    // ns an invoke
	extra []float64 // ns an invoke that between did, a round
}

// measureBeside steps both processes in turn; between is called after each pair and measures something to compare with. A
// step under the verb is compared with the mean of the bare ones before and after it.
func (b *bench) measureBeside(a app, rounds int, between func() float64, verb ...string) (*beside, error) {
	bare, err := b.start(a)
	if err != nil {
		return nil, err
	}
	defer bare.close()
	under, err := b.startUnder(a, verb...)
	if err != nil {
		return nil, err
	}
	defer under.close()
	if _, err := under.step(); err != nil { // in which the nodes are described
		return nil, err
	}
	before, err := bare.warmStep()
	if err != nil {
		return nil, err
	}
	m := &beside{}
	for range rounds {
		times, err := under.step()
		if err != nil {
			return nil, err
		}
		if between != nil {
			m.extra = append(m.extra, between())
		}
		after, err := bare.step()
		if err != nil {
			return nil, err
		}
		m.pairs = append(m.pairs, pair{(median(before) + median(after)) / 2, median(times)})
		before = after
	}
	return m, under.end()
}

// memory is what a tmpfs is made of. Snapshots of a benchmark go there, as a disk would be measured otherwise.
const memory = "/dev/shm"

// once is what capturing all tensors of one invoke takes.
type once struct {
	tensors, bytes int // of data
	file           int64
	recorder       uint64 // bytes of memory
}

func (b *bench) captureOnce(a app) (once, error) {
	file := filepath.Join(memory, "edgexray-bench.tensors")
	defer os.Remove(file)
	a.invokes = 1
	p, err := b.startUnder(a, "snapshot", "-o", file)
	if err != nil {
		return once{}, err
	}
	defer p.close()
	if _, err := p.step(); err != nil {
		return once{}, err
	}
	if err := p.end(); err != nil {
		return once{}, err
	}
	s, err := snapshot.Open(file)
	if err != nil {
		return once{}, err
	}
	defer s.Close()
	info, err := os.Stat(file)
	if err != nil {
		return once{}, err
	}
	o := once{tensors: len(s.Captures), file: info.Size(), recorder: s.End.GetMaxRss()}
	for _, c := range s.Captures {
		o.bytes += len(c.Data)
	}
	return o, nil
}

func measureCapture(b *bench) error {
	var times, beside [][]string
	for _, c := range classifiers() {
		o, err := b.captureOnce(c.app)
		if err != nil {
			return err
		}
		row, seconds, err := b.capture(c.app, o.bytes)
		if err != nil {
			return err
		}
		times = append(times, row)
		beside = append(beside, []string{c.model, fmt.Sprint(o.tensors),
			fmt.Sprintf("%.3f, %.0f, %.0f", seconds, float64(o.recorder)/1e6, float64(o.file)/1e6), c.paper})
	}
	columns := []string{"app", "MB an invoke", "bare ms", "captured ms", "of it for capturing", "memcpy ms", "times memcpy", "95 % interval", "slower"}
	if err := report.Listing(os.Stdout, columns, times); err != nil {
		return err
	}
	fmt.Println("\nOne invoke, all tensors: seconds, MB of memory (of the recorder, its buffer included), MB of storage.")
	fmt.Println()
	return report.Listing(os.Stdout, []string{"model", "tensors", "edgexray", "ML-EXray on a Pixel 4"}, beside)
}

// capture compares an app whose every tensor is captured with a copy of so many bytes, and with itself. It also returns the
// seconds that a captured invoke takes.
func (b *bench) capture(a app, bytes int) ([]string, float64, error) {
	from, to := make([]byte, bytes), make([]byte, bytes)
	for i := range from {
		from[i] = byte(i)
	}
	memcpy := func() float64 {
		began := time.Now()
		copy(to, from)
		return float64(time.Since(began))
	}
	memcpy()
	file := filepath.Join(memory, "edgexray-bench.tensors")
	defer os.Remove(file)
	m, err := b.measureBeside(a, captureRounds, memcpy, "snapshot", "-o", file)
	if err != nil {
		return nil, 0, err
	}
	var ratios []float64
	for i, p := range m.pairs {
		ratios = append(ratios, (p.recorded-p.bare)/m.extra[i])
	}
	bare, captured, times := median(over(m.pairs, bareOf)), median(over(m.pairs, recordedOf)), estimateOf(ratios)
	return []string{
		a.model, fmt.Sprintf("%.1f", float64(bytes)/1e6),
		fmt.Sprintf("%.1f", bare/1e6), fmt.Sprintf("%.1f", captured/1e6),
		fmt.Sprintf("%.2f", median(over(m.pairs, func(p pair) float64 { return p.recorded - p.bare }))/1e6),
		fmt.Sprintf("%.2f", median(m.extra)/1e6),
		fmt.Sprintf("%.2f", times.median), fmt.Sprintf("%.2f to %.2f", times.low, times.high),
		fmt.Sprintf("%+.1f %%", 100*(captured/bare-1)),
	}, captured / 1e9, nil
}

func measureShim(b *bench) error {
	trace := filepath.Join(b.dir, "shim.xray")
	file := filepath.Join(memory, "edgexray-bench.tensors")
	defer os.Remove(file)
	timing := []string{"record", "--via", "shim", "-o", trace}
	statistics := []string{"snapshot", "--statistics", "-o", file}
	var rows [][]string
	for _, c := range []struct {
		app
		verb []string
	}{
		{mobileNets[0], statistics}, {mobileNets[1], statistics}, {mobileNets[0], timing}, {mobileNets[1], timing},
		{smallOps[0], timing}, {smallOps[1], timing},
	} {
		m, err := b.measureBeside(c.app, shimRounds, nil, c.verb...)
		if err != nil {
			return err
		}
		slower := estimateOf(over(m.pairs, func(p pair) float64 { return 100 * (p.recorded/p.bare - 1) }))
		more := estimateOf(over(m.pairs, func(p pair) float64 { return p.recorded - p.bare }))
		rows = append(rows, []string{
			c.name(), c.verb[0] + " " + c.verb[1], fmt.Sprintf("%.3f", median(over(m.pairs, bareOf))/1e6),
			fmt.Sprintf("%+.2f %%", slower.median), fmt.Sprintf("%+.2f to %+.2f", slower.low, slower.high),
			fmt.Sprintf("%.3f", more.median/1e3),
		})
	}
	return report.Listing(os.Stdout, []string{"app", "verb", "bare ms", "slower", "95 % interval", "us more an invoke"}, rows)
}
