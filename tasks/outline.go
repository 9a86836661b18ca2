package tasks

import (
	"fmt"
	"math"
	"slices"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomediumitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/gomonobolditalic"
	"golang.org/x/image/font/gofont/gomonoitalic"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// glyphFonts are the Go fonts with different digits; small caps repeat those
// of the regular ones.
func glyphFonts() [][]byte {
	return [][]byte{goregular.TTF, goitalic.TTF, gomedium.TTF, gomediumitalic.TTF, gobold.TTF, gobolditalic.TTF,
		gomono.TTF, gomonoitalic.TTF, gomonobold.TTF, gomonobolditalic.TTF}
}

// A glyphMask is the ink of a digit on a fine grid, blurred over the area of
// about a pixel so that one bilinear look-up is already anti-aliased.
type glyphMask struct {
	ink [glyphGrid * glyphGrid]float64
}

const (
	glyphFine  = 3                  // grid points per pixel
	glyphGrid  = 36 * glyphFine     // a border of 8 pixels around digits 20 high
	glyphTall  = 20                 // height of a digit in pixels
	glyphBlur  = 2                  // half width of the blur in grid points
	glyphLines = 4                  // scan lines per grid point
	glyphSub   = 1.0 / glyphLines   // their distance
	glyphHalf  = glyphGrid / 2.0    // centre of the grid
	glyphScale = float64(glyphFine) // grid points per pixel, as a float
)

type point struct{ x, y float64 }

// glyphMasks renders the ten digits of every font, font after font. The
// outlines are whole numbers and everything after is rounded arithmetic, so
// that every machine gets the same masks.
func glyphMasks() []*glyphMask {
	var masks []*glyphMask
	for i, ttf := range glyphFonts() {
		f, err := sfnt.Parse(ttf)
		if err != nil {
			panic(fmt.Sprintf("tasks: embedded font %d: %v", i, err))
		}
		for digit := range 10 {
			edges, err := outline(f, rune('0'+digit))
			if err != nil {
				panic(fmt.Sprintf("tasks: embedded font %d: %v", i, err))
			}
			masks = append(masks, renderMask(edges))
		}
	}
	return masks
}

// outline returns the edges of a glyph in grid coordinates, digits as tall as
// glyphTall pixels and centred.
func outline(f *sfnt.Font, r rune) ([][2]point, error) {
	var buf sfnt.Buffer
	g, err := f.GlyphIndex(&buf, r)
	if err != nil {
		return nil, err
	}
	segments, err := f.LoadGlyph(&buf, g, fixed.Int26_6(f.UnitsPerEm())<<6, nil)
	if err != nil {
		return nil, err
	}
	at := func(p fixed.Point26_6) point { return point{float64(p.X), float64(p.Y)} }
	var edges [][2]point
	var start, last point
	line := func(to point) {
		edges = append(edges, [2]point{last, to})
		last = to
	}
	for _, s := range segments {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if last != start {
				line(start)
			}
			start = at(s.Args[0])
			last = start
		case sfnt.SegmentOpLineTo:
			line(at(s.Args[0]))
		case sfnt.SegmentOpQuadTo:
			a, b, c := last, at(s.Args[0]), at(s.Args[1])
			const pieces = 8
			for i := 1; i <= pieces; i++ {
				t := float64(float64(i) / pieces)
				u := 1 - t
				line(point{
					float64(u*u*a.x) + float64(2*u*t*b.x) + float64(t*t*c.x),
					float64(u*u*a.y) + float64(2*u*t*b.y) + float64(t*t*c.y),
				})
			}
		default:
			return nil, fmt.Errorf("digit %c has cubic curves", r)
		}
	}
	if last != start {
		line(start)
	}
	low, high := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, e := range edges {
		for _, p := range e {
			low = point{min(low.x, p.x), min(low.y, p.y)}
			high = point{max(high.x, p.x), max(high.y, p.y)}
		}
	}
	scale := glyphTall * glyphScale / (high.y - low.y)
	centre := point{float64((low.x + high.x) / 2), float64((low.y + high.y) / 2)}
	for i, e := range edges {
		for j, p := range e {
			edges[i][j] = point{float64((p.x-centre.x)*scale) + glyphHalf, float64((p.y-centre.y)*scale) + glyphHalf}
		}
	}
	return edges, nil
}

// renderMask fills an outline by the non-zero winding rule, exactly along
// each scan line, and blurs it.
func renderMask(edges [][2]point) *glyphMask {
	type crossing struct {
		x    float64
		turn int
	}
	var ink [glyphGrid * glyphGrid]float64
	var hits []crossing
	for line := range glyphGrid * glyphLines {
		y := float64((float64(line) + 0.5) * glyphSub)
		hits = hits[:0]
		for _, e := range edges {
			a, b, turn := e[0], e[1], 1
			if a.y > b.y {
				a, b, turn = b, a, -1
			}
			if a.y <= y && y < b.y {
				hits = append(hits, crossing{a.x + float64((y-a.y)/(b.y-a.y)*(b.x-a.x)), turn})
			}
		}
		slices.SortStableFunc(hits, func(a, b crossing) int {
			switch {
			case a.x < b.x:
				return -1
			case a.x > b.x:
				return 1
			}
			return 0
		})
		winding := 0
		for i, h := range hits {
			if winding != 0 {
				fillSpan(ink[line/glyphLines*glyphGrid:][:glyphGrid], hits[i-1].x, h.x)
			}
			winding += h.turn
		}
	}
	m := &glyphMask{}
	blur(&m.ink, &ink)
	return m
}

// fillSpan adds the cover of one scan line between two places.
func fillSpan(row []float64, from, to float64) {
	from, to = max(from, 0), min(to, float64(len(row)))
	for i := int(from); i < len(row) && float64(i) < to; i++ {
		row[i] += float64((min(to, float64(i+1)) - max(from, float64(i))) * glyphSub)
	}
}

// blur is the mean over a square of 2·glyphBlur+1 grid points.
func blur(dst, src *[glyphGrid * glyphGrid]float64) {
	const side = 2*glyphBlur + 1
	for y := glyphBlur; y < glyphGrid-glyphBlur; y++ {
		for x := glyphBlur; x < glyphGrid-glyphBlur; x++ {
			var sum float64
			for dy := -glyphBlur; dy <= glyphBlur; dy++ {
				for dx := -glyphBlur; dx <= glyphBlur; dx++ {
					sum += src[(y+dy)*glyphGrid+x+dx]
				}
			}
			dst[y*glyphGrid+x] = sum / (side * side)
		}
	}
}

// at is the ink at a place of the grid, bilinear between grid points; the
// point i covers i to i+1.
func (m *glyphMask) at(x, y float64) float64 {
	x, y = x-0.5, y-0.5
	if !(x >= 0 && y >= 0 && x < glyphGrid-1 && y < glyphGrid-1) {
		return 0
	}
	i, j := int(x), int(y)
	fx, fy := x-float64(i), y-float64(j)
	p := m.ink[j*glyphGrid+i:]
	top := p[0] + float64(fx*(p[1]-p[0]))
	low := p[glyphGrid] + float64(fx*(p[glyphGrid+1]-p[glyphGrid]))
	return top + float64(fy*(low-top))
}
