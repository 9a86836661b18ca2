package credit

import (
	"slices"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
)

// settledMap is a layer behind a convolution in predictive coding: what settles
// are the potentials of the filters at every position. Their activities go up
// through pooling, and what the layer above sends to the units that pooling
// left goes back through it. err is ε of a position times their number (see
// fold).
type settledMap struct {
	geometry *network.Geometry
	patches  *vec.Matrix // of the layer below, or what goes back to them
	arrived  *vec.Matrix // what the layer above sends to the units
	best     []int32     // see network.Geometry.Pool
}

// addMaps makes what layers behind convolutions have besides others.
func (c *predictive) addMaps() {
	for i, conn := range c.net.Conns {
		if conn.Geometry == nil {
			continue
		}
		if i == 0 {
			c.credit = slices.Clone(c.err)
		}
		l, cols := i+1, c.net.Act[i+1].Cols
		c.maps[l] = &settledMap{geometry: conn.Geometry, patches: c.rows(conn, conn.In), arrived: c.units(cols),
			best: make([]int32, c.net.MaxBatch()*cols)}
		c.act[l], c.credit[l] = c.units(cols), c.units(cols)
	}
}

// showMaps makes convolutions present patches and filters, not images.
func (c *predictive) showMaps() {
	for l, m := range c.maps {
		if m == nil {
			continue
		}
		p := &c.conns[l-1]
		p.sig.Values[rulespace.SigPre], p.sig.Values[rulespace.SigPost], p.act = m.patches, c.post[l], c.post[l]
	}
}

// pool makes the units of a layer of its activities.
func (c *predictive) pool(l int) {
	if m := c.maps[l]; m != nil {
		m.geometry.Pool(c.act[l], c.post[l], m.best)
	}
}

// before returns what the weights of connection l see of the layer before it.
func (c *predictive) before(l int) *vec.Matrix {
	m := c.maps[l+1]
	if m == nil {
		return c.act[l]
	}
	m.geometry.Gather(m.patches, c.act[l])
	return m.patches
}

// arrive sets step to the errors of the layer above l, sent back to l.
func (c *predictive) arrive(l int, step *vec.Matrix) {
	m := c.maps[l]
	if m == nil {
		c.sendBack(l, step, c.err[l+1])
		return
	}
	c.sendBack(l, m.arrived, c.err[l+1])
	m.geometry.Unpool(step, m.arrived, m.best)
}

// presentSettled presents every connection as the network has settled.
func (c *predictive) presentSettled(p Plasticity) {
	for l := range c.maps {
		c.showMap(l)
	}
	c.presentCredit(c.credit, p)
}

// showMap makes patches and credit of what the layer has settled to, where it
// lies behind a convolution.
func (c *predictive) showMap(l int) {
	if m := c.maps[l]; m != nil {
		c.conns[l-1].fold.err.CopyFrom(c.err[l])
		m.geometry.Collect(c.credit[l], c.err[l], m.best)
		c.before(l - 1)
	}
}
