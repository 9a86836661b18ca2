package credit

import (
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// What a circuit asks of a physical substrate.
const (
	WeightTransport = "weight transport" // error travels through the transposed weights
	ForwardLocking  = "forward locking"  // updates wait for the whole forward pass
	BackwardLocking = "backward locking" // updates wait for the layers above
	BackwardPhase   = "backward phase"   // a second kind of dynamics carries the error
	ErrorBroadcast  = "error broadcast"  // the output error reaches every layer
	GlobalScalar    = "global scalar"    // one number reaches every synapse
	SecondPass      = "second pass"      // the network runs twice on the same input
)

var (
	target = rulespace.Signals(rulespace.SigTarget)
	credit = rulespace.Signals(rulespace.SigErr, rulespace.SigErrPre)
	reward = rulespace.Signals(rulespace.SigNoise, rulespace.SigReward, rulespace.SigRewardMean)
)

// circuits is the catalogue, sorted by name.
var circuits = []Entry{{
	Name: "bp", Title: "backpropagation",
	Doc:      "err is minus the exact gradient of the loss, sent back through the transposed weights",
	Provides: local | credit, Output: target, Supervised: true, Passes: 2,
	Locality: []string{WeightTransport, ForwardLocking, BackwardLocking, BackwardPhase},
	make:     newBP,
}, {
	Name: "dfa", Title: "direct feedback alignment",
	Doc:      "err is the output credit through fixed random weights from the output to each layer",
	Provides: local | credit, Output: target, Supervised: true, Passes: 2,
	Locality: []string{ForwardLocking, ErrorBroadcast, BackwardPhase},
	make:     newDFA,
}, {
	Name: "fa", Title: "feedback alignment",
	Doc:      "err is sent back layer by layer through random weights, which a rule's dfb may change",
	Provides: local | credit, Output: target, Feedback: true, Supervised: true, Passes: 2,
	Locality: []string{ForwardLocking, BackwardLocking, BackwardPhase},
	make:     newFA,
}, {
	Name: "none", Title: "no credit",
	Doc:      "only what the two units and their layers know; target at the output where the task has one",
	Provides: local, Output: target, Passes: 1,
	make: newNone,
}, {
	Name: "perturb", Title: "node perturbation",
	Doc:      "noise in every potential, and the reward with it and without it",
	Provides: local | reward, Output: target, Supervised: true, Passes: 2,
	Locality: []string{ForwardLocking, GlobalScalar, SecondPass},
	make:     newPerturb,
}}

// Catalogue lists the circuits, sorted by name.
func Catalogue() []Entry { return slices.Clone(circuits) }

// ByName finds a circuit.
func ByName(name string) (Entry, bool) {
	for i := range circuits {
		if circuits[i].Name == name {
			return circuits[i], true
		}
	}
	return Entry{}, false
}

func find(name string) (Entry, error) {
	if e, ok := ByName(name); ok {
		return e, nil
	}
	var names []string
	for i := range circuits {
		names = append(names, circuits[i].Name)
	}
	return Entry{}, configErrorf("%q is not a circuit; circuits are %s", name, strings.Join(names, ", "))
}

// Check reports the first signal that needs names and the circuit does not
// provide, as a *SignalError; plastic says that a rule has a dfb.
func Check(name string, needs Needs, plastic bool) error {
	e, err := find(name)
	if err != nil {
		return err
	}
	if missing := needs.Hidden.Minus(e.Provides).List(); len(missing) > 0 {
		hint := ""
		if e.Output.Has(missing[0]) {
			hint = "to hidden units (only the output connection has it)"
		}
		return &SignalError{name, missing[0], hint, e.Provides}
	}
	if missing := needs.Output.Minus(e.Provides | e.Output).List(); len(missing) > 0 {
		return &SignalError{name, missing[0], "", e.Provides | e.Output}
	}
	if plastic && !e.Feedback {
		return configErrorf("rule changes feedback weights (dfb), which circuit %s does not have; circuit fa does", name)
	}
	return nil
}

// Resolve fills in defaults and checks the result.
func (c Config) Resolve() (Config, error) {
	if _, err := find(c.Name); err != nil {
		return c, err
	}
	for _, v := range []struct {
		name     string
		value    *float64
		standard float64
		least    float64 // 0: anything positive
	}{
		{"tau", &c.Tau, 100, 1},
		{"theta tau", &c.ThetaTau, 100, 1},
		{"elig tau", &c.EligTau, 10, 1},
		{"competition", &c.Competition, 1, 0},
		{"feedback scale", &c.FeedbackScale, 1, 0},
		{"sigma", &c.Sigma, 0.01, 0},
		{"reward tau", &c.RewardTau, 100, 1},
	} {
		if *v.value == 0 {
			*v.value = v.standard
		}
		if !(*v.value > 0) || *v.value < v.least || math.IsInf(*v.value, 0) {
			return c, configErrorf("%s is %v; it must be finite, positive and at least %v", v.name, *v.value, v.least)
		}
	}
	if c.Baseline == "" {
		c.Baseline = "clean"
	}
	if c.Baseline != "clean" && c.Baseline != "running" {
		return c, configErrorf("%q is not a baseline; baselines are clean, running", c.Baseline)
	}
	if c.Noise == "" {
		c.Noise = "all"
	}
	if c.Noise != "all" && c.Noise != "output" {
		return c, configErrorf("noise in %q is unknown; noise goes to all, output", c.Noise)
	}
	return c, nil
}

// New makes a circuit for net that computes the needed signals. Feedback
// weights and noise come from the children "feedback" and "noise" of k; the
// weights that w0 reports are those of now.
func New(cfg Config, net *network.Network, needs Needs, k key.Key) (Circuit, error) {
	cfg, err := cfg.Resolve()
	if err != nil {
		return nil, err
	}
	if err := Check(cfg.Name, needs, false); err != nil {
		return nil, err
	}
	if (needs.Hidden | needs.Output).Has(rulespace.SigLower) && net.MaxBatch() > 1 {
		return nil, configErrorf("signal lower belongs to one sample: use batch 1, not %d", net.MaxBatch())
	}
	e, _ := find(cfg.Name)
	b := &base{cfg: cfg, entry: e, net: net}
	b.init(needs)
	return e.make(b, needs, k), nil
}

// first is the lowest signal of a non-empty set.
func first(set rulespace.SignalSet) rulespace.Signal {
	return rulespace.Signal(bits.TrailingZeros64(uint64(set)))
}
