package cmaes

import (
	"math"
	"slices"
)

// Stop are the criteria to end a run. The zero value of every field means its
// default, which is that of the reference implementation (pycma).
type Stop struct {
	// TolX ends a run whose standard deviations and path are all below it;
	// 1e-11.
	TolX float64
	// TolFun ends a run where the costs of a generation and the best costs of
	// the last 10 + ⌈30n/λ⌉ lie within it; 1e-11.
	TolFun float64
	// TolFunHist is the same for the best costs alone; 1e-12.
	TolFunHist float64
	// TolXUp ends a run whose largest standard deviation has grown by that
	// factor; 1e4.
	TolXUp float64
	// ConditionCov is the largest condition number of C; 1e14.
	ConditionCov float64
}

func (s Stop) withDefaults() Stop {
	for _, f := range []struct {
		v *float64
		d float64
	}{{&s.TolX, 1e-11}, {&s.TolFun, 1e-11}, {&s.TolFunHist, 1e-12}, {&s.TolXUp, 1e4}, {&s.ConditionCov, 1e14}} {
		if *f.v == 0 {
			*f.v = f.d
		}
	}
	return s
}

// Why a run stopped.
const (
	StopTolX          = "tolx"
	StopTolFun        = "tolfun"
	StopTolFunHist    = "tolfunhist"
	StopTolXUp        = "tolxup"
	StopCondition     = "conditioncov"
	StopNoEffectAxis  = "noeffectaxis"
	StopNoEffectCoord = "noeffectcoord"
	StopStagnation    = "stagnation"
)

// history is what the criteria look back on.
type history struct {
	best, median []float64
	low, high    float64 // of the last generation
}

// stagnationWindow is the largest number of generations that stagnation looks
// back on.
const stagnationWindow = 20000

func (h *history) add(costs []float64) {
	sorted := slices.Clone(costs)
	slices.SortFunc(sorted, compareCosts)
	for i, c := range sorted {
		if math.IsNaN(c) {
			sorted[i] = math.Inf(1)
		}
	}
	h.low, h.high = sorted[0], sorted[len(sorted)-1]
	h.best = append(h.best, h.low)
	h.median = append(h.median, sorted[len(sorted)/2])
	if len(h.best) > 2*stagnationWindow {
		h.best = slices.Delete(h.best, 0, stagnationWindow)
		h.median = slices.Delete(h.median, 0, stagnationWindow)
	}
}

// criterion returns the first criterion that is met.
func (o *Optimizer) criterion() string {
	t, h := o.opts.Stop, &o.history
	recent := 10 + (30*o.n+o.Lambda-1)/o.Lambda
	if len(h.best) >= recent {
		last := h.best[len(h.best)-recent:]
		lo, hi := slices.Min(last), slices.Max(last)
		if spread(lo, hi) < t.TolFunHist {
			return StopTolFunHist
		}
		if spread(min(lo, h.low), max(hi, h.high)) < t.TolFun {
			return StopTolFun
		}
	}
	small, wide := true, 0.0
	for i, c := range o.opts.Coordinates {
		deviation := float64(o.sigma * math.Sqrt(o.cov[i][i]))
		wide = max(wide, deviation)
		if c.Integer {
			continue
		}
		small = small && deviation < t.TolX && float64(o.sigma*math.Abs(o.pathCov[i])) < t.TolX
		if o.mean[i] == o.mean[i]+float64(0.2*deviation) {
			return StopNoEffectCoord
		}
	}
	narrowest, widest := slices.Min(o.scale), slices.Max(o.scale)
	switch {
	case small:
		return StopTolX
	case !(wide <= t.TolXUp*o.opts.Sigma):
		return StopTolXUp
	case !(widest <= narrowest*math.Sqrt(t.ConditionCov)):
		return StopCondition
	case o.noEffectAxis(o.generation % o.n):
		return StopNoEffectAxis
	case o.stagnates():
		return StopStagnation
	}
	return ""
}

// spread is hi - lo; of equal infinities it is 0.
func spread(lo, hi float64) float64 {
	if lo == hi {
		return 0
	}
	return hi - lo
}

// noEffectAxis reports that a tenth of a standard deviation along an axis
// changes no variable.
func (o *Optimizer) noEffectAxis(axis int) bool {
	for i, m := range o.mean {
		if m != m+float64(float64(0.1*float64(o.sigma*o.scale[axis]))*o.basis[i][axis]) {
			return false
		}
	}
	return true
}

// stagnates reports that over the last fifth of the run, at least
// 120 + 30n/λ generations, neither the best nor the median costs got better.
func (o *Optimizer) stagnates() bool {
	window := min(max(o.generation/5, 120+30*o.n/o.Lambda), stagnationWindow)
	if len(o.history.best) < window {
		return false
	}
	worse := func(costs []float64) bool {
		costs = costs[len(costs)-window:]
		part := max(1, window*3/10)
		return median(costs[len(costs)-part:]) >= median(costs[:part])
	}
	return worse(o.history.best) && worse(o.history.median)
}

func median(v []float64) float64 {
	s := slices.Clone(v)
	slices.Sort(s)
	return s[len(s)/2]
}
