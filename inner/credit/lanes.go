package credit

import (
	"math"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/kernel"
)

// Lanes is the circuit none for many networks of one connection that learn
// side by side, each from its own samples; see kernel.Lanes for where values
// lie. Every network has the bits that it has with a circuit of its own.
type Lanes struct {
	X, Target []float32 // to be filled before every Learn
	W         []float32
	Act, Pot  []float32 // of the output, once Learn has run

	net              *network.Network
	in, out, n       int
	clamp            bool
	tau, theta, elig float64 // time constants
	shown            int
	needs            rulespace.SignalSet
	values           [rulespace.NumSignals][]float32
	scratch          [2][]float32 // as long as the longest of pre and post scope
	chains           [][]float32  // partial sums of recon
	forward          []vec.Call   // by postsynaptic unit; nil where lanes have changed
}

// inLanes are the signals that Lanes can present.
var inLanes = rulespace.Signals(
	rulespace.SigPre, rulespace.SigPost, rulespace.SigPot, rulespace.SigDPost, rulespace.SigTarget,
	rulespace.SigPreTrace, rulespace.SigPostTrace, rulespace.SigTheta, rulespace.SigElig,
	rulespace.SigRecon, rulespace.SigLower, rulespace.SigNormW,
	rulespace.SigW, rulespace.SigW0, rulespace.SigStep)

// NewLanes returns so many lanes of the circuit for networks like net, or nil
// where they have to learn one by one.
func NewLanes(c Config, net *network.Network, needs rulespace.SignalSet, lanes int) *Lanes {
	conn := net.Conns[0]
	if c.Name != noneEntry.Name || len(net.Conns) > 1 || conn.InPlace == nil || conn.Bias != nil || conn.Geometry != nil ||
		net.Config.Output.Name == "softmax" || needs.Minus(inLanes) != 0 || vec.Numerics() != "strict" {
		return nil
	}
	o, err := c.values()
	if err != nil {
		return nil
	}
	l := &Lanes{
		net: net, in: conn.In, out: conn.Out, n: lanes, needs: needs, clamp: o.On("clamp"),
		tau: o.Float("tau"), theta: o.Float("theta_tau"), elig: o.Float("elig_tau"),
	}
	for _, v := range []struct {
		to   *[]float32
		rows int
	}{{&l.X, l.in}, {&l.Target, l.out}, {&l.W, l.in * l.out}, {&l.Act, l.out}, {&l.Pot, l.out}, {&l.scratch[0], max(l.in, l.out)}, {&l.scratch[1], max(l.in, l.out)}} {
		*v.to = make([]float32, v.rows*lanes)
	}
	for _, s := range needs.List() {
		switch s {
		case rulespace.SigPre, rulespace.SigPost, rulespace.SigPot, rulespace.SigTarget, rulespace.SigW:
		default:
			l.values[s] = make([]float32, l.rows(s)*lanes)
		}
	}
	if needs.Has(rulespace.SigRecon) {
		for range min(l.out, treeWidth) {
			l.chains = append(l.chains, make([]float32, l.in*lanes))
		}
	}
	return l
}

// treeWidth is the number of partial sums of vec.Dot.
const treeWidth = 16

func (l *Lanes) rows(s rulespace.Signal) int {
	switch s.Info().Scope {
	case rulespace.Pre:
		return l.in
	case rulespace.Post:
		return l.out
	case rulespace.Synapse:
		return l.in * l.out
	}
	return 1
}

// Start makes the weights those that learning starts from.
func (l *Lanes) Start() { copy(l.values[rulespace.SigW0], l.W) }

// Drop takes a lane out; the last one takes its place.
func (l *Lanes) Drop(lane int) {
	for _, v := range []*[]float32{&l.X, &l.Target, &l.W, &l.Act, &l.Pot, &l.scratch[0], &l.scratch[1]} {
		*v = DropLane(*v, l.n, lane)
	}
	for s, v := range l.values {
		switch rulespace.Signal(s) {
		case rulespace.SigPre, rulespace.SigPost, rulespace.SigPot, rulespace.SigTarget, rulespace.SigW:
		default:
			l.values[s] = DropLane(v, l.n, lane)
		}
	}
	for k, v := range l.chains {
		l.chains[k] = DropLane(v, l.n, lane)
	}
	l.n--
	l.forward = nil
}

// DropLane takes a lane out of values of n lanes; the last one takes its
// place.
func DropLane(v []float32, n, lane int) []float32 {
	rows := len(v) / n
	for r := range rows {
		row, to := v[r*n:r*n+n], v[r*(n-1):]
		last := row[n-1]
		copy(to, row[:n-1])
		if lane < n-1 {
			to[lane] = last
		}
	}
	return v[:rows*(n-1)]
}

