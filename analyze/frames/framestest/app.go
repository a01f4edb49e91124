// Package framestest makes snapshots of apps that run a model of one op frame by frame, for tests.
package framestest

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/trace"
)

// App is an app with the frames that it had.
type App struct {
	Model           string // path; empty: no file was found
	SHA256          string
	Inputs, Outputs []*trace.Tensor // of the model: name, type, shape, scale; indices are given here
	Frames          []Frame
	Played          []int // of which frames invokes are, when it is a reference; nil: nothing says
}

// Frame is what happened in one frame. Data is slices of numbers as encoding/binary writes them; nil: not captured.
type Frame struct {
	Before   []Marker
	Inputs   []any
	Outputs  []any
	After    []Marker
	Framed   bool // with FRAME_BEGIN and FRAME_END
	NoInvoke bool
}

// Marker is a marker with its array's elements.
type Marker struct {
	*trace.Marker
	Data any
}

// Write writes the snapshot and returns its path.
func (a App) Write(t testing.TB) string {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "app.tensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w, err := snapshot.NewWriter(out, &snapshot.Beginning{Header: &trace.Header{Recorder: "edgexray"}})
	if err != nil {
		t.Fatal(err)
	}
	x := &writer{t: t, w: w}
	x.describe(a)
	for _, f := range a.Frames {
		x.frame(f)
	}
	if a.Played != nil {
		x.must(w.Describe(&trace.Note{Kind: snapshot.PlayedNote, Text: snapshot.Played(a.Played)}))
	}
	x.must(w.Close(nil, &trace.End{Reason: "command exited"}))
	return out.Name()
}

// Open writes the snapshot and opens it until the test ends.
func (a App) Open(t testing.TB) *snapshot.File {
	t.Helper()
	f, err := snapshot.Open(a.Write(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

type writer struct {
	t             testing.TB
	w             *snapshot.Writer
	inputs        int
	outputs       int
	clock, invoke uint64
	frames        uint64
}

func (x *writer) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

func (x *writer) describe(a App) {
	x.inputs, x.outputs = len(a.Inputs), len(a.Outputs)
	s := &trace.Subgraph{Id: 1, Process: 1, Interpreter: 1, EndsKnown: true, Nodes: 1}
	for i, in := range append(append([]*trace.Tensor{}, a.Inputs...), a.Outputs...) {
		in.Index = int32(i)
		if i < len(a.Inputs) {
			s.Inputs = append(s.Inputs, in.Index)
		} else {
			s.Outputs = append(s.Outputs, in.Index)
		}
	}
	if a.Model != "" {
		s.Model = 1
		x.must(x.w.Describe(&trace.Model{Id: 1, Path: a.Model, Sha256: a.SHA256}))
	}
	x.must(x.w.Describe(&trace.Process{Id: 1, Pid: 100, Name: "app"}))
	x.must(x.w.Describe(&trace.Thread{Id: 1, Process: 1, Tid: 101}))
	x.must(x.w.Describe(s))
	x.must(x.w.Describe(&trace.Node{Id: 1, Subgraph: 1, Op: "MODEL", Custom: true, Inputs: a.Inputs, Outputs: a.Outputs}))
}

func (x *writer) frame(f Frame) {
	x.frames++
	at := func(kind trace.MarkerKind) Marker { return Marker{Marker: &trace.Marker{Kind: kind}} }
	if f.Framed {
		x.marker(at(trace.MarkerKind_FRAME_BEGIN), f)
	}
	for _, m := range f.Before {
		x.marker(m, f)
	}
	if !f.NoInvoke {
		x.invoke++
		for i, data := range f.Inputs {
			x.capture(snapshot.Role_INPUT, i, data)
		}
		for i, data := range f.Outputs {
			x.capture(snapshot.Role_OUTPUT, x.inputs+i, data)
		}
	}
	for _, m := range f.After {
		x.marker(m, f)
	}
	if f.Framed {
		x.marker(at(trace.MarkerKind_FRAME_END), f)
	}
}

func (x *writer) capture(role snapshot.Role, tensor int, elements any) {
	x.clock += 1000
	if elements == nil {
		return
	}
	x.must(x.w.Add(&snapshot.Capture{Node: 1, Tensor: int32(tensor), Role: role, Invoke: x.invoke, Thread: 1, StartNs: x.clock}, x.bytes(elements)))
}

func (x *writer) marker(m Marker, f Frame) {
	x.clock += 1000
	own := proto.Clone(m.Marker).(*trace.Marker)
	own.Process, own.Thread, own.TimeNs = 1, 1, x.clock
	if f.Framed {
		own.Frame = x.frames
	}
	var data []byte
	if m.Data != nil {
		data = x.bytes(m.Data)
		own.Bytes = uint64(len(data))
	}
	x.must(x.w.AddMarker(own, data))
}

func (x *writer) bytes(elements any) []byte {
	data, err := binary.Append(nil, binary.LittleEndian, elements)
	x.must(err)
	return data
}

// Label marks the right answer.
func Label(text string) Marker {
	return Marker{Marker: &trace.Marker{Kind: trace.MarkerKind_LABEL, Text: text}}
}

// Image marks a raw image.
func Image(key, format string, height, width, channels int, pixels []uint8) Marker {
	return Marker{&trace.Marker{Kind: trace.MarkerKind_BEFORE, Key: key, Format: format, Type: 3, Shape: []int64{int64(height), int64(width), int64(channels)}}, pixels}
}
