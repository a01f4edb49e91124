package reference

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/reference/protocol"
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// RunOptions says what Run runs.
type RunOptions struct {
	Tools
	Model       string           // path
	Inputs      string           // path of the snapshot whose inputs the model gets
	Interpreter uint32           // that these were given to; 0: the first one with the same model, or with inputs that fit
	Runner      string           // empty: the first that works
	Kernels     protocol.Kernels // empty: the best ones of the runner that don't die before the first invoke
	All         bool             // run every runner that works
	Output      string           // path for the snapshot; with All, the runner's name is put into it

	// Capture runs a command under the shim. How the command ended is no error, nor is it one that there was nothing to capture.
	Capture func(context.Context, Capture) error
	// Report gets each result when it is there, and what the user should know before. Both are called by Run itself.
	Report func(*Result)
	Note   func(text string)

	played []*trace.Note // what the inputs were made of
}

// Capture is a command to run under the shim.
type Capture struct {
	Command, Environment []string
	KeepDelegatesOut     bool          // its runtime may apply some by itself
	Output               string        // path for the snapshot
	Notes                []*trace.Note // for it
}

// Result is a reference run.
type Result struct {
	Output  string // path of the snapshot
	Runner  string
	Kernels protocol.Kernels
	Runtime string // what ran the model, for a person
	Invokes int    // that were asked for
	Ran     int    // and ended
	Failure error  // why not all; what was captured before is in the snapshot
}

