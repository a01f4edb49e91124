package script_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"go.starlark.net/starlark"

	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/script"
)

// quick are limits for tests of what doesn't end. A busy machine is not to reach that of time before the others.
var quick = script.Limits{Steps: 2_000_000, Time: time.Minute, Memory: 128 << 20}

// call reads a script and calls its function f with an image.
func call(t *testing.T, source string, limits script.Limits) (starlark.Value, error) {
	t.Helper()
	p, err := script.Read("checks.star", []byte(source), nil, limits)
	if err != nil {
		return nil, err
	}
	image := script.NewArray("image", &step.Array{Shape: []int{1, 2, 2, 3}, Uint8: []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, Scale: 0.5, ZeroPoint: 1})
	return p.Call("f", starlark.StringDict{"a": image})
}

func TestArrays(t *testing.T) {
	for expression, want := range map[string]string{
		"a.shape":                              "(1, 2, 2, 3)",
		"a.type":                               `"UINT8"`,
		"(a.min(), a.max(), a.mean())":         "(-0.5, 5.0, 2.25)",
		"a.stored.max()":                       "11.0",
		"(a.scale, a.zero_point)":              "(0.5, 1)",
		"a[0, 1, 0, 2]":                        "3.5",
		"a[0][1][-1][-1]":                      "5.0",
		"a.channels(2, 1, 0)[0, 0, 0, 0]":      "0.5",
		"a.channels(0).shape":                  "(1, 2, 2, 1)",
		"a.rotate(90).stored.argmax()":         "8",
		"a.rotate(90)[0, 0, 0, 0]":             "2.5",
		"a.rotate(180)[0, 0, 0, 0]":            "4.0",
		"a.rotate(-90)[0, 0, 0, 0]":            "1.0",
		"a.rotate(360) == a":                   "True",
		"a.flip(2)[0, 0, 0, 0]":                "1.0",
		"a.transpose(0, 3, 1, 2).shape":        "(1, 3, 2, 2)",
		"a.transpose(0, 3, 1, 2)[0, 2, 1, 1]":  "5.0",
		"a.squeeze().shape":                    "(2, 2, 3)",
		"a.reshape(12).top(2)":                 "(11, 10)",
		"close(a, a.squeeze())":                "True",
		"close(a, a + 0.5)":                    "True", // a step of its quantization
		"close(a, a + 0.6)":                    "False",
		"close(a, a + 0.6, tol = 1)":           "True",
		"close(a, a.reshape(12))":              "False",
		"difference(a, 2 * a - a)":             "0.0",
		"difference(a / 2, a)":                 "2.5",
		"array([[1, 2], [3, 4]])[1, 0]":        "3.0",
		"len(a.squeeze())":                     "2",
		"[x.max() for x in a[0]]":              "[2.0, 5.0]",
		"nrmse(array([0, 10]), array([1, 9]))": "0.1",
		"array([1, float('nan')]).nans()":      "1",
		"str(array([1, 2.5]))":                 `"[FLOAT32 2: 1 2.5]"`,
	} {
		v, err := call(t, "def f(a): return "+expression, script.Limits{})
		if err != nil || v.String() != want {
			t.Errorf("%s is %v (%v), not %s", expression, v, err, want)
		}
	}
}

