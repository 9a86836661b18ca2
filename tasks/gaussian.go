package tasks

// gaussian is an endless stream of zero-mean Gaussian inputs.
type gaussian struct {
	axes   [][]float64 // principal components, the greatest variance first
	sd     []float64   // standard deviations along them
	z, acc []float64   // scratch
	tape   tape
}

func (g *gaussian) Rewind() { g.tape.rewind() }

func (g *gaussian) Next(b *Batch) {
	b.N = b.X.Rows
	for i := range b.N {
		x, known := g.tape.next()
		if !known {
			for k, sd := range g.sd {
				g.z[k] = float64(sd * g.tape.stream.Normal())
			}
			mix(x, g.z, g.axes, g.acc)
		}
		copy(b.X.Row(i), x)
	}
}
