package nsga2

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Options of a population. The zero value of every field but Low and High means
// its default.
type Options struct {
	Low, High []float64 // bounds of the coordinates
	// Absent is where a coordinate stands for nothing, NaN for those that always
	// stand for something; none by default. Mutation also switches such
	// coordinates off and on, a departure from the paper, so that fronts have
	// points with few of them.
	Absent []float64
	Start  [][]float64 // points of the first generation; the others are uniform
	// Population is the number of points per generation, even and at least 4;
	// 100 by default.
	Population int
	// Crossover is the probability that two parents are crossed; 0.9 by default,
	// negative for never.
	Crossover float64
	// Mutation is the probability that a coordinate of a child changes; one over
	// their number by default.
	Mutation float64
	// CrossoverIndex and MutationIndex are η_c and η_m: the larger, the closer
	// are children to their parents; 20 by default.
	CrossoverIndex, MutationIndex float64
}

func (o Options) withDefaults() (Options, error) {
	n := len(o.Low)
	if len(o.High) != n || o.Absent != nil && len(o.Absent) != n {
		return o, errors.New("nsga2: bounds and absent points differ in length")
	}
	if o.Population == 0 {
		o.Population = 100
	}
	if o.Crossover == 0 {
		o.Crossover = 0.9
	}
	o.Crossover = max(0, o.Crossover)
	if o.Mutation == 0 {
		o.Mutation = 1 / float64(max(1, n))
	}
	if o.CrossoverIndex == 0 {
		o.CrossoverIndex = 20
	}
	if o.MutationIndex == 0 {
		o.MutationIndex = 20
	}
	for i, low := range o.Low {
		if !(low < o.High[i]) || math.IsInf(o.High[i]-low, 0) {
			return o, fmt.Errorf("nsga2: bounds of coordinate %d are %v and %v; they have to be finite, the first below the second", i, low, o.High[i])
		}
	}
	switch {
	case o.Population < 4 || o.Population > 10000 || o.Population%2 != 0:
		return o, fmt.Errorf("nsga2: population is %d; it has to be even and between 4 and 10000", o.Population)
	case !(o.Crossover <= 1):
		return o, fmt.Errorf("nsga2: crossover is %g; it has to be at most 1", o.Crossover)
	case !(o.Mutation > 0 && o.Mutation <= 1):
		return o, fmt.Errorf("nsga2: mutation is %g; it has to be above 0 and at most 1", o.Mutation)
	case !(o.CrossoverIndex > 0 && o.CrossoverIndex <= 1000):
		return o, fmt.Errorf("nsga2: crossover_index is %g; it has to be above 0 and at most 1000", o.CrossoverIndex)
	case !(o.MutationIndex > 0 && o.MutationIndex <= 1000):
		return o, fmt.Errorf("nsga2: mutation_index is %g; it has to be above 0 and at most 1000", o.MutationIndex)
	}
	return o, nil
}

// Optimizer is one population. It is asked for points and told how good they
// are.
type Optimizer struct {
	opts Options
	rng  *key.Stream

	parents  []Member
	children [][]float64 // that wait for their values
}

// Member is a point of the population.
type Member struct {
	Point    []float64
	Value    Value
	Front    int     // from 0
	Crowding float64 // distance to its neighbours in the front
}

// New begins with a first generation.
func New(opts Options, k key.Key) (*Optimizer, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Optimizer{opts: opts, rng: k.Stream()}, nil
}

// Members are the parents of the next generation, best front first.
func (o *Optimizer) Members() []Member { return slices.Clone(o.parents) }

// Ask returns the points of the next generation.
func (o *Optimizer) Ask() [][]float64 {
	o.children = o.children[:0]
	if o.parents == nil {
		o.first()
		return o.children
	}
	for len(o.children) < o.opts.Population {
		a, b := slices.Clone(o.tournament()), slices.Clone(o.tournament())
		if o.rng.Float64() < o.opts.Crossover {
			o.cross(a, b)
		}
		o.mutate(a)
		o.mutate(b)
		o.children = append(o.children, a, b)
	}
	return o.children
}

// first draws the first generation; of every other point most coordinates that
// can be absent are.
func (o *Optimizer) first() {
	for _, u := range o.opts.Start[:min(len(o.opts.Start), o.opts.Population)] {
		o.children = append(o.children, slices.Clone(u))
	}
	for i := len(o.children); i < o.opts.Population; i++ {
		u := make([]float64, len(o.opts.Low))
		for j := range u {
			u[j] = o.rng.Uniform(o.opts.Low[j], o.opts.High[j])
			if i%2 == 1 && o.canBeAbsent(j) && o.rng.Float64() < 0.7 {
				u[j] = o.opts.Absent[j]
			}
		}
		o.children = append(o.children, u)
	}
}

