package trial

import (
	"fmt"
	"math"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
)

// guard watches a network while it learns. The output is looked at after
// every update; weights, potentials and hidden activities every period
// updates and at the end, so that watching costs little next to learning.
type guard struct {
	net              *network.Network
	start            []*vec.Matrix
	output           *vec.Matrix
	period           int
	left             int      // updates before the next look at everything
	weight, activity uint32   // limits, as bits
	alive            []uint32 // an activity of each layer in the last quarter, 0 if all are
}

func (g *guard) init(net *network.Network, limits Limits, start []*vec.Matrix) {
	weights := 0
	for _, c := range net.Conns {
		weights += c.In * c.Out
	}
	period := min(8+weights/1024, 64)
	*g = guard{net: net, start: start, output: net.Act[len(net.Act)-1], period: period, left: period,
		weight: bits(limits.Weight), activity: bits(limits.Activity), alive: make([]uint32, len(net.Act))}
}

// bits returns the limit as the bits of a float32: non-negative floats are
// ordered as their bits are, infinity and NaN above all numbers.
func bits(limit float64) uint32 {
	if limit > math.MaxFloat32 {
		limit = math.MaxFloat32
	}
	return math.Float32bits(float32(limit))
}

// peak returns the largest magnitude in m as bits.
func peak(m *vec.Matrix) uint32 {
	const magnitude = 1<<31 - 1
	var most uint32
	for i := range m.Rows {
		most = max(most, peakOf(m.Row(i)))
	}
	return most & magnitude
}

func peakOf(row []float32) uint32 {
	const magnitude = 1<<31 - 1
	var a, b, c, d uint32
	for len(row) >= 4 {
		a = max(a, math.Float32bits(row[0])&magnitude)
		b = max(b, math.Float32bits(row[1])&magnitude)
		c = max(c, math.Float32bits(row[2])&magnitude)
		d = max(d, math.Float32bits(row[3])&magnitude)
		row = row[4:]
	}
	for _, v := range row {
		a = max(a, math.Float32bits(v)&magnitude)
	}
	return max(a, b, c, d)
}

// step looks at the network after an update and returns why it has diverged,
// if it has.
func (g *guard) step(steps, total int) string {
	g.left--
	if g.left > 0 && steps < total && vec.Limited(g.output.Data, g.activity) {
		return ""
	}
	if g.left == 0 {
		g.left = g.period
	}
	return g.look(steps, total)
}

func (g *guard) look(steps, total int) string {
	late := 4*steps >= 3*total
	for l := 1; l < len(g.net.Act); l++ {
		if (!late || g.alive[l] != 0) && g.within(g.net.Act[l]) && g.within(g.net.Pot[l]) {
			continue
		}
		p := peak(g.net.Act[l])
		if p > g.activity {
			return describe("activity", fmt.Sprintf("layer %d", l), p, g.activity, steps)
		}
		if z := peak(g.net.Pot[l]); z > g.activity {
			return describe("potential", fmt.Sprintf("layer %d", l), z, g.activity, steps)
		}
		if late {
			g.alive[l] = max(g.alive[l], p)
		}
	}
	for l, c := range g.net.Conns {
		if vec.Limited(c.W.Data, g.weight) && vec.Limited(c.Bias, g.weight) {
			continue
		}
		w := peak(c.W)
		if c.Bias != nil {
			w = max(w, peakOf(c.Bias))
		}
		if w > g.weight {
			return describe("weight", fmt.Sprintf("connection %d", l), w, g.weight, steps)
		}
	}
	return ""
}

// within reports whether a layer keeps the limit of activities. Between rows
// there are zeros.
func (g *guard) within(m *vec.Matrix) bool {
	return vec.Limited(m.Data[:m.Rows*m.Stride], g.activity)
}

func describe(what, where string, value, limit uint32, steps int) string {
	switch v := math.Float32frombits(value); {
	case v != v:
		return fmt.Sprintf("%s of %s is not a number after %d samples", what, where, steps)
	case math.IsInf(float64(v), 0):
		return fmt.Sprintf("%s of %s is infinite after %d samples", what, where, steps)
	default:
		return fmt.Sprintf("%s of %s reaches %.3g after %d samples, beyond %.3g", what, where, v, steps, math.Float32frombits(limit))
	}
}

// silent returns why the network did not really learn, if it did not: a layer
// whose activities were all zero whenever looked at in the last quarter, or
// weights that are all as they were at the start.
func (g *guard) silent() string {
	changed := false
	for l, c := range g.net.Conns {
		changed = changed || c.Bias != nil && peakOf(c.Bias) != 0
		for i := 0; i < c.In && !changed; i++ {
			start := g.start[l].Row(i)
			for j, w := range c.W.Row(i) {
				if w != start[j] {
					changed = true
					break
				}
			}
		}
	}
	if !changed {
		return "no weight changed"
	}
	for l := 1; l < len(g.alive); l++ {
		if g.alive[l] == 0 {
			return fmt.Sprintf("all activities of layer %d were zero", l)
		}
	}
	return ""
}
