package de

import (
	"math"
	"math/rand"
	"slices"
	"sync"
	"testing"

	"github.com/MaxHalford/eaopt"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace/key"
)

// A journal is what is done to genomes, from several goroutines.
type journal struct {
	mu   sync.Mutex
	done []string
}

func (j *journal) note(what string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done = append(j.done, what)
}

// logged is a genome that writes down what is done to it.
type logged struct{ *journal }

func (l logged) Evaluate() (float64, error)           { l.note("evaluate"); return 0, nil }
func (l logged) Mutate(*rand.Rand)                    { l.note("mutate") }
func (l logged) Crossover(eaopt.Genome, *rand.Rand)   {}
func (l logged) Clone() eaopt.Genome                  { return l }
func (l logged) individual(r *rand.Rand) eaopt.Genome { return l }

// The model of eaopt's differential evolution, particle swarm and evolution
// strategy evaluates each mutant before it makes the next, although parallel
// evaluation is asked for. The model here makes a whole generation before the
// first result, and is never evaluated by eaopt.
func TestWholeGenerations(t *testing.T) {
	var log journal
	rng := newRand(key.Root(1).Stream())
	ga, err := eaopt.GAConfig{
		NPops: 1, PopSize: 3, NGenerations: 1, HofSize: 1, ParallelEval: true, RNG: rng,
		Model: eaopt.ModMutationOnly{Strict: true},
		EarlyStop: func(*eaopt.GA) bool {
			log.done = nil // of the first population
			return false
		},
	}.NewGA()
	if err != nil {
		t.Fatal(err)
	}
	if err := ga.Minimize(logged{&log}.individual); err != nil {
		t.Fatal(err)
	}
	if len(log.done) < 3 || !slices.Equal(log.done[:3], []string{"mutate", "evaluate", "mutate"}) {
		t.Errorf("eaopt now mutates and evaluates in another order: %v", log.done)
	}

	s := newStrategy(t, Options{Population: 7}, 3, 1)
	for range 5 {
		points := s.Ask()
		if len(points) != 7 {
			t.Fatalf("a generation has %d points", len(points))
		}
		s.Tell(make([]outer.Result, 7))
	}
	if _, err := s.agent(0).Evaluate(); err == nil {
		t.Error("an agent can be evaluated")
	}
}

// In eaopt a mutant can be its target once more, in all coordinates. Here one
// coordinate is sure to be the mutant's, and donors are others.
func TestTrialsDiffer(t *testing.T) {
	evolution, err := eaopt.NewDiffEvo(10, 1, -1, 1, 0.1, 0.5, false, newRand(key.Root(1).Stream()))
	if err != nil {
		t.Fatal(err)
	}
	seen, repeated := map[[2]float64]bool{}, 0
	f := func(x []float64) float64 {
		if at := [2]float64(x); seen[at] {
			repeated++
		} else {
			seen[at] = true
		}
		return 0
	}
	if _, _, err := evolution.Minimize(f, 2); err != nil {
		t.Fatal(err)
	}
	if repeated == 0 {
		t.Error("eaopt's trials now differ from their targets")
	}

	s := newStrategy(t, Options{Population: 10}, 2, 1)
	s.Ask()
	s.Tell(make([]outer.Result, 10))
	for i := range 10 {
		for range 20 {
			donors := s.others(i, 2)
			if donors[0] == donors[1] || slices.Contains(donors, i) {
				t.Fatalf("donors of agent %d are %v", i, donors)
			}
			target := s.agent(i)
			trial := target.Clone().(*agent)
			trial.crossover = 0
			if trial.Mutate(nil); slices.Equal(trial.u, target.u) {
				t.Fatalf("the trial of agent %d is the agent", i)
			}
		}
	}
}

// In eaopt an agent whose fitness is not a number stays for ever and, sorted to
// the front, keeps the hall of fame empty, on which Minimize panics. Here it
// goes with the first trial that has a score, and does not come back.
func TestFailuresGo(t *testing.T) {
	evolution, err := eaopt.NewDiffEvo(10, 50, -1, 1, 0.9, 0.5, false, newRand(key.Root(2).Stream()))
	if err != nil {
		t.Fatal(err)
	}
	evaluated := 0
	func() {
		defer func() {
			if recover() == nil {
				t.Error("eaopt no longer panics on fitness that is not a number")
			}
		}()
		_, _, _ = evolution.Minimize(func([]float64) float64 {
			if evaluated++; evaluated <= 3 {
				return math.NaN()
			}
			return 1 / float64(evaluated)
		}, 2)
	}()
	if i := evolution.GA.Populations[0].Individuals[0]; evaluated < 500 || !math.IsNaN(i.Fitness) {
		t.Errorf("eaopt's agents without a fitness are now replaced, after %d evaluations", evaluated)
	}

	s := newStrategy(t, Options{Population: 10}, 2, 2)
	for generation := range 3 {
		results := make([]outer.Result, len(s.Ask()))
		for i := range results {
			results[i] = outer.Result{Status: outer.OK, Full: true, Score: float64(i)}
			if generation == 0 && i < 3 || generation == 2 {
				results[i].Score = math.NaN()
			}
		}
		s.Tell(results)
	}
	for i, a := range s.pop.Individuals {
		if r := agentOf(a).result; math.IsNaN(r.Score) || math.IsNaN(a.Fitness) || math.IsInf(a.Fitness, 0) {
			t.Errorf("agent %d has score %v and fitness %v", i, r.Score, a.Fitness)
		}
	}
}

// eaopt's particle swarm draws its next points from the unit sphere around 0:
// away from there it never gets better than its first population. A particle at
// the best point divides 0 by 0, and has no place from then on.
func TestSwarmIsWrong(t *testing.T) {
	for _, center := range []float64{0, 10} {
		swarm, err := eaopt.NewSPSO(20, 200, center-5, center+5, 0.5, false, newRand(key.Root(3).Stream()))
		if err != nil {
			t.Fatal(err)
		}
		first, best, n, lost := math.Inf(1), math.Inf(1), 0, false
		if _, _, err := swarm.Minimize(func(x []float64) float64 {
			cost := (x[0]-center)*(x[0]-center) + (x[1]-center)*(x[1]-center)
			if n++; n <= 20 {
				first = min(first, cost)
			}
			if cost < best {
				best = cost
			}
			lost = lost || math.IsNaN(cost)
			return cost
		}, 2); err != nil {
			t.Fatal(err)
		}
		if center == 10 && best < first {
			t.Errorf("eaopt's swarm now gets from %g to %g", first, best)
		}
		if !lost {
			t.Error("eaopt's best particle now stays in the space")
		}
		t.Logf("around %v: from %g to %g", center, first, best)
	}
}
