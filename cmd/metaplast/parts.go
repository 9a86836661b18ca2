package main

import (
	"fmt"
	"math"

	"github.com/metaplast/metaplast/inner/trial"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/tasks"
)

// partScores are the accuracies on the parts of a stream in one life: a row
// after each part that was learned, the last one at the end of the life.
type partScores [][]float64

// watchParts fills a life's partScores as it goes, where its task has parts.
func watchParts(l *life) {
	steps, due := l.trial.Steps, 0
	l.trial.ObserveEvery = 1
	l.trial.Observe = func(at int, e tasks.Episode, m tasks.Model) {
		p, ok := e.(tasks.Parted)
		if !ok || p.PartSteps() == math.MaxInt {
			return
		}
		if due == 0 {
			due = p.PartSteps()
		}
		if at < due && at < steps {
			return
		}
		parts := p.Parts(m, l.trial.Split)
		due += p.PartSteps()
		if len(l.parts) == len(parts) { // the last part goes on
			l.parts = l.parts[:len(parts)-1]
		}
		if len(l.parts) == len(parts)-1 {
			due = steps
		}
		row := make([]float64, len(parts))
		for i, s := range parts {
			row[i] = s.Accuracy
		}
		l.parts = append(l.parts, row)
	}
}

// final are the accuracies at the end of the life.
func (p partScores) final() []float64 { return p[len(p)-1] }

// average is the mean of final.
func (p partScores) average() float64 {
	sum := 0.0
	for _, v := range p.final() {
		sum += v
	}
	return sum / float64(len(p.final()))
}

// forgetting is by how much the accuracy on the parts before the last one
// learned fell from its best to the end, in the mean; NaN where only one part
// was learned. A. Chaudhry et al., ECCV (2018).
func (p partScores) forgetting() float64 {
	earlier := len(p) - 1
	if earlier == 0 {
		return math.NaN()
	}
	sum := 0.0
	for part := range earlier {
		best := math.Inf(-1)
		for _, row := range p[:earlier] {
			best = math.Max(best, row[part])
		}
		sum += best - p.final()[part]
	}
	return sum / float64(earlier)
}

// partFigures are what is printed about the parts of a stream, over lives.
type partFigures struct {
	learned             []outer.Interval // accuracy on each part at the end of that part; fewer than final where a life was short
	final               []outer.Interval // on each part at the end of the life
	average, forgetting outer.Interval
}

// partFigures returns nil where the task has no parts or no life was lived to
// its end. Lives that diverged count as chance; they have nothing to forget.
func (t *trained) partFigures() *partFigures {
	var some partScores
	for _, l := range t.lives {
		if len(l.parts) > 0 && l.outcome.Status != trial.Diverged {
			some = l.parts
		}
	}
	if some == nil {
		return nil
	}
	over := func(of func(partScores) float64, diverged float64) outer.Interval {
		var v []float64
		for _, l := range t.lives {
			if l.outcome.Status == trial.Diverged {
				v = append(v, diverged)
			} else {
				v = append(v, of(l.parts))
			}
		}
		return intervalOf(v)
	}
	chance := t.at.Task.Info().Chance
	f := &partFigures{average: over(partScores.average, chance), forgetting: over(partScores.forgetting, math.NaN())}
	for i := range some.final() {
		if i < len(some) {
			f.learned = append(f.learned, over(func(p partScores) float64 { return p[i][i] }, chance))
		}
		f.final = append(f.final, over(func(p partScores) float64 { return p.final()[i] }, chance))
	}
	return f
}

func (a *app) partsText(f *partFigures) error {
	fmt.Fprintf(a.stdout, "\naverage accuracy of the parts %s", score(fraction(f.average)))
	if f.forgetting.N > 0 {
		fmt.Fprintf(a.stdout, ", forgetting %s", score(f.forgetting))
	}
	fmt.Fprintf(a.stdout, "\n\n")
	tab := newTable(a.stdout)
	tab.row("part", "once learned", "at the end")
	for i, at := range f.final {
		learned := "—"
		if i < len(f.learned) {
			learned = score(fraction(f.learned[i]))
		}
		tab.row(fmt.Sprint(i+1), learned, score(fraction(at)))
	}
	if err := tab.flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(a.stdout)
	return err
}

type partJSON struct {
	Learned interval `json:"once_learned"`
	Final   interval `json:"at_end"`
}

func (f *partFigures) json() []partJSON {
	var out []partJSON
	for i, at := range f.final {
		j := partJSON{toInterval(outer.Interval{}), toInterval(fraction(at))}
		if i < len(f.learned) {
			j.Learned = toInterval(fraction(f.learned[i]))
		}
		out = append(out, j)
	}
	return out
}
