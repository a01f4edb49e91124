package explain

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/step"
)

// muchNearer is by which factor an explanation must come nearer than the reference to be believed where the reference is
// within noise, too; and roundedOff is what even then is only rounding, in steps of 8 bits.
const (
	muchNearer = 0.5
	roundedOff = 0.35
)

// byRounding is by how many steps of 8 bits the numbers that elements stand for may be off where the app made no numbers: a model of
// [-1,1] whose zero point is 127 takes the picture's bytes as they are, half a step off.
const byRounding = 0.6

// imageReference is a reference and what it makes of a picture, against what was fed.
type imageReference struct {
	steps    []step.Step
	pixels   *step.Array
	decoded  []string // the lines that made them of a file
	photo    photo
	should   imageFacts
	distance float64 // as Verdict.Distance
	quantum  float64 // what rounding to elements takes away
}

func newImageReference(raw step.Value, fed *step.Array, reference []step.Step) (*imageReference, error) {
	r := &imageReference{steps: reference}
	var err error
	if r.pixels, r.decoded, err = decode(raw, decodeLine(reference)); err != nil {
		return nil, err
	}
	if r.photo, err = newPhoto(r.pixels); err != nil {
		return nil, err
	}
	out, err := run(reference, raw, r.pixels)
	if err != nil {
		return nil, fmt.Errorf("judge: run the reference: %w", err)
	}
	if r.should, err = factsOf(lines(reference), r.photo.height, r.photo.width); err != nil {
		return nil, fmt.Errorf("judge: read the reference: %w", err)
	}
	if r.should.gain, err = gainOn(reference, r.should, raw, r.pixels); err != nil {
		return nil, fmt.Errorf("judge: run the reference: %w", err)
	}
	exact, err := unrounded(reference, out, fed, raw, r.pixels)
	if err != nil {
		return nil, fmt.Errorf("judge: run the reference: %w", err)
	}
	r.distance, r.quantum = distance(exact, fed, r.should.gain), quantum(fed, r.should.gain)
	return r, nil
}

// within says whether what was fed is what the reference makes but for so many steps of 8 bits, and for rounding.
func (r *imageReference) within(steps float64) bool {
	return r.distance <= math.Hypot(steps, r.quantum)
}

// judgeImage judges by the reference and, where its decoder of JPEG isn't the app's, by the reference with the other one.
func judgeImage(raw step.Value, fed *step.Array, reference []step.Step) (Verdict, error) {
	v, err := judgeDecoded(raw, fed, reference)
	if err != nil || !mayBeFast(raw, v.Explanation.Residual) {
		return v, err
	}
	line, rest := otherDecoder(reference)
	other, err := steps([]string{line})
	if err != nil {
		return v, err
	}
	if by, err := judgeDecoded(raw, fed, append(other, rest...)); err == nil && by.better(v) {
		if strings.HasSuffix(line, " fast") {
			by.Explanation.Notes = append(by.Explanation.Notes, fastNote)
		}
		return by, nil
	}
	return v, nil
}

func judgeDecoded(raw step.Value, fed *step.Array, reference []step.Step) (Verdict, error) {
	r, err := newImageReference(raw, fed, reference)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Distance: r.distance}
	if r.within(roundedOff) {
		return v.healthy(reference), nil
	}
	if other, is, err := misread(raw, fed, reference, &r.should, v.Distance); is || err != nil {
		return other, err
	}
	e, err := r.should.expect(reference, raw, r.pixels)
	if err != nil {
		return Verdict{}, fmt.Errorf("judge: run the reference: %w", err)
	}
	found, err := searchImage(r.photo.array(), fed, e)
	if err != nil {
		return Verdict{}, err
	}
	found.decoded = r.decoded
	return r.against(found, v)
}

