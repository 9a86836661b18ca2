package network

import "github.com/metaplast/metaplast/internal/vec"

// Extent is a height and a width, in units of an image.
type Extent struct{ Height, Width int }

// area is the number of units that it covers.
func (e Extent) area() int { return e.Height * e.Width }

// Image is the shape of a layer whose units form an image of one or more
// channels. Unit (y·Width + x)·Channels + c is channel c at row y, column x.
type Image struct{ Height, Width, Channels int }

// Units is the number of units of the layer.
func (i Image) Units() int { return i.Height * i.Width * i.Channels }

// Convolution describes a connection whose filters look at patches of the
// image below, and the pooling of what they find:
//
//	z_pf = b_f + Σ_j w_jf·x_pj     x_p the patch at position p, j = (row, column, channel)
//	y_pf = f(z_pf)
//	h_qf = max or mean of y_pf over the positions p of window q
//
// The activities h are the units of the layer above, an image with a channel
// for each filter. Windows of pooling lie within the image: what is left over
// at its end is not looked at.
type Convolution struct {
	Filters int     // at least 1
	Kernel  Extent  // of a patch; both sides at least 1
	Stride  Extent  // from one patch to the next; 0 means 1
	Padding Extent  // zeros on either side of the image; smaller than the kernel
	Pooling Pooling // of the activities; none when its size is 0
}

// Pooling makes one unit of a window of positions, filter by filter.
type Pooling struct {
	Size    Extent // of a window; 0 means 1
	Stride  Extent // from one window to the next; 0 means as large as the window
	Average bool   // the mean of a window, not its maximum
}

// one is the extent of what has no other.
var one = Extent{1, 1}

func (c Convolution) resolve() Convolution {
	or := func(e *Extent, otherwise Extent) {
		if *e == (Extent{}) {
			*e = otherwise
		}
	}
	or(&c.Stride, one)
	or(&c.Pooling.Size, one)
	or(&c.Pooling.Stride, c.Pooling.Size)
	if c.Pooling.Size == one && c.Pooling.Stride == one {
		c.Pooling.Average = false
	}
	return c
}

// Geometry says how a convolution joins the images of two layers. Its methods
// take one row per sample of the image layers, and one row per sample and
// position of patches and filters.
type Geometry struct {
	Convolution // resolved
	Below       Image
	Positions   Extent // of patches, before pooling
	Above       Image

	lines []line // see cut
}

// over returns the geometry of a convolution over an image, and what keeps
// it from being: layer counts from 0, the input.
func (c Convolution) over(below Image, layer int) (Geometry, error) {
	g := Geometry{Convolution: c.resolve(), Below: below}
	c = g.Convolution
	k, s, z, p := c.Kernel, c.Stride, c.Padding, c.Pooling
	switch {
	case c.Filters < 1 || min(k.Height, k.Width, s.Height, s.Width, p.Size.Height, p.Size.Width, p.Stride.Height, p.Stride.Width) < 1:
		return g, configErrorf("layer %d: filters, kernel, stride and pooling of a convolution have to be at least 1", layer)
	case min(z.Height, z.Width) < 0 || z.Height >= k.Height || z.Width >= k.Width:
		return g, configErrorf("layer %d: padding of %d×%d has to be smaller than the kernel of %d×%d", layer, z.Height, z.Width, k.Height, k.Width)
	case k.Height > below.Height+2*z.Height || k.Width > below.Width+2*z.Width:
		return g, configErrorf("layer %d: a kernel of %d×%d does not fit into an image of %d×%d", layer, k.Height, k.Width, below.Height, below.Width)
	}
	g.Positions = Extent{(below.Height+2*z.Height-k.Height)/s.Height + 1, (below.Width+2*z.Width-k.Width)/s.Width + 1}
	if p.Size.Height > g.Positions.Height || p.Size.Width > g.Positions.Width {
		return g, configErrorf("layer %d: a pooling window of %d×%d does not fit into the %d×%d positions of its filters",
			layer, p.Size.Height, p.Size.Width, g.Positions.Height, g.Positions.Width)
	}
	g.Above = Image{(g.Positions.Height-p.Size.Height)/p.Stride.Height + 1, (g.Positions.Width-p.Size.Width)/p.Stride.Width + 1, c.Filters}
	return g, nil
}

// Patch is the number of units of a patch.
func (g *Geometry) Patch() int { return g.Kernel.area() * g.Below.Channels }

// pools reports whether pooling does more than to copy.
func (g *Geometry) pools() bool { return g.Pooling.Size != one || g.Pooling.Stride != one }

// line is a row of the kernel at one position: what of a patch comes from
// where in the image. Positions whose row lies beside the image have none.
type line struct{ position, at, from, n int32 }

// cut makes the lines of all patches, position by position.
func (g *Geometry) cut() {
	depth := g.Below.Channels
	for y := range g.Positions.Height {
		for x := range g.Positions.Width {
			left := x*g.Stride.Width - g.Padding.Width
			skip := max(0, -left)
			n := min(g.Kernel.Width, g.Below.Width-left) - skip
			for k := range g.Kernel.Height {
				row := y*g.Stride.Height - g.Padding.Height + k
				if n <= 0 || row < 0 || row >= g.Below.Height {
					continue
				}
				g.lines = append(g.lines, line{
					position: int32(y*g.Positions.Width + x),
					at:       int32((k*g.Kernel.Width + skip) * depth),
					from:     int32((row*g.Below.Width + left + skip) * depth),
					n:        int32(n * depth),
				})
			}
		}
	}
}

