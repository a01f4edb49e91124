package checks_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/analyze/frames/framestest"
	"github.com/edgexray/edgexray/checks"
	"github.com/edgexray/edgexray/script"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

const side = 16

// tensor describes a tensor; scale 0: not quantized.
func tensor(name string, typ tflite.Type, scale float64, zero int64, shape ...int32) *trace.Tensor {
	return &trace.Tensor{Name: name, Type: int32(typ), Shape: shape, Scale: scale, ZeroPoint: zero}
}

func floats(name string, shape ...int32) *trace.Tensor {
	return tensor(name, tflite.Float32, 0, 0, shape...)
}

// fed is an app that feeds a classifier these inputs, one a frame.
func fed(input *trace.Tensor, list ...any) framestest.App {
	app := framestest.App{Inputs: []*trace.Tensor{input}, Outputs: []*trace.Tensor{floats("scores", 1, 2)}}
	for i, data := range list {
		app.Frames = append(app.Frames, framestest.Frame{Inputs: []any{data}, Outputs: []any{[]float32{float32(i), 1}}})
	}
	return app
}

func log(t *testing.T, app framestest.App) *frames.Log {
	t.Helper()
	l, err := frames.Read(app.Open(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// outcome runs all built-in checks and returns one's outcome.
func outcome(t *testing.T, s *checks.Subject, name string) checks.Outcome {
	t.Helper()
	r, err := checks.Run(s, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range r.Checks {
		if o.Check == name {
			return o
		}
	}
	t.Fatalf("there is no check %s among %v", name, r.Checks)
	return checks.Outcome{}
}

func each(values []float32, f func(i int, v float64) float64) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(f(i, float64(v)))
	}
	return out
}

// moved puts the pixel that is at from(y, x, c) to y, x, c.
func moved(values []float32, from func(y, x, c int) (int, int, int)) []float32 {
	return each(values, func(i int, _ float64) float64 {
		y, x, c := from(i/3/side, i/3%side, i%3)
		return float64(values[(y*side+x)*3+c])
	})
}

func bytesOf(values []float32) []uint8 {
	out := make([]uint8, len(values))
	for i, v := range values {
		out[i] = uint8(math.Round(float64(v) * 255))
	}
	return out
}

// TestWhereOthersAreWrong has the cases in which the assertions that ML-EXray ships pass silently, or end with an error: what
// the edge fed, what the reference did, and which check must say what.
func TestWhereOthersAreWrong(t *testing.T) {
	photo := framestest.Photo(1, side)
	bgr := moved(photo, func(y, x, c int) (int, int, int) { return y, x, 2 - c })
	turned := moved(photo, func(y, x, c int) (int, int, int) { return side - 1 - x, y, c })
	centred := each(photo, func(_ int, v float64) float64 { return 2*v - 1 })
	shifted := moved(photo, func(y, x, c int) (int, int, int) { return y, min(x+1, side-1), c })
	var planes []float32
	for c := range 3 {
		for i := c; i < len(photo); i += 3 {
			planes = append(planes, photo[i])
		}
	}
	hwc, nhwc, nchw, flat := floats("image", side, side, 3), floats("image", 1, side, side, 3), floats("image", 1, 3, side, side), floats("image", side*side*3)
	stored := tensor("image", tflite.UInt8, 1./255, 0, 1, side, side, 3)
	for name, c := range map[string]struct {
		edge, reference *trace.Tensor
		fed, wanted     any
		check, says     string
	}{
		"BGR, HWC":                          {hwc, hwc, bgr, photo, "channels", "BGR, where the reference has RGB"},
		"NCHW for NHWC":                     {nchw, nhwc, planes, photo, "layout", "channels first (NCHW), where the reference has channels last (NHWC)"},
		"[-1, 1] for [0, 1], flat":          {flat, flat, centred, photo, "normalization", "2 times the reference -1"},
		"[-1, 1] for [0, 1], HWC":           {hwc, hwc, centred, photo, "normalization", "[-1, 1], where the reference has [0, 1]"},
		"[0, 255] for [0, 1], NHWC":         {nhwc, nhwc, each(photo, func(_ int, v float64) float64 { return 255 * v }), photo, "normalization", "[0, 255], where the reference has [0, 1]"},
		"rotated, NHWC with a batch of one": {nhwc, nhwc, turned, photo, "orientation", "rotated by 90 degrees clockwise"},
		"rotated, rounded to uint8":         {stored, nhwc, bytesOf(turned), photo, "orientation", "rotated by 90 degrees clockwise"},
		"another resize":                    {nhwc, nhwc, shifted, photo, "resize", "beside that"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &checks.Subject{Edge: log(t, fed(c.edge, c.fed)), Reference: log(t, fed(c.reference, c.wanted))}
			o := outcome(t, s, c.check)
			if o.Verdict != checks.Fail || !strings.Contains(o.Evidence, c.says) || o.Advice == "" || o.Failed != 1 || o.First != 1 {
				t.Errorf("%s says %+v, not %q", c.check, o, c.says)
			}
			for _, other := range []string{"channels", "layout", "normalization", "orientation", "resize"} {
				if o := outcome(t, s, other); other != c.check && o.Verdict != checks.Pass {
					t.Errorf("%s is accused, too: %+v", other, o)
				}
			}
		})
	}
	rounded := &checks.Subject{Edge: log(t, fed(stored, bytesOf(photo))), Reference: log(t, fed(nhwc, photo))}
	if o := outcome(t, rounded, "preprocessing"); o.Verdict != checks.Pass {
		t.Errorf("rounding to 8 bits is accused: %+v", o)
	}
}

// TestBuiltIn has a right case and a wrong one of each check that needs no more than two snapshots.
func TestBuiltIn(t *testing.T) {
	photo, another, third := framestest.Photo(1, side), framestest.Photo(2, side), framestest.Photo(3, side)
	image := floats("image", 1, side, side, 3)
	nan := slices.Clone(photo)
	nan[5] = float32(math.NaN())
	same := fed(image, photo, another, third)
	for i := range same.Frames {
		same.Frames[i].Outputs = []any{[]float32{1, 2}}
	}
	bytes := tensor("image", tflite.UInt8, 1./255, 0, 1, side, side, 3)
	raw := make([]uint8, side*side*3) // real numbers, as they are in memory
	for i := 0; i+4 <= len(raw); i += 4 {
		bits := math.Float32bits(photo[i/4])
		raw[i], raw[i+1], raw[i+2], raw[i+3] = byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24)
	}
	integers := make([]float32, side*side*3) // pixels, four to a number
	for i := range integers {
		integers[i] = math.Float32frombits(uint32(i%250) + 1)
	}
	bright := each(photo, func(_ int, v float64) float64 { return min(1, 2*v) })
	two := func(first, second any) framestest.App {
		return framestest.App{
			Inputs: []*trace.Tensor{floats("left", side), floats("right", side)}, Outputs: []*trace.Tensor{floats("scores", 1, 2)},
			Frames: []framestest.Frame{{Inputs: []any{first, second}, Outputs: []any{[]float32{0, 1}}}},
		}
	}
	left, right := photo[:side], another[100:100+side]
	for name, c := range map[string]struct {
		edge, reference framestest.App
		check           string
		verdict         checks.Verdict
		says            string
	}{
		"finite":             {fed(image, photo), framestest.App{}, "nan", checks.Pass, ""},
		"NaN":                {fed(image, photo, nan), framestest.App{}, "nan", checks.Fail, `1 of 768 elements of "image" are NaN`},
		"no real numbers":    {framestest.App{Inputs: []*trace.Tensor{bytes}, Frames: []framestest.Frame{{Inputs: []any{bytesOf(photo)}}}}, framestest.App{}, "nan", checks.NotChecked, "no tensor of real numbers"},
		"a dark lens":        {fed(image, photo, make([]float32, len(photo))), framestest.App{}, "constant", checks.Fail, `every element of input "image" is 0`},
		"lively":             {fed(image, photo, another, third), framestest.App{}, "constant", checks.Pass, ""},
		"dead outputs":       {same, framestest.App{}, "outputs", checks.Fail, "the outputs are the same in all 3 frames"},
		"living outputs":     {fed(image, photo, another, third), framestest.App{}, "outputs", checks.Pass, ""},
		"too few":            {fed(image, photo), framestest.App{}, "outputs", checks.NotChecked, "it takes 3 frames"},
		"cut off":            {fed(bytes, bytesOf(bright)), fed(bytes, bytesOf(photo)), "saturated", checks.Fail, `of "image" is at the ends of UINT8`},
		"not cut off":        {fed(bytes, bytesOf(photo)), fed(bytes, bytesOf(another)), "saturated", checks.Pass, ""},
		"no reference":       {fed(bytes, bytesOf(photo)), framestest.App{}, "saturated", checks.NotChecked, "--ref"},
		"right type":         {fed(bytes, bytesOf(photo)), framestest.App{}, "type", checks.Pass, ""},
		"floats in bytes":    {fed(bytes, raw), framestest.App{}, "type", checks.Fail, "looks like real numbers of 32 bits"},
		"bytes in floats":    {fed(image, integers), framestest.App{}, "type", checks.Fail, "looks like integers"},
		"not quantized":      {fed(image, photo), framestest.App{}, "quantization", checks.NotChecked, "no input is quantized"},
		"in order":           {two(left, right), two(left, right), "input_order", checks.Pass, ""},
		"exchanged":          {two(right, left), two(left, right), "input_order", checks.Fail, `inputs "left" and "right" are exchanged`},
		"no pipeline":        {fed(image, photo), framestest.App{}, "channels", checks.NotChecked, "--pipeline"},
		"its own inputs":     {fed(image, photo), fed(image, photo), "preprocessing", checks.NotChecked, "the very same tensors"},
		"another photo":      {fed(image, photo), fed(image, each(another, func(_ int, v float64) float64 { return 1 - v })), "preprocessing", checks.Fail, "nothing explains it in 1 of them"},
		"kernels, alone":     {fed(image, photo), framestest.App{}, "kernels", checks.NotChecked, "--ref"},
		"errors, alone":      {fed(image, photo), framestest.App{}, "quantization_error", checks.NotChecked, "--ref"},
		"one frame in three": {fed(image, photo, nan, third), framestest.App{}, "nan", checks.Fail, "in 1 of 3 frames"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &checks.Subject{Edge: log(t, c.edge)}
			if c.reference.Frames != nil {
				s.Reference = log(t, c.reference)
			}
			o := outcome(t, s, c.check)
			if o.Verdict != c.verdict || !strings.Contains(o.Evidence, c.says) {
				t.Errorf("%s says %+v, not %s %q", c.check, o, c.verdict, c.says)
			}
			if (o.Failed > 0) != (o.First > 0) {
				t.Errorf("%s failed in %d frames, the first is %d", c.check, o.Failed, o.First)
			}
		})
	}
}