func TestMistakes(t *testing.T) {
	for source, want := range map[string]string{
		"def f(a):\n  return a.nothing":                           `checks.star:2:11: in f: array has no .nothing field or method`,
		"def f(a):\n  return a + a.reshape(12)":                   "checks.star:2:12: in f: 1x2x2x3 + 12: the shapes differ",
		"def f(a):\n\n  return a[0, 5]":                           "checks.star:3:11: in f: index 5 is out of range: dimension 1 of 1x2x2x3",
		"def f(a): return a.rotate(45)":                           "45 degrees aren't a multiple of 90",
		"def f(a): return a.transpose(0, 0, 1, 2)":                "isn't each of the numbers",
		"def f(a): return a.channels(3)":                          "there is no channel 3 among 3",
		"def f(a): return a.reshape(5)":                           "12 elements can't be made 5",
		"def f(a): return a.reshape(4294967296, 4294967296)":      "it takes whole numbers",
		"def f(a): return a.reshape(2147483647, 2147483647)":      "can't be made",
		"def f(a): return a < a":                                  "arrays have no order",
		"def f(a): return {a: 1}":                                 "no key",
		"def f(a):\n  if a.max( > 1: pass":                        "checks.star:2:13: got '>', want primary expression",
		"def f(a):\n  return b":                                   "checks.star:2:10: undefined: b",
		"def f(a, c): return 1":                                   `checks.star:1:10: in f: there is nothing to give for "c" (there is a)`,
		"def g(a): return f(a)\ndef f(a): return g(a)":            "called recursively",
		"def f(a):\n  while True: pass":                           "dialect does not support while loops",
		"load('x.star', 'y')":                                     "load not implemented",
		"open('/etc/passwd')":                                     "undefined: open",
		"def f(a): return array([1, [2]])":                        "deeper",
		"def f(a): return close(a, 'x')":                          "not string",
		"def f(a): return close(a, a, tol = '1')":                 "tol is a number, not string",
		"\tdef f(a): return 1":                                    "checks.star:1:2:",
		strings.Repeat("#", 70000):                                "longer than",
		"x = " + strings.Repeat("-", 60000) + "b":                 "excessive nesting",
		"x = " + strings.Repeat("[", 60000):                       "checks.star:1",
		"x = " + strings.Repeat("lambda: ", 8000) + "b":           "excessive nesting",
		"x = " + strings.Repeat("not ", 16000) + "b":              "excessive nesting",
		"x = " + strings.Repeat("1+", 30000) + "b":                "undefined: b",
		strings.Repeat("(", 30000) + "1" + strings.Repeat(")", 3): "checks.star:1",
	} {
		if _, err := call(t, source, quick); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: the error is %v, without %q", source, err, want)
		}
	}
}

func TestFailure(t *testing.T) {
	_, err := call(t, "def f(a):\n  if a.max() > 1:\n    fail('too large:', a.max(), a.shape, a)", script.Limits{})
	var failed *script.Failure
	if !errors.As(err, &failed) || failed.At != "checks.star:3:9" || failed.Reason != "too large: 5 (1, 2, 2, 3) [UINT8 1x2x2x3: -0.5 to 5, mean 2.25]" {
		t.Errorf("the failure is %v", err)
	}
	if _, err := call(t, "def f(a): fail('x' * 100000)", script.Limits{}); !errors.As(err, &failed) || len(failed.Reason) > 1100 {
		t.Errorf("%d bytes of reason", len(failed.Reason))
	}
}

// TestBounds runs what takes all there is, if it may.
func TestBounds(t *testing.T) {
	for body, want := range map[string]string{
		"for i in range(10000000): pass":                                                  "over the limit",
		"for i in range(4000000):\n    for j in range(4000000): pass":                     "more than 2000000 steps",
		"list(range(1 << 60))":                                                            "over the limit",
		"[0] * (1 << 29)":                                                                 "over the limit",
		"(1 << 29) * 'x'":                                                                 "over the limit",
		"x = 'x'\n  x *= 1 << 28":                                                         "over the limit",
		"x = [[0]]\n  x[0] *= 1 << 28":                                                    "over the limit",
		"x = 3\n  for i in range(100): x = x * x":                                         "a product of more than",
		"x = ('x' * 1000000).replace('', 'y' * 1000000)":                                  "over the limit",
		"r = 'x'.replace\n  r('', 'x' * 1000000)":                                         "over the limit",
		"getattr('x', 'replace')":                                                         "no getattr",
		"x = [1]\n  for i in range(60): x = x + x":                                        "over the limit",
		"x = [1]\n  for i in range(60): x += x":                                           "over the limit",
		"x = [1]\n  for i in range(60): x.extend(x)":                                      "over the limit",
		"x = [1]\n  f = x.extend\n  for i in range(60): f(x)":                             "over the limit",
		"x = 'x' * 1000000\n  for i in range(60): x += x":                                 "over the limit",
		"x = []\n  for i in range(1000000): x.append('x' * i)":                            "of memory",
		"x = 'x' * 1000000\n  str([x] * 1000000)":                                         "over the limit",
		"x = 'x' * 1000000\n  print(x, x)":                                                "over the limit",
		"x = 'x' * 1000000\n  fail([x] * 1000000)":                                        "over the limit",
		"x = 'x' * 1000000\n  fail(x = [x] * 1000000)":                                    "over the limit",
		"int('9' * 1000000)":                                                              "over the limit",
		"x = int('9' * 10000)\n  str([x] * 1000)":                                         "over the limit",
		"print(sep = 'x' * 1000000, *([''] * 400000))":                                    "over the limit",
		"x = [0] * 1000\n  x = [x] * 1000\n  array([x] * 1000)":                           "over the limit",
		"x = []\n  for i in range(6): x = [x] * 1000\n  array(x)":                         "over the limit",
		"x = 'x' * 1000000\n  x.join([x] * 1000000)":                                      "over the limit",
		"x = 'x' * 1000000\n  ('{0}' * 1000).format(x)":                                   "over the limit",
		"x = 'x' * 1000000\n  ('%s' * 1000) % (([x] * 1000,) * 1000)":                     "over the limit",
		"x = []\n  for i in range(100): x = [x, x]\n  return str(x)":                      "over the limit",
		"x = zip(*([[1] * 1000000] * 1000000))":                                           "over the limit",
		"x = a.channels(*([0] * 1000000))":                                                "more than there are",
		"x = 0\n  for i in range(60): x = sorted([a] * 100000, key = lambda v: v.mean())": "more than 2000000 steps",
		"x = []\n  for i in range(9): x = [x] * 1000\n  return x == x + []":               "",
	} {
		limits := quick
		if want == "" { // it ends only when its time is over
			limits.Time = 2 * time.Second
		}
		p, err := script.Read("checks.star", []byte("def f(a):\n  "+body), nil, limits)
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		begun := time.Now()
		_, err = p.Call("f", starlark.StringDict{"a": script.NewArray("a", &step.Array{Shape: []int{2}, Float32: []float32{1, 2}})})
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: the error is %v, without %q", body, err, want)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "checks.star") {
			t.Errorf("%s: the error doesn't name the file: %v", body, err)
		}
		t.Logf("%.60q: %v, %v", body, time.Since(begun).Round(time.Millisecond), err)
	}
}

