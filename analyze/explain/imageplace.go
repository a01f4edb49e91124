package explain

import (
	"cmp"
	"slices"
)

// rectangle is a part of a picture, in its pixels, from edge to edge; it may reach beyond the picture.
type rectangle struct{ x, y, width, height float64 }

// placement is where in the photo what was fed comes from: a first guess, that align makes exact.
type placement struct {
	view        view // before it was turned
	orientation orientation
	inside      rectangle // of what was fed, not turned: the rest is padding
	source      rectangle // of the photo
	likeness    float64   // share of the variance of what was fed that the photo explains there
}

// thumb is the side of the thumbnails that places are compared by.
const thumb = 16

// keptPlaces is how many of the likeliest places are looked at closely.
const keptPlaces = 6

// places finds the likeliest places of what was fed, first among sources, and where none of these looks like it, among
// all rectangles of a grid.
func places(r *reduced, p photo, views []view) []placement {
	var starts []placement
	for _, v := range views {
		for _, o := range orientations {
			turned := v.turned(o.orientation)
			for _, inside := range insides(turned) {
				starts = append(starts, placement{view: turned, orientation: o.orientation, inside: inside})
			}
		}
	}
	found := likeliest(r, starts, func(s placement) []rectangle { return usualSources(p, s) })
	if len(found) > 0 && found[0].likeness > thumbsAlike {
		return found
	}
	found = append(found, likeliest(r, starts, func(s placement) []rectangle { return grid(p, s) })...)
	sortPlaces(found)
	return found[:min(len(found), keptPlaces)]
}

// thumbsAlike is the likeness of thumbnails from which a place needs no other one beside it: those of the right place of photos
// are alike to 0.99 and more, whatever they were resized by.
const thumbsAlike = 0.98

func sortPlaces(p []placement) {
	slices.SortStableFunc(p, func(a, b placement) int { return cmp.Compare(b.likeness, a.likeness) })
}

// likeliest compares what was fed with parts of the photo, each in all the ways that it may have been turned at once.
func likeliest(r *reduced, starts []placement, sources func(placement) []rectangle) []placement {
	small := make([][]shape, len(starts))
	by := make(map[rectangle][]int) // which starts a part of the photo is for
	var parts []rectangle
	for i, s := range starts {
		small[i] = shapes(thumbnails(s))
		for _, source := range sources(s) {
			if by[source] == nil {
				parts = append(parts, source)
			}
			by[source] = append(by[source], i)
		}
	}
	type compared struct {
		likeness    float64
		part, start int
	}
	each := make([][]compared, len(parts))
	inParallel(len(parts), func(k int) {
		of := independent(shapes(thumbnailsOf(r, parts[k])))
		for _, i := range by[parts[k]] {
			each[k] = append(each[k], compared{likeness(small[i], of), k, i})
		}
	})
	all := slices.Concat(each...)
	slices.SortStableFunc(all, func(a, b compared) int { return cmp.Compare(b.likeness, a.likeness) })
	var found []placement
	for _, c := range all[:min(len(all), keptPlaces)] {
		place := starts[c.start]
		place.source, place.likeness = parts[c.part], c.likeness
		found = append(found, place)
	}
	return found
}

// insides are the parts of what was fed that may hold the picture: all, and what is left without an edge of one colour.
func insides(v view) []rectangle {
	all := []rectangle{{0, 0, float64(v.width), float64(v.height)}}
	same := func(at func(i int) int, n int) bool {
		for _, plane := range v.planes {
			for i := range n {
				if plane[at(i)] != plane[at(0)] || plane[at(i)] != plane[0] && plane[at(i)] != plane[len(plane)-1] {
					return false
				}
			}
		}
		return true
	}
	row := func(y int) bool { return same(func(i int) int { return y*v.width + i }, v.width) }
	column := func(x int) bool { return same(func(i int) int { return i*v.width + x }, v.height) }
	top, bottom := edges(v.height, row)
	left, right := edges(v.width, column)
	if top+bottom+left+right == 0 || v.height-top-bottom < leastSide || v.width-left-right < leastSide {
		return all
	}
	return append(all, rectangle{float64(left), float64(top), float64(v.width - left - right), float64(v.height - top - bottom)})
}

// edges counts how many lines at both ends are such ones.
func edges(n int, such func(i int) bool) (first, last int) {
	for first < n && such(first) {
		first++
	}
	for last < n-first && such(n-1-last) {
		last++
	}
	return first, last
}

// usualSources are the parts of photos that apps take.
func usualSources(p photo, s placement) []rectangle {
	w, h := float64(p.width), float64(p.height)
	all := []rectangle{{0, 0, w, h}}
	side := min(w, h)
	aspect := s.inside.width / s.inside.height
	for _, box := range []rectangle{
		{0, 0, w, h},       // of the whole photo
		{0, 0, side, side}, // of the largest square
		{0, 0, min(w, h*aspect), min(h, w/aspect)}, // of the largest part as wide for its height as what was fed
		{0, 0, max(w, h*aspect), max(h, w/aspect)}, // of the least frame as wide for its height
	} {
		for _, share := range []float64{1, 224. / 256, 0.9, 0.8, 0.75} {
			width, height := box.width*share, box.height*share
			all = append(all, rectangle{(w - width) / 2, (h - height) / 2, width, height})
			if share == 1 {
				all = append(all, rectangle{0, 0, width, height}, rectangle{w - width, h - height, width, height})
			}
		}
	}
	slices.SortFunc(all, func(a, b rectangle) int {
		return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y), cmp.Compare(a.width, b.width), cmp.Compare(a.height, b.height))
	})
	return slices.Compact(all)
}

// grid are rectangles all over the photo, as wide for their height as the photo and as what was fed.
func grid(p photo, s placement) []rectangle {
	w, h := float64(p.width), float64(p.height)
	aspect := s.inside.width / s.inside.height
	var all []rectangle
	for _, box := range []rectangle{{0, 0, w, h}, {0, 0, min(w, h*aspect), min(h, w/aspect)}} {
		for share := 0.97; share > 0.28; share *= 0.93 {
			width, height := box.width*share, box.height*share
			step := min(width, height) / 8
			nx, ny := int((w-width)/step)+1, int((h-height)/step)+1
			for iy := range ny {
				for ix := range nx {
					all = append(all, rectangle{between(ix, nx, w-width), between(iy, ny, h-height), width, height})
				}
			}
		}
	}
	return all
}

func between(i, n int, most float64) float64 {
	if n == 1 {
		return most / 2
	}
	return most * float64(i) / float64(n-1)
}

// thumbnails are the planes of what was fed inside its padding, each thumb*thumb means.
func thumbnails(s placement) [][]float32 {
	out := make([][]float32, len(s.view.planes))
	for c, plane := range s.view.planes {
		v := &reduced{factor: 1, height: s.view.height, width: s.view.width, sums: [][]float64{integral(plane, s.view.height, s.view.width)}}
		out[c] = means(v, 0, s.inside)
	}
	return out
}

func thumbnailsOf(r *reduced, source rectangle) [][]float32 {
	out := make([][]float32, len(r.planes))
	for c := range out {
		out[c] = means(r, c, source)
	}
	return out
}

func means(r *reduced, channel int, from rectangle) []float32 {
	out := make([]float32, thumb*thumb)
	dx, dy := from.width/thumb, from.height/thumb
	for y := range thumb {
		for x := range thumb {
			x0, y0 := from.x+float64(x)*dx, from.y+float64(y)*dy
			out[y*thumb+x] = float32(r.mean(channel, x0, y0, x0+dx, y0+dy))
		}
	}
	return out
}
