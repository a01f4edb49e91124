package explain

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/edgexray/edgexray/test/fed"
)

func TestTry(t *testing.T) {
	photos, err := fed.Photos()
	if err != nil {
		t.Fatal(err)
	}
	base := fed.Case{Width: 224, Height: 224, Channels: "rgb", Layout: "nhwc", Float: true}
	tf := fed.Normalize{Name: "[-1,1]", Mean: []float64{127.5}, Std: []float64{127.5}}
	var cases []fed.Case
	add := func(id, photo, resize string, change func(*fed.Case)) {
		c := base
		c.ID, c.Photo, c.Resize, c.Normalize = id, photo, resize, tf
		if change != nil {
			change(&c)
		}
		cases = append(cases, c)
	}
	add("a", "china", "tf2.bilinear", nil)
	add("b", "china", "tf1.bilinear", func(c *fed.Case) { c.Channels = "bgr"; c.Turn = []string{"rotate 90"} })
	add("b2", "china", "tf1.bilinear", func(c *fed.Case) { c.Channels = "bgr"; c.Turn = []string{"rotate 90"}; c.TurnedFirst = true })
	add("c", "coffee", "pillow.bilinear", func(c *fed.Case) {
		c.Layout = "nchw"
		c.Normalize = fed.Normalize{Mean: []float64{0}, Std: []float64{255}}
	})
	add("d", "chelsea", "opencv.area", func(c *fed.Case) { c.Crop = []int{10, 20, 300, 250} })
	add("e", "bus", "opencv.linear", func(c *fed.Case) { c.Inside = []int{28, 0, 168, 224}; c.Fill = 114 })
	add("f", "rocket", "pillow.bilinear", func(c *fed.Case) { c.Crop = []int{0, -106, 640, 640} })
	add("g", "astronaut", "tf1.nearest", func(c *fed.Case) { c.Turn = []string{"flip horizontal"} })
	add("h", "flower", "opencv.nearest", func(c *fed.Case) {
		c.Quantize = &fed.Quantize{Type: "int8", Scale: 1. / 127.5, ZeroPoint: -1, Way: "rounded"}
	})
	add("i", "flower", "tf2.area", func(c *fed.Case) { c.Cast = "truncate"; c.Normalize = fed.Normalize{} })
	add("j", "zidane", "tf2.lanczos3 antialias", func(c *fed.Case) { c.Normalize = fed.Normalize{Keras: "torch"} })
	add("k", "zidane", "tf2.bicubic", func(c *fed.Case) { c.Noise = "one" })
	add("l", "zidane", "tf2.bilinear", func(c *fed.Case) { c.Width, c.Height = 398, 224; c.CropAfter = []int{87, 0, 224, 224} })
	add("m", "coffee", "opencv.linear", func(c *fed.Case) { c.Channels = "gray" })
	dir := "/tmp/exp/run"
	made, err := fed.Make(dir, photos, cases)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if only := os.Getenv("ONLY"); only != "" && only != c.ID {
			continue
		}
		raw, err := made.Raw(c)
		if err != nil {
			t.Fatal(err)
		}
		a, err := made.Tensor(c)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		p, err := newPhoto(raw.Array)
		if err != nil {
			t.Fatal(err)
		}
		v, err := views(a)
		if err != nil {
			t.Fatal(err)
		}
		s := &imageSearch{p, a, &responses{known: map[response]func() taps{}}}
		ms := s.search(v)
		fmt.Printf("== %s %+v  %v\n", c.ID, c, time.Since(began))
		for i, m := range ms {
			if i < 4 {
				fmt.Printf("   %.4f (sample %.4f like %.4f most %.2f) %q %v\n", m.left, m.candidate.left, m.placement.likeness, m.most, m.lines(p, a), m.normal)
			}
		}
	}
}
