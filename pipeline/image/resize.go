package image

import (
	"fmt"
	"slices"
	"strings"
)

// Method is one way to resize a picture: what one library does.
type Method struct {
	Family string // the library: "tf1", "tf2", "opencv", "pillow", "android", "skia"
	Name   string // of the method in its family: "bilinear"
	Option string // "align-corners" or "antialias", empty without
	About  string // the library's call, in a few words
	resize func(m Image, width, height int) Image
}

// String is the method as a step's argument: "tf1.bilinear align-corners".
func (m Method) String() string { return strings.TrimSpace(m.Family + "." + m.Name + " " + m.Option) }

// Methods are all ways to resize, those with an option beside those without.
var Methods = slices.Concat(tensorflow1, tensorflow2, openCV, pillow, android, skia)

// MethodNamed finds a method by its family and name, and its option.
func MethodNamed(name, option string) (Method, error) {
	known := false
	for _, m := range Methods {
		if m.Family+"."+m.Name != name {
			continue
		}
		if m.Option == option {
			return m, nil
		}
		known = true
	}
	if known {
		return Method{}, fmt.Errorf("%s takes no %q", name, option)
	}
	return Method{}, fmt.Errorf("there is no method %q to resize (known: %s)", name, strings.Join(methodNames(), ", "))
}

func methodNames() []string {
	var names []string
	for _, m := range Methods {
		names = append(names, m.Family+"."+m.Name)
	}
	return slices.Compact(names)
}

// Resize makes a picture of another size. TensorFlow's methods make FLOAT32 of any type but for nearest and where the
// size stays the same; all others keep the type. The picture is shared when nothing is to do.
func Resize(m Image, width, height int, method Method) Image {
	return method.resize(m, width, height)
}
