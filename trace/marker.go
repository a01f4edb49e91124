package trace

// PixelFormats are the names of an image's formats (Marker.format), by the numbers of enum edgexray_format in sdk/c/edgexray.h.
var PixelFormats = [...]string{"", "rgb", "bgr", "rgba", "bgra", "argb", "gray", "nv12", "nv21", "i420", "yuyv"}

// Unmarkable is the Marker.type of an array that the app could not mark, as sdk/c/edgexray.h says; NothingMarkable why it is missing.
const (
	Unmarkable      = 0xffff
	NothingMarkable = "the app has nothing there that can be marked (its stderr says why)"
)