// Gather sets dst to the patches of the images in src.
func (g *Geometry) Gather(dst, src *vec.Matrix) {
	positions := g.Positions.area()
	if g.Padding != (Extent{}) {
		clear(dst.Data[:dst.Rows*dst.Stride])
	}
	for i := range src.Rows {
		image, patches := src.Row(i), dst.Data[i*positions*dst.Stride:]
		for _, l := range g.lines {
			d := patches[int(l.position)*dst.Stride+int(l.at):]
			copy(d[:l.n], image[l.from:l.from+l.n])
		}
	}
}

// Scatter is the adjoint of Gather: it sets each unit of the images in dst to
// the sum of its values in the patches of src, in the order of positions.
func (g *Geometry) Scatter(dst, src *vec.Matrix) {
	positions := g.Positions.area()
	for i := range dst.Rows {
		image, patches := dst.Row(i), src.Data[i*positions*src.Stride:]
		clear(image)
		for _, l := range g.lines {
			s := patches[int(l.position)*src.Stride+int(l.at):]
			d := image[l.from : l.from+l.n]
			vec.AddVV(d, d, s[:l.n])
		}
	}
}

// Pool sets the images of dst to what pooling makes of the filters in src. Of
// a maximum it notes in best, if that is not nil, the position of the first
// unit that has it, for each unit of dst; it has room for all of them.
func (g *Geometry) Pool(dst, src *vec.Matrix, best []int32) {
	filters := g.Filters
	inverse := 1 / float32(g.Pooling.Size.area())
	for i := range dst.Rows {
		image := dst.Row(i)
		for q := range len(image) / filters {
			d := image[q*filters : (q+1)*filters]
			first := i*g.Positions.area() + g.corner(q)
			copy(d, src.Row(first))
			if !g.pools() {
				continue
			}
			if g.Pooling.Average {
				for k := 1; k < g.Pooling.Size.area(); k++ {
					vec.AddVV(d, d, src.Row(first+g.inWindow(k)))
				}
				vec.MulVS(d, d, inverse)
				continue
			}
			g.maximum(d, src, first, best, i*len(image)+q*filters)
		}
	}
}

// maximum takes the maximum over a window whose first row of src is in d.
func (g *Geometry) maximum(d []float32, src *vec.Matrix, first int, best []int32, at int) {
	if best == nil {
		for k := 1; k < g.Pooling.Size.area(); k++ {
			for f, v := range src.Row(first + g.inWindow(k))[:len(d)] {
				if v > d[f] {
					d[f] = v
				}
			}
		}
		return
	}
	b := best[at : at+len(d)]
	for f := range b {
		b[f] = int32(first)
	}
	for k := 1; k < g.Pooling.Size.area(); k++ {
		row := first + g.inWindow(k)
		for f, v := range src.Row(row)[:len(d)] {
			if v > d[f] {
				d[f], b[f] = v, int32(row)
			}
		}
	}
}

// Unpool is the adjoint of the last Pool that filled best: it sends the values
// of the images in src to the filters in dst that they came from.
func (g *Geometry) Unpool(dst, src *vec.Matrix, best []int32) {
	filters := g.Filters
	clear(dst.Data[:dst.Rows*dst.Stride])
	inverse := 1 / float32(g.Pooling.Size.area())
	for i := range src.Rows {
		image := src.Row(i)
		for q := range len(image) / filters {
			s := image[q*filters : (q+1)*filters]
			first := i*g.Positions.area() + g.corner(q)
			switch {
			case !g.pools():
				copy(dst.Row(first), s)
			case g.Pooling.Average:
				for k := range g.Pooling.Size.area() {
					d := dst.Row(first + g.inWindow(k))
					vec.MulAddVSV(d, s, inverse, d)
				}
			default:
				for f, row := range best[i*len(image)+q*filters:][:filters] {
					dst.Data[int(row)*dst.Stride+f] += s[f]
				}
			}
		}
	}
}

// Collect sets each unit of the images in dst to the sum of src over what it
// was pooled from by the last Pool that filled best: the position of its
// maximum, or all of its window.
func (g *Geometry) Collect(dst, src *vec.Matrix, best []int32) {
	filters := g.Filters
	for i := range dst.Rows {
		image := dst.Row(i)
		for q := range len(image) / filters {
			d := image[q*filters : (q+1)*filters]
			first := i*g.Positions.area() + g.corner(q)
			if g.pools() && !g.Pooling.Average {
				for f, row := range best[i*len(image)+q*filters:][:filters] {
					d[f] = src.Data[int(row)*src.Stride+f]
				}
				continue
			}
			copy(d, src.Row(first))
			for k := 1; k < g.Pooling.Size.area(); k++ {
				vec.AddVV(d, d, src.Row(first+g.inWindow(k)))
			}
		}
	}
}

// corner is the first position of pooling window q.
func (g *Geometry) corner(q int) int {
	y, x := q/g.Above.Width, q%g.Above.Width
	return y*g.Pooling.Stride.Height*g.Positions.Width + x*g.Pooling.Stride.Width
}

// inWindow is how far the k-th position of a window lies behind its first.
func (g *Geometry) inWindow(k int) int {
	return k/g.Pooling.Size.Width*g.Positions.Width + k%g.Pooling.Size.Width
}
