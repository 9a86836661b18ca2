package trial

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Pruning sets the smallest weights of a network to zero and keeps them there.
// Biases stay. The share of pruned weights grows with the life,
//
//	s(t) = Sparsity·(1 − (1 − (t − From)/(To − From))³)     From ≤ t ≤ To
//
// in shares of the life's samples; From = To prunes at once. T. Gale, E. Elsen,
// S. Hooker, arXiv:1902.09574 (2019).
type Pruning struct {
	Sparsity float64 // share of all weights to prune, from 0 to below 1; 0 prunes nothing
	From, To float64 // shares of the life; both 1 prunes after learning
	// By is "global" (the default: the smallest |w| of the whole network),
	// "layer" (the same share of every connection) or "random".
	By string
	// Keep is the number of weights that every connection keeps at least, of
	// those it has.
	Keep int
}

// Prunings lists the ways to choose the weights to prune.
func Prunings() []string { return []string{"global", "layer", "random"} }

func (p Pruning) resolve() (Pruning, error) {
	if p.By == "" {
		p.By = Prunings()[0]
	}
	switch {
	case !(p.Sparsity >= 0 && p.Sparsity < 1):
		return p, fmt.Errorf("trial: sparsity %v must be at least 0 and below 1", p.Sparsity)
	case !(0 <= p.From && p.From <= p.To && p.To <= 1):
		return p, fmt.Errorf("trial: pruning from %v to %v: want shares of the life, 0 ≤ from ≤ to ≤ 1", p.From, p.To)
	case p.Keep < 0:
		return p, fmt.Errorf("trial: %d weights to keep, want 0 or more", p.Keep)
	case !slices.Contains(Prunings(), p.By):
		return p, fmt.Errorf("trial: pruning by %q; want global, layer or random", p.By)
	}
	return p, nil
}

// share is that of the weights to be pruned after steps of total samples.
func (p Pruning) share(steps, total int) float64 {
	t := float64(steps) / float64(total)
	switch {
	case t < p.From || t < 1 && p.From == 1:
		return 0
	case t >= p.To:
		return p.Sparsity
	}
	left := 1 - (t-p.From)/(p.To-p.From)
	return p.Sparsity * (1 - float64(left*left*left))
}

// pruner holds the weights that are pruned.
type pruner struct {
	Pruning
	net    *network.Network
	mask   []*vec.Matrix // 0 where pruned, else 1, by connection
	order  []place       // scratch
	rank   []float64     // fixed random order, for By == "random"
	pruned int
}

// place is a weight in the order of all weights.
type place struct {
	size  float64
	index int // over connections, rows and columns
}

func newPruner(p Pruning, net *network.Network, k key.Key) *pruner {
	r := &pruner{Pruning: p, net: net}
	for _, c := range net.Conns {
		m := vec.New(c.In, c.Out)
		for i := range c.In {
			vec.Fill(m.Row(i), 1)
		}
		r.mask = append(r.mask, m)
	}
	if p.By == "random" {
		s := k.Child("prune", 0).Stream()
		for _, c := range net.Conns {
			for range c.In * c.Out {
				r.rank = append(r.rank, s.Float64())
			}
		}
	}
	return r
}

// update prunes what is due after steps of total samples and sets pruned
// weights back to zero.
func (r *pruner) update(steps, total int) {
	weights := 0
	for _, c := range r.net.Conns {
		weights += c.In * c.Out
	}
	if want := int(math.Floor(r.share(steps, total) * float64(weights))); want > r.pruned {
		r.choose(want)
	}
	if r.pruned > 0 {
		r.apply()
	}
}

// choose prunes want weights in all: those that are pruned already first, then
// by size, ties in the order of connections, rows and columns.
func (r *pruner) choose(want int) {
	all := r.places()
	if r.By == "layer" {
		r.pruned = 0
		weights := len(all)
		at := 0
		for l, c := range r.net.Conns {
			n := c.In * c.Out
			part := int(math.Floor(float64(want) / float64(weights) * float64(n)))
			r.cut(all[at:at+n], min(part, n-min(r.Keep, n)), l)
			at += n
		}
		return
	}
	r.pruned = 0
	left := make([]int, len(r.net.Conns)) // that may be pruned
	for l, c := range r.net.Conns {
		left[l] = c.In*c.Out - min(r.Keep, c.In*c.Out)
	}
	slices.SortStableFunc(all, func(a, b place) int { return cmp.Compare(a.size, b.size) })
	for _, p := range all {
		if want == 0 {
			break
		}
		if l, i, j := r.find(p.index); left[l] > 0 {
			r.mask[l].Row(i)[j] = 0
			left[l]--
			want--
			r.pruned++
		}
	}
}

// cut prunes the n smallest of the weights of connection l.
func (r *pruner) cut(all []place, n, l int) {
	slices.SortStableFunc(all, func(a, b place) int { return cmp.Compare(a.size, b.size) })
	for _, p := range all[:n] {
		_, i, j := r.find(p.index)
		r.mask[l].Row(i)[j] = 0
		r.pruned++
	}
}

// places lists all weights with what they are ordered by.
func (r *pruner) places() []place {
	r.order = r.order[:0]
	for l, c := range r.net.Conns {
		for i := range c.In {
			mask := r.mask[l].Row(i)
			for j, w := range c.W.Row(i) {
				size := math.Abs(float64(w))
				if r.rank != nil {
					size = r.rank[len(r.order)]
				}
				if mask[j] == 0 {
					size = -1
				}
				r.order = append(r.order, place{size, len(r.order)})
			}
		}
	}
	return r.order
}

// find returns connection, row and column of a weight.
func (r *pruner) find(index int) (l, i, j int) {
	for l, c := range r.net.Conns {
		if n := c.In * c.Out; index >= n {
			index -= n
			continue
		}
		return l, index / c.Out, index % c.Out
	}
	panic("trial: there is no such weight")
}

// apply sets pruned weights to zero.
func (r *pruner) apply() {
	for l, c := range r.net.Conns {
		if c.InPlace != nil {
			for i := range c.In {
				w, mask := c.InPlace.Row(i), r.mask[l].Row(i)
				for j, keep := range mask {
					if keep == 0 {
						w[j] = 0
					}
				}
			}
			continue
		}
		dw := vec.New(c.In, c.Out)
		for i := range c.In {
			w, mask := c.W.Row(i), r.mask[l].Row(i)
			for j, keep := range mask {
				if keep == 0 {
					dw.Row(i)[j] = -w[j]
				}
			}
		}
		c.Array.Update(dw)
		c.W = c.Array.Weights()
	}
}
