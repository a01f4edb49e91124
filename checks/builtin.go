package checks

import "github.com/edgexray/edgexray/analyze/explain"

// What a check is of.
const (
	ofInputs = "inputs"
	ofLayers = "layers"
	ofRun    = "run"
)

// BuiltIn are the checks that come with edgexray, in the order in which they run.
var BuiltIn = []Check{
	{"preprocessing", ofInputs, "what the app feeds is what the reference pipeline makes, whatever could differ", "", hasEdge, preprocessing},
	{"channels", ofInputs, "channels are in the reference's order", "", images, aspect(explain.Channels)},
	{"normalization", ofInputs, "numbers are scaled as in the reference", "", hasEdge, aspect(explain.Normalization)},
	{"resize", ofInputs, "images are cropped and resized as in the reference", "", images, aspect(explain.Resize, explain.Crop)},
	{"orientation", ofInputs, "images are the right way up", "", images, aspect(explain.Orientation)},
	{"layout", ofInputs, "channels are first or last as in the reference", "", images, aspect(explain.Layout)},
	{"sample_rate", ofInputs, "sound has the reference's rate", "", of(sound), aspect(explain.SampleRate)},
	{"level", ofInputs, "sound is as loud as in the reference", "", of(sound), aspect(explain.Level)},
	{"spectrogram", ofInputs, "frames, window, mel bands and logarithm are the reference's", "", of(sound), aspect(explain.Spectrum)},
	{"letters", ofInputs, "letters are lower case where the reference's are", "", of(text), aspect(explain.Case)},
	{"tokens", ofInputs, "text becomes the reference's tokens", "", of(text), aspect(explain.Tokens)},
	{"type", ofInputs, "tensors hold numbers of their type", "", hasEdge, checkType},
	{"quantization", ofInputs, "scales and zero points are the model's, and inputs are quantized by them", "", hasEdge, checkQuantization},
	{"input_order", ofInputs, "no two inputs of the model are exchanged", "", several, checkInputOrder},
	{"nan", ofLayers, "no input, layer or output has NaN or infinite elements", "", hasEdge, checkNaN},
	{"constant", ofLayers, "no input has the same number everywhere", "", hasEdge, checkConstant},
	{"outputs", ofLayers, "outputs change with the inputs", "", hasEdge, checkOutputs},
	{"saturated", ofLayers, "inputs and outputs aren't cut off at the ends of their type", "share=0.1", hasEdge, checkSaturated},
	{"kernels", ofLayers, "no op is wrong by itself", "", hasEdge, checkKernels},
	{"quantization_error", ofLayers, "no layer adds much to the error against the reference", "nrmse=0.1", hasEdge, checkQuantizationError},
	{"latency", ofRun, "an invoke takes no longer than a budget", "ms=, quantile=0.5", hasTrace, checkLatency},
	{"memory", ofRun, "tensors take no more memory than a budget", "mb=", hasTrace, checkMemory},
	{"stragglers", ofRun, "no op takes much longer than its work explains", "share=0.1", hasTrace, checkStragglers},
	{"delegates", ofRun, "no part of the model falls back to slower kernels silently", "", hasTrace, checkDelegates},
}

func hasEdge(s *Subject) bool { return s.Edge != nil }

func hasTrace(s *Subject) bool { return s.Trace != nil }

func images(s *Subject) bool {
	k := s.kindOf()
	return hasEdge(s) && (k == image || k == anything)
}

func of(k kind) func(s *Subject) bool {
	return func(s *Subject) bool { return hasEdge(s) && s.kindOf() == k }
}

func several(s *Subject) bool {
	return hasEdge(s) && len(s.Edge.Frames) > 0 && len(s.Edge.Frames[0].Inputs) > 1
}
