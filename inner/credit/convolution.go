package credit

import (
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
)

// fold carries credit through a convolution and its pooling. Let g_q be what
// arrives at the activities of the layer above, c_p the credit of the filters
// at position p of P, x_p its patch:
//
//	c_p   = f'(y_p) ⊙ (pooling)ᵀ g
//	err   = P·c_p
//	below = Σ_p (patch p)ᵀ (W c_p)    W or feedback weights
//
// Rules take means over positions, so the factor P makes that of err·pre the
// sum Σ_p c_p·x_p, the gradient of weights that all positions share. err_pre
// has the credit of units as it is; that of a unit behind pooling is the c_p of
// its maximum, or the sum of those of its window.
type fold struct {
	err     *vec.Matrix // c_p, when presented P·c_p; nil where not needed
	patches *vec.Matrix // what goes back to each patch, when presented err_pre; nil where not needed
}

// positions is the largest number of rows that a connection has for a sample.
func (b *base) positions() int {
	most := 1
	for _, c := range b.net.Conns {
		most = max(most, c.Positions)
	}
	return most
}

// bindCredit makes the connections present the credit of their layers, where
// there is any.
func (b *base) bindCredit(credit []*vec.Matrix) {
	for l := range b.conns {
		p := &b.conns[l]
		v := &p.sig.Values
		if p.conn.Geometry == nil {
			v[rulespace.SigErr], v[rulespace.SigErrPre] = credit[l+1], credit[l]
			continue
		}
		p.fold, b.folds = &fold{}, true
		if credit[l+1] != nil {
			p.fold.err = b.rows(p.conn, p.conn.Out)
			v[rulespace.SigErr] = p.fold.err
		}
		if p.needs.Has(rulespace.SigErrPre) {
			p.fold.patches = b.rows(p.conn, p.conn.In)
			v[rulespace.SigErrPre] = p.fold.patches
		}
	}
}

// foldBack makes sendBack work through the convolutions above layers that have
// credit.
func (b *base) foldBack(credit []*vec.Matrix) {
	for l := range b.conns {
		if p := &b.conns[l]; p.fold != nil && p.fold.patches == nil && credit[l] != nil {
			p.fold.patches = b.rows(p.conn, p.conn.In)
		}
	}
}

// damp makes credit of what arrives at the activities of a layer: for its
// units and, behind a convolution, for the filters at each position.
func (b *base) damp(layer int, credit *vec.Matrix) {
	if layer > 0 {
		if p := &b.conns[layer-1]; p.fold != nil && p.fold.err != nil {
			p.conn.Unpool(p.fold.err, credit)
			b.net.Damp(layer, p.fold.err, p.conn.Post)
			p.conn.Collect(credit, p.fold.err)
			return
		}
	}
	b.net.Damp(layer, credit, b.net.Act[layer])
}

// sendBack sends the credit of the layer behind connection l to the activities
// before it, through feedback weights, or the transposed weights where those
// are nil.
func (b *base) sendBack(l int, dst, credit, feedback *vec.Matrix) {
	p := &b.conns[l]
	to, from := dst, credit
	if p.fold != nil {
		to, from = p.fold.patches, p.fold.err
	}
	if feedback != nil {
		b.mulTB(to, from, feedback)
	} else {
		b.backThrough(l, to, from)
	}
	if p.fold != nil {
		p.conn.Geometry.Scatter(dst, to)
	}
}

// presentCredit presents every connection with the credit of its layers.
func (b *base) presentCredit(credit []*vec.Matrix, p Plasticity) {
	if b.folds {
		for l := range b.conns {
			b.showCredit(l, credit[l])
		}
	}
	b.present(p)
}

// showCredit makes connection l ready to present its credit, where it is a
// convolution; below is the credit of the layer before it.
func (b *base) showCredit(l int, below *vec.Matrix) {
	c := &b.conns[l]
	if c.fold == nil {
		return
	}
	if n := c.conn.Positions; n > 1 && c.fold.err != nil {
		vec.MulVS(whole(c.fold.err), whole(c.fold.err), float32(n))
	}
	if c.needs.Has(rulespace.SigErrPre) {
		c.conn.Geometry.Gather(c.fold.patches, below)
	}
}
