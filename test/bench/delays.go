package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/stragglers"
	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/test/parts"
	"github.com/edgexray/edgexray/trace"
)

// delays records apps whose kernels a preloaded library delays.
type delays struct {
	*bench
	library string
	random  *rand.Rand
	drawn   map[string][]place // by model
}

func (b *bench) newDelays() (*delays, error) {
	d := &delays{b, filepath.Join(b.dir, "delay.so"), rand.New(rand.NewPCG(1, 1)), make(map[string][]place)}
	command, err := apps.Replacing(d.library, "delay.c")
	if err != nil {
		return nil, err
	}
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("run %s: %w\n%s", command, err, output)
	}
	return d, nil
}

// nowhere is a node that no model has: kernels run through the library all the same.
const nowhere = "busy 1 999:0"

// record records an app with a delay, and returns the trace. Where the library replaces functions depends on where Linux puts
// them, and with that the names of kernels: it is told to put them always there.
func (d *delays) record(line []string, delay string) (string, error) {
	d.traces++
	file := filepath.Join(d.dir, fmt.Sprintf("delay%d.xray", d.traces))
	command := append([]string{"setarch", "-R", "env", "LD_PRELOAD=" + d.library, "EDGEXRAY_DELAY=" + delay}, line...)
	output, err := d.command("cache", append([]string{"record", "-o", file, "--"}, command...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("record %v: %w\n%s", command, err, output)
	}
	return file, nil
}

// runs is the command line of an app that invokes its model so often.
func (b *bench) runs(a app) ([]string, error) {
	file, err := parts.Find(a.file)
	if err != nil {
		return nil, err
	}
	invokes := []string{"--invokes", strconv.Itoa(a.invokes)}
	if a.library != "" {
		library, err := parts.Find(a.library)
		return append([]string{b.capi, "--library", library, "--model", file}, invokes...), err
	}
	python, err := parts.Find("python/bin/python")
	return append([]string{python, "test/apps/sources/litert_run.py", file, "--resolver", a.resolver}, invokes...), err
}

// named reads what `edgexray stragglers` says of a trace.
func (b *bench) named(file string, flags ...string) (*stragglers.Result, error) {
	command := b.command("cache", append([]string{"stragglers", file, "--json"}, flags...)...)
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", command, err)
	}
	var result stragglers.Result
	return &result, json.Unmarshal(output, &result)
}

// place is a node whose kernel is delayed.
type place struct {
	subgraph, node int32
	op             string
	ns             uint64 // that it takes without
}

func (p place) String() string { return fmt.Sprintf("%d:%d", p.subgraph, p.node) }

// trusted returns the nodes of a trace whose times are to be trusted.
func trusted(file string) ([]place, error) {
	result, err := analyzed(file)
	if err != nil {
		return nil, err
	}
	var places []place
	for _, m := range result.Models {
		for _, op := range m.Ops {
			if op.Trusted && op.Mapping == "" && op.Delegate == "" && op.Node >= 0 {
				places = append(places, place{op.Subgraph, op.Node, op.Op, op.Wall.Quantile(0.5)})
			}
		}
	}
	return places, nil
}

func analyzed(file string) (*analyze.OpsResult, error) {
	r, err := trace.Open(file)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return analyze.Ops(r, analyze.Options{})
}
