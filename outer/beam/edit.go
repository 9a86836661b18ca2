package beam

import (
	"slices"

	"github.com/metaplast/metaplast/outer/internal/spell"
	"github.com/metaplast/metaplast/rulespace"
)

// editor makes the edits of a space.
type editor struct {
	leaves    []*rulespace.Expr
	ops       []rulespace.Op
	spell     spell.Speller
	monomials []*rulespace.Expr // products of up to maxDegree signals
}

const maxDegree = 3

func newEditor(space *rulespace.Space, speller spell.Speller) editor {
	ed := editor{leaves: space.Leaves(), ops: slices.Clone(space.Primitives), spell: speller}
	slices.Sort(ed.ops)
	// Products in the order of signals, each once.
	type product struct {
		expr *rulespace.Expr
		last int
	}
	var level []product
	for i, leaf := range ed.leaves {
		if leaf.Signals() != 0 {
			level = append(level, product{leaf, i})
		}
	}
	factors := slices.Clone(level)
	for degree := 1; len(level) > 0; degree++ {
		for _, p := range level {
			ed.monomials = append(ed.monomials, p.expr)
		}
		if degree == maxDegree || !speller.Knows(rulespace.Mul) {
			break
		}
		var next []product
		for _, p := range level {
			for _, f := range factors {
				if f.last >= p.last {
					next = append(next, product{rulespace.Apply(rulespace.Mul, p.expr, f.expr), f.last})
				}
			}
		}
		level = next
	}
	return ed
}

// smallest returns the leaves and the primitives of one or two arguments
// applied to them.
func (ed *editor) smallest() []*rulespace.Expr {
	list := slices.Clone(ed.leaves)
	for _, op := range ed.ops {
		for i, a := range ed.leaves {
			switch op.Info().Arity {
			case 1:
				list = append(list, rulespace.Apply(op, a))
			case 2:
				for j, b := range ed.leaves {
					if i <= j || !op.Info().Commutative {
						list = append(list, rulespace.Apply(op, a, b))
					}
				}
			}
		}
	}
	return list
}

// around yields what is one edit away from e, some of it more than once.
func (ed *editor) around(e *rulespace.Expr, yield func(*rulespace.Expr)) {
	forms := []*rulespace.Expr{e}
	add := func(f *rulespace.Expr) {
		if !slices.ContainsFunc(forms, f.Equal) {
			forms = append(forms, f)
		}
	}
	if f, err := ed.spell.Expr(rulespace.Simplify(e)); err == nil {
		add(f)
	}
	if plus, minus, ok := ed.spell.Terms(e); ok {
		if f, ok := ed.spell.Sum(plus, minus); ok {
			add(f)
		}
		ed.terms(plus, minus, yield)
	}
	for _, f := range forms {
		ed.rewrite(f, yield)
	}
	for _, m := range ed.monomials {
		if ed.spell.Knows(rulespace.Add) {
			yield(rulespace.Apply(rulespace.Add, e, m))
		}
		if ed.spell.Knows(rulespace.Sub) {
			yield(rulespace.Apply(rulespace.Sub, e, m))
			yield(rulespace.Apply(rulespace.Sub, m, e))
		}
	}
}

// terms yields a sum of monomials without one of them, and with another in
// its place.
func (ed *editor) terms(plus, minus []*rulespace.Expr, yield func(*rulespace.Expr)) {
	sum := func(plus, minus []*rulespace.Expr) {
		if f, ok := ed.spell.Sum(plus, minus); ok {
			yield(f)
		}
	}
	for i := range plus {
		rest := slices.Delete(slices.Clone(plus), i, i+1)
		sum(rest, minus)
		for _, m := range ed.monomials {
			sum(append(slices.Clip(rest), m), minus)
		}
	}
	for i := range minus {
		rest := slices.Delete(slices.Clone(minus), i, i+1)
		sum(plus, rest)
		for _, m := range ed.monomials {
			sum(plus, append(slices.Clip(rest), m))
		}
	}
}

// rewrite yields e with one of its nodes edited.
func (ed *editor) rewrite(e *rulespace.Expr, yield func(*rulespace.Expr)) {
	ed.extend(e, yield)
	if e.Kind() != rulespace.KindApply {
		for _, leaf := range ed.leaves {
			if !leaf.Equal(e) {
				yield(leaf)
			}
		}
		return
	}
	args := make([]*rulespace.Expr, e.NumArgs())
	for i := range args {
		args[i] = e.Arg(i)
		yield(args[i])
	}
	for _, op := range ed.ops {
		if op.Info().Arity != len(args) {
			continue
		}
		if op != e.Op() {
			yield(rulespace.Apply(op, args...))
		}
		if len(args) == 2 && !op.Info().Commutative {
			yield(rulespace.Apply(op, args[1], args[0]))
		}
	}
	for i := range args {
		ed.rewrite(args[i], func(changed *rulespace.Expr) {
			own := slices.Clone(args)
			own[i] = changed
			yield(rulespace.Apply(e.Op(), own...))
		})
	}
}

// extend yields the primitives applied to e, with leaves as other arguments.
func (ed *editor) extend(e *rulespace.Expr, yield func(*rulespace.Expr)) {
	for _, op := range ed.ops {
		arity := op.Info().Arity
		for at := range arity {
			args := make([]*rulespace.Expr, arity)
			args[at] = e
			ed.fill(op, args, 0, yield)
			if op.Info().Commutative {
				break
			}
		}
	}
}

// fill yields op with every choice of leaves for the arguments that are nil.
func (ed *editor) fill(op rulespace.Op, args []*rulespace.Expr, from int, yield func(*rulespace.Expr)) {
	for from < len(args) && args[from] != nil {
		from++
	}
	if from == len(args) {
		yield(rulespace.Apply(op, slices.Clone(args)...))
		return
	}
	for _, leaf := range ed.leaves {
		args[from] = leaf
		ed.fill(op, args, from+1, yield)
		args[from] = nil
	}
}
