package rulespace

import (
	"fmt"
	"math/bits"
	"strings"
)

// Scope says over what a value varies within one connection. A value of a
// smaller scope can be read wherever a larger one is computed.
type Scope uint8

const (
	Global  Scope = iota // one value for the network (or layer) and sample
	Pre                  // one value per presynaptic unit and sample
	Post                 // one value per postsynaptic unit and sample
	Synapse              // one value per synapse
)

var scopeNames = [...]string{"global", "pre", "post", "synapse"}

func (s Scope) String() string { return scopeNames[s] }

// ParseScope returns the scope of that name.
func ParseScope(name string) (Scope, error) {
	for i, n := range scopeNames {
		if n == name {
			return Scope(i), nil
		}
	}
	return 0, fmt.Errorf("%q is not a scope; scopes are %s", name, strings.Join(scopeNames[:], ", "))
}

// Join is the scope of an expression that reads both: Pre and Post make Synapse.
func (s Scope) Join(t Scope) Scope {
	switch {
	case s == t || t == Global:
		return s
	case s == Global:
		return t
	}
	return Synapse
}

// Signal is a named value that a rule may read.
type Signal uint8

// The vocabulary. Order is part of the canonical form: never reorder, append.
const (
	SigPre Signal = iota
	SigPreTrace
	SigPrePrev
	SigErrPre
	SigRecon
	SigPost
	SigPot
	SigDPost
	SigErr
	SigPostTrace
	SigPostPrev
	SigTheta
	SigComp
	SigNoise
	SigPred
	SigTarget
	SigNormW
	SigW
	SigW0
	SigElig
	SigNoiseW
	SigLower
	SigGoodness
	SigMeanPost
	SigMaxDW
	SigReward
	SigRewardMean
	SigMod
	SigPhase
	SigStep
	SigSumPost
	SigCreditPot
	SigCreditRecon
	NumSignals int = iota
)

// SignalInfo describes a signal.
type SignalInfo struct {
	Name  string
	Scope Scope
	Unit  Unit
	// Values lists the only values the signal takes, nil when it is
	// continuous. Fingerprints probe legal values only.
	Values []float64
	Local  bool // available at the synapse itself: its two units, its weight, its own state
	Doc    string
}

var signals = [NumSignals]SignalInfo{
	SigPre:        {"pre", Pre, Rate, nil, true, "activity of the presynaptic unit"},
	SigPreTrace:   {"pre_trace", Pre, Rate, nil, true, "exponential running mean of pre"},
	SigPrePrev:    {"pre_prev", Pre, Rate, nil, true, "activity of the presynaptic unit in the previous phase"},
	SigErrPre:     {"err_pre", Pre, ErrorUnit, nil, false, "credit of the presynaptic unit"},
	SigRecon:      {"recon", Pre, Rate, nil, false, "top-down reconstruction of pre, Σ_k post_k·w_k"},
	SigPost:       {"post", Post, Rate, nil, true, "activity of the postsynaptic unit"},
	SigPot:        {"pot", Post, Rate, nil, true, "potential of the postsynaptic unit, before its nonlinearity"},
	SigDPost:      {"dpost", Post, One, nil, true, "derivative of the activation at pot"},
	SigErr:        {"err", Post, ErrorUnit, nil, false, "credit: the direction in which pot should move to lower the loss, derivative included"},
	SigPostTrace:  {"post_trace", Post, Rate, nil, true, "exponential running mean of post"},
	SigPostPrev:   {"post_prev", Post, Rate, nil, true, "activity of the postsynaptic unit in the previous phase"},
	SigTheta:      {"theta", Post, Rate, nil, true, "sliding threshold, running mean of post² over the unit rate"},
	SigComp:       {"comp", Post, One, nil, false, "competition output: softmax of pot over the layer"},
	SigNoise:      {"noise", Post, One, nil, true, "noise injected into pot, in standard deviations"},
	SigPred:       {"pred", Post, Rate, nil, false, "expected post: predicted from above or, of a stochastic unit, its own mean"},
	SigTarget:     {"target", Post, Rate, nil, false, "what the output unit should do; known at the output only"},
	SigNormW:      {"norm_w", Post, One, nil, true, "Euclidean norm of the unit's incoming weights"},
	SigW:          {"w", Synapse, One, nil, true, "weight"},
	SigW0:         {"w0", Synapse, One, nil, true, "weight at the start"},
	SigElig:       {"elig", Synapse, Rate.Mul(Rate), nil, true, "eligibility trace: running mean of pre·post"},
	SigNoiseW:     {"noise_w", Synapse, One, nil, true, "noise injected into the weight, in standard deviations"},
	SigLower:      {"lower", Synapse, Rate, nil, false, "reconstruction of pre by the units before this one, Σ_{k<i} post_k·w_k"},
	SigGoodness:   {"goodness", Global, Rate.Mul(Rate), nil, false, "mean of post² over the layer"},
	SigMeanPost:   {"mean_post", Global, Rate, nil, false, "mean of post over the layer"},
	SigMaxDW:      {"max_dw", Global, One, nil, false, "largest weight change of the layer at the last step"},
	SigReward:     {"reward", Global, RewardUnit, nil, false, "reward of the sample"},
	SigRewardMean: {"reward_mean", Global, RewardUnit, nil, false, "running mean of reward"},
	SigMod:        {"mod", Global, One, nil, false, "neuromodulator"},
	SigPhase:      {"phase", Global, One, []float64{-1, 1}, false, "sign of the learning phase"},
	SigStep:       {"step", Global, One, nil, false, "number of updates so far, from 1"},

	SigSumPost:     {"sum_post", Global, Rate, nil, false, "sum of post over the layer"},
	SigCreditPot:   {"credit_pot", Global, Rate.Mul(ErrorUnit), nil, false, "sum of err·pot over the layer"},
	SigCreditRecon: {"credit_recon", Global, Rate.Mul(ErrorUnit), nil, false, "sum of err_pre·recon over the layer before"},
}

// Info describes the signal.
func (s Signal) Info() SignalInfo { return signals[s] }

func (s Signal) String() string { return signals[s].Name }

// SignalByName finds a signal.
func SignalByName(name string) (Signal, bool) {
	for i := range signals {
		if signals[i].Name == name {
			return Signal(i), true
		}
	}
	return 0, false
}

// SignalSet is a set of signals.
type SignalSet uint64

// Signals returns the set of its arguments.
func Signals(s ...Signal) SignalSet {
	var set SignalSet
	for _, v := range s {
		set |= 1 << v
	}
	return set
}

// Has reports whether s is in the set.
func (set SignalSet) Has(s Signal) bool { return set>>s&1 == 1 }

// Minus returns the signals of set that are not in other.
func (set SignalSet) Minus(other SignalSet) SignalSet { return set &^ other }

// List returns the signals in vocabulary order.
func (set SignalSet) List() []Signal {
	out := make([]Signal, 0, bits.OnesCount64(uint64(set)))
	for i := range NumSignals {
		if set.Has(Signal(i)) {
			out = append(out, Signal(i))
		}
	}
	return out
}

// String lists the names, separated by commas.
func (set SignalSet) String() string {
	var names []string
	for _, s := range set.List() {
		names = append(names, s.String())
	}
	return strings.Join(names, ", ")
}
