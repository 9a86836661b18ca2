package outer

import (
	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/rulespace"
)

// line is the logarithmic scale on which a parameter is tuned. Positions on it
// are in units of the distance of neighbours on the first rung, from 0 to
// last; those of later rungs are dyadic fractions, so that the same value has
// the same position however it is come by.
type line struct {
	param     string // empty where nothing is tuned
	low, high float64
	last      float64
}

// line returns the scale for a rule.
func (t Tune) line(r *rulespace.Rule) line {
	p, ok := r.Param(t.Param)
	if t.Param == "" || !ok {
		return line{}
	}
	l := line{t.Param, t.Low, t.High, float64(t.Points - 1)}
	if l.high == 0 {
		l.low, l.high = defaultLow, defaultHigh
		if p.Low > 0 && p.High > p.Low {
			l.low, l.high = p.Low, p.High
		}
	}
	return l
}

// value returns the value at a position.
func (l line) value(position float64) float64 {
	switch position {
	case 0:
		return l.low
	case l.last:
		return l.high
	}
	return round(l.low*fmath.Exp(fmath.Log(l.high/l.low)*position/l.last), 4)
}

// grid returns the positions of the first rung; one, which stands for the
// value that the rule has, where nothing is tuned.
func (l line) grid() []float64 {
	out := []float64{0}
	for p := 1.0; p <= l.last; p++ {
		out = append(out, p)
	}
	return out
}