// against is the verdict of what a search found.
func (r *imageReference) against(found imageFound, v Verdict) (Verdict, error) {
	nearer := found.explained && found.best[0].left < muchNearer*v.Distance
	if r.within(noise) && !nearer {
		return v.healthy(r.steps), nil
	}
	if r.within(mostNoise) && !nearer && (found.explained || found.nothingNearer(v.Distance)) {
		v = v.healthy(r.steps)
		v.Explanation.Notes = []string{fmt.Sprintf("the raw data isn't what the app had: %.1f steps of 8 bits are left, as by a photo that was compressed again, but nothing comes nearer than the reference", v.Distance)}
		return v, nil
	}
	if !found.explained && found.nothingNearer(v.Distance) && v.Distance <= hopeless {
		return r.nearest(v), nil
	}
	var err error
	if v.Explanation, err = found.explanation(); err != nil || !found.explained {
		return v, err
	}
	if r.should.unknown {
		v.Explanation.Notes = append(v.Explanation.Notes, "the reference has steps of which is only known what they make: what differs can't be named")
		return v, nil
	}
	v.Differences, err = found.differences(&r.should, r.photo.height, r.photo.width)
	if len(v.Differences) == 0 && r.within(noise) {
		return v.healthy(r.steps), err
	}
	return v, err
}

// nothingNearer says whether nothing that was found comes clearly nearer than a reference.
func (f imageFound) nothingNearer(distance float64) bool {
	return len(f.best) == 0 || f.best[0].left > 0.9*distance
}

// nearest is a verdict that nothing explains what was fed, and nothing comes nearer than the reference.
func (r *imageReference) nearest(v Verdict) Verdict {
	v.Explanation = Explanation{Steps: r.steps, Residual: v.Distance, Notes: []string{"nothing comes nearer than the reference: " +
		"what differs is none of the steps that are searched for, but the picture itself, as by a filter, a curve or a file that was compressed harder"}}
	return v
}

func (v Verdict) healthy(reference []step.Step) Verdict {
	v.Healthy = true
	v.Explanation = Explanation{Explained: true, Steps: reference, Residual: v.Distance}
	v.Differences = nil
	return v
}

// run runs a reference on a file that it decodes itself, or else on its pixels.
func run(reference []step.Step, raw step.Value, pixels *step.Array) (step.Value, error) {
	if raw.Array != nil || !strings.HasPrefix(reference[0].String(), "decode") {
		raw = step.Value{Array: pixels}
	}
	return pipeline.Run(pipeline.Undecoded(reference, raw), raw)
}

// gainOn is how many steps of 8 bits a number is in what a reference makes: of this picture, where that makes a difference.
func gainOn(reference []step.Step, should imageFacts, raw step.Value, pixels *step.Array) (float64, error) {
	i := slices.IndexFunc(reference, func(s step.Step) bool { return wholes[s.String()] != "" })
	if i < 1 {
		return should.gain, nil
	}
	before, err := run(reference[:i], raw, pixels)
	if err != nil {
		return 0, err
	}
	after, err := reference[i].Apply(before)
	if err != nil {
		return 0, err
	}
	low, high := extent(before.Array.Reals())
	least, most := extent(after.Array.Reals())
	if most == least {
		return 1, nil
	}
	return (high - low) / (most - least), nil
}

// unrounded is what a reference makes before it rounds to elements like those that were fed; what it makes, out, when it
// doesn't. Libraries round halves in either way, and a scale of 1/127.5 makes nothing but halves of pixels.
func unrounded(reference []step.Step, out step.Value, fed *step.Array, raw step.Value, pixels *step.Array) (*step.Array, error) {
	i := slices.IndexFunc(reference, func(s step.Step) bool { return nameOf(s) == "quantize" && plainElements(s.String()) })
	if i < 1 || out.Array.Type() != fed.Type() || !near(out.Array.Scale, fed.Scale) || out.Array.ZeroPoint != fed.ZeroPoint {
		return out.Array, nil
	}
	exact, err := run(slices.Delete(slices.Clone(reference), i, i+1), raw, pixels)
	return exact.Array, err
}

// quantum is what rounding to a quantised element takes away, root mean square, in steps of the photo's 8 bits.
func quantum(fed *step.Array, gain float64) float64 {
	return math.Abs(fed.Scale) * gain / math.Sqrt(12)
}

// distance is the root mean square of the difference, in steps of the photo's 8 bits; infinite when the sizes differ.
func distance(out, fed *step.Array, gain float64) float64 {
	a, b := out.Reals(), fed.Reals()
	if out.Scale == 0 && fed.Scale != 0 && out.Type() == fed.Type() {
		// The reference makes elements and leaves their meaning to the model.
		same := *out
		same.Scale, same.ZeroPoint = fed.Scale, fed.ZeroPoint
		a = same.Reals()
	}
	if len(a) != len(b) || !slices.Equal(out.Squeezed(), fed.Squeezed()) {
		return math.Inf(1)
	}
	off := func(made, was float64) float64 { return made - was }
	if fed.Scale != 0 && out.Float32 != nil {
		off = rounding(fed)
	}
	sum := 0.0
	for i, v := range a {
		d := off(float64(v), float64(b[i])) * gain
		sum += d * d
	}
	if math.IsNaN(sum) {
		return math.Inf(1)
	}
	return math.Sqrt(sum / float64(len(a)))
}

