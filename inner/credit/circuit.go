package credit

import (
	"fmt"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/kernel"
	"github.com/metaplast/metaplast/rulespace/key"
	"github.com/metaplast/metaplast/tasks"
)

// Signals is what one connection sees at one presentation.
type Signals struct {
	kernel.Frame
	// Feedback is the matrix that carries err from the postsynaptic to the
	// presynaptic side, in the layout of the weights; a rule's dfb may change
	// it. It is nil where the circuit has none.
	Feedback *vec.Matrix
}

// Plasticity changes a connection according to its signals.
type Plasticity interface {
	Present(c *network.Connection, s *Signals)
}

// Circuit produces the signals that rules read. It belongs to one network and
// is used by one goroutine.
type Circuit interface {
	// Provides returns the signals that a rule of any connection may read.
	// The rule of the output connection may also read target.
	Provides() rulespace.SignalSet
	// Learn runs the network on a batch and presents each connection's signals.
	Learn(net *network.Network, b *tasks.Batch, p Plasticity)
}

// Config chooses a circuit and its constants. The zero value of each constant
// stands for its default.
type Config struct {
	Name string // see Catalogue

	// Tau is the time constant, in presentations, of pre_trace and post_trace;
	// default 100, at least 1.
	Tau float64
	// ThetaTau is that of theta; default 100, at least 1.
	ThetaTau float64
	// EligTau is that of elig; default 10, at least 1.
	EligTau float64
	// Competition multiplies pot in the softmax of comp; default 1, positive.
	Competition float64
	// Clamp presents the target as the activity of the output units (teacher
	// forcing), as associative memories need.
	Clamp bool

	// FeedbackScale multiplies the random feedback weights of fa and dfa;
	// default 1, positive.
	FeedbackScale float64

	// Sigma is the standard deviation of the noise of perturb; default 0.01,
	// positive.
	Sigma float64
	// Baseline is what perturb presents as reward_mean: "clean" (default: the
	// reward of the same sample without noise) or "running" (the running mean
	// of the rewards before the batch).
	Baseline string
	// RewardTau is the time constant of that mean; default 100, at least 1.
	RewardTau float64
	// Noise names the layers that perturb disturbs: "all" (default) or "output".
	Noise string
}

// Needs are the signals to compute, for the connections that end at a hidden
// layer and for the one that ends at the output.
type Needs struct{ Hidden, Output rulespace.SignalSet }

// Of returns the signals needed at a connection.
func (n Needs) Of(c *network.Connection) rulespace.SignalSet {
	if c.Output {
		return n.Output
	}
	return n.Hidden
}

// Entry describes a circuit.
type Entry struct {
	Name, Title, Doc string
	Provides         rulespace.SignalSet
	Output           rulespace.SignalSet // what the rule of the output connection may read besides
	Feedback         bool                // rules may have a dfb
	Supervised       bool                // needs targets
	Passes           float64             // cost of a sample in forward passes, updates apart
	Locality         []string            // what it asks of a physical substrate; empty is fully local

	make func(b *base, needs Needs, k key.Key) Circuit
}

// ConfigError is a circuit configuration that makes no sense.
type ConfigError struct{ Msg string }

func (e *ConfigError) Error() string { return "credit: " + e.Msg }

func configErrorf(format string, args ...any) error {
	return &ConfigError{fmt.Sprintf(format, args...)}
}

// SignalError is a rule that reads what its circuit does not provide.
type SignalError struct {
	Circuit  string
	Signal   rulespace.Signal
	Hint     string // empty, or why this signal is special
	Provides rulespace.SignalSet
}

func (e *SignalError) Error() string {
	hint := ""
	if e.Hint != "" {
		hint = " " + e.Hint
	}
	return fmt.Sprintf("rule reads %s, which circuit %s does not provide%s; it provides: %s", e.Signal, e.Circuit, hint, e.Provides)
}
