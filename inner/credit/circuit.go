package credit

import (
	"fmt"
	"maps"
	"slices"

	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
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

// Plasticity changes what circuits present to it.
type Plasticity interface {
	// Present changes a connection according to its signals, and the feedback
	// weights that lie along it.
	Present(c *network.Connection, s *Signals)
	// PresentFeedback changes feedback weights that do not lie along a
	// connection or that learn from signals of their own: w of the rule's dfb
	// is f.W, its presynaptic side the rows of f.W.
	PresentFeedback(f *Feedback, s *Signals)
}

// Feedback is a matrix of weights that a circuit has besides the network's
// and that the dfb of the rule of Conn changes. It is laid out as weights are:
// a row for each unit of the lower layer, a column for each of the upper one.
type Feedback struct {
	Index int // counts the feedback matrices of a circuit
	Conn  *network.Connection
	W     *vec.Matrix
}

// Circuit produces the signals that rules read. It belongs to one network and
// is used by one goroutine.
type Circuit interface {
	// Provides returns the signals that a rule of any connection may read.
	// The rule of the output connection may also read target.
	Provides() rulespace.SignalSet
	// Learn runs the network on a batch and presents each connection's signals,
	// once or, where learning has several phases, once in each.
	Learn(net *network.Network, b *tasks.Batch, p Plasticity)
	// Cost is what learning has taken so far.
	Cost() Cost
}

// Predictor is implemented by circuits whose networks predict otherwise than
// by a forward pass.
type Predictor interface {
	// Outputs returns the prediction for each row of x, valid until the next
	// call; x may have any number of rows.
	Outputs(x *vec.Matrix) *vec.Matrix
}

// Cost is what a circuit takes. It is counted, not declared.
type Cost struct {
	Samples      int     // learned from
	MultiplyAdds float64 // of matrix products, in all
	SynapseBytes int     // state that grows with the number of synapses, besides the weights
	UnitBytes    int     // state for a sample that grows with the number of units, besides activities
}

// Config chooses a circuit and its options; those left out have their
// defaults. See Entry.Settings for what there is.
type Config struct {
	Name    string // see Catalogue
	Options map[string]string
}

// For returns the circuit of that name with those options of c that it has.
func (c Config) For(name string) Config {
	out := Config{Name: name}
	e, _ := ByName(name)
	settings := e.Settings()
	for k, v := range c.Options {
		if _, ok := option.Find(settings, k); ok {
			if out.Options == nil {
				out.Options = map[string]string{}
			}
			out.Options[k] = v
		}
	}
	return out
}

// On reports whether a switch of the circuit is on.
func (c Config) On(name string) bool {
	v, err := c.values()
	return err == nil && v.On(name)
}

// With returns c with one more option.
func (c Config) With(name, value string) Config {
	c.Options = maps.Clone(c.Options)
	if c.Options == nil {
		c.Options = map[string]string{}
	}
	c.Options[name] = value
	return c
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
	Supervised       bool                // needs targets
	Passes           float64             // cost of a sample in forward passes at the default options, updates apart
	Locality         []string            // what it asks of a physical substrate; empty is fully local
	Phases           int                 // presentations of each connection per update; 0 means 1
	Settles          bool                // presents activities that it has settled to, not those of the forward pass
	Stochastic       bool                // draws noise for each sample, by its place in the batch
	Convolves        bool                // works through convolutions; see fold for what credit takes
	Options          []option.Option     // besides those of every circuit
	Reference        string

	// Feedback says that rules may have a dfb. It reads what dw does, unless
	// OwnFeedback names the signals of the feedback weights.
	Feedback    bool
	OwnFeedback rulespace.SignalSet

	// fits reports what keeps the circuit from working in a network that
	// learns in batches of up to so many samples; nil where nothing does.
	fits func(net network.Config, batch int, o option.Values) error
	make func(b *base, k key.Key) Circuit
}

// Settings lists the options of the circuit, those of every circuit last.
func (e Entry) Settings() []option.Option { return slices.Concat(e.Options, common) }

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
