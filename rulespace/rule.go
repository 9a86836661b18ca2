package rulespace

// Rule is a plasticity rule: a small program of assignments over signals.
//
// At every presentation the states are updated first, in their order, each
// seeing the new values of those before it; then dw, db and dfb are computed
// from the new states and added to weights, biases and feedback weights. In a
// mini-batch every assignment is the mean over the samples, all of which see
// the weights and states from before the batch (an assignment that reads no
// per-sample signal is computed once).
//
// A Rule is immutable once made by ParseRule or Decode; WithParams copies.
type Rule struct {
	Name string // lower-case identifier, may be empty for inline rules
	DW   *Expr  // weight change
	// DB is the bias change; nil leaves biases alone. A bias is the weight from
	// a unit that is always 1: pre, pre_trace and pre_prev read as 1, other
	// signals of pre and synapse scope as 0, w as the bias, and states of those
	// scopes have a value of the bias's own.
	DB *Expr
	// DFB is the change of the feedback weights, which it reads as w; nil
	// leaves them alone.
	DFB *Expr

	Params []Param
	States []State

	Title    string            // one line for people
	Equation string            // the paper's notation
	Symbols  map[string]string // what the symbols of Equation mean
	Source   string            // authors, journal, year
	Notes    string
}

// Param is a constant that searches and users may tune.
type Param struct {
	Name      string
	Value     float64
	Low, High float64 // range for searches; both 0 when not given
	Log       bool    // searches move on a logarithmic scale
}

// State is a value that persists between presentations.
type State struct {
	Name   string
	Scope  Scope // Pre, Post or Synapse
	Init   float64
	Update *Expr // the new value
}
