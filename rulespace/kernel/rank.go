package kernel

import (
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
)

// rank is an outer plan for one sample that changes the weights in one pass:
// one or two products, and one further term.
type rank struct {
	kind            rankKind
	g, f, g2, f2, v int
}

type rankKind uint8

const (
	noRank      rankKind = iota
	rank1                // g·f
	rank1Column          // g·f + v, v of pre scope
	rank2                // g·f + g2·f2
	rank1Decay           // g·f + w·v, v of post scope
	rank2Decay           // g·f + g2·f2 + w·v, v of post scope
	rank1Gated           // g·f + w·v, v of pre scope
)

func (r *rank) nodes() []int {
	if r.kind == noRank {
		return nil
	}
	return []int{r.g, r.f, r.g2, r.f2, r.v}
}

// rank matches the groups of an outer plan.
func (g *graph) rank(groups []group, w int) rank {
	r := rank{g: none, f: none, g2: none, f2: none, v: none}
	if len(groups) > 2 || groups[0].h != none {
		return r
	}
	pairs := g.sorted(groups[0].pairs)
	products := 0
	for products < len(pairs) && pairs[products].f != none && pairs[products].g != none {
		products++
	}
	if products == 0 || products > 2 {
		return r
	}
	r.f, r.g, _ = g.factors(pairs[0])
	two := products == 2
	if two {
		r.f2, r.g2, _ = g.factors(pairs[1])
	}
	rest := pairs[products:]
	if len(groups) == 1 {
		switch {
		case len(rest) == 0 && two:
			r.kind = rank2
		case len(rest) == 0:
			r.kind = rank1
		case len(rest) == 1 && rest[0].g != none && !two:
			r.kind, r.v = rank1Column, g.mean(rest[0].g)
		}
		return r
	}
	if len(rest) > 0 || groups[1].h != w || len(groups[1].pairs) != 1 {
		return r
	}
	switch p := groups[1].pairs[0]; {
	case p.f != none && p.g != none:
		return r
	case p.g != none && !two:
		r.kind, r.v = rank1Gated, g.mean(p.g)
		return r
	case p.g != none:
		return r
	case p.f != none:
		r.v = g.mean(p.f)
	default:
		r.v = g.add(node{kind: spread, arg: [3]int{g.mean(p.s), none, none}, scope: rulespace.Post})
	}
	r.kind = rank1Decay
	if two {
		r.kind = rank2Decay
	}
	return r
}

// update changes w by a rank plan.
func (in *Instance) update(r *rank, w *vec.Matrix, all bool) {
	at := func(id int) []float32 {
		if id == none {
			return nil
		}
		return in.views[id].data
	}
	g, f, h, k, v := at(r.g), at(r.f), at(r.g2), at(r.f2), at(r.v)
	if w.Cols == 1 {
		rankColumn(r.kind, w, g, f, h, k, v, all)
		return
	}
	rankRows(r.kind, w, g, f, h, k, v, all)
}

func rankRows(kind rankKind, w *vec.Matrix, g, f, h, k, v []float32, all bool) {
	switch kind {
	case rank1:
		vec.Rank1(w, g, f, all)
	case rank1Column:
		vec.Rank1Column(w, g, f, v, all)
	case rank2:
		vec.Rank2(w, g, f, h, k, all)
	case rank1Decay:
		vec.Rank1Decay(w, g, f, v)
	case rank2Decay:
		vec.Rank2Decay(w, g, f, h, k, v)
	case rank1Gated:
		vec.Rank1Gated(w, g, f, v, all)
	}
}

// rankColumn is for weights of one column.
func rankColumn(kind rankKind, w *vec.Matrix, g, f, h, k, v []float32, all bool) {
	g = g[:w.Rows]
	x, y, z := f[0], float32(0), float32(0)
	if len(k) > 0 {
		y = k[0]
	}
	if len(v) > 0 {
		z = v[0]
	}
	at := 0
	for i, s := range g {
		d := &w.Data[at]
		at += w.Stride
		switch kind {
		case rank1:
			if s != 0 || all {
				*d += float32(s * x)
			}
		case rank1Column:
			if t := v[i]; s != 0 || t != 0 || all {
				*d += float32(s*x) + t
			}
		case rank2:
			if t := h[i]; s != 0 || t != 0 || all {
				*d += float32(s*x) + float32(t*y)
			}
		case rank1Decay:
			*d += float32(s*x) + float32(*d*z)
		case rank2Decay:
			*d += (float32(s*x) + float32(h[i]*y)) + float32(*d*z)
		case rank1Gated:
			if t := v[i]; s != 0 || t != 0 || all {
				*d += float32(s*x) + float32(*d*t)
			}
		}
	}
}
