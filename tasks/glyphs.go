package tasks

import (
	"github.com/metaplast/metaplast/rulespace/key"
)

// The glyphs set: digits of ten Go fonts (B. Bigelow, C. Holmes 2016) on
// 28×28 pixels, rotated, sheared, stretched, moved, bent, thickened or
// thinned, with uneven contrast and noise. It stands in for MNIST where no
// file is at hand. The set belongs to the option seed; image i of a part is
// the same however many are made.
const (
	glyphSide     = 28
	glyphControls = 7 // control points of the bending field along a side
)

func openGlyphs(v *values) (Task, error) {
	shape := dataset{height: glyphSide, width: glyphSide, pixels: true, classes: 10, chance: 0.1}
	shape.train.x.d, shape.test.x.d = glyphSide*glyphSide, glyphSide*glyphSide
	n, m := v.int("train", 0), v.int("samples", 0)
	seed := key.Root(uint64(v.int("seed", 0)))
	return newGenerated(v, shape, n, m, func() *dataset {
		g := newGlyphMaker()
		d := shape
		d.train = g.part(seed.Child("glyphs/train", 0), n)
		d.test = g.part(seed.Child("glyphs/test", 0), m)
		return &d
	})
}

// glyphMaker draws images; it is used by one goroutine.
type glyphMaker struct {
	masks   []*glyphMask
	weights [glyphSide][4]float64 // cubic B-splines at each pixel
	first   [glyphSide]int        // the first control point they act on
	field   [2][glyphControls * glyphControls]float64
	along   [2][glyphControls * glyphSide]float64
}

func newGlyphMaker() *glyphMaker {
	g := &glyphMaker{masks: glyphMasks()}
	const cells = glyphControls - 3
	for p := range glyphSide {
		at := (float64(p) + 0.5) * cells / glyphSide
		i := min(int(at), cells-1)
		t := at - float64(i)
		u := 1 - t
		g.first[p] = i
		g.weights[p] = [4]float64{
			float64(u*u*u) / 6,
			(float64(3*t*t*t) - float64(6*t*t) + 4) / 6,
			(float64(3*u*u*u) - float64(6*u*u) + 4) / 6,
			float64(t*t*t) / 6,
		}
	}
	return g
}

// part draws n images with the classes 0 to 9 in turn.
func (g *glyphMaker) part(k key.Key, n int) part {
	p := part{labels: make([]int32, n)}
	pixels := make([]byte, n*glyphSide*glyphSide)
	for i := range n {
		p.labels[i] = int32(i % 10)
		g.draw(k.Child("image", uint64(i)).Stream(), i%10, pixels[i*glyphSide*glyphSide:][:glyphSide*glyphSide])
	}
	p.x = byteTable(n, glyphSide*glyphSide, pixels)
	return p
}

// draw makes one image of a digit.
func (g *glyphMaker) draw(s *key.Stream, digit int, dst []byte) {
	mask := g.masks[s.IntN(len(g.masks)/10)*10+digit]

	// The map from pixels to the mask: move, bend, then the inverse of
	// stretch, shear and turn. The turn takes the rational form
	// cos = (1−u²)/(1+u²), sin = 2u/(1+u²), up to about 20 degrees.
	u := s.Uniform(-0.18, 0.18)
	q := 1 + float64(u*u)
	cos, sin := (1-float64(u*u))/q, 2*u/q
	shear := s.Uniform(-0.3, 0.3)
	sx, sy := glyphScale/s.Uniform(0.8, 1.35), glyphScale/s.Uniform(0.8, 1.1)
	dx, dy := s.Uniform(-2.25, 2.25), s.Uniform(-2.25, 2.25)
	ax, ay := float64(sx*(cos+float64(shear*sin))), float64(sx*(sin-float64(shear*cos)))
	bx, by := float64(-sy*sin), float64(sy*cos)
	g.bend(s, 1.6)

	thick := s.Uniform(-0.12, 0.22)
	edge := s.Uniform(1.2, 2.2)
	ink := s.Uniform(0.6, 1)
	slope, level := s.Uniform(-0.012, 0.012), s.Uniform(0, 0.12)
	noise := s.Uniform(0.05, 0.2)
	var random uint64
	for y := range glyphSide {
		for x := range glyphSide {
			i := y*glyphSide + x
			ex, ey := g.shift(x, y)
			px := float64(x) - (glyphSide-1)/2.0 - dx + ex
			py := float64(y) - (glyphSide-1)/2.0 - dy + ey
			v := mask.at(float64(ax*px)+float64(ay*py)+glyphHalf, float64(bx*px)+float64(by*py)+glyphHalf)
			v = float64((v-0.5+thick)*edge) + 0.5
			v = float64(min(max(v, 0), 1) * (ink + float64(slope*(float64(x)-14))))
			if i%4 == 0 {
				random = s.Uint64()
			}
			// The sum of two bytes: triangular noise of unit half width.
			a, b := float64(random&0xff), float64(random>>8&0xff)
			random >>= 16
			v = level + float64(v*(1-level)) + float64(noise*((a+b)/255-1))
			dst[i] = byte(float64(min(max(v, 0), 1)*255) + 0.5)
		}
	}
}

// bend draws a smooth random field of displacements of about so many pixels.
func (g *glyphMaker) bend(s *key.Stream, pixels float64) {
	for c := range g.field {
		for i := range g.field[c] {
			g.field[c][i] = s.Uniform(-pixels, pixels)
		}
		for row := range glyphControls {
			for x := range glyphSide {
				var v float64
				for k, w := range g.weights[x] {
					v += float64(w * g.field[c][row*glyphControls+g.first[x]+k])
				}
				g.along[c][row*glyphSide+x] = v
			}
		}
	}
}

func (g *glyphMaker) shift(x, y int) (dx, dy float64) {
	for k, w := range g.weights[y] {
		at := (g.first[y]+k)*glyphSide + x
		dx += float64(w * g.along[0][at])
		dy += float64(w * g.along[1][at])
	}
	return dx, dy
}
