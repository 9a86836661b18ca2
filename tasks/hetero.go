package tasks

import (
	"github.com/metaplast/metaplast/rulespace/key"
)

// heteroTask is the linear hetero-associator: pairs of an input and a target
// are seen once each and recalled. Inputs are orthonormal, so that the sum of
// outer products target·input, Hebb's rule at rate 1, recalls exactly what it
// was shown; targets are standard normal. All splits score the recall of the
// stored pairs.
type heteroTask struct {
	info Info
}

func openHetero(v *values) (Task, error) {
	in, pairs := v.int("dims", 0), v.int("pairs", 0)
	if pairs > in {
		return nil, v.fail(v.spec, "pairs", "more orthonormal inputs than dimensions do not exist")
	}
	return &heteroTask{Info{
		Name: v.spec.String(), Kind: Regression, In: in, Out: v.int("outputs", 0),
		Metric: explained, Chance: 0, Ceiling: 1, Steps: v.int("steps", pairs), TrainSize: pairs,
		ValidationSize: pairs, TestSize: pairs,
	}}, nil
}

func (t *heteroTask) Info() Info { return t.info }

func (t *heteroTask) Start(k key.Key) (Episode, error) {
	n, s := t.info.TrainSize, k.Child("pairs", 0).Stream()
	e := &heteroEpisode{info: t.info, order: make([]int, n), key: k}
	for _, v := range orthonormal(s, n, t.info.In) {
		for _, f := range v {
			e.inputs = append(e.inputs, float32(f))
		}
	}
	for range n * t.info.Out {
		e.targets = append(e.targets, float32(s.Normal()))
	}
	e.Rewind()
	return e, nil
}

type heteroEpisode struct {
	info            Info
	inputs, targets []float32
	order           []int
	next            int
	key             key.Key
	stream          *key.Stream
	chunk           chunk
}

func (e *heteroEpisode) Rewind() {
	e.next, e.stream = 0, e.key.Child("order", 0).Stream()
	e.stream.Perm(e.order)
}

func (e *heteroEpisode) input(i int, dst []float32)  { copy(dst, e.inputs[i*e.info.In:]) }
func (e *heteroEpisode) target(i int, dst []float32) { copy(dst, e.targets[i*e.info.Out:]) }

func (e *heteroEpisode) Next(b *Batch) {
	if e.next == len(e.order) {
		e.next = 0
		e.stream.Perm(e.order)
	}
	b.N = min(b.X.Rows, len(e.order)-e.next)
	for i := range b.N {
		e.input(e.order[e.next], b.X.Row(i))
		e.target(e.order[e.next], b.Y.Row(i))
		e.next++
	}
}

func (e *heteroEpisode) Score(m Model, _ Split) Score {
	return e.chunk.explained(m, e.info, len(e.order), e.input, e.target)
}
