package accuracy

import (
	"cmp"
	"maps"
	"slices"
)

// thresholds are the overlaps from which on an object counts as found: 0.50 to 0.95, as COCO has them.
var thresholds = []float64{0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95}

// recalls is at how many recalls, from 0 to 1, COCO reads the precision.
const recalls = 101

// precisions are the metrics of detectors.
// Source: COCO's evaluation (https://cocodataset.org/#detection-eval, cocoeval.py of pycocotools 2.0), for objects of any size; the
// PASCAL VOC one is the area under the whole curve, as of 2010 (The PASCAL VOC Challenge 2012 Development Kit, 3.4.1).
var precisions = []struct {
	name string
	of   func(classes []*class, drawn []int) float64
}{
	{"AP", over(func(c *class, drawn []int) float64 { return c.mean(drawn, thresholds) })},
	{"AP50", over(func(c *class, drawn []int) float64 { return c.mean(drawn, thresholds[:1]) })},
	{"AP75", over(func(c *class, drawn []int) float64 { return c.mean(drawn, thresholds[5:6]) })},
	{"VOC AP50", over((*class).area)},
}

// VOC returns PASCAL VOC's average precision at an overlap of one half, the mean over the classes that there are: of the objects in each
// picture, and of what was found in it, the most probable first.
func VOC(truth, found [][]Box) float64 {
	names := slices.Sorted(maps.Keys(classesOf(truth)))
	return over((*class).area)(evaluate(truth, found, names), weights(len(truth)))
}

// classesOf counts the objects of each class, but for crowds.
func classesOf(truth [][]Box) map[string]int {
	classes := make(map[string]int)
	for _, boxes := range truth {
		for _, b := range boxes {
			if !b.Crowd {
				classes[b.Class]++
			}
		}
	}
	return classes
}

// over is the mean of a metric over the classes of which there are objects.
func over(of func(c *class, drawn []int) float64) func([]*class, []int) float64 {
	return func(classes []*class, drawn []int) float64 {
		sum, n := 0.0, 0
		for _, c := range classes {
			if c.objects(drawn) > 0 {
				sum += of(c, drawn)
				n++
			}
		}
		return sum / max(float64(n), 1)
	}
}

// class is what was found of one class, the most probable first.
type class struct {
	detections []detected
	truth      []int // objects in each picture
}

// detected is one thing that was found: at each threshold it is right, wrong, or nothing that counts.
type detected struct {
	picture int
	score   float64
	right   []bool
	ignored []bool
}

func weights(n int) []int { return slices.Repeat([]int{1}, n) }

// objects counts those in the pictures that were drawn.
func (c *class) objects(drawn []int) int {
	n := 0
	for i, objects := range c.truth {
		n += drawn[i] * objects
	}
	return n
}

// mean is the average precision over thresholds.
func (c *class) mean(drawn []int, at []float64) float64 {
	sum := 0.0
	for _, t := range at {
		sum += c.average(drawn, slices.Index(thresholds, t))
	}
	return sum / float64(len(at))
}

// average reads the precision at 101 recalls.
func (c *class) average(drawn []int, threshold int) float64 {
	recall, precision := c.curve(drawn, threshold)
	sum, at := 0.0, 0
	for i := range recalls {
		wanted := float64(i) * 0.01 // as numpy.linspace rounds it
		for at < len(recall) && recall[at] < wanted {
			at++
		}
		if at == len(recall) {
			break
		}
		sum += precision[at]
	}
	return sum / recalls
}

// area is what is under the curve at a threshold of 0.5.
func (c *class) area(drawn []int) float64 {
	recall, precision := c.curve(drawn, 0)
	sum, before := 0.0, 0.0
	for i, r := range recall {
		sum += (r - before) * precision[i]
		before = r
	}
	return sum
}

// curve is the recall after each detection, and the best precision from there on.
func (c *class) curve(drawn []int, threshold int) (recall, precision []float64) {
	objects := c.objects(drawn)
	if objects == 0 {
		return nil, nil
	}
	right, all := 0, 0
	for _, d := range c.detections {
		n := drawn[d.picture]
		if n == 0 || d.ignored[threshold] {
			continue
		}
		all += n
		if d.right[threshold] {
			right += n
		}
		recall, precision = append(recall, float64(right)/float64(objects)), append(precision, float64(right)/float64(all))
	}
	for i := len(precision) - 2; i >= 0; i-- {
		precision[i] = max(precision[i], precision[i+1])
	}
	return recall, precision
}

// evaluate matches what was found with what there is, class by class.
func evaluate(truth, found [][]Box, names []string) []*class {
	classes := make([]*class, len(names))
	for i, name := range names {
		c := &class{truth: make([]int, len(truth))}
		of := func(boxes []Box) []Box {
			return slices.DeleteFunc(slices.Clone(boxes), func(b Box) bool { return b.Class != name })
		}
		for picture := range truth {
			objects, detections := of(truth[picture]), of(found[picture])
			slices.SortStableFunc(objects, func(a, b Box) int { return cmp.Compare(number(a.Crowd), number(b.Crowd)) })
			for _, o := range objects {
				if !o.Crowd {
					c.truth[picture]++
				}
			}
			c.detections = append(c.detections, match(picture, objects, detections[:min(len(detections), maxDetections)])...)
		}
		slices.SortStableFunc(c.detections, func(a, b detected) int { return cmp.Compare(b.score, a.score) })
		classes[i] = c
	}
	return classes
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// match gives each detection, the most probable first, the object that it overlaps most of those that are left. Objects are
// sorted: crowds, which any number of detections may have, come last.
func match(picture int, objects, detections []Box) []detected {
	list := make([]detected, len(detections))
	for i, d := range detections {
		list[i] = detected{picture, d.Score, make([]bool, len(thresholds)), make([]bool, len(thresholds))}
	}
	for t, threshold := range thresholds {
		taken := make([]bool, len(objects))
		for i, d := range detections {
			best, at := min(threshold, 1-1e-10), -1
			for g, o := range objects {
				if taken[g] && !o.Crowd {
					continue
				}
				if at >= 0 && !objects[at].Crowd && o.Crowd {
					break
				}
				if v := IoU(o, d); v >= best {
					best, at = v, g
				}
			}
			if at < 0 {
				continue
			}
			taken[at] = true
			list[i].right[t], list[i].ignored[t] = !objects[at].Crowd, objects[at].Crowd
		}
	}
	return list
}