func TestOfLayers(t *testing.T) {
	place := compare.Place{Op: "DEPTHWISE_CONV_2D", Node: 12, Tensor: "relu"}
	finding := []compare.Finding{{Place: place, Why: "half of it is off"}}
	jumping := &compare.Model{Ops: []*compare.Op{{Place: place, Outputs: []*compare.Output{{Accumulated: &compare.Error{MeanNRMSE: 0.3}}}}}}
	input := []compare.Finding{{Place: compare.Place{Op: "input", Node: -1}, Why: "other inputs"}}
	for name, c := range map[string]struct {
		result  compare.Result
		err     error
		check   string
		verdict checks.Verdict
		says    string
	}{
		"guilty":           {compare.Result{Verdict: compare.Verdict{Guilty: finding}}, nil, "kernels", checks.Fail, `DEPTHWISE_CONV_2D (node 12, "relu") is wrong by itself`},
		"suspect":          {compare.Result{Verdict: compare.Verdict{Suspects: finding}}, nil, "kernels", checks.Fail, "is suspect"},
		"right":            {compare.Result{Verdict: compare.Verdict{Right: 9}}, nil, "kernels", checks.Pass, "9 ops"},
		"not alone":        {compare.Result{}, nil, "kernels", checks.NotChecked, "--model"},
		"inputs differ":    {compare.Result{Verdict: compare.Verdict{Suspects: input, Right: 3}}, nil, "kernels", checks.Pass, ""},
		"incomparable":     {compare.Result{}, errors.New("another model"), "kernels", checks.NotChecked, "another model"},
		"error":            {compare.Result{Models: []*compare.Model{jumping}, Verdict: compare.Verdict{Jumps: finding}}, nil, "quantization_error", checks.Fail, "nRMSE 0.3, at DEPTHWISE_CONV_2D"},
		"error of inputs":  {compare.Result{Models: []*compare.Model{jumping}, Verdict: compare.Verdict{Suspects: input}}, nil, "quantization_error", checks.NotChecked, "other inputs"},
		"nothing compared": {compare.Result{}, nil, "quantization_error", checks.NotChecked, "no layer"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &checks.Subject{Edge: log(t, fed(floats("image", 1, side, side, 3), framestest.Photo(1, side)))}
			s.Compare = func() (*compare.Result, error) {
				if c.err != nil {
					return nil, c.err
				}
				return &c.result, nil
			}
			if o := outcome(t, s, c.check); o.Verdict != c.verdict || !strings.Contains(o.Evidence, c.says) {
				t.Errorf("%s says %+v, not %s %q", c.check, o, c.verdict, c.says)
			}
		})
	}
}

