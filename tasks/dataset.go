package tasks

import (
	"fmt"
	"math"
)

// dataset is a finite set of labelled samples, immutable once prepared.
type dataset struct {
	train, test   part
	height, width int  // of images; 0 otherwise
	pixels        bool // values were bytes, so that "unit" means /255
	classes       int  // 0 for regression
	names         []string
	chance        float64 // accuracy of guessing
}

// part holds the samples of one split, labelled by class or by target value.
type part struct {
	x       table
	labels  []int32
	targets []float32 // one per sample; only for regression
}

// table holds n rows of d values: bytes seen through a look-up table, which
// keeps image sets small, or floats.
type table struct {
	n, d   int
	bytes  []byte
	lut    [256]float32
	floats []float32
}

func byteTable(n, d int, b []byte) table {
	t := table{n: n, d: d, bytes: b}
	for i := range t.lut {
		t.lut[i] = float32(i)
	}
	return t
}

// row copies row i into dst.
func (t *table) row(i int, dst []float32) {
	if t.bytes == nil {
		copy(dst, t.floats[i*t.d:(i+1)*t.d])
		return
	}
	b := t.bytes[i*t.d : (i+1)*t.d]
	dst = dst[:len(b)]
	for j, v := range b {
		dst[j] = t.lut[v]
	}
}

// at returns one value in float64.
func (t *table) at(i, j int) float64 {
	if t.bytes == nil {
		return float64(t.floats[i*t.d+j])
	}
	return float64(t.lut[t.bytes[i*t.d+j]])
}

// toFloats replaces the bytes of a table.
func (t *table) toFloats() {
	if t.bytes == nil {
		return
	}
	f := make([]float32, t.n*t.d)
	for i, b := range t.bytes {
		f[i] = t.lut[b]
	}
	t.bytes, t.floats = nil, f
}

// keep drops all rows whose label is not in the map and renames the others.
func (p *part) keep(rename map[int32]int32) {
	n := 0
	for i, l := range p.labels {
		to, ok := rename[l]
		if !ok {
			continue
		}
		p.labels[n] = to
		if p.x.bytes != nil {
			copy(p.x.bytes[n*p.x.d:(n+1)*p.x.d], p.x.bytes[i*p.x.d:(i+1)*p.x.d])
		} else {
			copy(p.x.floats[n*p.x.d:(n+1)*p.x.d], p.x.floats[i*p.x.d:(i+1)*p.x.d])
		}
		n++
	}
	p.labels = p.labels[:n]
	p.x.n = n
	if p.x.bytes != nil {
		p.x.bytes = p.x.bytes[:n*p.x.d]
	} else {
		p.x.floats = p.x.floats[:n*p.x.d]
	}
}

// resize replaces images of h×w pixels by their exact area average on a
// side×side grid. A pixel of the source covers side units of a line of h·side
// units, one of the result h of them, so that all overlaps are whole numbers
// and the sum over bytes is exact.
func (t *table) resize(h, w, side int) {
	out := make([]float32, t.n*side*side)
	row, lines := make([]float32, t.d), make([]float64, h*side)
	across, down := overlaps(w, side), overlaps(h, side)
	area := float64(h * w)
	for i := range t.n {
		t.row(i, row)
		for y := range h {
			for c, o := range across {
				var sum float64
				for k, v := range row[y*w+o.first:][:len(o.units)] {
					sum += float64(o.units[k] * float64(v))
				}
				lines[y*side+c] = sum
			}
		}
		for r, o := range down {
			for c := range side {
				var sum float64
				for k, u := range o.units {
					sum += float64(u * lines[(o.first+k)*side+c])
				}
				out[(i*side+r)*side+c] = float32(sum / area)
			}
		}
	}
	t.bytes, t.floats, t.d = nil, out, side*side
}

// overlap is what one pixel of the result takes from each pixel of the source
// along one axis, starting with the first that it touches.
type overlap struct {
	first int
	units []float64
}

func overlaps(n, side int) []overlap {
	out := make([]overlap, side)
	for r := range out {
		out[r].first = r * n / side
		for y := out[r].first; y*side < (r+1)*n; y++ {
			out[r].units = append(out[r].units, float64(min((y+1)*side, (r+1)*n)-max(y*side, r*n)))
		}
	}
	return out
}

// affine replaces every value v by (v − shift)·scale, column by column when
// there are as many shifts as columns.
func (t *table) affine(shift, scale []float64) {
	if len(shift) == 1 && t.bytes != nil {
		for i, v := range t.lut {
			t.lut[i] = float32((float64(v) - shift[0]) * scale[0])
		}
		return
	}
	t.toFloats()
	for i, v := range t.floats {
		j := 0
		if len(shift) > 1 {
			j = i % t.d
		}
		t.floats[i] = float32((float64(v) - shift[j]) * scale[j])
	}
}

// moments returns mean and population standard deviation of each column, or,
// in slices of length 1, of all values together.
func (t *table) moments(columns bool) (mean, sd []float64) {
	k := 1
	if columns {
		k = t.d
	}
	mean, sd = make([]float64, k), make([]float64, k)
	n := float64(t.n) * float64(t.d/k)
	row := make([]float32, t.d)
	for i := range t.n {
		t.row(i, row)
		for j, v := range row {
			mean[j%k] += float64(v)
		}
	}
	for j := range mean {
		mean[j] /= n
	}
	for i := range t.n {
		t.row(i, row)
		for j, v := range row {
			c := float64(v) - mean[j%k]
			sd[j%k] += float64(c * c)
		}
	}
	for j := range sd {
		sd[j] = math.Sqrt(sd[j] / n)
	}
	return mean, sd
}

// extremes returns the least and the greatest value.
func (t *table) extremes() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for i := range t.n {
		for j := range t.d {
			v := t.at(i, j)
			low, high = min(low, v), max(high, v)
		}
	}
	return low, high
}

// standardize applies the option of that name to both parts with the
// statistics of the training part.
func (d *dataset) standardize(how string) {
	var shift, scale []float64
	inverse := func(sd float64) float64 {
		if sd == 0 { // a constant is only centred
			return 1
		}
		return 1 / sd
	}
	switch how {
	case "none":
		return
	case "unit":
		low, high := 0.0, 255.0
		if !d.pixels {
			low, high = d.train.x.extremes()
		}
		shift, scale = []float64{low}, []float64{inverse(high - low)}
	case "global", "feature":
		mean, sd := d.train.x.moments(how == "feature")
		shift = mean
		for _, v := range sd {
			scale = append(scale, inverse(v))
		}
	default:
		panic(fmt.Sprintf("tasks: standardize %q", how))
	}
	d.train.x.affine(shift, scale)
	d.test.x.affine(shift, scale)
}
