package learner

import (
	"errors"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
)

// Learner is a way for a network to learn.
type Learner struct {
	Credit credit.Config
	Rule   *rulespace.Rule // of every connection
	// OutputRule, when not nil, is the rule of the connection to the output.
	OutputRule *rulespace.Rule
	// FreezeHidden leaves all connections but that to the output as they are.
	FreezeHidden bool
}

// RuleOf returns the rule of a connection, nil where it is frozen.
func (l Learner) RuleOf(c *network.Connection) *rulespace.Rule { return l.rule(c.Output) }

func (l Learner) rule(output bool) *rulespace.Rule {
	switch {
	case !output && l.FreezeHidden:
		return nil
	case output && l.OutputRule != nil:
		return l.OutputRule
	}
	return l.Rule
}

// Needs returns the signals that the rules read in a network of that many
// connections.
func (l Learner) Needs(connections int) credit.Needs {
	var n credit.Needs
	if r := l.rule(true); r != nil {
		n.Output = r.Needs()
	}
	if r := l.rule(false); r != nil && connections > 1 {
		n.Hidden = r.Needs()
	}
	return n
}

// Check reports what keeps the learner from working in a network of that many
// connections; a rule that reads what the circuit does not provide is a
// *credit.SignalError.
func (l Learner) Check(connections int) error {
	out, hidden := l.rule(true), l.rule(false)
	if out == nil || hidden == nil && !l.FreezeHidden {
		return errors.New("learner: a rule is missing")
	}
	var feedback rulespace.SignalSet
	plastic := false
	for _, r := range []*rulespace.Rule{out, hidden} {
		if r != nil && r.DFB != nil && (r == out || connections > 1) {
			plastic = true
			feedback |= r.DFB.Signals()
		}
	}
	if err := credit.Check(l.Credit.Name, l.Needs(connections), feedback.Minus(rulespace.Signals(rulespace.SigW)), plastic); err != nil {
		return err
	}
	_, err := l.Credit.Resolve()
	return err
}

// Supervised reports whether the learner needs targets in such a network.
func (l Learner) Supervised(connections int) bool {
	e, _ := credit.ByName(l.Credit.Name)
	return e.Supervised || l.Credit.On("clamp") || l.Needs(connections).Output.Has(rulespace.SigTarget)
}
