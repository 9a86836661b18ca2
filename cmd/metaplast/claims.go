package main

import (
	"fmt"
	"strings"

	"github.com/metaplast/metaplast/outer"
)

// claim is a statement of the literature with an experiment, reduced to
// minutes, that could refute it.
type claim struct {
	number  int
	text    string // with its figures
	source  string
	setting string // of the experiment here
	seeds   int    // that it takes to decide, where these are more than 5
	run     func(*lab) (finding, error)
}

// claims lists them by number. The numbers leave gaps for claims that need
// networks or machines of another kind.
func claims() []claim {
	return []claim{
		multilayerSoftHebb,
		robustSoftHebb,
		desireBackprop,
		fewDataBeatBackprop,
		hebbInFiveEpochs,
		pepitaFigures,
		fixedInverseMapsWin,
		forwardFeedbackIsCloser,
		positivePredictiveCoding,
		energyUnifies,
		mirrorsNeedFewerUnits,
		localTermsCloseTheGap,
		activationFewLabels,
		alignmentRules,
		globalPruning,
		perturbationSpectrum,
		rewardBaseline,
		momentumGeneralises,
		evolvedRulesMemory,
		targetsAreGaussNewton,
		stepsLearn,
	}
}

// verdict says what came of a claim.
type verdict string

const (
	holds     verdict = "holds"
	fails     verdict = "does not hold"
	undecided verdict = "not decidable here"
)

// finding is what an experiment found.
type finding struct {
	measures []measured
	verdict  verdict
	reason   string
}

// measured is a number with its 95 % interval over seeds.
type measured struct {
	what  string
	value outer.Interval
	unit  string
	note  string // learning rate and the like
}

// units of accuracies and of their differences.
const (
	percent = "%"
	points  = "points"
)

func (f *finding) add(m ...measured) { f.measures = append(f.measures, m...) }

// decide sets the verdict.
func (f *finding) decide(v verdict, reason string, args ...any) finding {
	f.verdict, f.reason = v, fmt.Sprintf(reason, args...)
	return *f
}

// above and below report whether an interval leaves out a bound.
func above(i outer.Interval, bound float64) bool { return i.N > 1 && i.Low > bound }
func below(i outer.Interval, bound float64) bool { return i.N > 1 && i.High < bound }

// text writes the number with its interval and unit.
func (m measured) text() string {
	write := func(v float64) string {
		text := fmt.Sprintf("%.3g", v)
		if m.unit == percent || m.unit == points {
			text = fmt.Sprintf("%.2f", v)
		}
		if strings.HasPrefix(text, "-") {
			text = "−" + text[1:]
		}
		return text
	}
	unit := m.unit
	if unit != "" {
		unit = " " + unit
	}
	switch m.value.N {
	case 0:
		return "—"
	case 1:
		return write(m.value.Mean) + unit
	}
	return fmt.Sprintf("%s%s [%s, %s]", write(m.value.Mean), unit, write(m.value.Low), write(m.value.High))
}
