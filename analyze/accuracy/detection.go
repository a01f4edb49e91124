package accuracy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/pipeline/step"
)

// Box is an object in a picture, or what a model takes for one. Its sides are parts of the picture's: 0 is left and top, 1 right and
// bottom.
type Box struct {
	Class                  string
	Top, Left, Bottom, End float64 // End is the right side
	Crowd                  bool    // many objects in one: finding it or not counts for nothing
	Score                  float64 // of what a model found
}

// layout says which outputs of a detector are what, by their indices.
type layout struct{ boxes, classes, scores, count int }

// layouts are those of TensorFlow 1's object detection API and of TensorFlow 2's, both with TFLite_Detection_PostProcess at the end.
// Source: tflite/kernels/detection_postprocess.cc; the order of TensorFlow 2's signature is that of its outputs' names.
var layouts = []layout{{0, 1, 2, 3}, {1, 3, 0, 2}}

// layoutOf finds out which layout outputs have, by their shapes.
func layoutOf(outputs []*step.Array) (layout, bool) {
	for _, l := range layouts {
		if len(outputs) != 4 {
			break
		}
		boxes, classes, scores, count := outputs[l.boxes], outputs[l.classes], outputs[l.scores], outputs[l.count]
		n := classes.Len()
		if len(boxes.Shape) > 1 && boxes.Shape[len(boxes.Shape)-1] == 4 && boxes.Len() == 4*n && scores.Len() == n && count.Len() == 1 {
			return l, true
		}
	}
	return layout{}, false
}

// maxDetections is how many a picture has at the most, the most probable ones, as COCO's evaluation counts them.
const maxDetections = 100

// found reads what a detector found, the most probable first.
func (m *measurement) found(f *frames.Frame, names []string) ([]Box, error) {
	outputs := make([]*step.Array, len(f.Outputs))
	for i, t := range f.Outputs {
		var err error
		if outputs[i], err = t.Array(); err != nil {
			return nil, err
		}
	}
	var boxes []Box
	var err error
	if m.options.Script.has(detections) {
		boxes, err = m.options.Script.detections(f, outputs, names)
	} else {
		boxes, err = postprocessed(outputs, names)
	}
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(boxes, func(a, b Box) int { return cmp.Compare(b.Score, a.Score) })
	return boxes, nil
}

func postprocessed(outputs []*step.Array, names []string) ([]Box, error) {
	l, ok := layoutOf(outputs)
	if !ok {
		return nil, fmt.Errorf("its %d outputs aren't those of TFLite_Detection_PostProcess (write a function detections(outputs) and name its file with --metric)", len(outputs))
	}
	corners, classes, scores := outputs[l.boxes].Reals(), outputs[l.classes].Reals(), outputs[l.scores].Reals()
	n := len(scores)
	if count := outputs[l.count].Reals()[0]; count >= 0 && int(count) < n {
		n = int(count)
	}
	boxes := make([]Box, n)
	for i := range boxes {
		c := corners[4*i:]
		boxes[i] = Box{
			Class: className(names, int(classes[i])), Score: float64(scores[i]),
			Top: float64(c[0]), Left: float64(c[1]), Bottom: float64(c[2]), End: float64(c[3]),
		}
	}
	return boxes, nil
}

// pictures are the objects in pictures and what each side found.
type pictures struct {
	frames          []frames.Pair
	truth           [][]Box
	edge, reference [][]Box
}

// detection measures average precision.
func (m *measurement) detection() error {
	if m.options.Truth.Boxes == nil {
		return fmt.Errorf("%w: detection needs boxes (--labels FILE, in COCO's JSON or as CSV: name,label,top,left,bottom,right)", ErrNoTruth)
	}
	var p pictures
	labelled := 0
	for _, pair := range m.pairs {
		truth, ok := m.options.Truth.Boxes(pair.Edge)
		if !ok {
			continue
		}
		labelled++
		if !m.usable(pair) {
			continue
		}
		edge, err := m.found(pair.Edge, m.options.Classes)
		var reference []Box
		if err == nil && pair.Reference != nil {
			reference, err = m.found(pair.Reference, m.options.Classes)
		}
		if err != nil {
			m.note("frame %d: %v", pair.Edge.Number, err)
			continue
		}
		p.frames, p.truth = append(p.frames, pair), append(p.truth, truth)
		p.edge, p.reference = append(p.edge, edge), append(p.reference, reference)
	}
	switch {
	case labelled == 0:
		return fmt.Errorf("%w: no frame is of a picture with boxes (mark the picture's name in the app under \"file\")", ErrNoTruth)
	case len(p.frames) == 0:
		return fmt.Errorf("none of %d pictures with boxes has outputs on both sides: %s", labelled, strings.Join(m.result.Notes, "; "))
	}
	m.result.Samples = len(p.frames)
	m.precision(&p)
	m.objects(&p)
	return nil
}