// Run runs a model on the inputs that an app gave, one invoke after the other, and captures all layers. A runner that dies
// is a Result, not an error; when it does before the first invoke, and all aren't asked for, others take its place.
func Run(ctx context.Context, o RunOptions) error {
	dir, err := os.MkdirTemp("", "edgexray-reference-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	request, err := o.prepare(dir)
	if err != nil {
		return err
	}
	sessions, failed := o.find(ctx, o.Runner, o.Kernels, o.All, dir)
	for _, s := range sessions {
		s.end() // they showed that they work
	}
	if len(sessions) == 0 {
		return failed
	}
	if failed != nil {
		o.Note("not used: " + strings.ReplaceAll(failed.Error(), "\n", "; "))
	}
	var failures []error // the others go on
	for _, s := range sessions {
		result, err := o.run(ctx, s.runner, request, dir)
		if err == nil && !o.All && result.fell() {
			result, err = o.instead(ctx, result, request, dir)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", s.runner.name, err))
			continue
		}
		o.Report(result)
	}
	return errors.Join(failures...)
}

// prepare writes the inputs for a runner, and returns what to ask it.
func (o *RunOptions) prepare(dir string) (protocol.Request, error) {
	request := protocol.Request{Model: o.Model, Inputs: filepath.Join(dir, "inputs")}
	model, hash, err := OpenModel(o.Model)
	if err != nil {
		return request, fmt.Errorf("%s: %w", o.Model, err)
	}
	edge, err := snapshot.Open(o.Inputs)
	if err != nil {
		return request, err
	}
	defer edge.Close()
	for _, n := range edge.Notes {
		if n.GetKind() == snapshot.PlayedNote {
			o.played = append(o.played, n)
		}
	}
	runs := edgeRuns(edge)
	chosen, err := choose(runs, o.Interpreter, model, hash)
	if err != nil {
		return request, fmt.Errorf("%s: %w", o.Inputs, err)
	}
	if len(runs) > 1 && o.Interpreter == 0 {
		o.Note(fmt.Sprintf("%s has inputs of %d interpreters: these are of number %d (choose with --interpreter)",
			o.Inputs, len(runs), chosen.subgraph.GetInterpreter()))
	}
	o.noteGaps(chosen, model)
	file, err := os.Create(request.Inputs)
	if err != nil {
		return request, err
	}
	defer file.Close()
	for _, invoke := range chosen.invokes {
		data, shapes, err := match(invoke.inputs, model, chosen.same(hash))
		if err != nil {
			return request, fmt.Errorf("%s: invoke %d: %w", o.Inputs, invoke.number, err)
		}
		for _, d := range data {
			if _, err := file.Write(d); err != nil {
				return request, err
			}
		}
		request.Invokes = append(request.Invokes, shapes)
	}
	return request, file.Close()
}

// OpenModel reads what a model file says of its graph, and returns the file's SHA-256, in hex, too.
func OpenModel(path string) (*tflite.Model, string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, "", errors.Unwrap(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, "", err
	}
	model, err := tflite.OpenModel(file, info.Size())
	if err != nil {
		return nil, "", err
	}
	hash := sha256.New()
	_, err = io.Copy(hash, file)
	return model, hex.EncodeToString(hash.Sum(nil)), err
}

// noteGaps says where invokes of the reference have other numbers or another state than the edge's.
func (o *RunOptions) noteGaps(r *edgeRun, model *tflite.Model) {
	if r.skipped > 0 {
		o.Note(fmt.Sprintf("%d invokes are left out: some of their inputs have no data in %s", r.skipped, o.Inputs))
	}
	for i, invoke := range r.invokes {
		if invoke.number == uint64(i+1) {
			continue
		}
		o.Note(fmt.Sprintf("not all invokes are there: invoke %d of the reference is the edge's invoke %d", i+1, invoke.number))
		if stateful(model) {
			o.Note("the model keeps a state between invokes: the reference's is another one than the edge's from there on")
		}
		return
	}
}

// stateful tells whether a model has variables.
func stateful(m *tflite.Model) bool {
	for _, s := range m.Subgraphs {
		for _, t := range s.Tensors {
			if t.IsVariable || t.Type == tflite.Resource {
				return true
			}
		}
	}
	return false
}

// run runs one runner under the shim.
func (o *RunOptions) run(ctx context.Context, r *runner, request protocol.Request, dir string) (*Result, error) {
	request.Kernels = r.kernels
	requests, reports := filepath.Join(dir, r.name+".requests"), filepath.Join(dir, r.name+".reports")
	line, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(requests, line, 0o600); err != nil {
		return nil, err
	}
	result := &Result{Output: o.output(r.name), Runner: r.name, Kernels: r.kernels, Runtime: r.runtime, Invokes: len(request.Invokes)}
	captured := o.Capture(ctx, Capture{
		Command:          append(r.command[:len(r.command):len(r.command)], requests, reports),
		Environment:      r.environment,
		KeepDelegatesOut: r.delegates,
		Notes:            o.played,
		Output:           result.Output,
	})
	begun, err := result.read(reports)
	if !begun {
		return nil, errors.Join(captured, err)
	}
	var died *Died
	if errors.As(result.Failure, &died) {
		died.Where = lastOp(result.Output)
	}
	return result, captured
}

// output returns the path of a runner's snapshot: ref.litert.tensors for ref.tensors when there may be several.
func (o *RunOptions) output(runner string) string {
	if !o.All {
		return o.Output
	}
	extension := filepath.Ext(o.Output)
	return strings.TrimSuffix(o.Output, extension) + "." + runner + extension
}

// read reads a runner's reports, and tells whether it had begun at all.
func (r *Result) read(path string) (begun bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	var last protocol.Report
	for reports := json.NewDecoder(file); ; {
		var next protocol.Report
		if err := reports.Decode(&next); err != nil {
			r.Failure = &Died{Doing: last}
			return begun, nil
		}
		begun = true
		switch {
		case next.Error != "":
			r.Failure = &Refused{last, oneLine(next.Error)}
			return true, nil
		case next.Stage == protocol.Done:
			r.Ran = r.Invokes
			return true, nil
		case next.Stage == protocol.Invoking:
			r.Ran = next.Invoke - 1
		}
		last = next
	}
}

// lastOp returns in which op a snapshot's process died, or else after which: empty when none had been run.
func lastOp(path string) string {
	f, err := snapshot.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for _, p := range f.Processes {
		if p.GetLastWords() != "" {
			return p.GetLastWords()
		}
	}
	for _, c := range slices.Backward(f.Captures) {
		if n := f.Nodes[c.Node]; n != nil {
			return fmt.Sprintf("died after %s (node %d) of invoke %d", n.GetOp(), n.GetIndex(), c.Invoke)
		}
	}
	return ""
}