// rounding says by how much a quantised element is off a number: not at all when it is the number rounded, a half in either way.
func rounding(fed *step.Array) func(made, was float64) float64 {
	const half = 0.5 + 1e-3
	low, high := limits(fed)
	zero := float64(fed.ZeroPoint)
	return func(made, was float64) float64 {
		made = clamp(made, fed.Scale*(low-zero), fed.Scale*(high-zero))
		if math.Abs(made-was) <= half*fed.Scale {
			return 0
		}
		return made - was
	}
}

// differences are those of the explanation, among all that can't be told apart, that differs least from the reference.
func (f imageFound) differences(should *imageFacts, height, width int) ([]Difference, error) {
	var fewest []Difference
	located := make(map[string]from) // by what says where pixels come from: to find that takes a picture as large as the photo
	for i, m := range f.best {
		s, err := steps(m.lines(f.photo, f.fed))
		if err != nil {
			return nil, err
		}
		does, err := numbersOf(lines(s))
		if err != nil {
			return nil, err
		}
		if meant, other := m.meant(f.fed); other && meant.within(byRounding, should.normal) {
			does.normal, does.elements = should.normal, should.elements
		}
		if !m.asExpected && m.plan.keepsSize() {
			does.resize, does.size = should.resize, should.size
		}
		if whole := should.normal.whole; whole != "" && m.way == plainWay && whole == wholeOf(m.placement.view.planes) {
			does.normal = should.normal // makes the same of this picture
		}
		where := strings.Join(does.where, ", ")
		if _, known := located[where]; !known {
			if located[where], err = locate(does.where, height, width); err != nil {
				return nil, err
			}
		}
		does.from = located[where]
		if d := f.between(&does, should); i == 0 || len(d) < len(fewest) {
			fewest = d
		}
	}
	return fewest, nil
}

// Compare says in what steps that an app takes with a photo of a size differ from a reference's.
func Compare(app, reference []step.Step, height, width int) ([]Difference, error) {
	does, err := factsOf(lines(app), height, width)
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	should, err := factsOf(lines(reference), height, width)
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	return imageFound{}.between(&does, &should), nil
}

// imageAspects are what is compared, in the order of the damage that it does.
var imageAspects = []struct {
	aspect Aspect
	differ func(app, reference *imageFacts) (is, should, advice string)
}{
	{Normalization, differentNormal},
	{Quantization, differentElements},
	{Channels, differentChannels},
	{Layout, differentLayout},
	{Orientation, differentOrientation},
	{Crop, differentCrop},
	{Resize, differentResize},
}

func (f imageFound) between(app, reference *imageFacts) []Difference {
	var all []Difference
	for _, a := range imageAspects {
		if a.aspect == Channels && f.gray && app.order != "gray" && reference.order != "gray" {
			continue
		}
		if is, should, advice := a.differ(app, reference); is != should {
			all = append(all, Difference{a.aspect, is, should, advice})
		}
	}
	return all
}

func differentOrientation(app, reference *imageFacts) (is, should, advice string) {
	back := app.orientation.inverse().then(reference.orientation)
	return app.orientation.String(), reference.orientation.String(),
		fmt.Sprintf("turn the picture before it is fed (`%s`), as the camera's orientation says", strings.Join(back.lines(), "`, `"))
}

func differentNormal(app, reference *imageFacts) (is, should, advice string) {
	if strings.HasSuffix(app.elements, " wrap") { // bytes that nobody made numbers of: that is the whole difference
		return "", "", ""
	}
	if app.signed && !reference.signed {
		return app.normal.String() + ", of bytes taken for signed ones", reference.normal.String(), "take bytes for what they are without a sign (in Java: b & 0xff) before numbers are made of them"
	}
	if app.normal.near(reference.normal) || app.normal.whole == reference.normal.whole && app.byChannel() == reference.byChannel() {
		return "", "", ""
	}
	if reference.normal.whole != "" {
		return app.normal.String(), reference.normal.String(), fmt.Sprintf("make numbers of pixels by `%s`, of each picture by itself", reference.normal.whole)
	}
	return app.normal.String(), reference.normal.String(),
		fmt.Sprintf("make numbers of pixels by (pixel-mean)/std with mean %s, std %s", numbers(reference.normal.mean), numbers(reference.normal.std))
}

