package accuracy

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/script"
)

// Mask is the class of each pixel of a picture, row by row.
type Mask struct {
	Height, Width int
	Classes       []uint8
}

// ignoredClass is that of pixels that count for nothing, as PASCAL VOC and Cityscapes have it.
const ignoredClass = 255

// maskOf reads a segmentation: a score for each class in the last dimension, or the class itself, or the probability of one class.
func maskOf(f *frames.Frame) (*Mask, error) {
	if len(f.Outputs) == 0 {
		return nil, fmt.Errorf("the model has no output")
	}
	a, err := f.Outputs[0].Array()
	if err != nil {
		return nil, err
	}
	shape := a.Shape
	if len(shape) > 2 && shape[0] == 1 {
		shape = shape[1:]
	}
	if len(shape) == 2 {
		shape = append(slices.Clone(shape), 1)
	}
	if len(shape) != 3 || shape[2] > ignoredClass || a.Len() == 0 {
		return nil, fmt.Errorf("output %q of shape %v is no segmentation (it takes [1, height, width, classes])", f.Outputs[0].GetName(), a.Shape)
	}
	mask := &Mask{shape[0], shape[1], make([]uint8, shape[0]*shape[1])}
	values, classes := a.Reals(), shape[2]
	for i := range mask.Classes {
		pixel := values[i*classes : (i+1)*classes]
		switch {
		case classes > 1:
			mask.Classes[i] = uint8(script.Top(pixel, 1)[0])
		case a.Float32 != nil || a.Scale != 0:
			if pixel[0] > 0.5 {
				mask.Classes[i] = 1
			}
		default:
			mask.Classes[i] = uint8(min(max(pixel[0], 0), ignoredClass))
		}
	}
	return mask, nil
}

// counts is what of each class is right, there, and said to be there: what IoU is made of.
type counts struct {
	right, truth, said [256]float64
	top                int // the largest class that there is
}

// segmentation measures the mean IoU over classes.
func (m *measurement) segmentation() error {
	if m.options.Truth.Mask == nil {
		return fmt.Errorf("%w: segmentation needs masks (--labels FOLDER with a PNG for each picture)", ErrNoTruth)
	}
	var edge, reference []*counts
	for _, p := range m.pairs {
		truth, ok, err := m.options.Truth.Mask(p.Edge)
		if !ok || !m.usable(p) {
			continue
		}
		var e, r *counts
		if err == nil {
			e, err = compared(truth, p.Edge)
		}
		if err == nil && p.Reference != nil {
			r, err = compared(truth, p.Reference)
		}
		if err != nil {
			m.note("frame %d: %v", p.Edge.Number, err)
			continue
		}
		edge = append(edge, e)
		if r != nil {
			reference = append(reference, r)
			if a, b := e.mean(), r.mean(); (a < 0.5) != (b < 0.5) {
				m.result.flip(Flip{p.Edge.Number, nameOf(p.Edge), "mIoU of at least 0.5", fmt.Sprintf("%.2f", a), fmt.Sprintf("%.2f", b), a < b})
			}
		}
	}
	if len(edge) == 0 {
		return fmt.Errorf("%w: no frame has a mask (%v)", ErrNoTruth, m.result.Notes)
	}
	m.result.Samples = len(edge)
	m.regions(edge, reference)
	return nil
}

// compared counts the pixels of a frame's output. A mask of another size is read where the middle of the output's
// pixel is.
func compared(truth *Mask, f *frames.Frame) (*counts, error) {
	said, err := maskOf(f)
	if err != nil {
		return nil, err
	}
	var c counts
	for y := range said.Height {
		for x := range said.Width {
			t := truth.Classes[(2*y+1)*truth.Height/(2*said.Height)*truth.Width+(2*x+1)*truth.Width/(2*said.Width)]
			if t == ignoredClass {
				continue
			}
			s := said.Classes[y*said.Width+x]
			c.top = max(c.top, int(t), int(s))
			c.truth[t]++
			c.said[s]++
			if t == s {
				c.right[t]++
			}
		}
	}
	return &c, nil
}

// summed adds up counts, each as often as it was drawn.
func summed(list []*counts, drawn []int) *counts {
	var sum counts
	for i, c := range list {
		n := float64(drawn[i])
		if n == 0 {
			continue
		}
		sum.top = max(sum.top, c.top)
		for class := range c.top + 1 {
			sum.right[class] += n * c.right[class]
			sum.truth[class] += n * c.truth[class]
			sum.said[class] += n * c.said[class]
		}
	}
	return &sum
}

// iou is a class's; false when it is nowhere.
func (c *counts) iou(class int) (float64, bool) {
	all := c.truth[class] + c.said[class] - c.right[class]
	if all == 0 {
		return 0, false
	}
	return c.right[class] / all, true
}

// mean is the mean IoU of the classes that are somewhere.
func (c *counts) mean() float64 {
	sum, n := 0.0, 0
	for class := range c.top + 1 {
		if v, ok := c.iou(class); ok {
			sum += v
			n++
		}
	}
	return sum / max(float64(n), 1)
}

// pixels is the share of pixels that are right.
func (c *counts) pixels() float64 {
	right, all := 0.0, 0.0
	for class := range c.top + 1 {
		right, all = right+c.right[class], all+c.truth[class]
	}
	return right / max(all, 1)
}

// regions adds the metrics of all frames.
func (m *measurement) regions(edge, reference []*counts) {
	all := weights(len(edge))
	e, r := summed(edge, all), &counts{}
	if reference != nil {
		r = summed(reference, all)
	}
	for _, kind := range []struct {
		name string
		of   func(*counts) float64
	}{{"mIoU", (*counts).mean}, {"pixels", (*counts).pixels}} {
		x := Metric{Name: kind.name, Edge: kind.of(e), Reference: kind.of(r), P: 1}
		x.Difference = x.Edge - x.Reference
		if reference != nil {
			x.Low, x.High = bootstrap(len(edge), func(drawn []int) float64 { return kind.of(summed(edge, drawn)) - kind.of(summed(reference, drawn)) })
		}
		m.add(x)
	}
	for class := range e.top + 1 {
		if e.truth[class] == 0 {
			continue
		}
		c := Class{Class: className(m.options.Classes, class), Samples: int(e.truth[class])}
		c.Edge, _ = e.iou(class)
		if reference != nil {
			c.Reference, _ = r.iou(class)
			c.Difference = c.Edge - c.Reference
		}
		m.result.Classes = append(m.result.Classes, c)
	}
	slices.SortStableFunc(m.result.Classes, func(a, b Class) int { return cmp.Compare(a.Difference, b.Difference) })
}
