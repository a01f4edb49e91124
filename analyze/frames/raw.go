package frames

import (
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/pipeline/image"
	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/trace"
)

// maxDimension bounds what a marker says of its array's shape: more is no array that an app has.
const maxDimension = 1 << 24

// Value returns what a marker holds as a value of a pipeline: bytes for text, an array with its elements. An image has
// three dimensions or, packed as planes of luma and chroma, one. The array refers to the file.
func (l *Log) Value(m *trace.Marker) (step.Value, error) {
	switch {
	case m.GetMissing() != "":
		return step.Value{}, fmt.Errorf("marker %q has no data: %s", m.GetKey(), m.GetMissing())
	case m.GetType() == 0:
		return step.Value{Bytes: []byte(m.GetText())}, nil
	}
	t := &trace.Tensor{Type: m.GetType(), Shape: make([]int32, len(m.GetShape()))}
	for i, d := range m.GetShape() {
		if d < 0 || d > maxDimension {
			return step.Value{}, fmt.Errorf("marker %q says that its shape is %v (a damaged snapshot?)", m.GetKey(), m.GetShape())
		}
		t.Shape[i] = int32(d)
	}
	a, err := NewArray(t, l.elements[m])
	if err != nil {
		return step.Value{}, fmt.Errorf("marker %q: %w", m.GetKey(), err)
	}
	return step.Value{Array: a, Rate: int(m.GetRate())}, nil
}

// RawValue returns what a marker holds as pipelines take raw data: an image is RGB or gray, whatever its format in memory is,
// and sound of one channel has one dimension.
func (l *Log) RawValue(m *trace.Marker) (step.Value, error) {
	v, err := l.Value(m)
	switch {
	case err != nil || v.Array == nil:
	case m.GetFormat() != "":
		v.Frame, v.Format = v.Array, m.GetFormat()
		if v.Array, err = image.Picture(v.Format, v.Frame); err != nil {
			return step.Value{}, fmt.Errorf("marker %q: %w", m.GetKey(), err)
		}
	case m.GetRate() != 0 && len(v.Array.Shape) == 2 && v.Array.Shape[1] == 1:
		v.Array.Shape = v.Array.Shape[:1]
	}
	return v, err
}

// Marked returns the last marker of a frame with a key, nil when it has none.
func (f *Frame) Marked(key string) *trace.Marker {
	for _, m := range slices.Backward(f.Markers) {
		if m.GetKey() == key {
			return m
		}
	}
	return nil
}

// RawKeys are the keys under which raw data was marked: what is on its way into the model and has its data, in the order of
// time. The first is the rawest.
func (f *Frame) RawKeys() []string {
	var keys []string
	for _, m := range f.Markers {
		if raw(m) && !slices.Contains(keys, m.GetKey()) {
			keys = append(keys, m.GetKey())
		}
	}
	return keys
}

// raw tells whether a marker holds raw data: an image, sound, a text, or else an array.
func raw(m *trace.Marker) bool {
	return m.GetKind() == trace.MarkerKind_BEFORE && m.GetMissing() == "" && (m.GetType() != 0 || m.GetText() != "")
}

// nameKeys are the keys under which apps mark which piece of a data set a frame is of.
var nameKeys = []string{"file", "name"}

// Raw returns the marker of what the model's input was made from: the first image or sound on its way into the model, or else the
// first text, or else the first array. It returns nil without one.
func (f *Frame) Raw() *trace.Marker {
	for _, wanted := range []func(*trace.Marker) bool{
		func(m *trace.Marker) bool { return m.GetFormat() != "" || m.GetRate() != 0 },
		func(m *trace.Marker) bool { return m.GetType() == 0 && !slices.Contains(nameKeys, m.GetKey()) },
		func(m *trace.Marker) bool { return m.GetType() != 0 },
	} {
		for _, m := range f.Markers {
			if raw(m) && wanted(m) {
				return m
			}
		}
	}
	return nil
}

// Name returns of which piece of a data set a frame is, when the app marked that as text under "file" or "name".
func (f *Frame) Name() (string, bool) {
	for _, key := range nameKeys {
		if m := f.Marked(key); m != nil && m.GetText() != "" {
			return m.GetText(), true
		}
	}
	return "", false
}