func (o *Optimizer) canBeAbsent(j int) bool {
	return o.opts.Absent != nil && o.opts.Absent[j] == o.opts.Absent[j]
}

// tournament returns the better of two parents by the crowded comparison.
func (o *Optimizer) tournament() []float64 {
	a, b := &o.parents[o.rng.IntN(len(o.parents))], &o.parents[o.rng.IntN(len(o.parents))]
	if b.Front < a.Front || b.Front == a.Front && b.Crowding > a.Crowding {
		a = b
	}
	return a.Point
}

// cross is simulated binary crossover: half of the coordinates of two children
// lie around those of their parents as if these were strings of bits, within
// bounds.
//
//	β = (u·α)^(1/(η+1)) where u·α ≤ 1, else (1/(2 - u·α))^(1/(η+1))
//	α = 2 - (1 + 2d/(y₂ - y₁))^(-(η+1))    y₁ < y₂, d the distance to the bound
func (o *Optimizer) cross(a, b []float64) {
	power := 1 / (o.opts.CrossoverIndex + 1)
	for i := range a {
		if o.rng.IntN(2) == 0 || a[i] == b[i] {
			continue
		}
		low, high := min(a[i], b[i]), max(a[i], b[i])
		u, swap := o.rng.Float64(), o.rng.IntN(2) == 0
		middle, half := float64((low+high)/2), float64((high-low)/2)
		spread := func(room float64) float64 {
			alpha := 2 - pow(1+room/half, -1/power)
			if u*alpha <= 1 {
				return pow(u*alpha, power)
			}
			return pow(1/(2-float64(u*alpha)), power)
		}
		first := middle - float64(spread(low-o.opts.Low[i])*half)
		second := middle + float64(spread(o.opts.High[i]-high)*half)
		if swap {
			first, second = second, first
		}
		a[i], b[i] = o.clamp(i, first), o.clamp(i, second)
	}
}

// mutate moves coordinates by polynomial mutation within bounds, and switches
// some of those that can be absent off or on.
//
//	δ = (2u + (1-2u)(1-δ₁)^(η+1))^(1/(η+1)) - 1                where u < 1/2
//	δ = 1 - (2(1-u) + (2u-1)(1-δ₂)^(η+1))^(1/(η+1))            else
//
// δ₁ and δ₂ are the distances to the bounds in ranges.
func (o *Optimizer) mutate(x []float64) {
	eta := o.opts.MutationIndex + 1
	for i := range x {
		if o.rng.Float64() >= o.opts.Mutation {
			continue
		}
		if o.canBeAbsent(i) && o.rng.IntN(3) == 0 {
			if off := o.opts.Absent[i]; x[i] != off {
				x[i] = off
			} else {
				x[i] = o.rng.Uniform(o.opts.Low[i], o.opts.High[i])
			}
			continue
		}
		width := o.opts.High[i] - o.opts.Low[i]
		u, delta := o.rng.Float64(), 0.0
		if u < 0.5 {
			room := pow(1-(x[i]-o.opts.Low[i])/width, eta)
			delta = pow(2*u+float64((1-2*u)*room), 1/eta) - 1
		} else {
			room := pow(1-(o.opts.High[i]-x[i])/width, eta)
			delta = 1 - pow(2*(1-u)+float64((2*u-1)*room), 1/eta)
		}
		x[i] = o.clamp(i, x[i]+float64(delta*width))
	}
}

func (o *Optimizer) clamp(i int, v float64) float64 {
	return max(o.opts.Low[i], min(o.opts.High[i], v))
}

// pow is x to the power of y for x ≥ 0.
func pow(x, y float64) float64 {
	if x <= 0 {
		return 0
	}
	return fmath.Exp(float64(y * fmath.Log(x)))
}

// Tell takes the values of the points of the last Ask. The best of parents and
// children become parents.
func (o *Optimizer) Tell(values []Value) error {
	if len(o.children) == 0 || len(values) != len(o.children) {
		return fmt.Errorf("nsga2: told %d values for %d points", len(values), len(o.children))
	}
	all := slices.Clone(o.parents)
	for i, u := range o.children {
		all = append(all, Member{Point: u, Value: values[i]})
	}
	o.children = nil
	worth := make([]Value, len(all))
	for i, m := range all {
		worth[i] = m.Value
	}
	o.parents = make([]Member, 0, o.opts.Population)
	for _, p := range Rank(worth)[:o.opts.Population] {
		m := all[p.Index]
		m.Front, m.Crowding = p.Front, p.Crowding
		o.parents = append(o.parents, m)
	}
	return nil
}
