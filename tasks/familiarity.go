package tasks

import (
	"cmp"
	"math"
	"slices"

	"github.com/metaplast/metaplast/rulespace/key"
)

// familiarityTask is continual recognition: a stream of random patterns
//
//	x ∈ {±1/√dims}^dims
//
// each of which is shown again, once, with probability 1/2 after interval
// further samples. A unit is not told which are repetitions. What counts is
// whether the strength of the response to a sample, the mean of y² over the
// units before they learn from it, tells repetitions from new patterns: with A
// the probability that a repetition has more of it than a new pattern, ties
// counted half, the score over the second half of a life is |2A − 1|. Either
// sign will do, so that nothing says beforehand whether the familiar is to be
// suppressed or amplified.
//
// Hebb's rule does tell them apart, for a while: what it adds to the response
// to x it adds to in the next round, so that weights grow by 2/dims or more
// per sample and have to be forgotten as fast. The anti-Hebbian rule takes away
// what there is of a response and then stops; it needs no forgetting to be
// stable and remembers for about dims samples. So it wins where the interval is
// not short against dims.
//
// D. Tyulmankov, G. R. Yang, L. F. Abbott, Neuron 110:544 (2022), where a slow
// network reads the response out.
type familiarityTask struct {
	info     Info
	interval int
}

func openFamiliarity(v *values) (Task, error) {
	return &familiarityTask{Info{
		Name: v.spec.String(), Kind: Unsupervised, In: v.int("dims", 0), Out: v.int("units", 0),
		Metric: "|2·AUC − 1|", Chance: 0, Ceiling: 1, Steps: v.int("steps", 0),
	}, v.int("interval", 0)}, nil
}

func (t *familiarityTask) Info() Info { return t.info }

func (t *familiarityTask) Start(k key.Key) (Episode, error) {
	d := t.info.In
	e := &familiarityEpisode{familiarityTask: t, shown: make([][]float32, t.interval), tape: newTape(k.Child("samples", 0), d+1)}
	for i := range e.shown {
		e.shown[i] = make([]float32, d+1)
	}
	return e, nil
}

type familiarityEpisode struct {
	*familiarityTask
	tape      tape
	shown     [][]float32 // the last samples drawn, a ring, each with 1 behind it if it is a repetition
	drawn     int
	repeated  []bool // in the batch at hand
	responses []response
}

// response is the strength of one.
type response struct {
	strength float64
	repeated bool
}

func (e *familiarityEpisode) Rewind() {
	e.tape.rewind()
	e.responses = e.responses[:0]
}

func (e *familiarityEpisode) Next(b *Batch) {
	b.N = b.X.Rows
	e.repeated = e.repeated[:0]
	for i := range b.N {
		first := e.tape.at == 0
		sample, known := e.tape.next()
		if !known {
			if first {
				e.drawn = 0
			}
			e.draw(sample)
		}
		d := e.info.In
		copy(b.X.Row(i), sample[:d])
		e.repeated = append(e.repeated, sample[d] == 1)
	}
}

// draw makes the next sample.
func (e *familiarityEpisode) draw(sample []float32) {
	d, s := e.info.In, e.tape.stream
	before := e.shown[e.drawn%e.interval] // the sample interval ago
	again := s.Float64() < 0.5
	if e.drawn >= e.interval && before[d] == 0 && again {
		before[d] = 1
	} else {
		size := float32(1 / math.Sqrt(float64(d)))
		for j := range d {
			before[j] = size
			if s.Float64() < 0.5 {
				before[j] = -size
			}
		}
		before[d] = 0
	}
	e.drawn++
	copy(sample, before)
}

// Watch implements Watcher.
func (e *familiarityEpisode) Watch(b *Batch, m Model) {
	x := b.X.Head(b.N)
	y := m.Outputs(&x)
	for i := range b.N {
		var sum float64
		for _, v := range y.Row(i) {
			sum += float64(float64(v) * float64(v))
		}
		e.responses = append(e.responses, response{sum, e.repeated[i]})
	}
}

// Score is of the responses so far; without any it is chance.
func (e *familiarityEpisode) Score(Model, Split) Score {
	raw := math.Abs(2*greater(e.responses[len(e.responses)/2:]) - 1)
	return Score{Value: normalise(raw, e.info), Raw: raw, Accuracy: math.NaN(), Loss: math.NaN()}
}

// greater is the probability that the response to a repetition is stronger
// than that to a new pattern, a half where one of them is missing: the rank sum
// of Mann and Whitney.
func greater(all []response) float64 {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b response) int { return cmp.Compare(a.strength, b.strength) })
	var wins, old, fresh float64
	for i := 0; i < len(all); {
		var repeated, other float64 // of equal strength
		from := i
		for ; i < len(all) && cmp.Compare(all[i].strength, all[from].strength) == 0; i++ {
			if all[i].repeated {
				repeated++
			} else {
				other++
			}
		}
		wins += float64(repeated * (fresh + float64(other/2)))
		old, fresh = old+repeated, fresh+other
	}
	if old*fresh == 0 {
		return 0.5
	}
	return wins / (old * fresh)
}
