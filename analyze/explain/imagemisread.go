package explain

import (
	"fmt"
	"strings"

	"github.com/edgexray/edgexray/pipeline/image"
	"github.com/edgexray/edgexray/pipeline/step"
)

// misread finds out whether an app took a camera's frame for one in another format, and went on as the reference does with what it
// saw: bytes of chroma exchanged look like no picture that is resized, turned or scaled. It reports false when it didn't.
func misread(raw step.Value, fed *step.Array, reference []step.Step, should *imageFacts, distance float64) (Verdict, bool, error) {
	if raw.Frame == nil {
		return Verdict{}, false, nil
	}
	all, err := views(fed)
	if err != nil {
		return Verdict{}, false, err
	}
	var nearest imageFound
	var as image.Reading
	for _, reading := range append([]image.Reading{{Format: raw.Format, Picture: func() (*step.Array, error) { return raw.Array, nil }}}, image.Misreadings(raw.Format, raw.Frame)...) {
		found, err := readAs(reading, fed, reference, should, all)
		if err != nil {
			return Verdict{}, false, err
		}
		if found.explained && (len(nearest.best) == 0 || found.best[0].left < muchNearer*nearest.best[0].left) {
			nearest, as = found, reading
		}
	}
	if len(nearest.best) == 0 || as.Format == raw.Format && !as.Full || nearest.best[0].left > muchNearer*distance {
		return Verdict{}, false, nil
	}
	v := Verdict{Distance: distance}
	if v.Explanation, err = nearest.explanation(); err != nil {
		return v, false, err
	}
	if v.Differences, err = nearest.differences(should, nearest.photo.height, nearest.photo.width); err != nil {
		return v, false, err
	}
	if as.Full { // whether that is right no format says
		v.Explanation.Notes = append(v.Explanation.Notes, "luma of the camera's frame is taken to go from 0 to 255, which its format doesn't say")
	}
	if as.Format != raw.Format {
		v.Differences = append([]Difference{{Channels, "a frame in " + strings.ToUpper(raw.Format) + " taken for " + strings.ToUpper(as.Format),
			strings.ToUpper(raw.Format), fmt.Sprintf("read the camera's frame as what it is: %s", strings.ToUpper(raw.Format))}}, v.Differences...)
	}
	if v.Healthy = len(v.Differences) == 0; v.Healthy {
		v.Distance = v.Explanation.Residual // the reference makes it of the frame in that reading
	}
	return v, true, nil
}

// readAs looks for what a reference would make of a frame's picture in some reading.
func readAs(reading image.Reading, fed *step.Array, reference []step.Step, should *imageFacts, all []view) (imageFound, error) {
	pixels, err := reading.Picture()
	if err != nil {
		return imageFound{}, err
	}
	found := imageFound{fed: fed}
	if reading.Step != "" {
		found.decoded = []string{reading.Step}
	}
	if found.photo, err = newPhoto(pixels); err != nil {
		return found, err
	}
	found.gray = found.photo.gray()
	e, err := should.expect(reference, step.Value{Array: pixels}, pixels)
	if err != nil {
		return found, err
	}
	s := newImageSearch(found.photo, fed, e)
	found.keep(s.asExpected(all))
	return found, nil
}
