package tasks

import (
	"math"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/rulespace/key"
)

// banditTask asks for the rule by which somebody else learns, from nothing but
// that subject's choices. At every trial the subject is offered one of two
// arms, takes it or leaves it, and learns:
//
//	x            1 for the arm that is offered, 0 for the other
//	P(take) = σ(w·x)
//	R            reward, 1 with probability 0.8 at one arm and 0.2 at the other,
//	             which change places every 50 trials
//	E ← E + (R − E)/min(t, 10)
//	w ← w + rate·x·(R − E) − forget·w,  from w = 0
//
// An arm that is left gives nothing to be surprised at: R is E then.
//
// The model is shown x as its input and R as its target, which is what the
// subject saw. Its output before it learns is the probability with which it
// would take the arm. The score is
//
//	(L − L₀)/(L* − L₀)
//
// with the log likelihood L of all choices so far, that of a coin L₀ and that
// of the subject's own probabilities L*. Choices are the subject's, whatever
// the model would have done, so that the right rule has the greatest expected
// likelihood there is, and any other one less by the divergence of its
// probabilities from the subject's.
//
// With clamped outputs R is the activity post and E its running mean
// post_trace, at tau=10 and one trial per update.
//
// Y. Mehta et al., NeurIPS (2024).
type banditTask struct {
	info         Info
	rate, forget float64
}

const (
	banditBlock  = 50
	banditTau    = 10
	banditReward = 0.8
)

func openBandit(v *values) (Task, error) {
	return &banditTask{Info{
		Name: v.spec.String(), Kind: Regression, In: 2, Out: 1,
		Metric: "log likelihood over that of a coin, 1 for the subject's own", Chance: 0, Ceiling: 1, Steps: v.int("steps", 0),
	}, v.float("rate"), v.float("forget")}, nil
}

func (t *banditTask) Info() Info { return t.info }

func (t *banditTask) Start(k key.Key) (Episode, error) {
	return &banditEpisode{banditTask: t, tape: newTape(k.Child("trials", 0), 4)}, nil
}

type banditEpisode struct {
	*banditTask
	tape    tape
	subject subject
	choices []choice // in the batch at hand
	n       int      // trials watched
	model   float64  // log likelihood
	own     float64  // the subject's
}

// choice says whether an arm was taken, and with which probability.
type choice struct {
	taken bool
	p     float64
}

type subject struct {
	trial int
	w     [2]float64
	mean  float32
}

func (e *banditEpisode) Rewind() {
	e.tape.rewind()
	e.n, e.model, e.own = 0, 0, 0
}

func (e *banditEpisode) Next(b *Batch) {
	b.N = b.X.Rows
	e.choices = e.choices[:0]
	for i := range b.N {
		first := e.tape.at == 0
		t, known := e.tape.next() // arm, reward, taken or not, probability
		if !known {
			if first {
				e.subject = subject{}
			}
			e.act(t)
		}
		x := b.X.Row(i)
		x[0], x[1] = 1-t[0], t[0]
		b.Y.Row(i)[0] = t[1]
		e.choices = append(e.choices, choice{t[2] == 1, float64(t[3])})
	}
}

// act is a trial of the subject.
func (e *banditEpisode) act(t []float32) {
	s, stream := &e.subject, e.tape.stream
	arm := stream.IntN(2)
	p := fmath.Sigmoid(s.w[arm])
	taken := stream.Float64() < p
	good := banditReward
	if arm != s.trial/banditBlock%2 {
		good = 1 - banditReward
	}
	reward := float32(0)
	if stream.Float64() < good {
		reward = 1
	}
	if !taken {
		reward = s.mean
	}
	s.trial++
	// As circuits compute it, so that what is left is no surprise to them either.
	s.mean += float32(float32(1/math.Min(float64(s.trial), banditTau)) * (reward - s.mean))
	for j := range s.w {
		s.w[j] -= float64(e.forget * s.w[j])
	}
	s.w[arm] += float64(e.rate * float64(reward-s.mean))
	t[0], t[1], t[2], t[3] = float32(arm), reward, 0, float32(p)
	if taken {
		t[2] = 1
	}
}

// unlikely bounds what a choice can cost that a model excludes.
const unlikely = 1e-6

// Watch implements Watcher.
func (e *banditEpisode) Watch(b *Batch, m Model) {
	x := b.X.Head(b.N)
	y := m.Outputs(&x)
	for i, c := range e.choices {
		p := math.Min(math.Max(float64(y.Row(i)[0]), unlikely), 1-unlikely)
		if p != p {
			p = 0.5
		}
		own := c.p
		if !c.taken {
			p, own = 1-p, 1-own
		}
		e.n++
		e.model += fmath.Log(p)
		e.own += fmath.Log(own)
	}
}

// Score is of the choices so far; without any it is chance.
func (e *banditEpisode) Score(Model, Split) Score {
	coin := float64(float64(e.n) * fmath.Log(0.5))
	raw, loss := 0.0, math.NaN()
	if e.n > 0 {
		loss = -e.model / float64(e.n)
	}
	if e.own > coin {
		raw = (e.model - coin) / (e.own - coin)
	}
	return Score{Value: normalise(raw, e.info), Raw: raw, Accuracy: math.NaN(), Loss: loss}
}
