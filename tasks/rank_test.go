package tasks

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

// A node is an expression over four leaves for the exhaustive ranking of
// rules: small enough to see that it is right.
type node struct {
	op          byte // one of + − *, or 0 for a leaf
	leaf        int
	left, right *node
}

func (n *node) text(leaves []string) string {
	if n.op == 0 {
		return leaves[n.leaf]
	}
	return "(" + n.left.text(leaves) + string(n.op) + n.right.text(leaves) + ")"
}

// program lists the operations in postfix order: leaves, then operators.
func (n *node) program(p []byte) []byte {
	if n.op == 0 {
		return append(p, byte(n.leaf))
	}
	return append(n.right.program(n.left.program(p)), n.op)
}

// run evaluates a program for each synapse; leaf values that are the same for
// all synapses are repeated.
func run(p []byte, leaves [][]float64, stack [][]float64) []float64 {
	top := -1
	for _, c := range p {
		if int(c) < len(leaves) {
			top++
			copy(stack[top], leaves[c])
			continue
		}
		top--
		a, b := stack[top], stack[top+1]
		switch c {
		case '+':
			for i := range a {
				a[i] += b[i]
			}
		case '-':
			for i := range a {
				a[i] -= b[i]
			}
		case '*':
			for i := range a {
				a[i] *= b[i]
			}
		}
	}
	return stack[0]
}

// distinctRules lists the semantically distinct expressions of up to leaves
// leaves, smallest first, up to a positive factor.
func distinctRules(kinds, leaves int) []*node {
	const points = 12
	s := key.Root(99).Stream()
	values := make([][]float64, kinds)
	for i := range values {
		values[i] = make([]float64, points)
		for j := range values[i] {
			values[i][j] = s.Normal()
			if i == kinds-1 { // the last leaf is the number 1
				values[i][j] = 1
			}
		}
	}
	stack := make([][]float64, leaves+1)
	for i := range stack {
		stack[i] = make([]float64, points)
	}
	all, rules := make([][]*node, leaves+1), []*node(nil)
	seenExact, seenScaled := map[string]bool{}, map[string]bool{}
	add := func(size int, n *node) {
		v := run(n.program(nil), values, stack)
		exact := fmt.Sprintf("%.9g", v)
		if seenExact[exact] {
			return
		}
		seenExact[exact] = true
		all[size] = append(all[size], n)
		norm := 0.0
		for _, x := range v {
			norm = max(norm, math.Abs(x))
		}
		if norm < 1e-9 {
			return
		}
		scaled := ""
		for _, x := range v {
			scaled += fmt.Sprintf("%.7g ", x/norm+2)
		}
		if !seenScaled[scaled] {
			seenScaled[scaled] = true
			rules = append(rules, n)
		}
	}
	for k := range kinds {
		add(1, &node{leaf: k})
	}
	for size := 2; size <= leaves; size++ {
		for l := 1; l < size; l++ {
			for _, a := range all[l] {
				for _, b := range all[size-l] {
					for _, op := range []byte("+-*") {
						add(size, &node{op: op, left: a, right: b})
					}
				}
			}
		}
	}
	return rules
}

type ranked struct {
	text  string
	score float64
	rate  float64
}

