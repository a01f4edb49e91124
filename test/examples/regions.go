package examples

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
)

// judgeRegions compares what segment said with the pictures' regions: the mean over regions of the intersection over the union,
// all pictures together. What it said is smaller; each of its pixels is compared with the one in its middle.
func judgeRegions(folder string) (Score, error) {
	paths, err := filepath.Glob(filepath.Join(said(folder), "*.png"))
	if err != nil || len(paths) == 0 {
		return Score{}, fmt.Errorf("%s has no pictures: %v", said(folder), err)
	}
	var shared, either [256]float64
	for _, path := range paths {
		got, err := readGray(path)
		if err != nil {
			return Score{}, err
		}
		want, err := readGray(filepath.Join(folder, "regions", filepath.Base(path)))
		if err != nil {
			return Score{}, err
		}
		for y := range got.Rect.Dy() {
			for x := range got.Rect.Dx() {
				g := got.GrayAt(x, y).Y
				w := want.GrayAt((2*x+1)*want.Rect.Dx()/(2*got.Rect.Dx()), (2*y+1)*want.Rect.Dy()/(2*got.Rect.Dy())).Y
				either[g]++
				if g == w {
					shared[g]++
				} else {
					either[w]++
				}
			}
		}
	}
	sum, regions := 0.0, 0.0
	for i := range either {
		if either[i] > 0 {
			sum += shared[i] / either[i]
			regions++
		}
	}
	return Score{"mIoU", sum / regions, len(paths)}, nil
}

func readGray(path string) (*image.Gray, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	decoded, err := png.Decode(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	gray := image.NewGray(image.Rect(0, 0, decoded.Bounds().Dx(), decoded.Bounds().Dy()))
	for y := range gray.Rect.Dy() {
		for x := range gray.Rect.Dx() {
			gray.Set(x, y, color.GrayModel.Convert(decoded.At(decoded.Bounds().Min.X+x, decoded.Bounds().Min.Y+y)))
		}
	}
	return gray, nil
}
