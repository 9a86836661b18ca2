package learner

import (
	"slices"
	"strings"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/classic"
)

// Entry describes a known learner.
type Entry struct {
	Name, Title string
	Circuit     string   // name in credit.Catalogue
	RuleName    string   // name in rulespace/classic
	DW, DB, DFB string   // the rule's text; DB and DFB may be empty
	Supervised  bool     // needs targets
	Locality    []string // what it asks of a physical substrate; empty is fully local
	Passes      float64  // cost of a sample in forward passes, updates apart
	Reference   string
	Rate        float64 // default learning rate, the rule's parameter lr
	Batch       int     // default samples per update
	Frozen      bool    // hidden connections do not learn
}

// known is what the catalogue says; the rest follows from circuit and rule.
type known struct {
	name, title, circuit, rule string
	rate                       float64
	batch                      int
	frozen                     bool
	reference                  string // of the learner, where it is not the rule's source
}

// Rates suit inputs of order 1 and networks with a few hundred units per
// layer: larger batches average more and take larger steps.
var table = []known{
	{"adam", "backpropagation with Adam", "bp", "adam", 0.001, 32, false, ""},
	{"bcm", "BCM: sliding threshold", "none", "bcm", 0.001, 1, false, ""},
	{"bp", "backpropagation, gradient descent", "bp", "error", 0.2, 32, false,
		"D. Rumelhart, G. Hinton, R. Williams, Nature 323:533 (1986)"},
	{"competitive", "soft competitive learning", "none", "competitive", 0.01, 1, false, ""},
	{"covariance", "covariance rule", "none", "covariance", 0.001, 1, false, ""},
	{"delta", "delta rule, output connection only", "none", "delta", 0.01, 1, true, ""},
	{"dfa", "direct feedback alignment", "dfa", "error", 0.1, 32, false, "A. Nøkland, NeurIPS 29 (2016)"},
	{"fa", "feedback alignment", "fa", "error", 0.1, 32, false,
		"T. Lillicrap et al., Nat. Commun. 7:13276 (2016)"},
	{"fa-hebb-oja", "feedback alignment with two local terms, online", "fa", "error-hebb-oja", 0.007, 1, false, ""},
	{"gha", "generalised Hebbian algorithm", "none", "gha", 0.005, 1, false, ""},
	{"hebb", "Hebb's rule", "none", "hebb", 0.001, 1, false, ""},
	{"hebb-decay", "Hebb's rule with decay", "none", "hebb-decay", 0.001, 1, false, ""},
	{"instar", "instar: weights move to the inputs of active units", "none", "instar", 0.01, 1, false, ""},
	{"kolen-pollack", "feedback learned by the forward rule", "fa", "kolen-pollack", 0.05, 32, false, ""},
	{"momentum", "backpropagation with momentum", "bp", "momentum", 0.01, 32, false, ""},
	{"nesterov", "backpropagation with Nesterov momentum", "bp", "nesterov", 0.01, 32, false, ""},
	// Its circuit leaves a factor σ = 0.01 in the step, so this is 0.005/σ.
	{"node-perturbation", "node perturbation", "perturb", "node-perturbation", 0.5, 32, false, ""},
	{"oja", "Oja's rule", "none", "oja", 0.01, 1, false, ""},
	{"perceptron", "perceptron, output connection only", "none", "perceptron", 0.01, 1, true, ""},
	{"readout", "hidden layers frozen, output by gradient: the control", "bp", "error", 0.1, 32, true,
		"the universal control: a rule for hidden layers has to beat it"},
	{"softhebb", "SoftHebb", "none", "softhebb", 0.01, 1, false, ""},
	{"subspace", "Oja's subspace rule", "none", "subspace", 0.005, 1, false, ""},
	{"supervised-hebb", "Hebb's rule with a teacher, output connection only", "none", "supervised-hebb", 0.01, 1, true, ""},
	{"three-factor", "reward-modulated Hebb", "perturb", "three-factor", 0.001, 1, false, ""},
}

// Catalogue lists the known learners, sorted by name.
func Catalogue() []Entry {
	entries := make([]Entry, len(table))
	for i, k := range table {
		entries[i] = k.entry()
	}
	return entries
}

// ByName finds a learner.
func ByName(name string) (Entry, bool) {
	i, ok := slices.BinarySearchFunc(table, name, func(k known, name string) int { return strings.Compare(k.name, name) })
	if !ok {
		return Entry{}, false
	}
	return table[i].entry(), true
}

func (k known) entry() Entry {
	c, ok := credit.ByName(k.circuit)
	if !ok {
		panic("learner: no circuit " + k.circuit)
	}
	r := mustRule(k.rule)
	e := Entry{
		Name: k.name, Title: k.title, Circuit: k.circuit, RuleName: k.rule,
		DW: text(r.DW), DB: text(r.DB), DFB: text(r.DFB),
		Supervised: c.Supervised || r.Needs().Has(rulespace.SigTarget),
		Passes:     c.Passes, Rate: k.rate, Batch: k.batch, Frozen: k.frozen,
		Reference: k.reference,
	}
	if k.frozen { // no error travels backward
		e.Passes = 1
	}
	if e.Reference == "" {
		e.Reference = r.Source
	}
	e.Locality = locality(c, r, k.frozen)
	return e
}

// locality lists what the circuit asks for and the signals read besides that
// are not at hand at a synapse. One layer alone needs no backward pass.
func locality(c credit.Entry, r *rulespace.Rule, frozen bool) []string {
	var flags []string
	if !frozen {
		flags = slices.Clone(c.Locality)
	}
	brought := rulespace.Signals(rulespace.SigErr, rulespace.SigErrPre, rulespace.SigReward, rulespace.SigRewardMean)
	for _, s := range r.Needs().Minus(brought).List() {
		if !s.Info().Local {
			flags = append(flags, "reads "+s.String())
		}
	}
	return flags
}

func text(e *rulespace.Expr) string {
	if e == nil {
		return ""
	}
	return e.String()
}

func mustRule(name string) *rulespace.Rule {
	r, ok := classic.Get(name)
	if !ok {
		panic("learner: no classic rule " + name)
	}
	return r
}

// Learner returns the learner with its rule at the default learning rate.
func (e Entry) Learner() Learner {
	r, err := mustRule(e.RuleName).WithParams(map[string]float64{"lr": e.Rate})
	if err != nil {
		panic("learner: " + e.Name + ": " + err.Error())
	}
	return Learner{Credit: credit.Config{Name: e.Circuit}, Rule: r, FreezeHidden: e.Frozen}
}
