package benchexport

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

// What is written is read by the reader that benchstat has.
func TestWrite(t *testing.T) {
	var file, out bytes.Buffer
	if err := tracetest.Sample(&file); err != nil {
		t.Fatal(err)
	}
	r, err := trace.NewReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ops, err := analyze.Ops(r, analyze.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ops.Models[1].Ops[0].Op = "evil op\nBenchmarkOther 1 1 ns/op"
	if err := Write(&out, ops, 0.5); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]*benchfmt.Result)
	for reader := benchfmt.NewReader(bytes.NewReader(out.Bytes()), "out"); reader.Scan(); {
		result, ok := reader.Result().(*benchfmt.Result)
		if !ok {
			t.Fatalf("%v in\n%s", reader.Result(), &out)
		}
		got[result.GetConfig("model")+" "+result.Name.String()] = result.Clone()
	}
	for name, want := range map[string]struct {
		ns    float64
		iters int
	}{
		"ssd.tflite Invoke": {1_619_500 + 4048, 3},
		"ssd.tflite Op/node=0/op=CONV_2D/out=FLOAT32_1x16x16x8":              {1_003_679, 3},
		"ssd.tflite Op/subgraph=1/node=1/op=MyCustomOp/out=FLOAT32_1":        {60_000, 3},
		"keyword Op/node=0/op=evil_op_BenchmarkOther_1_1_ns_op/out=INT8_1x4": {700, 2},
	} {
		result := got[name]
		if result == nil {
			t.Errorf("%s is not in\n%s", name, &out)
			continue
		}
		if ns, _ := result.Value("sec/op"); ns*1e9 < want.ns*0.99 || ns*1e9 > want.ns*1.01 || result.Iters != want.iters {
			t.Errorf("%s: %g ns of %d, want %g of %d", name, ns*1e9, result.Iters, want.ns, want.iters)
		}
	}
	if arch := got["ssd.tflite Invoke"].GetConfig("arch"); arch != "arm64" {
		t.Errorf("arch %q", arch)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWriteFails(t *testing.T) {
	m := &analyze.Model{InvokeWall: new(analyze.Distribution), InvokeClean: new(analyze.Clean)}
	m.InvokeWall.Add(5)
	err := Write(full{}, &analyze.OpsResult{Models: []*analyze.Model{m}}, 0.5)
	if err == nil || !strings.Contains(err.Error(), "write benchmark results") {
		t.Errorf("error %v", err)
	}
}
