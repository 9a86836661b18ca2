package credit

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// What a circuit asks of a physical substrate.
const (
	WeightTransport = "weight transport" // error travels through the transposed weights
	SignTransport   = "sign transport"   // error travels through the signs of the weights, one bit each
	InitialCopy     = "initial copy"     // error travels through the network as it was at the start
	ForwardLocking  = "forward locking"  // updates wait for the whole forward pass
	BackwardLocking = "backward locking" // updates wait for the layers above
	BackwardPhase   = "backward phase"   // a second kind of dynamics carries the error
	ErrorBroadcast  = "error broadcast"  // the output error reaches every layer
	TargetBroadcast = "target broadcast" // the target reaches every layer
	GlobalScalar    = "global scalar"    // one number reaches every synapse
	Settling        = "settling"         // activities relax over many steps before synapses change
	SecondPass      = "second pass"      // the network runs twice on the same input
	NoisePhase      = "noise phase"      // noise takes the place of activity for a while
	BatchCoupling   = "batch coupling"   // the update of a sample depends on the others of its batch
)

var (
	target = rulespace.Signals(rulespace.SigTarget)
	credit = rulespace.Signals(rulespace.SigErr, rulespace.SigErrPre)
	totals = rulespace.Signals(rulespace.SigSumPost, rulespace.SigCreditPot, rulespace.SigCreditRecon)
	reward = rulespace.Signals(rulespace.SigNoise, rulespace.SigReward, rulespace.SigRewardMean)
)

// circuits is the catalogue, sorted by name.
var circuits = []*Entry{
	&activationEntry,
	&alignEntry,
	&boltzmannEntry,
	&bpEntry,
	&chlEntry,
	&dfaEntry,
	&drlEntry,
	&drtpEntry,
	&dtpEntry,
	&epEntry,
	&epHolomorphicEntry,
	&epVectorFieldEntry,
	&faEntry,
	&fdfaEntry,
	&ffEntry,
	&fwDTPEntry,
	&helmholtzEntry,
	&hopfieldEntry,
	&ldrlEntry,
	&lateralEntry,
	&lraEntry,
	&mirrorEntry,
	&noneEntry,
	&palEntry,
	&pcFixedEntry,
	&pcGaussianEntry,
	&pcIncrementalEntry,
	&pcKLEntry,
	&pcPositiveEntry,
	&pcStrictEntry,
	&pcZILEntry,
	&pepitaEntry,
	&perturbEntry,
	&perturbWeightsEntry,
	&pffEntry,
	&rbmEntry,
	&rbpEntry,
	&recLRAEntry,
	&reinforceEntry,
	&signSymmetryEntry,
	&sigpropEntry,
	&tpEntry,
	&tpsgdEntry,
	&wtaEntry,
}

// common are the options of every circuit.
var common = []option.Option{
	option.Float("tau", "100", 1, 1e9, "time constant of pre_trace and post_trace, in presentations"),
	option.Float("theta_tau", "100", 1, 1e9, "time constant of theta"),
	option.Float("elig_tau", "10", 1, 1e9, "time constant of elig"),
	option.Float("competition", "1", 1e-9, 1e9, "factor on potentials in the softmax of comp"),
	option.Switch("clamp", "no", "present the target as activity of the output (teacher forcing), as associative memories need"),
}

// feedbackScale is an option of circuits with random feedback weights.
var feedbackScale = option.Float("feedback_scale", "1", 1e-9, 1e9, "factor on the random feedback weights")

// Catalogue lists the circuits, sorted by name.
func Catalogue() []Entry {
	entries := make([]Entry, len(circuits))
	for i, e := range circuits {
		entries[i] = *e
	}
	return entries
}

// ByName finds a circuit.
func ByName(name string) (Entry, bool) {
	for i := range circuits {
		if circuits[i].Name == name {
			return *circuits[i], true
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
// provide, as a *SignalError. feedback are the signals that a rule's dfb reads;
// plastic says that a rule has one.
func Check(name string, needs Needs, feedback rulespace.SignalSet, plastic bool) error {
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
	switch {
	case plastic && !e.Feedback:
		return configErrorf("rule changes feedback weights (dfb), which circuit %s does not have; circuit fa does", name)
	case plastic && e.OwnFeedback != 0:
		if missing := feedback.Minus(e.OwnFeedback).List(); len(missing) > 0 {
			return &SignalError{name, missing[0], "to feedback weights", e.OwnFeedback}
		}
	}
	return nil
}

// Resolve checks the options and leaves those that are not at their default.
func (c Config) Resolve() (Config, error) {
	_, err := c.values()
	return c, err
}

func (c Config) values() (option.Values, error) {
	e, err := find(c.Name)
	if err != nil {
		return option.Values{}, err
	}
	settings := e.Settings()
	v, err := option.Read(settings, c.Options)
	var wrong *option.Error
	if errors.As(err, &wrong) {
		msg := wrong.Msg
		if wrong.Unknown {
			names := option.Names(settings)
			hint := ""
			if best, ok := rulespace.Closest(wrong.Name, names); ok {
				hint = " Did you mean " + best + "?"
			}
			msg = fmt.Sprintf("circuit %s has no option %q.%s Its options are %s", c.Name, wrong.Name, hint, strings.Join(names, ", "))
		}
		return v, &ConfigError{msg}
	}
	return v, err
}

// Fits reports what keeps the circuit from working in a network that learns in
// batches of up to so many samples.
func (c Config) Fits(net network.Config, batch int) error {
	v, err := c.values()
	if err != nil {
		return err
	}
	e, _ := find(c.Name)
	if len(net.Convolutions) > 0 && !e.Convolves {
		var others []string
		for _, o := range circuits {
			if o.Convolves {
				others = append(others, o.Name)
			}
		}
		return configErrorf("circuit %s does not work through convolutions; circuits that do are %s", c.Name, strings.Join(others, ", "))
	}
	if e.fits != nil {
		return e.fits(net, batch, v)
	}
	return nil
}

// New makes a circuit for net that computes the needed signals. Feedback
// weights and noise come from the children "feedback" and "noise" of k; the
// weights that w0 reports are those of now.
func New(cfg Config, net *network.Network, needs Needs, k key.Key) (Circuit, error) {
	values, err := cfg.values()
	if err != nil {
		return nil, err
	}
	if err := Check(cfg.Name, needs, 0, false); err != nil {
		return nil, err
	}
	if (needs.Hidden | needs.Output).Has(rulespace.SigLower) && net.MaxBatch() > 1 {
		return nil, configErrorf("signal lower belongs to one sample: use batch 1, not %d", net.MaxBatch())
	}
	if needs.Hidden.Has(rulespace.SigLower) && len(net.Config.Convolutions) > 0 {
		return nil, configErrorf("signal lower belongs to one sample; a convolution presents each position as one")
	}
	if err := cfg.Fits(net.Config, net.MaxBatch()); err != nil {
		return nil, err
	}
	e, _ := find(cfg.Name)
	b := &base{options: values, entry: e, net: net}
	b.init(needs)
	return e.make(b, k), nil
}

// first is the lowest signal of a non-empty set.
func first(set rulespace.SignalSet) rulespace.Signal {
	return rulespace.Signal(bits.TrailingZeros64(uint64(set)))
}
