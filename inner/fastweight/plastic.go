package fastweight

import (
	"fmt"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/kernel"
)

// Plastic is a recurrent network with differentiable plasticity: the weight
// of a synapse is a slow part and a fast one, H, times how plastic it is.
//
//	y_i(t) = tanh( Σ_j (w_ij + α_ij·H_ij)·y_j(t−1) + in_i(t) )
//	M(t)   = tanh( Σ_i m_i·y_i(t) ), or 1 without a modulator
//	H_ij   changed by the rule, with pre = y_j(t−1), post = y_i(t), mod = M(t)
//
//	y_i   activity of unit i           [rate]
//	w_ij  slow weight                  [1]
//	α_ij  plasticity of the synapse    [1]
//	H_ij  fast weight                  [1]
//	M     neuromodulator               [1]
//
// Departure from the source: the modulator reaches all units alike. A learned
// fan-out to each unit scales H_ij, and can be taken into α_ij, as long as H
// stays below its limit.
//
// T. Miconi, J. Clune, K. Stanley, ICML (2018); T. Miconi et al., ICLR (2019).
type Plastic struct {
	W, Alpha  *vec.Matrix // slow parameters: a row for each unit before the synapse
	Modulator []float32   // m, slow too; nil for M = 1
	H         *vec.Matrix // fast weights of the episode

	y, before vec.Matrix
	pot       []float32
	mod       *vec.Matrix
	rule      *kernel.Instance
	frame     kernel.Frame
}

// reads are the signals that rules of fast weights may read.
var reads = rulespace.Signals(rulespace.SigPre, rulespace.SigPost, rulespace.SigMod, rulespace.SigW)

// NewPlastic returns a network of so many units with all weights 0. The dw of
// the rule changes H, which it reads as w.
func NewPlastic(units int, rule *rulespace.Rule) (*Plastic, error) {
	if units < 1 {
		return nil, fmt.Errorf("plastic network: %d units; there has to be one at least", units)
	}
	if outside := rule.Needs().Minus(reads); outside != 0 {
		return nil, fmt.Errorf("plastic network: the rule reads %v; fast weights may follow %v", outside, reads)
	}
	if rule.DB != nil || rule.DFB != nil {
		return nil, fmt.Errorf("plastic network: the rule changes biases or feedback, which fast weights do not have")
	}
	program, err := kernel.Compile(rule)
	if err != nil {
		return nil, fmt.Errorf("plastic network: %w", err)
	}
	p := &Plastic{
		W: vec.New(units, units), Alpha: vec.New(units, units), H: vec.New(units, units),
		y: *vec.New(1, units), before: *vec.New(1, units), mod: vec.New(1, 1), pot: make([]float32, units),
		rule: program.Bind(units, units, 1),
	}
	for _, v := range rule.Params {
		p.rule.SetParam(v.Name, v.Value)
	}
	p.frame.Batch = 1
	v := &p.frame.Values
	v[rulespace.SigPre], v[rulespace.SigPost], v[rulespace.SigMod] = &p.before, &p.y, p.mod
	return p, nil
}

// Reset begins an episode: fast weights, traces and activities are 0.
func (p *Plastic) Reset() {
	p.H.Zero()
	p.y.Zero()
	p.rule.Reset()
}

// Step moves the network by one step of time and returns its activities,
// valid until the next.
func (p *Plastic) Step(in []float32) []float32 {
	before, y := p.before.Row(0), p.y.Row(0)
	copy(before, y)
	copy(p.pot, in)
	for j, x := range before {
		if x == 0 {
			continue
		}
		w, alpha, h := p.W.Row(j), p.Alpha.Row(j), p.H.Row(j)
		for i := range p.pot {
			effective := w[i] + float32(alpha[i]*h[i])
			p.pot[i] += float32(x * effective)
		}
	}
	for i, u := range p.pot {
		y[i] = fmath.Tanh32(u)
	}
	p.mod.Data[0] = 1
	if p.Modulator != nil {
		m := float32(0)
		for i, v := range y {
			m += float32(p.Modulator[i] * v)
		}
		p.mod.Data[0] = fmath.Tanh32(m)
	}
	p.rule.Apply(&p.frame, p.H, nil, nil)
	return y
}

// M is the neuromodulator at the last step.
func (p *Plastic) M() float32 { return p.mod.Data[0] }