// TestGiven has a function that was given to a script, and takes longer than a script may.
func TestGiven(t *testing.T) {
	var p *script.Program
	slow := starlark.NewBuiltin("slow", func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
		p.Given(func() { time.Sleep(2 * time.Second) })
		return starlark.None, nil
	})
	p, err := script.Read("x.star", []byte("def f(): slow()"), starlark.StringDict{"slow": slow}, script.Limits{Time: time.Second}) // a busy machine may stand still for a part of it
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Call("f", nil); err != nil {
		t.Error(err)
	}
}

func TestFunctions(t *testing.T) {
	p, err := script.Read("x.star", []byte("limit = 3\ndef check_b(edge, ref = None): pass\ndef other(): pass\ndef check_a(trace): pass\n"), nil, script.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(p.Functions("check_"), " "); got != "check_b check_a" {
		t.Errorf("functions %s", got)
	}
	if got := strings.Join(p.Parameters("check_b"), " "); got != "edge ref" {
		t.Errorf("parameters %s", got)
	}
	if p.Global("limit").String() != "3" || p.Global("none") != nil {
		t.Error("globals")
	}
}

func FuzzRead(f *testing.F) {
	f.Add("def f(a):\n  if a.max() > 1: fail('x', a)\n")
	f.Add("x = [i * 2 for i in range(3)]\nx *= 2\nprint('%s' % x, 'ab'.replace('a', 'c'))")
	f.Add("def f(a): return a.channels(2, 1, 0).rotate(90) / 2 - array([1])")
	f.Fuzz(func(t *testing.T, source string) {
		p, err := script.Read("x.star", []byte(source), nil, script.Limits{Steps: 10000, Time: time.Second, Memory: 64 << 20})
		if err != nil {
			return
		}
		for _, name := range p.Functions("") {
			a := script.NewArray("a", &step.Array{Shape: []int{1, 2, 3}, Int8: []int8{1, 2, 3, 4, 5, 6}})
			p.Call(name, starlark.StringDict{"a": a})
		}
	})
}

// TestLargeText shows a value whose text has 2^100 characters.
func TestLargeText(t *testing.T) {
	v, err := call(t, "def f(a):\n  x = []\n  for i in range(100): x = [x, x]\n  return x", quick)
	if err != nil || script.Text(v) != "a large list" {
		t.Errorf("it is shown as %.40q (%v)", script.Text(v), err)
	}
}