func file(t *testing.T, source string) (*checks.File, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "checks.star")
	if err := os.WriteFile(path, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	return checks.Open(path, script.Limits{Steps: 1_000_000, Time: 2 * time.Second, Memory: 256 << 20})
}

// channelCheck is the example of the ML-EXray paper (3.2, its ChannelAssertion) in eight lines: swapped channels of what a function of the app
// made, against the same of the reference.
const channelCheck = `
def check_channels(edge, ref):
    edge_out, ref_out = edge["preprocessed"], ref["preprocessed"]
    if close(edge_out, ref_out):
        return
    if close(edge_out.channels(2, 1, 0), ref_out):
        fail("BGR instead of RGB:", edge_out, ref_out)
    fail("differs by", difference(edge_out, ref_out))
`

func TestPaperExample(t *testing.T) {
	photo := framestest.Photo(1, side)
	marked := func(values []float32) *frames.Log {
		app := fed(floats("image", 1, side, side, 3), photo)
		app.Frames[0].Before = []framestest.Marker{{Marker: &trace.Marker{Kind: trace.MarkerKind_BEFORE, Key: "preprocessed", Type: int32(tflite.Float32), Shape: []int64{side, side, 3}}, Data: values}}
		return log(t, app)
	}
	if lines := strings.Count(strings.TrimSpace(channelCheck), "\n") + 1; lines > 10 {
		t.Errorf("the paper's example takes %d lines", lines)
	}
	f, err := file(t, channelCheck)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		edge    []float32
		verdict checks.Verdict
		says    string
	}{
		"right": {photo, checks.Pass, ""},
		"BGR":   {moved(photo, func(y, x, c int) (int, int, int) { return y, x, 2 - c }), checks.Fail, "BGR instead of RGB: [FLOAT32 16x16x3:"},
		"other": {each(photo, func(_ int, v float64) float64 { return v / 2 }), checks.Fail, "differs by 0."},
	} {
		r, err := checks.Run(&checks.Subject{Edge: marked(c.edge), Reference: marked(photo)}, []*checks.File{f}, nil)
		if err != nil {
			t.Fatal(err)
		}
		o := r.Checks[len(r.Checks)-1]
		if o.Check != "channels" || o.Verdict != c.verdict || !strings.Contains(o.Evidence, c.says) || c.verdict == checks.Fail && !strings.Contains(o.Evidence, "checks.star:") {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

// TestFiles has check files, right and wrong, and what becomes of them.
func TestFiles(t *testing.T) {
	app := fed(floats("image", 1, side, side, 3), framestest.Photo(1, side), framestest.Photo(2, side))
	app.Frames[0].Before = []framestest.Marker{
		framestest.Label("cat"),
		{Marker: &trace.Marker{Kind: trace.MarkerKind_SENSOR, Key: "gravity", Numbers: []float64{0, 9.8, 0}}},
		{Marker: &trace.Marker{Kind: trace.MarkerKind_BEFORE, Key: "words", Text: "hello"}},
	}
	app.Frames[0].After = []framestest.Marker{{Marker: &trace.Marker{Kind: trace.MarkerKind_METRIC, Key: "fps", Numbers: []float64{12}}}}
	for name, c := range map[string]struct {
		source  string
		verdict checks.Verdict
		says    string
	}{
		"every field": {`
def check_all(edge):
    if edge.number == 1:
        if (edge.label, edge.metrics["fps"], edge.sensors["gravity"][1], edge["words"]) != ("cat", 12.0, 9.8, "hello"):
            fail(edge.label, edge.metrics, edge.sensors, edge.keys)
    if edge.inputs[0].shape != (1, 16, 16, 3) or edge.inputs[0].name != "image" or edge.outputs[0][0, 1] != 1:
        fail(edge.inputs[0], edge.outputs[0])
    if list(edge.layers) != ["scores"] or edge.layers["scores"] != edge.outputs[0] or edge.invoke != edge.number:
        fail("layers", list(edge.layers))
`, checks.Pass, "in 2 frames"},
		"all frames at once": {"def check_all(edges):\n  if len(edges) != 2 or edges[1].number != 2: fail(len(edges))", checks.Pass, ""},
		"a failure":          {"def check_one(edge):\n  if edge.number == 2: fail('frame', edge.number, 'is', edge.inputs[0].mean())", checks.Fail, "frame 2 is 0."},
		"no reference":       {"def check_ref(edge, ref): pass", checks.NotChecked, "--ref"},
		"no trace":           {"def check_trace(trace): pass", checks.NotChecked, "--trace"},
		"a marker that one frame has": {"def check_fps(edge):\n  if edge['fps'] < 10: fail(edge['fps'])", checks.Pass,
			"1 frames were left out: "},
		"a marker that none has":                  {"def check_key(edge):\n  edge['fsp']", checks.Broken, `:2:7: in check_key: frame 1 has no marker "fsp" (it has gravity, words, fps)`},
		"a layer that none has":                   {"def check_key(edge):\n\n  edge.layers['x']", checks.Broken, `:3:14: in check_key: layer "x": no layer has that name`},
		"an error":                                {"def check_error(edge):\n  return 1 // 0", checks.Broken, "checks.star:2:12: in check_error: floored division by zero"},
		"an endless loop":                         {"def check_loop(edge):\n  for i in range(4000000):\n    for j in range(4000000): pass", checks.Broken, "it takes more than 1000000 steps"},
		"an unknown parameter":                    {"def check_what(edge, camera): pass", checks.Broken, `there is nothing to give for "camera" (there is edge, edges, ref)`},
		"a built-in check":                        {"def check_it(edges):\n  check.nan()\n  check.constant()", checks.Pass, ""},
		"one that can't be done":                  {"def check_it(edges):\n  check.normalization()", checks.NotChecked, "--pipeline"},
		"a failure before one that can't be done": {"def check_it(edge):\n  if edge.number == 1: fail('the first')\n  check.normalization()", checks.Fail, "the first"},
		"one that needs a trace":                  {"def check_it(edges):\n  check.latency(ms = 3)", checks.NotChecked, "nothing it could look at"},
		"an argument":                             {"def check_it(edges):\n  check.saturated(much = 3)", checks.Broken, "it takes share=0.1, not much=int"},
		"an argument too many":                    {"def check_it(edges):\n  check.nan(3)", checks.Broken, "write its arguments as no arguments"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := file(t, c.source)
			if err != nil {
				t.Fatal(err)
			}
			r, err := checks.Run(&checks.Subject{Edge: log(t, app)}, []*checks.File{f}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if o := r.Checks[len(r.Checks)-1]; o.Verdict != c.verdict || !strings.Contains(o.Evidence, c.says) {
				t.Errorf("%+v, not %s %q", o, c.verdict, c.says)
			}
		})
	}
}

func TestBadFiles(t *testing.T) {
	for source, want := range map[string]string{
		"def check_x(edge):\n  if edge.label = 3: pass": "checks.star:2:18: got '=', want ':'",
		"def check_x(edge):\n  fial('x')":               "checks.star:2:3: undefined: fial",
		"x = 1":                                         "no function whose name begins with check_",
		"check.nan()":                                   "checks.star:1:10: it can be called in functions only",
		"x = [0] * (1 << 29)":                           "over the limit",
	} {
		if _, err := file(t, source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, without %q", source, err, want)
		}
	}
	if _, err := checks.Open(filepath.Join(t.TempDir(), "none.star"), script.Limits{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := checks.Run(&checks.Subject{}, nil, []string{"chanels"}); err == nil || !strings.Contains(err.Error(), `no built-in check "chanels"`) {
		t.Errorf("skip: %v", err)
	}
}

func TestJUnit(t *testing.T) {
	r := &checks.Result{Checks: []checks.Outcome{
		{Check: "nan", Of: "layers", Verdict: checks.Pass},
		{Check: "channels", Of: "inputs", Verdict: checks.Fail, Evidence: `BGR & "<RGB>"`, Advice: "swap"},
		{Check: "mine", Of: "x.star", Verdict: checks.Broken, Evidence: "x.star:1: no\x00"},
		{Check: "resize", Of: "inputs", Verdict: checks.NotChecked, Evidence: "no raw data"},
	}, Failures: 1, Errors: 1, NotChecked: 1, Passed: 1}
	var b strings.Builder
	if err := checks.JUnit(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<testsuite name="edgexray validate" tests="4" failures="1" errors="1" skipped="1">`,
		`<testcase classname="inputs" name="channels">`, `<failure message="BGR &amp; &#34;&lt;RGB&gt;&#34;">swap</failure>`,
		`<testcase classname="x" name="mine">`, `<skipped message="no raw data">`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("without %s:\n%s", want, b.String())
		}
	}
}