// precision adds average precisions, those of classes among them.
func (m *measurement) precision(p *pictures) {
	classes := classesOf(p.truth)
	names := slices.Sorted(maps.Keys(classes))
	edge, reference := evaluate(p.truth, p.edge, names), evaluate(p.truth, p.reference, names)
	all := weights(len(p.frames))
	for _, kind := range precisions {
		x := Metric{Name: kind.name, Edge: kind.of(edge, all), Reference: kind.of(reference, all), P: 1}
		x.Difference = x.Edge - x.Reference
		if m.result.Reference {
			x.Low, x.High = bootstrap(len(p.frames), func(drawn []int) float64 { return kind.of(edge, drawn) - kind.of(reference, drawn) })
		}
		m.add(x)
	}
	for i, name := range names {
		c := Class{Class: name, Samples: classes[name], Edge: edge[i].mean(all, thresholds)}
		if m.result.Reference {
			c.Reference = reference[i].mean(all, thresholds)
			c.Difference = c.Edge - c.Reference
		}
		m.result.Classes = append(m.result.Classes, c)
	}
	slices.SortStableFunc(m.result.Classes, func(a, b Class) int { return cmp.Compare(a.Difference, b.Difference) })
}

// shownScore is from which score on most apps show what they found.
const shownScore = 0.3

// objects adds how well found objects fit, and the pictures of which one side found more.
func (m *measurement) objects(p *pictures) {
	edge, reference := make([]overlap, len(p.frames)), make([]overlap, len(p.frames))
	for i, pair := range p.frames {
		edge[i], reference[i] = overlapOf(p.truth[i], p.edge[i]), overlapOf(p.truth[i], p.reference[i])
		if e, r := edge[i], reference[i]; e.found != r.found && m.result.Reference {
			m.result.flip(Flip{pair.Edge.Number, nameOf(pair.Edge), fmt.Sprintf("%d objects", e.objects), e.text(), r.text(), e.found < r.found})
		}
	}
	all := weights(len(p.frames))
	x := Metric{Name: "mean IoU of found objects", Edge: meanOverlap(edge, all), Reference: meanOverlap(reference, all), P: 1}
	x.Difference = x.Edge - x.Reference
	x.Low, x.High = bootstrap(len(p.frames), func(drawn []int) float64 { return meanOverlap(edge, drawn) - meanOverlap(reference, drawn) })
	m.add(x)
}

// overlap is how many objects were found, and how well.
type overlap struct {
	objects, found int
	sum            float64
}

// meanOverlap is that of what was found in the pictures that were drawn.
func meanOverlap(list []overlap, drawn []int) float64 {
	found, sum := 0, 0.0
	for i, o := range list {
		found, sum = found+drawn[i]*o.found, sum+float64(drawn[i])*o.sum
	}
	return sum / max(float64(found), 1)
}

func (o *overlap) text() string { return strconv.Itoa(o.found) + " found" }

// overlapOf counts the objects that something of the same class overlaps by half.
func overlapOf(truth, boxes []Box) overlap {
	var o overlap
	taken := make([]bool, len(boxes))
	for _, t := range truth {
		if t.Crowd {
			continue
		}
		o.objects++
		best, at := 0.5, -1
		for i, b := range boxes {
			if v := IoU(t, b); !taken[i] && b.Class == t.Class && b.Score >= shownScore && v >= best {
				best, at = v, i
			}
		}
		if at >= 0 {
			taken[at] = true
			o.found++
			o.sum += best
		}
	}
	return o
}

// IoU is the area that two boxes share over the area of both. Of a crowd it is over the area of what was found.
func IoU(truth, found Box) float64 {
	width := min(truth.End, found.End) - max(truth.Left, found.Left)
	height := min(truth.Bottom, found.Bottom) - max(truth.Top, found.Top)
	if width <= 0 || height <= 0 {
		return 0
	}
	shared := width * height
	area := func(b Box) float64 { return (b.End - b.Left) * (b.Bottom - b.Top) }
	if truth.Crowd {
		return shared / area(found)
	}
	return shared / (area(truth) + area(found) - shared)
}