// Learn runs the networks on their samples and lets the rules change them.
func (l *Lanes) Learn(rules *kernel.Lanes) {
	l.shown++
	n := l.n
	if l.forward == nil {
		for j := range l.out {
			sum := vec.Rows{Data: l.Pot[j*n : j*n+n]} // row after row
			l.forward = append(l.forward, vec.Prepare(vec.MulAddVVVKernel, l.in, n, sum, vec.Rows{Data: l.X, Stride: n}, vec.Rows{Data: l.W[j*l.in*n:], Stride: n}, sum))
		}
	}
	clear(l.Pot)
	for j := range l.forward {
		l.forward[j].Run()
	}
	act, pot := rowOf(l.Act), rowOf(l.Pot)
	l.net.Activate(1, &act, &pot)
	v := &l.values
	v[rulespace.SigPre], v[rulespace.SigPost], v[rulespace.SigPot] = l.X, l.Act, l.Pot
	v[rulespace.SigTarget] = l.Target
	if l.clamp {
		v[rulespace.SigPost] = l.Target
	}
	l.derive()
	rules.Apply(v, l.W)
}

// rowOf is a matrix of one row.
func rowOf(v []float32) vec.Matrix {
	return vec.Matrix{Rows: 1, Cols: len(v), Stride: len(v), Data: v}
}

// derive computes the signals that base.derive does.
func (l *Lanes) derive() {
	v, n := &l.values, l.n
	pre, post := v[rulespace.SigPre], v[rulespace.SigPost]
	for left := l.needs; left != 0; left &= left - 1 {
		s := first(left)
		switch dst := v[s]; s {
		case rulespace.SigDPost:
			d, act := rowOf(dst), rowOf(l.Act)
			l.net.Derivative(1, &d, &act)
		case rulespace.SigPreTrace:
			l.trace(dst, pre, l.tau)
		case rulespace.SigPostTrace:
			l.trace(dst, post, l.tau)
		case rulespace.SigTheta:
			square := l.scratch[1][:len(dst)]
			vec.Square(square, post)
			l.trace(dst, square, l.theta)
		case rulespace.SigElig:
			for j := range l.out {
				x := l.scratch[1][:l.in*n]
				vec.Apply(vec.MulVVKernel, l.in, n, vec.Rows{Data: x, Stride: n}, vec.Rows{Data: pre, Stride: n}, vec.Rows{Data: post[j*n:]}, vec.Rows{})
				l.trace(dst[j*l.in*n:(j+1)*l.in*n], x, l.elig)
			}
		case rulespace.SigRecon:
			l.recon(dst, post)
		case rulespace.SigLower:
			clear(dst[:l.in*n])
			for j := range l.out - 1 {
				at, next := dst[j*l.in*n:], dst[(j+1)*l.in*n:]
				vec.Apply(vec.MulAddVVVKernel, l.in, n, vec.Rows{Data: next, Stride: n},
					vec.Rows{Data: l.W[j*l.in*n:], Stride: n}, vec.Rows{Data: post[j*n:]}, vec.Rows{Data: at, Stride: n})
			}
		case rulespace.SigNormW:
			clear(dst)
			for j := range l.out {
				norm, w := vec.Rows{Data: dst[j*n : j*n+n]}, vec.Rows{Data: l.W[j*l.in*n:], Stride: n}
				vec.Apply(vec.MulAddVVVKernel, l.in, n, norm, w, w, norm)
			}
			vec.Sqrt(dst, dst)
		case rulespace.SigStep:
			vec.Fill(dst, float32(l.shown))
		}
	}
}

// trace moves the running mean m towards x.
func (l *Lanes) trace(m, x []float32, tau float64) {
	d := l.scratch[0][:len(m)]
	vec.SubVV(d, x, m)
	vec.MulAddVSV(m, d, float32(1/math.Min(float64(l.shown), tau)), m)
}

// recon sets dst to Σ_j post_j·w_ij in the order of vec.Dot: 16 partial sums,
// of which those that nothing was added to are left out.
func (l *Lanes) recon(dst, post []float32) {
	n := l.n
	for _, c := range l.chains {
		clear(c)
	}
	for j := range l.out {
		c := vec.Rows{Data: l.chains[j%treeWidth], Stride: n}
		vec.Apply(vec.MulAddVVVKernel, l.in, n, c, vec.Rows{Data: l.W[j*l.in*n:], Stride: n}, vec.Rows{Data: post[j*n:]}, c)
	}
	for half := treeWidth / 2; half > 0; half /= 2 {
		for k := 0; k < half && k+half < len(l.chains); k++ {
			vec.AddVV(l.chains[k], l.chains[k], l.chains[k+half])
		}
	}
	copy(dst, l.chains[0])
}
