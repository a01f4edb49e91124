package fed

import (
	"fmt"
	"strings"
)

// Lines are what a case does as lines of a pipeline.
func (c Case) Lines(photo []int) []string {
	var out []string
	if c.Crop != nil {
		out = append(out, taken(c.Crop, photo[1], photo[0], c.Fill)...)
	}
	if c.TurnedFirst {
		out = append(out, c.Turn...)
	}
	width, height := c.Width, c.Height
	if c.Inside != nil {
		width, height = c.Inside[2], c.Inside[3]
	}
	out = append(out, fmt.Sprintf("resize %dx%d %s", width, height, c.Resize))
	if c.Inside != nil {
		out = append(out, taken([]int{-c.Inside[0], -c.Inside[1], c.Width, c.Height}, width, height, c.Fill)...)
	}
	if c.CropAfter != nil {
		out = append(out, taken(c.CropAfter, width, height, 0)...)
	}
	if !c.TurnedFirst {
		out = append(out, c.Turn...)
	}
	switch c.Cast {
	case "truncate":
		out = append(out, "cast type=uint8")
	case "round":
		out = append(out, "cast type=uint8 round")
	}
	if c.Channels != "rgb" {
		out = append(out, "color "+c.Channels)
	}
	out = append(out, c.numbers()...)
	if c.Layout == "nchw" {
		out = append(out, "layout nchw")
	}
	return out
}

func (c Case) numbers() []string {
	var out []string
	if n := c.Normalize; len(n.Mean) > 0 {
		out = append(out, fmt.Sprintf("normalize mean=%s std=%s", list(n.Mean), list(n.Std)))
	}
	switch q := c.Quantize; {
	case q == nil && c.Float && len(out) == 0:
		out = append(out, "cast type=float32")
	case q == nil && len(out) == 0:
		out = append(out, "cast type=uint8")
	case q == nil:
	case q.Way == "rounded":
		out = append(out, fmt.Sprintf("quantize scale=%.9g zero-point=%d type=%s", q.Scale, q.ZeroPoint, q.Type))
	case q.Way == "truncated":
		out = append(out, fmt.Sprintf("quantize scale=%.9g zero-point=%d type=%s truncate", q.Scale, q.ZeroPoint, q.Type))
	case q.Way == "wrapped":
		out = append(out, "cast type="+q.Type+" wrap")
	}
	return out
}

func list(v []float64) string {
	words := make([]string, len(v))
	for i, n := range v {
		words[i] = fmt.Sprintf("%.10g", n)
	}
	return strings.Join(words, ",")
}

// taken are the lines that take a part of a picture that may reach beyond it.
func taken(box []int, ofWidth, ofHeight, fill int) []string {
	x, y, width, height := box[0], box[1], box[2], box[3]
	x0, y0, x1, y1 := max(0, x), max(0, y), min(ofWidth, x+width), min(ofHeight, y+height)
	var out []string
	if x1-x0 < ofWidth || y1-y0 < ofHeight {
		out = append(out, fmt.Sprintf("crop x=%d y=%d width=%d height=%d", x0, y0, x1-x0, y1-y0))
	}
	if x1-x0 < width || y1-y0 < height {
		out = append(out, fmt.Sprintf("pad %dx%d x=%d y=%d fill=%d", width, height, x0-x, y0-y, fill))
	}
	return out
}