// rank trains one linear unit with every rule at every rate on the same lives
// and sorts by the mean Value at the best rate.
func rank(t *testing.T, spec string, names []string, rules []*node, rates []float64, lives, steps int) []ranked {
	task := mustOpen(t, spec)
	info := task.Info()
	type life struct {
		e Episode
		x [][]float64
		y []float64
		w []float64
	}
	data := make([]life, lives)
	for l := range data {
		k := key.Root(5).Child("life", uint64(l))
		e, err := task.Start(k)
		if err != nil {
			t.Fatal(err)
		}
		data[l].e = e
		b := NewBatch(info, 1)
		for range steps {
			e.Next(b)
			x := make([]float64, info.In)
			for j, v := range b.X.Row(0) {
				x[j] = float64(v)
			}
			data[l].x = append(data[l].x, x)
			if b.Y != nil {
				data[l].y = append(data[l].y, float64(b.Y.Row(0)[0]))
			}
		}
		s := k.Child("init", 0).Stream()
		for range info.In { // uniform Glorot
			a := math.Sqrt(6 / float64(info.In+1))
			data[l].w = append(data[l].w, s.Uniform(-a, a))
		}
	}
	n := info.In
	leaves := make([][]float64, len(names))
	stack := make([][]float64, 8)
	for i := range stack {
		stack[i] = make([]float64, n)
	}
	for i := range leaves {
		leaves[i] = make([]float64, n)
	}
	at := func(name string) int { return slices.Index(names, name) }
	iPre, iPost, iW, iTarget := at("pre"), at("post"), at("w"), at("target")
	for j := range n {
		leaves[at("1")][j] = 1
	}
	var out []ranked
	for _, r := range rules {
		p := r.program(nil)
		best := ranked{r.text(names), math.Inf(-1), 0}
		for _, rate := range rates {
			total := 0.0
			for _, d := range data {
				w := leaves[iW]
				copy(w, d.w)
				for step, x := range d.x {
					post := dot(w, x)
					if !(math.Abs(post) < 1e6) {
						break
					}
					leaves[iPre] = x
					for j := range n {
						leaves[iPost][j] = post
					}
					if iTarget >= 0 {
						for j := range n {
							leaves[iTarget][j] = d.y[step]
						}
					}
					for j, v := range run(p, leaves, stack) {
						w[j] += rate * v
					}
				}
				total += d.e.Score(linearModel{w}, Validation).Value
			}
			if v := total / float64(lives); v > best.score {
				best.score, best.rate = v, rate
			}
		}
		out = append(out, best)
	}
	slices.SortStableFunc(out, func(a, b ranked) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	return out
}

type linearModel struct{ w []float64 }

func (m linearModel) Outputs(x *vec.Matrix) *vec.Matrix {
	y := vec.New(x.Rows, 1)
	for i := range x.Rows {
		var s float64
		for j, v := range x.Row(i) {
			s += float64(v) * m.w[j]
		}
		y.Row(i)[0] = float32(s)
	}
	return y
}

// Oja's rule must be the best of all distinct rules of up to seven nodes, by
// a wide margin, or searching for it would be no test of a search.
func TestOjaIsTheBestRuleOfItsSize(t *testing.T) {
	names := []string{"pre", "post", "w", "1"}
	rules := distinctRules(4, 4)
	if len(rules) < 1500 { // 1,540 counted once; the fingerprint may merge a few more or less
		t.Fatalf("only %d rules", len(rules))
	}
	r := rank(t, "pca", names, rules, []float64{0.003, 0.01, 0.03}, 3, 1500)
	if r[0].text != "(post*(pre-(post*w)))" || r[0].score < 0.9 || r[1].score > 0.6 {
		t.Errorf("best %+v, then %+v; want Oja's rule, alone above 0.9", r[0], r[1])
	}
}

// The same for the delta rule, against all of up to five nodes; correlating
// input with target is far behind at every rate.
func TestDeltaIsTheBestRuleOfItsSize(t *testing.T) {
	names := []string{"pre", "post", "target", "w", "1"}
	r := rank(t, "regression", names, distinctRules(5, 3), []float64{0.01, 0.03, 0.1}, 3, 800)
	if r[0].text != "(pre*(target-post))" || r[0].score < 0.95 || r[1].score > 0.6 {
		t.Errorf("best %+v, then %+v; want the delta rule, alone above 0.95", r[0], r[1])
	}
	// One shot: from zero weights the rate is a factor on the weights alone.
	task := mustOpen(t, "regression")
	for l := range uint64(3) {
		e, err := task.Start(key.Root(6).Child("life", l))
		if err != nil {
			t.Fatal(err)
		}
		w, b := make([]float64, task.Info().In), NewBatch(task.Info(), 1)
		for range 2000 {
			e.Next(b)
			for j, x := range b.X.Row(0) {
				w[j] += float64(x) * float64(b.Y.Row(0)[0]) / 2000
			}
		}
		best := math.Inf(-1)
		for rate := 0.05; rate < 20; rate *= 1.2 {
			scaled := slices.Clone(w)
			for j := range scaled {
				scaled[j] *= rate
			}
			best = max(best, e.Score(linearModel{scaled}, Test).Value)
		}
		if best > 0.7 {
			t.Errorf("life %d: correlation alone explains %.3f", l, best)
		}
	}
}

func mustOpen(t testing.TB, text string) Task {
	t.Helper()
	spec, err := ParseSpec(text)
	if err != nil {
		t.Fatal(err)
	}
	task, err := Open(spec, Source{})
	if err != nil {
		t.Fatal(err)
	}
	return task
}
