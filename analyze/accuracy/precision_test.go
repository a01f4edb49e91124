package accuracy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

// golden is what pycocotools says; testdata/coco.py made it.
type golden struct {
	Truth json.RawMessage `json:"truth"`
	Found []struct {
		Image    int        `json:"image_id"`
		Category int        `json:"category_id"`
		Box      [4]float64 `json:"bbox"`
		Score    float64    `json:"score"`
	} `json:"found"`
	AP, AP50, AP75 float64
	Classes        map[string]float64 `json:"classes"`
}

func TestAsCOCO(t *testing.T) {
	file, err := os.ReadFile("testdata/coco.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(file, &g); err != nil {
		t.Fatal(err)
	}
	byName, order, err := ReadCOCO(bytes.NewReader(g.Truth))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"bus", "cat", "dog", "person"}
	truth, found := make([][]Box, len(order)), make([][]Box, len(order))
	for i, name := range order {
		truth[i] = byName[name]
	}
	const side = 1000
	for _, f := range g.Found {
		found[f.Image] = append(found[f.Image], Box{
			Class: names[f.Category-1], Score: f.Score,
			Left: f.Box[0] / side, Top: f.Box[1] / side, End: (f.Box[0] + f.Box[2]) / side, Bottom: (f.Box[1] + f.Box[3]) / side,
		})
	}
	for _, boxes := range found {
		slices.SortStableFunc(boxes, func(a, b Box) int { return cmp.Compare(b.Score, a.Score) })
	}
	classes, all := evaluate(truth, found, names), weights(len(order))
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %.12f, pycocotools says %.12f", what, got, want)
		}
	}
	for i, want := range []float64{g.AP, g.AP50, g.AP75} {
		near(precisions[i].name, precisions[i].of(classes, all), want)
	}
	for i, name := range names {
		near(name, classes[i].mean(all, thresholds), g.Classes[name])
	}
	twice := evaluate(slices.Concat(truth, truth), slices.Concat(found, found), names)
	// What has the same score comes in another order then.
	if drawn, real := precisions[1].of(classes, slices.Repeat([]int{2}, len(order))), precisions[1].of(twice, weights(2*len(order))); math.Abs(drawn-real) > 2e-3 {
		t.Errorf("each picture drawn twice: %v, each twice there: %v", drawn, real)
	}
}

// TestVOC has a curve that one can compute by hand: of four objects three are found, by the first, second and fourth detection.
func TestVOC(t *testing.T) {
	one := []bool{true}
	none := []bool{false}
	c := &class{truth: []int{4}, detections: []detected{{0, 0.9, one, none}, {0, 0.8, one, none}, {0, 0.7, none, none}, {0, 0.6, one, none}}}
	if got, want := c.area([]int{1}), 0.25*1+0.25*1+0.25*0.75; math.Abs(got-want) > 1e-12 {
		t.Errorf("the area is %v, not %v", got, want)
	}
	// Recalls from 0 to 0.50 are read at a precision of 1 (51 of them), those up to 0.75 at 0.75 (25), the others at 0.
	if got, want := c.average([]int{1}, 0), (51+25*0.75)/101; math.Abs(got-want) > 1e-12 {
		t.Errorf("the average is %v, not %v", got, want)
	}
}

func TestIoU(t *testing.T) {
	whole := Box{Bottom: 1, End: 1}
	for name, c := range map[string]struct {
		truth, found Box
		want         float64
	}{
		"the same": {whole, whole, 1},
		"half":     {whole, Box{Bottom: 1, End: 0.5}, 0.5},
		"apart":    {Box{Bottom: 0.5, End: 0.5}, Box{Top: 0.5, Left: 0.5, Bottom: 1, End: 1}, 0},
		"a third":  {Box{Bottom: 1, End: 0.5}, Box{Left: 0.25, Bottom: 1, End: 0.75}, 1. / 3},
		"a crowd":  {Box{Bottom: 1, End: 1, Crowd: true}, Box{Bottom: 0.5, End: 0.5}, 1},
	} {
		if got := IoU(c.truth, c.found); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %v, not %v", name, got, c.want)
		}
	}
}

func TestPaired(t *testing.T) {
	// The example of Agresti and Min (2005), table 1: approval at two surveys, 794 yes both times, 150 and 86 changed, 570 no both times. McNemar's exact p
	// is that of R: binom.test(86, 236)$p.value = 3.716e-05.
	p := paired{both: 794, reference: 150, edge: 86, neither: 570}
	m := p.metric("x")
	if math.Abs(m.Difference-(-0.04)) > 1e-12 || math.Abs(m.Low-(-0.0587)) > 2e-4 || math.Abs(m.High-(-0.0212)) > 2e-4 || math.Abs(m.P-3.716e-05) > 1e-7 {
		t.Errorf("%+v", m)
	}
	same := paired{both: 10}
	if m := same.metric("x"); m.Low >= 0 || m.High <= 0 || m.P != 1 {
		t.Errorf("nothing flipped in ten samples: %+v", m)
	}
	none := paired{}
	if m := none.metric("x"); m.Edge != 0 || m.P != 1 {
		t.Errorf("no samples: %+v", m)
	}
}

// TestBootstrap compares an interval with the normal one, for a mean of many samples.
func TestBootstrap(t *testing.T) {
	const n = 400
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(i%7) - 3
	}
	all := weights(n)
	low, high := bootstrap(n, func(drawn []int) float64 { return mean(values, drawn) })
	squares := 0.0
	for _, v := range values {
		squares += (v - mean(values, all)) * (v - mean(values, all))
	}
	half := normal95 * math.Sqrt(squares/n/n)
	if math.Abs(low-(mean(values, all)-half)) > 0.1*half || math.Abs(high-(mean(values, all)+half)) > 0.1*half {
		t.Errorf("the interval is %v to %v, %v around %v is expected", low, high, half, mean(values, all))
	}
	if again, _ := bootstrap(n, func(drawn []int) float64 { return mean(values, drawn) }); again != low {
		t.Errorf("it is another one the second time: %v and %v", low, again)
	}
}

func TestWordErrors(t *testing.T) {
	for _, c := range []struct {
		text, label string
		want        int
	}{
		{"turn on the light", "Turn on the light.", 0},
		{"turn the light", "turn on the light", 1},
		{"turn on the right light", "turn on the light", 1},
		{"turn off the light", "turn on the light", 1},
		{"", "yes", 1},
		{"yes", "", 1},
	} {
		if got := wordErrors(c.text, c.label); got != c.want {
			t.Errorf("%q for %q: %d errors, not %d", c.text, c.label, got, c.want)
		}
	}
}

func FuzzReadBoxes(f *testing.F) {
	f.Add("a.jpg,cat,0,0,1,1\nb.jpg\n")
	f.Add("name,label,top,left,bottom,right\na.jpg,cat,0.1,0.2,nan,1\n")
	f.Fuzz(func(t *testing.T, text string) {
		byName, order, err := ReadBoxes(bytes.NewReader([]byte(text)))
		if err == nil && len(byName) != len(order) {
			t.Error("names and their order differ")
		}
		ReadCOCO(bytes.NewReader([]byte(text)))
	})
}
