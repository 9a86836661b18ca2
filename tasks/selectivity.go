package tasks

import (
	"math"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

// selectivityTask asks rectified units to answer one of several patterns and
// no other, which unit which is left open. Pattern k of P is
//
//	x_k = s·(√c·u_0 + √(1 − c)·u_k) + noise
//
//	u  orthonormal directions, drawn per life
//	c  overlap: the cosine of the angle between any two patterns
//	s  scale: √½, 1 or √2, drawn per life
//
// and all come once, in random order, in each round. A unit that answers them
// with y_k ≥ 0, m = max y_k, scores its selectivity less a penalty
//
//	1 − mean(y)/m − (1 − m/low  where m < low = P/5
//	                 1 − high/m where m > high = 5·P
//	                 0          else)
//
// and −1 where it is silent. A unit whose sliding threshold is the mean of y²,
// as in the BCM theory, ends with m = P, the inverse of the probability of a
// pattern: hence limits in units of P.
//
// Two things make the task well posed. Rules that change the weights of
// patterns that a unit does not answer become selective too, but do not stop:
// with the scale of the inputs drawn per life there is no rate at which they
// are selective soon and still answer at the end. And after the light the
// inputs are silent: without that darkness, (pre − w)·(post − 1), whose
// answers have a mean of 1, is as good as BCM as long as the input lasts.
//
// E. L. Bienenstock, L. N. Cooper, P. W. Munro, J. Neurosci. 2:32 (1982), who
// define the selectivity of a unit in this way.
type selectivityTask struct {
	info            Info
	patterns, light int
	overlap, noise  float64
}

func openSelectivity(v *values) (Task, error) {
	d, p := v.int("dims", 0), v.int("patterns", 0)
	if p >= d {
		return nil, v.fail(v.spec, "patterns", "patterns that share a part need more dimensions than there are patterns")
	}
	return &selectivityTask{Info{
		Name: v.spec.String(), Kind: Unsupervised, In: d, Out: v.int("units", 0),
		Metric: "1 − mean(y)/max(y) − penalty", Chance: 0, Ceiling: 1 - 1/float64(p),
		Steps: v.int("steps", 0),
	}, p, v.int("light", 0), v.float("overlap"), v.float("noise")}, nil
}

func (t *selectivityTask) Info() Info { return t.info }

func (t *selectivityTask) Start(k key.Key) (Episode, error) {
	d, p, s := t.info.In, t.patterns, k.Child("patterns", 0).Stream()
	u := orthonormal(s, p+1, d)
	scale := math.Sqrt([...]float64{0.5, 1, 2}[s.IntN(3)])
	e := &selectivityEpisode{info: t.info, light: t.light, patterns: vec.New(p, d), order: make([]int, p),
		noise: scale * t.noise / math.Sqrt(float64(d)), tape: newTape(k.Child("samples", 0), d)}
	common, own := scale*math.Sqrt(t.overlap), scale*math.Sqrt(1-t.overlap)
	for i := range p {
		x := e.patterns.Row(i)
		for j := range x {
			x[j] = float32(float64(common*u[p][j]) + float64(own*u[i][j]))
		}
	}
	return e, nil
}

type selectivityEpisode struct {
	info     Info
	light    int
	patterns *vec.Matrix
	noise    float64 // standard deviation of an input
	order    []int   // of the patterns in this round
	drawn    int     // samples since the tape began
	shown    int     // samples in this life
	tape     tape
}

func (e *selectivityEpisode) Rewind() {
	if e.tape.rewind(); e.tape.drawn == 0 { // the stream starts again
		e.drawn = 0
	}
	e.shown = 0
}

func (e *selectivityEpisode) Next(b *Batch) {
	b.N = b.X.Rows
	for i := range b.N {
		if e.shown == e.light {
			clear(b.X.Row(i))
			continue
		}
		e.shown++
		x, known := e.tape.next()
		if !known {
			e.draw(e.tape.stream, x)
		}
		copy(b.X.Row(i), x)
	}
}

// draw makes the next sample.
func (e *selectivityEpisode) draw(s *key.Stream, x []float32) {
	at := e.drawn % len(e.order)
	if at == 0 {
		s.Perm(e.order)
	}
	e.drawn++
	for j, v := range e.patterns.Row(e.order[at]) {
		x[j] = float32(float64(v) + float64(e.noise*s.Normal()))
	}
}

// Score takes the answers to the patterns themselves. It is exact, so that all
// splits are one.
func (e *selectivityEpisode) Score(m Model, _ Split) Score {
	y, p := m.Outputs(e.patterns), float64(e.patterns.Rows)
	var raw float64
	for i := range e.info.Out {
		var sum, most float64
		for k := range e.patterns.Rows {
			r := math.Max(float64(y.Row(k)[i]), 0)
			sum += r
			most = math.Max(most, r)
		}
		raw += selectivity(sum/p, most, p/5, p*5)
	}
	raw /= float64(e.info.Out)
	if !(raw >= -1) {
		raw = -1
	}
	return Score{Value: normalise(raw, e.info), Raw: raw, Accuracy: math.NaN(), Loss: math.NaN()}
}

// selectivity is that of a unit, less the penalty for answers beyond limits.
func selectivity(mean, most, low, high float64) float64 {
	switch {
	case most == 0:
		return -1
	case most < low:
		return most/low - mean/most
	case most > high:
		return high/most - mean/most
	}
	return 1 - mean/most
}
