package tracetest

import (
	"io"
	"math"

	"github.com/edgexray/edgexray/trace"
)

// Marked writes a trace of an app that marks what it does around a model of two nodes, in three frames of which the last
// one doesn't end: its camera's image, what it feeds the model, what it made of the outputs, a label and a metric; on another
// thread, outside of frames, its orientation. Before the first frame it plays one second of sound. Texts and keys are tag
// if it isn't empty. Markers are in no order, as in a real trace.
func Marked(out io.Writer, tag string) error {
	w, err := trace.NewWriter(out, &trace.Header{
		Recorder: "edgexray 0.1.0", CommandLine: []string{"edgexray", "record"}, Linux: "6.1.0", Architecture: "arm64",
		Hostname: "board", StartNs: 1_000_000, StartUnixNs: 1_700_000_000_000_000_000, AttachMethod: "uprobe_multi", Cpus: 4,
	})
	if err != nil {
		return err
	}
	s := &sampler{w: w, now: 2_000_000}
	s.describe(
		&trace.Process{Id: 1, Pid: 100, Name: "app"},
		&trace.Thread{Id: 1, Process: 1, Tid: 100, Name: "main"}, &trace.Thread{Id: 2, Process: 1, Tid: 101, Name: "sensors"},
		&trace.Model{Id: 1, Path: "/data/cat.tflite"},
		&trace.Subgraph{Id: 1, Process: 1, Interpreter: 1, Model: 1, Name: "main", Nodes: 2})
	for i, op := range []string{"CONV_2D", "SOFTMAX"} {
		s.describe(&trace.Node{Id: uint32(i + 1), Subgraph: 1, Index: int32(i), Op: op,
			Inputs: []*trace.Tensor{{Index: int32(i), Type: float32Type}}, Outputs: []*trace.Tensor{{Index: int32(i + 1), Type: float32Type}}})
	}
	name := func(usual string) string {
		if tag != "" {
			return tag
		}
		return usual
	}
	var late []*trace.Marker
	mark := func(thread uint32, frame uint64, kind trace.MarkerKind, key string, m *trace.Marker) {
		s.now += 1000
		m.Process, m.Thread, m.TimeNs, m.Frame, m.Kind, m.Key = 1, thread, s.now, frame, kind, key
		if thread == 2 {
			late = append(late, m)
			return
		}
		s.describe(m)
	}
	mark(1, 0, trace.MarkerKind_BEFORE, name("mic"), &trace.Marker{Type: 7, Shape: []int64{16000, 1}, Rate: 16000, Bytes: 32000})
	for i, answer := range []string{"cat", "cat", "dog"} {
		frame := uint64(i + 1)
		mark(2, 0, trace.MarkerKind_SENSOR, name("orientation"), &trace.Marker{Numbers: []float64{float64(i), -1, math.NaN()}})
		mark(1, frame, trace.MarkerKind_FRAME_BEGIN, "", &trace.Marker{})
		mark(1, frame, trace.MarkerKind_BEFORE, name("camera"), &trace.Marker{Type: 3, Shape: []int64{480, 640, 3}, Format: "rgb", Bytes: 921600})
		mark(1, frame, trace.MarkerKind_BEFORE, name("input"), &trace.Marker{Type: 1, Missing: "it is larger than memory can be"})
		s.op(1, 1, 5000, 700_000, 0)
		s.op(1, 2, 1000, 20_000, 0)
		mark(1, frame, trace.MarkerKind_AFTER, name("top1"), &trace.Marker{Text: name(answer)})
		mark(1, frame, trace.MarkerKind_LABEL, "", &trace.Marker{Text: name("cat")})
		mark(1, frame, trace.MarkerKind_METRIC, name("score"), &trace.Marker{Numbers: []float64{0.5 + float64(i)/10}})
		if i < 2 {
			mark(1, frame, trace.MarkerKind_FRAME_END, "", &trace.Marker{})
		}
	}
	for _, m := range late {
		s.describe(m)
	}
	s.w.SetLosses([]*trace.Loss{{Cause: "markers_ring_full", Count: 4}})
	s.check(s.w.Close(&trace.End{DurationNs: s.now, Reason: "duration"}))
	return s.err
}
