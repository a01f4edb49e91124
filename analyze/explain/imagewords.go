package explain

import "slices"

// methodWords say what is peculiar to a method, where its name doesn't.
var methodWords = map[string]string{
	"tf1.bilinear":               "no half-pixel centers",
	"tf1.nearest":                "no half-pixel centers",
	"tf1.bicubic":                "no half-pixel centers",
	"tf1.bilinear align-corners": "corners aligned",
	"tf1.nearest align-corners":  "corners aligned",
	"tf1.bicubic align-corners":  "corners aligned",
	"tf2.bilinear":               "half-pixel centers, no antialiasing",
	"tf2.bicubic":                "half-pixel centers, no antialiasing",
	"opencv.linear":              "half-pixel centers, no antialiasing",
	"opencv.cubic":               "half-pixel centers, no antialiasing",
	"opencv.nearest":             "no half-pixel centers",
	"pillow.bilinear":            "antialiased",
	"pillow.bicubic":             "antialiased",
}

func describeMethod(method string) string {
	if method == "" {
		return "not resized"
	}
	if words := methodWords[method]; words != "" {
		return method + " (" + words + ")"
	}
	return method
}

// sameMethods are names of one method.
var sameMethods = [][]string{{"tf1.area", "tf2.area"}}

func sameResize(a, b string) bool {
	return a == b || slices.ContainsFunc(sameMethods, func(names []string) bool { return slices.Contains(names, a) && slices.Contains(names, b) })
}
