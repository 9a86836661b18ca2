package kernel

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/classic"
	"github.com/metaplast/metaplast/rulespace/key"
)

func parse(t testing.TB, text string, params ...string) *rulespace.Rule {
	t.Helper()
	var list []rulespace.Param
	for k, name := range params {
		list = append(list, rulespace.Param{Name: name, Value: 0.1 * float64(k+1)})
	}
	r, err := rulespace.ParseRule(text, list...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func compile(t testing.TB, r *rulespace.Rule) *Program {
	t.Helper()
	p, err := Compile(r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// plans are rules with what becomes of dw in either schedule.
var plans = []struct {
	text                    string
	params                  []string
	rank                    rankKind
	online, batch           string
	onlineOuter, batchOuter bool
	skips                   bool
}{
	{"lr*err*pre", nil, rank1,
		"lr*err*pre", "(1/B)*Σ[(lr*err) ⊗ (pre)]", true, true, true},
	{"lr*err*pre + a*err*err_pre + b*post*(pre - recon)", []string{"lr", "a", "b"}, rank2,
		"b*post*(pre - recon) + err*(lr*pre + a*err_pre)",
		"(1/B)*Σ[(err) ⊗ (lr*pre + a*err_pre) + (b*post) ⊗ (pre - recon)]", true, true, true},
	{"lr*post*(pre - post*w)", nil, rank1Decay,
		"lr*post*pre + w*⟨post^2*(-lr)⟩", "w*⟨post^2*(-lr)⟩ + (1/B)*Σ[(lr*post) ⊗ (pre)]", true, true, false},
	{"lr*err*pre - d*w", []string{"lr", "d"}, rank1Decay,
		"lr*err*pre + w*(-d)", "w*(-d) + (1/B)*Σ[(lr*err) ⊗ (pre)]", true, true, false},
	{"pre*(err*post - w)", nil, rank1Gated,
		"pre*(err*post) + w*⟨-pre⟩", "w*⟨-pre⟩ + (1/B)*Σ[(err*post) ⊗ (pre)]", true, true, true},
	{"a*pre*post + b*pre + c*post + d", []string{"a", "b", "c", "d"}, rank1Column,
		"⟨pre*b + d⟩ + post*(a*pre + c)", "", true, true, true},
	{"err*pre + post*err_pre - post^2*w", nil, rank2Decay, "", "", true, true, false},
	{"reward*noise*pre", nil, rank1, "reward*noise*pre", "(1/B)*Σ[(reward*noise) ⊗ (pre)]", true, true, true},
	{"lr*err*pre*(1 - w)", nil, noRank, "lr*err*pre*(1 - w)", "(1 - w)*((1/B)*Σ[(lr*err) ⊗ (pre)])", true, true, false},
	{"tanh(pre*post)", nil, noRank, "tanh(pre*post)", "Σ(tanh(pre*post))*(1/B)", false, false, false},
	{"(pre - w)^3", nil, noRank, "(pre - w)^3", "", false, true, false},
	{"lr*(w0 - w)", nil, noRank, "", "", true, true, false},
}

func TestPlans(t *testing.T) {
	for _, c := range plans {
		p := compile(t, parse(t, c.text, c.params...))
		one, many := p.dw(1), p.dw(16)
		if one.rank.kind != c.rank || one.outer != c.onlineOuter || many.outer != c.batchOuter || (len(one.silent) > 0) != c.skips {
			t.Errorf("%s: rank %d, outer %v and %v, skips %v\n%s", c.text, one.rank.kind, one.outer, many.outer, len(one.silent) > 0, p.Describe())
		}
		for _, x := range []struct{ got, want string }{{p.text(one.root), c.online}, {p.text(many.root), c.batch}} {
			if x.want != "" && x.got != x.want {
				t.Errorf("%s becomes %s, want %s", c.text, x.got, x.want)
			}
		}
	}
}

// Every plan of the table above to the bit and to the bound.
func TestPlansCompute(t *testing.T) {
	s := key.Root(13).Stream()
	c := &checker{t: t}
	for _, rule := range plans {
		r := parse(t, rule.text, rule.params...)
		p := compile(t, r)
		for _, shape := range [][2]int{{1, 1}, {5, 17}, {2, 130}} {
			in, out := shape[0], shape[1]
			for _, batch := range testBatches {
				i := p.Bind(in, out, batch)
				f := randomFrame(s, in, out, batch)
				w := randomMatrix(s, in, out)
				x := &scalar{i: i, f: f, w: w}
				want := x.present()
				c.compare(r, i, f, w, w, nil)
				sameBits(t, rule.text, w, want.w)
			}
		}
	}
}

// Of the two factors of these rules' updates, the pass of one sample scales one
// itself and leaves the other, which is read elsewhere too.
func TestOneScaledFactor(t *testing.T) {
	s := key.Root(15).Stream()
	c := &checker{t: t}
	for _, r := range []*rulespace.Rule{
		parse(t, "lr*err*pre + a*err*err_pre - d*w*err*err", "lr", "a", "d"),
		parse(t, "lr*post^2*pre + w*post^2", "lr"),
	} {
		i := compile(t, r).Bind(2, 130, 1)
		f, w := randomFrame(s, 2, 130, 1), randomMatrix(s, 2, 130)
		want := (&scalar{i: i, f: f, w: w}).present()
		c.compare(r, i, f, w, w, nil)
		sameBits(t, r.DW.String(), w, want.w)
	}
}

func TestClassicRules(t *testing.T) {
	s := key.Root(14).Stream()
	c := &checker{t: t}
	const in, out = 9, 20
	for _, r := range classic.All() {
		p := compile(t, r)
		if p.Needs().Has(rulespace.SigW) {
			t.Errorf("%s needs w from the circuit", r.Name)
		}
		i := p.Bind(in, out, 16)
		w, fb, b := randomMatrix(s, in, out), randomMatrix(s, in, out), randomMatrix(s, 1, out).Row(0)
		for _, batch := range []int{1, 16, 3, 1} {
			f := randomFrame(s, in, out, batch)
			for k := range f.Values { // the circuit presents what is needed, and no more
				if !p.Needs().Has(rulespace.Signal(k)) {
					f.Values[k] = nil
				}
			}
			full := *f
			for k := range full.Values { // which the interpreter must not miss either
				if full.Values[k] == nil {
					full.Values[k] = vec.New(0, 0)
				}
			}
			c.compare(r, i, &full, w, fb, b)
		}
		t.Logf("%-18s %-12s %s", r.Name, p.Plan(1), p.Plan(16))
	}
}

// Delta followed by an addition is Apply, to the bit.
func TestDeltaIsApply(t *testing.T) {
	s := key.Root(15).Stream()
	for range 150 {
		r := randomRule(s)
		p := compile(t, r)
		const in, out = 6, 33
		i, k := p.Bind(in, out, 4), p.Bind(in, out, 4)
		w := randomMatrix(s, in, out)
		v, dw := cloned(w), randomMatrix(s, in, out)
		b := randomMatrix(s, 1, out).Row(0)
		c := slices.Clone(b)
		for _, batch := range []int{1, 4} {
			f := randomFrame(s, in, out, batch)
			i.Apply(f, w, b, nil)
			k.DeltaAll(f, v, dw, c, nil)
			for x := range in {
				vec.AddVV(v.Row(x), v.Row(x), dw.Row(x))
			}
			sameBits(t, "w", v, w)
			for j := range b {
				sameFloat(t, "b", 0, j, c[j], b[j])
			}
			for n := range i.states {
				sameBits(t, "state", k.states[n], i.states[n])
			}
		}
	}
}

// momentum and Adam against the recurrences of their papers in float64, over
// several presentations.
func TestOptimisers(t *testing.T) {
	s := key.Root(16).Stream()
	const in, out, batch, steps = 4, 3, 5, 20
	for _, name := range []string{"momentum", "adam"} {
		r, ok := classic.Get(name)
		if !ok {
			t.Fatal("no such rule")
		}
		value := map[string]float64{}
		for _, p := range r.Params {
			value[p.Name] = p.Value
		}
		i := compile(t, r).Bind(in, out, batch)
		w, b := vec.New(in, out), make([]float32, out)
		want := table(in+1, out)
		m, q := table(in+1, out), table(in+1, out)
		for step := range steps {
			f := randomFrame(s, in, out, batch)
			i.Apply(f, w, b, nil)
			for x := range in + 1 {
				for y := range out {
					g := 0.0
					for n := range batch {
						pre := 1.0
						if x < in {
							pre = float64(f.Values[rulespace.SigPre].Row(n)[x])
						}
						g += pre * float64(f.Values[rulespace.SigErr].Row(n)[y]) / batch
					}
					if name == "momentum" {
						m[x][y] = value["mu"]*m[x][y] + g
						want[x][y] += value["lr"] * m[x][y]
						continue
					}
					m[x][y] = value["b1"]*m[x][y] + (1-value["b1"])*g
					q[x][y] = value["b2"]*q[x][y] + (1-value["b2"])*g*g
					t := float64(step + 1)
					want[x][y] += value["lr"] * (m[x][y] / (1 - math.Pow(value["b1"], t))) /
						(math.Sqrt(q[x][y]/(1-math.Pow(value["b2"], t))) + value["eps"])
				}
			}
		}
		for x := range in + 1 {
			for y := range out {
				got := b[y]
				if x < in {
					got = w.Row(x)[y]
				}
				// Some twenty roundings of 6e-8 per step; 1 - b2 of Adam is off by
				// 1.7e-8/1e-3 in float32, which its quotient halves.
				if math.Abs(float64(got)-want[x][y]) > 3e-5*math.Abs(want[x][y])+2e-6*value["lr"]*steps {
					t.Errorf("%s: weight %d,%d is %v, want %v", name, x, y, got, want[x][y])
				}
			}
		}
	}
}

// Divergence has to be seen: a change that is not a number makes weights that
// are not, and no shortcut for silent inputs hides one.
func TestNotANumberSpreads(t *testing.T) {
	nan := float32(math.NaN())
	isNaN := func(v float32) bool { return v != v }
	for _, batch := range []int{1, 3} {
		frame := func() *Frame {
			f := &Frame{Batch: batch}
			for _, s := range []rulespace.Signal{rulespace.SigPre, rulespace.SigErrPre} {
				f.Values[s] = vec.New(batch, 4)
				f.Values[s].Row(batch - 1)[1] = 2
			}
			for _, s := range []rulespace.Signal{rulespace.SigPost, rulespace.SigErr} {
				f.Values[s] = vec.New(batch, 3)
				f.Values[s].Row(batch - 1)[2] = 3
			}
			return f
		}
		for _, text := range []string{"err*pre", "err*pre + post*err_pre", "pre*(err - w)", "err*pre - 0.1*w", "tanh(pre*err)*err"} {
			p := compile(t, parse(t, text))
			i := p.Bind(4, 3, batch)
			f, w := frame(), vec.New(4, 3)
			f.Values[rulespace.SigErr].Row(batch - 1)[0] = nan
			i.Apply(f, w, nil, nil)
			for x := range 4 { // 0·NaN is NaN: silent rows too
				if !isNaN(w.Row(x)[0]) || isNaN(w.Row(x)[1]) {
					t.Errorf("%s, batch %d: a NaN in err leaves row %d at %v", text, batch, x, w.Row(x))
				}
			}
			f, w = frame(), vec.New(4, 3)
			f.Values[rulespace.SigErr].Row(batch - 1)[0] = float32(math.Inf(1))
			i.Apply(f, w, nil, nil)
			if !isNaN(w.Row(0)[0]) {
				t.Errorf("%s, batch %d: 0·Inf changes a weight by %v", text, batch, w.Row(0)[0])
			}
			f, w = frame(), vec.New(4, 3)
			w.Row(0)[1], w.Row(1)[1] = nan, nan
			i.Apply(f, w, nil, nil)
			if !isNaN(w.Row(0)[1]) || !isNaN(w.Row(1)[1]) || isNaN(w.Row(2)[1]) {
				t.Errorf("%s, batch %d: NaN weights become %v, %v", text, batch, w.Row(0), w.Row(1))
			}
		}
		// A change that is not a number for finite values.
		i := compile(t, parse(t, "log(0 - post^2 - 1)*pre")).Bind(4, 3, batch)
		w := vec.New(4, 3)
		i.Apply(frame(), w, nil, nil)
		for x := range 4 {
			if !isNaN(w.Row(x)[0]) {
				t.Errorf("batch %d: weights of row %d are %v", batch, x, w.Row(x))
			}
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	s := key.Root(17).Stream()
	rules := classic.All()
	for range 20 {
		rules = append(rules, randomRule(s))
	}
	for _, r := range rules {
		p := compile(t, r)
		const in, out = 5, 270
		i := p.Bind(in, out, 4)
		w, dw, fb, b := vec.New(in, out), vec.New(in, out), vec.New(in, out), make([]float32, out)
		for _, batch := range []int{1, 4} {
			f := randomFrame(s, in, out, batch)
			if n := testing.AllocsPerRun(5, func() {
				i.Apply(f, w, b, fb)
				i.Delta(f, w, dw)
				for _, v := range r.Params {
					i.SetParam(v.Name, v.Value)
				}
				i.Reset()
			}); n != 0 {
				t.Errorf("%s: %v allocations", r.Name, n)
			}
		}
	}
}

func TestSetParamAndReset(t *testing.T) {
	r := parse(t, "lr*pre*post", "lr")
	p := compile(t, r)
	i := p.Bind(1, 1, 1)
	f := &Frame{Batch: 1}
	f.Values[rulespace.SigPre], f.Values[rulespace.SigPost] = vec.New(1, 1), vec.New(1, 1)
	f.Values[rulespace.SigPre].Data[0], f.Values[rulespace.SigPost].Data[0] = 2, 3
	w := vec.New(1, 1)
	for _, lr := range []float64{0.5, 2} {
		w.Zero()
		i.SetParam("lr", lr)
		i.Apply(f, w, nil, nil)
		if w.Data[0] != float32(6*lr) {
			t.Errorf("lr %v changes the weight by %v", lr, w.Data[0])
		}
	}

	m, _ := classic.Get("momentum")
	i = compile(t, m).Bind(1, 1, 1)
	f.Values[rulespace.SigErr] = f.Values[rulespace.SigPost]
	first := vec.New(1, 1)
	i.Apply(f, first, nil, nil)
	again := vec.New(1, 1)
	i.Apply(f, again, nil, nil)
	if again.Data[0] == first.Data[0] {
		t.Error("momentum has no memory")
	}
	i.Reset()
	again.Zero()
	i.Apply(f, again, nil, nil)
	if again.Data[0] != first.Data[0] {
		t.Errorf("after Reset the first step is %v, was %v", again.Data[0], first.Data[0])
	}
}

func TestCompileRefuses(t *testing.T) {
	pre, post := rulespace.Sig(rulespace.SigPre), rulespace.Sig(rulespace.SigPost)
	both := rulespace.Apply(rulespace.Mul, pre, post)
	for _, c := range []struct {
		r    *rulespace.Rule
		want string
	}{
		{&rulespace.Rule{Name: "x"}, "compiling x: there is no dw"},
		{&rulespace.Rule{DW: rulespace.Name("eta")}, `compiling rule: dw: "eta" is neither a signal nor a parameter nor a state`},
		{&rulespace.Rule{DW: pre, DB: rulespace.Name("b")}, `db: "b"`},
		{&rulespace.Rule{DW: pre, DFB: rulespace.Name("b")}, `dfb: "b"`},
		{&rulespace.Rule{DW: pre, States: []rulespace.State{{Name: "s", Scope: rulespace.Pre, Update: both}}},
			"state s of pre scope has an update of synapse scope"},
		{&rulespace.Rule{DW: pre, States: []rulespace.State{{Name: "s", Scope: rulespace.Global, Update: pre}}}, "state s has global scope"},
		{&rulespace.Rule{DW: pre, States: []rulespace.State{{Name: "s", Scope: rulespace.Pre}}}, "state s has no update"},
		{&rulespace.Rule{DW: pre, States: []rulespace.State{{Name: "s", Scope: rulespace.Pre, Update: pre}, {Name: "s", Scope: rulespace.Pre, Update: pre}}},
			"state s is declared twice"},
	} {
		if _, err := Compile(c.r); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want %q", err, c.want)
		}
	}
}

// A rule of many shared sub-expressions, which as a tree has 2^60 nodes.
func TestCompileSharedExpression(t *testing.T) {
	e := rulespace.Apply(rulespace.Mul, rulespace.Sig(rulespace.SigPre), rulespace.Sig(rulespace.SigPost))
	for range 60 {
		e = rulespace.Apply(rulespace.Add, e, e)
	}
	i := compile(t, &rulespace.Rule{DW: e}).Bind(3, 2, 1)
	f := randomFrame(key.Root(1).Stream(), 3, 2, 1)
	w := vec.New(3, 2)
	i.Apply(f, w, nil, nil)
	for x := range 3 {
		for y := range 2 {
			want := 0x1p60 * f.Values[rulespace.SigPre].Row(0)[x] * f.Values[rulespace.SigPost].Row(0)[y]
			if w.Row(x)[y] != want { // powers of two are exact
				t.Fatalf("weight %v, want %v", w.Row(x)[y], want)
			}
		}
	}
}

func TestMisusePanics(t *testing.T) {
	p := compile(t, parse(t, "err*pre"))
	f := randomFrame(key.Root(1).Stream(), 3, 2, 2)
	missing := *f
	missing.Values[rulespace.SigErr] = nil
	narrow := *f
	narrow.Values[rulespace.SigErr] = vec.New(2, 3)
	for _, c := range []struct {
		want string
		do   func()
	}{
		{"sizes have to be positive", func() { p.Bind(0, 1, 1) }},
		{"signal err is not presented", func() { p.Bind(3, 2, 2).Apply(&missing, vec.New(3, 2), nil, nil) }},
		{"signal err (post) is 2×3 for 2 samples of a 3×2 connection", func() { p.Bind(3, 2, 2).Apply(&narrow, vec.New(3, 2), nil, nil) }},
		{"2 samples presented to an instance for 1 to 1", func() { p.Bind(3, 2, 1).Apply(f, vec.New(3, 2), nil, nil) }},
		{"shape of the connection", func() { p.Bind(3, 2, 2).Apply(f, vec.New(2, 3), nil, nil) }},
		{`no parameter "eta"`, func() { p.Bind(3, 2, 2).SetParam("eta", 1) }},
	} {
		func() {
			defer func() {
				if v, ok := recover().(string); !ok || !strings.Contains(v, c.want) {
					t.Errorf("panic is %q, want %q", v, c.want)
				}
			}()
			c.do()
		}()
	}
}

// The bits of a fixed set of rules, shapes and batches. A change of this
// digest changes the results of every search: it belongs in the changelog.
const goldenDigest = "daef993f5bb182663c4ccdc2f07e6f00"

func TestGoldenDigest(t *testing.T) {
	s := key.Root(18).Stream()
	h := sha256.New()
	put := func(m *vec.Matrix) {
		for i := range m.Rows {
			for _, v := range m.Row(i) {
				bits := math.Float32bits(v)
				if v != v {
					bits = 0x7fc00000
				}
				h.Write(binary.LittleEndian.AppendUint32(nil, bits))
			}
		}
	}
	var rules []*rulespace.Rule
	for _, c := range plans {
		rules = append(rules, parse(t, c.text, c.params...))
	}
	for _, text := range []string{
		"exp(0 - w^2)*tanh(pre*post) + sigmoid(pot - w)*pre", "log(abs(w) + 0.1)*sqrt(abs(pre*post))",
		"min(pre, post)*w - max(pre, w)/(1 + post^2)", "pdiv(pre, w)*sign(err) + clip(w*post, 0 - 1, 1)*step(pre)",
		"lr*reward*elig + relu(pre - w)*cube(err)", "db: lr*err; dw: lr*err*pre; dfb: lr*err*pre - 0.01*w",
	} {
		rules = append(rules, parse(t, text))
	}
	adam, _ := classic.Get("adam")
	for _, r := range append(rules, adam) {
		p := compile(t, r)
		for _, shape := range testShapes {
			in, out := shape[0], shape[1]
			i := p.Bind(in, out, 16)
			w, fb, b := randomMatrix(s, in, out), randomMatrix(s, in, out), randomMatrix(s, 1, out)
			for _, batch := range testBatches {
				i.Apply(randomFrame(s, in, out, batch), w, b.Row(0), fb)
				put(w)
				put(fb)
				put(b)
			}
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)[:16]); got != goldenDigest {
		t.Errorf("digest is %s, want %s", got, goldenDigest)
	}
}
