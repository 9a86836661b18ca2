package rulespace

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func fingerprint(t *testing.T, text string, scaleFree bool) (FP, Class) {
	t.Helper()
	e, err := ParseExpr(text, "a")
	if err != nil {
		t.Fatal(err)
	}
	p := FixedProbe(e.Signals())
	return p.Hash(scaleFree, p.Column(e))
}

func TestFingerprintEquality(t *testing.T) {
	for _, c := range []struct {
		x, y      string
		scaleFree bool
		same      bool
	}{
		{"post*(pre - post*w)", "post*pre - post^2*w", false, true},
		{"post*(pre - post*w)", "2*post*pre - 2*post^2*w", false, false},
		{"post*(pre - post*w)", "2*post*pre - 2*post^2*w", true, true},
		{"post*(pre - post*w)", "post*(post*w - pre)", true, false},
		{"pre*post", "pre*post + 0.001*w", true, false},
		{"a*pre", "pre*a", false, true},
		{"err*phase", "err/phase", false, true}, // phase is -1 or 1
		{"err*reward", "err/reward", false, false},
		{"tanh(pre)", "(exp(pre) - exp(-pre))/(exp(pre) + exp(-pre))", false, true},
		{"relu(pre)", "max(pre, 0)", false, true},
		{"post*sign(pre)^2", "post", false, false}, // differ where pre is silent
		{"post*pre*w - w^3*pre", "w*(post - w^2)*pre", true, true},
	} {
		fx, _ := fingerprint(t, c.x, c.scaleFree)
		fy, _ := fingerprint(t, c.y, c.scaleFree)
		if (fx == fy) != c.same {
			t.Errorf("%s and %s (scale-free %v): same is %v", c.x, c.y, c.scaleFree, !c.same)
		}
	}
}

func TestFingerprintClass(t *testing.T) {
	for text, want := range map[string]Class{
		"pre - pre":        Zero,
		"0*w":              Zero,
		"0.1*3*w - 0.3*w":  Zero,
		"w/w":              Constant,
		"phase^2":          Constant,
		"3":                Constant,
		"log(-(pre^2))":    Undefined,
		"w/(pre - pre)":    Undefined,
		"post*pre":         Generic,
		"step(pre)*0.0001": Generic,
	} {
		if _, got := fingerprint(t, text, true); got != want {
			t.Errorf("%s is of class %d, want %d", text, got, want)
		}
	}
}

func TestExtendedProbeTellsApart(t *testing.T) {
	x, _ := ParseExpr("clip(pre, -1000, 1000)")
	y, _ := ParseExpr("pre")
	p := FixedProbe(Signals(SigPre))
	fx, _ := Fingerprint(x, p, false)
	fy, _ := Fingerprint(y, p, false)
	if fx != fy {
		t.Fatal("the fixed points reach beyond 1000")
	}
	point := make([]float64, NumSignals)
	for i := range point {
		point[i] = math.NaN()
	}
	point[SigPre] = 2000
	q := p.Extend([][]float64{point})
	fx, _ = Fingerprint(x, q, false)
	fy, _ = Fingerprint(y, q, false)
	if fx == fy || q.Len() != p.Len()+1 {
		t.Error("the task's point was not probed")
	}
}

// Up to degree 5 polynomials are exact at the fixed points, so even bits that
// do not count agree.
func TestFixedProbeIsExact(t *testing.T) {
	p := FixedProbe(Signals(SigPre, SigPost, SigW))
	x := p.Column(mustParse(t, "(pre + post - 2*w)^5"))
	y := p.Column(newBuilder(false).expr(Canon(mustParse(t, "(pre + post - 2*w)^5")).terms))
	for i := range x {
		if x[i] != y[i] {
			t.Errorf("point %d: %v and %v", i, x[i], y[i])
		}
	}
}

// Cached columns of arguments give the column of the whole.
func TestColumnsCombine(t *testing.T) {
	p := FixedProbe(Signals(SigPre, SigPost, SigW))
	g := exprs(leaves(Signals(SigPre, SigPost, SigW).List(), plainConstants), allOps(), 20)
	rapid.Check(t, func(t *rapid.T) {
		e := g.Draw(t, "e")
		got, env := p.Column(e), &testEnv{names: map[string]float64{}}
		for i := range got {
			for s := range Signal(NumSignals) {
				env.signals[s] = p.Leaf(Sig(s))[i]
			}
			for _, n := range testNames {
				env.names[n] = p.Leaf(Name(n))[i]
			}
			if want := e.Eval(env); got[i] != want && !(math.IsNaN(got[i]) && math.IsNaN(want)) {
				t.Fatalf("%s at point %d: %v, want %v", e, i, got[i], want)
			}
		}
	})
}

// Fingerprints do not tell apart what simplification holds to be the same,
// but where division or a number out of range makes a removable gap.
func TestFingerprintAgreesWithCanon(t *testing.T) {
	p := FixedProbe(Signals(SigPre, SigPost, SigW))
	ops := []Op{Add, Sub, Mul, Neg, Square, Abs, Sign, Min, Max, Step, Relu}
	small := rapid.SampledFrom([]float64{0, 1, -1, 2, 0.5})
	g := exprs(rapid.OneOf(rapid.Map(rapid.SampledFrom(Signals(SigPre, SigPost, SigW).List()), Sig), rapid.Map(small, Const)), ops, 12)
	rapid.Check(t, func(t *rapid.T) {
		e := g.Draw(t, "e")
		s, exact := Simplify(e), true
		s.walk(func(n *Expr) { exact = exact && (n.kind != KindConst || n.value*64 == math.Trunc(n.value*64)) })
		if !exact {
			return // rounded to 12 digits, which cancellation can bring up
		}
		for _, free := range []bool{false, true} {
			x, cx := p.Hash(free, p.Column(e))
			if y, cy := p.Hash(free, p.Column(s)); x != y || cx != cy {
				t.Fatalf("%s and %s differ, scale-free %v", e, s, free)
			}
		}
	})
}

func BenchmarkFingerprint(b *testing.B) {
	e, _ := ParseExpr("post*(pre - post*w)")
	p := FixedProbe(e.Signals())
	b.ReportAllocs()
	for b.Loop() {
		Fingerprint(e, p, true)
	}
}
