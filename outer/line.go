package outer

import (
	"strconv"

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
	marks     *marks // may be nil
}

// marks are what contenders of one scale need to know of it, again and again.
type marks struct {
	grid []float64
	seen []mark
}

type mark struct {
	position, value float64
	text            string // what the value adds to keys, such as /lr=0.01
}

// shared returns the line of known, if it is the same, so that contenders have
// marks in common.
func (l line) shared(known *line) line {
	if known.marks == nil || l.param != known.param || l.low != known.low || l.high != known.high || l.last != known.last {
		*known = l
		known.marks = &marks{grid: l.grid()}
	}
	return *known
}

// at returns the mark at a position.
func (l line) at(position float64) mark {
	if l.marks != nil {
		for _, m := range l.marks.seen {
			if m.position == position {
				return m
			}
		}
	}
	v := l.value(position)
	m := mark{position, v, "/" + l.param + "=" + strconv.FormatFloat(v, 'g', -1, 64)}
	if l.marks != nil {
		l.marks.seen = append(l.marks.seen, m)
	}
	return m
}

// line returns the scale for a rule.
func (t Tune) line(r *rulespace.Rule) line {
	p, ok := r.Param(t.Param)
	if t.Param == "" || !ok {
		return line{}
	}
	l := line{param: t.Param, low: t.Low, high: t.High, last: float64(t.Points - 1)}
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
	if l.marks != nil {
		return l.marks.grid[:len(l.marks.grid):len(l.marks.grid)]
	}
	out := []float64{0}
	for p := 1.0; p <= l.last; p++ {
		out = append(out, p)
	}
	return out
}
