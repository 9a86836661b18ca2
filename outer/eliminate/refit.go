package eliminate

import (
	"slices"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/internal/pending"
)

// refit fits the coefficients of the terms of a model by pattern search: each
// round asks for both neighbours along every coordinate, then for the point
// that all coordinates together lead to, moves to the best of these, and
// halves the distance where none is better. Rounds that gain more than noise
// come on top, up to as many again: a support that was found with coefficients
// that suit another has a way to go.
func (s *Searcher) refit(m *model, then func(*model)) {
	s.poll(&model{u: m.u, told: m.told}, s.opts.Probe, s.opts.Refit, s.opts.Refit, then)
}

// poll is a round of refit.
func (s *Searcher) poll(m *model, h float64, rounds, extra int, then func(*model)) {
	var arms []arm
	var points [][]float64
	if rounds > 0 {
		arms, points = s.arms(m.u, h)
	}
	if len(points) == 0 {
		m.fitted = true
		then(m)
		return
	}
	s.ask(points, func(answers []outer.Result) {
		top := m
		for i, u := range points {
			if pending.Compare(answers[i], top.told) > 0 {
				top = &model{u: u, told: answers[i]}
			}
		}
		joint := slices.Clone(m.u)
		for _, a := range arms {
			joint[a.axis] = max(-1, min(1, joint[a.axis]+a.move(m.told, answers, h)))
		}
		s.ask([][]float64{joint}, func(answers []outer.Result) {
			if pending.Compare(answers[0], top.told) > 0 && s.support(joint) == s.support(m.u) {
				top = &model{u: joint, told: answers[0]}
			}
			switch {
			case top == m:
				h /= 2
			case extra > 0 && beyond(top.told, m.told):
				extra--
				rounds++
			}
			s.poll(top, h, rounds-1, extra, then)
		})
	})
}

// arm is a coordinate with the indices of its probes, -1 where there is none.
type arm struct{ axis, up, down int }

// arms places the probes around a point: inside the space, and nowhere that a
// term is absent.
func (s *Searcher) arms(u []float64, h float64) ([]arm, [][]float64) {
	var arms []arm
	var points [][]float64
	for i := range u {
		if !s.has(u, i) {
			continue
		}
		probe := func(v float64) int {
			if v < -1 || v > 1 || s.space.Coefficient(i, v) == 0 {
				return -1
			}
			points = append(points, with(u, i, v))
			return len(points) - 1
		}
		arms = append(arms, arm{i, probe(u[i] + h), probe(u[i] - h)})
	}
	return arms, points
}

// move is how far the coordinate leads: to the vertex of the parabola through
// both probes and the middle where that is a maximum, at most 2h away, else to
// the better probe.
func (a arm) move(middle outer.Result, probes []outer.Result, h float64) float64 {
	best, to := middle, 0.0
	if a.up >= 0 && pending.Compare(probes[a.up], best) > 0 {
		best, to = probes[a.up], h
	}
	if a.down >= 0 && pending.Compare(probes[a.down], best) > 0 {
		to = -h
	}
	if a.up < 0 || a.down < 0 {
		return to
	}
	up, down := probes[a.up], probes[a.down]
	for _, r := range []outer.Result{up, down, middle} {
		if pending.Failed(r) || r.Full != up.Full || r.Rung != up.Rung {
			return to
		}
	}
	bend := float64(2*middle.Score) - up.Score - down.Score
	if !(bend > 0) {
		return to
	}
	return max(-2*h, min(2*h, h*(up.Score-down.Score)/(2*bend)))
}