// byChannel is the normalisation of each channel, whatever their order.
func (f *imageFacts) byChannel() string {
	words := make([]string, len(f.order))
	for i := range f.order {
		mean, std := f.normal.of(i)
		words[i] = fmt.Sprintf("%c %.5g %.5g", f.order[i], mean, std)
	}
	slices.Sort(words)
	return strings.Join(words, ",")
}

func differentChannels(app, reference *imageFacts) (is, should, advice string) {
	is, should = channelName(app.order), channelName(reference.order)
	switch "gray" {
	case is:
		return is, should, fmt.Sprintf("feed the picture's colours, in the order %s", should)
	case should:
		return is, should, "make the picture gray before it is fed"
	}
	return is, should, fmt.Sprintf("reorder the channels to %s before they are fed", should)
}

func channelName(order string) string {
	if order == "gray" {
		return order
	}
	return strings.ToUpper(order)
}

func differentElements(app, reference *imageFacts) (is, should, advice string) {
	// Where the reference leaves numbers, quantising them as the model says is all that is asked for.
	if app.elements == reference.elements || reference.elements == "" && plainElements(app.elements) || strings.HasPrefix(reference.elements, "cast") && plainElements(app.elements) {
		return "", "", ""
	}
	should = reference.elements
	if should == "" {
		should = "by the model's scale and zero point"
	}
	return elementsName(app.elements), should, "make elements by round(number/scale) + zero point, with the input tensor's own scale and zero point"
}

// elementsName says what a line that makes elements of numbers does wrong.
func elementsName(line string) string {
	switch {
	case strings.HasSuffix(line, " wrap"):
		return "the picture's bytes as they are (" + line + ")"
	case strings.HasSuffix(line, " truncate"):
		return "cut off instead of rounded (" + line + ")"
	case strings.HasPrefix(line, "cast"):
		return "without scale and zero point (" + line + ")"
	case strings.Contains(line, " zero-point=0 "):
		return "without the zero point (" + line + ")"
	}
	return "another scale and zero point (" + line + ")"
}

func plainElements(line string) bool {
	return line == "" || strings.HasPrefix(line, "quantize") && !strings.HasSuffix(line, " truncate") || line == "cast type=float32" || line == "cast type=uint8"
}

func differentLayout(app, reference *imageFacts) (is, should, advice string) {
	return strings.ToUpper(app.layout), strings.ToUpper(reference.layout), fmt.Sprintf("lay the pixels out as %s", strings.ToUpper(reference.layout))
}

func differentCrop(app, reference *imageFacts) (is, should, advice string) {
	// Half a pixel is what a pixel of the photo more or less makes, where it is resized by less than two.
	const cropped = 0.02
	if app.apart(reference.from) < cropped {
		if app.padded && reference.padded && math.Abs(app.fill-reference.fill) > mostNoise {
			return "padded with " + numbers([]float64{app.fill}), "with " + numbers([]float64{reference.fill}), fmt.Sprintf("fill what is padded with %s, of 255", numbers([]float64{reference.fill}))
		}
		return "", "", ""
	}
	is, should = app.crop, reference.crop
	if is != wholePicture && should != wholePicture { // they may differ by a pixel
		is, should = app.cropped(), reference.cropped()
	}
	return is, should, "cut out and pad the same part of the picture as the reference"
}

// cropped is a crop's lines, and what of the photo they take.
func (f *imageFacts) cropped() string {
	s := f.source
	return fmt.Sprintf("%s: %.0fx%.0f at %.0f,%.0f of the photo", f.crop, s.width, s.height, s.x, s.y)
}

func differentResize(app, reference *imageFacts) (is, should, advice string) {
	if app.resize == reference.resize && app.size == reference.size || sameResize(app.resize, reference.resize) {
		return "", "", ""
	}
	return describeMethod(app.resize), describeMethod(reference.resize), fmt.Sprintf("resize with what makes %s", describeMethod(reference.resize))
}
