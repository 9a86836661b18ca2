package learner

import (
	"github.com/metaplast/metaplast/inner/credit"
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

// Catalogue lists the known learners, sorted by name.
func Catalogue() []Entry { return nil }

// ByName finds a learner.
func ByName(name string) (Entry, bool) { return Entry{}, false }

// Learner returns the learner with its default rule and constants.
func (e Entry) Learner() Learner { return Learner{} }
