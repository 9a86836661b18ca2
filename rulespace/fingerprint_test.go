package rulespace

import (
	"math"
	"testing"
)

func fingerprint(t *testing.T, text string, scaleFree bool) (FP, Class) {
	t.Helper()
	e, err := ParseExpr(text, "a")
	if err != nil {
		t.Fatal(err)
	}
	p := FixedProbe(e.Signals())
	return p.Hash(p.Column(e), scaleFree)
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

func BenchmarkFingerprint(b *testing.B) {
	e, _ := ParseExpr("post*(pre - post*w)")
	p := FixedProbe(e.Signals())
	b.ReportAllocs()
	for b.Loop() {
		Fingerprint(e, p, true)
	}
}
