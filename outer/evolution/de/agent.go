package de

import (
	"errors"
	"math"
	"math/rand"
	"slices"

	"github.com/MaxHalford/eaopt"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace/key"
)

// agent is a point of the space with its own control parameters.
type agent struct {
	s     *strategy
	index int // in the population
	u     []float64

	factor    float64 // F, of differences
	crossover float64 // CR, the probability that a coordinate is the mutant's

	told   bool
	result outer.Result
	rank   int // 0 for the best
}

func agentOf(i eaopt.Individual) *agent { return i.Genome.(*agent) }

var errNotTold = errors.New("de: fitness is told, not computed")

// Evaluate implements eaopt.Genome. Fitness is set when results are told, so
// eaopt never has a reason to call it.
func (a *agent) Evaluate() (float64, error) { return math.Inf(1), errNotTold }

// Clone implements eaopt.Genome.
func (a *agent) Clone() eaopt.Genome {
	c := *a
	c.u = slices.Clone(a.u)
	return &c
}

// Crossover implements eaopt.Genome. Agents mix when they mutate.
func (*agent) Crossover(eaopt.Genome, *rand.Rand) {}

// The chance that a control parameter is drawn anew, and the range of F.
const (
	redraw    = 0.1
	lowFactor = 0.1
)

// Mutate implements eaopt.Genome: current-to-pbest/1/bin of J. Zhang and A. C.
// Sanderson, IEEE Trans. Evol. Comput. 13:945 (2009), with F and CR that agents
// inherit and now and then draw anew, of J. Brest et al., IEEE Trans. Evol.
// Comput. 10:646 (2006).
//
//	v = u_i + F·(u_pbest - u_i) + F·(u_r1 - u_r2)
//
// A coordinate beyond the bounds lands half-way between the agent and the
// bound.
func (a *agent) Mutate(*rand.Rand) {
	s, rng := a.s, a.s.rng
	if rng.Float64() < redraw {
		a.factor = rng.Uniform(lowFactor, 1)
	}
	if rng.Float64() < redraw {
		a.crossover = rng.Float64()
	}
	pbest := s.agent(s.pbest()).u
	pair := s.others(a.index, 2)
	x, y := s.agent(pair[0]).u, s.agent(pair[1]).u
	sure := rng.IntN(len(a.u))
	for i, u := range a.u {
		if rng.Float64() >= a.crossover && i != sure {
			continue
		}
		v := u + float64(a.factor*(pbest[i]-u)) + float64(a.factor*(x[i]-y[i]))
		if v > 1 {
			v = (u + 1) / 2
		} else if v < -1 {
			v = (u - 1) / 2
		}
		a.u[i] = v
	}
	a.told = false
}

// source lets eaopt draw from a key's stream.
type source struct{ stream *key.Stream }

func (s source) Uint64() uint64 { return s.stream.Uint64() }
func (s source) Int63() int64   { return int64(s.stream.Uint64() >> 1) }

// Seed implements rand.Source; the key is the seed.
func (s source) Seed(int64) { panic("de: a keyed stream cannot be seeded") }

func newRand(s *key.Stream) *rand.Rand { return rand.New(source{s}) }
