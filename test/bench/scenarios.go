package main

import (
	"github.com/edgexray/edgexray/analyze/stragglers"
	"github.com/edgexray/edgexray/trace"
)

// A scenario produces a cause on purpose.
type scenario struct {
	cause stragglers.Cause
	how   string
	apps  []app
	flags []string // of the app
	cores string   // that it may run on
	fair  bool     // its threads share cores as all others do; otherwise they go before those of other programs
	hog   bool     // something else computes on the same core
	// delay is how a random op is delayed: the cause is that op's. Otherwise it is the model's.
	delay   string
	against *app // another form of the model, which runs as fast as it should
	// made changes a recording into one of a device that is not at hand.
	made func(*trace.Header, *trace.Op)
}

// rounds is how often each scenario is recorded with each app.
const rounds = 3

var (
	v1Float      = app{model: "MobileNetV1 float", file: "models/mobilenet_v1_float.tflite", library: tflite217, invokes: 25}
	v2Int8       = app{model: "MobileNetV2 int8", file: "models/mobilenet_v2_int8.tflite", library: tflite217, invokes: 40}
	v3Float      = app{model: "MobileNetV3-small float", file: "models/mobilenet_v3_small_float.tflite", resolver: "builtin", invokes: 60}
	v3Int8       = app{model: "MobileNetV3-small int8", file: "models/mobilenet_v3_small_int8.tflite", resolver: "builtin", invokes: 60}
	faceLandmark = app{model: "face_landmark", file: landmark, library: tflite217, invokes: 100}
)

func (a app) with(resolver string, invokes int) app {
	a.library, a.resolver, a.invokes = "", resolver, invokes
	return a
}

var floatTwin = v3Float.with("default", 60)
var builtinTwin = v3Float

var scenarios = []scenario{
	{cause: stragglers.ReferenceKernel, how: "LiteRT's resolver of reference kernels",
		apps: []app{v3Float.with("builtin_ref", 10), v1Float.with("builtin_ref", 4)}},
	{cause: stragglers.SlowType, how: "int8 and float with built-in kernels", apps: []app{v3Int8}, against: &builtinTwin},
	{cause: stragglers.NotDelegated, how: "int8 with XNNPACK, which refuses HARD_SWISH", apps: []app{v3Int8.with("default", 60)}},
	{cause: stragglers.NotDelegated, how: "the same, and float", apps: []app{v3Int8.with("default", 60)}, against: &floatTwin},
	{cause: stragglers.Partitions, how: "a streaming model with XNNPACK, in 5 pieces",
		apps: []app{{model: "okay_nabu", file: okayNabu, resolver: "default", invokes: 2000}}},
	{cause: stragglers.NoDelegate, how: "an app that doesn't apply XNNPACK", apps: []app{v1Float, v2Int8}},
	{cause: stragglers.NoDelegate, how: "an int8 model that XNNPACK refuses as a whole", apps: []app{v2Int8}, flags: []string{"--xnnpack", "1", "--only-float"}},
	{cause: stragglers.MemoryBound, how: "a layer of 4 MB weights, each used once", apps: []app{v3Float.with("default", 100)}},
	{cause: stragglers.Overhead, how: "a model of ops under 1 us",
		apps: []app{{model: "okay_nabu", file: okayNabu, library: tflite217, invokes: 3000}}},
	{cause: stragglers.Preempted, how: "another thread computes on the same core", apps: []app{v1Float, faceLandmark}, cores: "1", fair: true, hog: true},
	{cause: stragglers.Blocked, how: "an op waits for a lock", apps: []app{v1Float, v3Float, faceLandmark}, delay: "lock 150"},
	{cause: stragglers.Blocked, how: "an op sleeps", apps: []app{v2Int8, v3Int8}, delay: "sleep 150"},
	{cause: stragglers.Faults, how: "an op touches new memory in each run", apps: []app{v1Float, v3Float, faceLandmark}, delay: "fault 150"},
	{cause: stragglers.ColdStart, how: "one invoke", apps: []app{{model: "MobileNetV2 float", file: "models/mobilenet_v2_float.tflite", library: tflite217, invokes: 1}, v2Int8.with("builtin", 1)}},
	{cause: stragglers.Imbalance, how: "4 threads on one core", apps: []app{v1Float.with("default", 30)}, flags: []string{"--threads", "4"}, cores: "1", fair: true},
	{cause: stragglers.Imbalance, how: "4 threads on 2 cores", apps: []app{v1Float.with("default", 30)}, flags: []string{"--threads", "4"}, cores: "0,1", fair: true},
	{cause: stragglers.Bimodal, how: "an op is delayed in every other run", apps: []app{v1Float, v2Int8, v3Float}, delay: "alternate 300"},
	{cause: stragglers.Drift, how: "an op takes longer from run to run", apps: []app{withInvokes(v3Float, 200), withInvokes(faceLandmark, 250)}, delay: "grow 300"},
	{cause: stragglers.SlowCore, how: "made: a core of half the capacity", apps: []app{v1Float, v3Float}, made: onSlowCore},
	{cause: stragglers.LowFrequency, how: "made: a core at half its frequency", apps: []app{v1Float, v3Float}, made: atLowFrequency},
	{cause: stragglers.Unexplained, how: "an op computes more than it should", apps: []app{v1Float, v2Int8, v3Float, faceLandmark}, delay: "busy 200"},
}

func withInvokes(a app, n int) app {
	a.invokes = n
	return a
}
