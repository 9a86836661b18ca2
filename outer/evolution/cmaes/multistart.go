package cmaes

import (
	"fmt"

	"github.com/metaplast/metaplast/internal/fmath"
	"github.com/metaplast/metaplast/rulespace/key"
)

// Restart says how runs follow on each other.
type Restart string

const (
	// NoRestart ends with the first run.
	NoRestart Restart = "none"
	// IPOP doubles the number of points per generation from run to run.
	//
	// A. Auger and N. Hansen, IEEE Congress on Evolutionary Computation (2005).
	IPOP Restart = "ipop"
	// BIPOP is IPOP interlaced with runs of few points and small steps, on
	// which as many evaluations are spent.
	//
	// N. Hansen, GECCO workshop on black-box optimization benchmarking (2009).
	BIPOP Restart = "bipop"
)

// maxDoublings of λ: later runs are as large as that of the last.
const maxDoublings = 9

// Multistart is a series of runs.
type Multistart struct {
	restart Restart
	opts    Options
	start   func(run int) Begin
	key     key.Key

	run       *Optimizer
	runs      int
	doublings int
	small     bool // regime of the current run
	spent     [2]int
	base      int // λ of the first run
}

// Begin is where a run begins; Sigma 0 means that of the options.
type Begin struct {
	Mean  []float64
	Sigma float64
}

// NewMultistart returns a series of runs, each of which begins where start
// says. Start of the options is ignored; n is the number of coordinates.
func NewMultistart(restart Restart, n int, opts Options, start func(run int) Begin, k key.Key) (*Multistart, error) {
	switch restart {
	case NoRestart, IPOP, BIPOP:
	default:
		return nil, fmt.Errorf("cmaes: restart is %q; it has to be none, ipop or bipop", restart)
	}
	m := &Multistart{restart: restart, opts: opts, start: start, key: k, base: opts.Lambda}
	if m.base == 0 {
		m.base = DefaultLambda(n)
	}
	if err := m.begin(m.base, 1); err != nil {
		return nil, err
	}
	return m, nil
}

// Run is the current run.
func (m *Multistart) Run() *Optimizer { return m.run }

// Runs is the number of runs begun.
func (m *Multistart) Runs() int { return m.runs }

// Ask returns the points of the next generation, of the next run if the last
// has stopped; none after the last run.
func (m *Multistart) Ask() ([][]float64, error) {
	if m.run.Stopped() != "" {
		if m.restart == NoRestart {
			return nil, nil
		}
		if err := m.next(); err != nil {
			return nil, err
		}
	}
	return m.run.Ask(), nil
}

// next begins the run that is due.
func (m *Multistart) next() error {
	m.account()
	if m.restart == BIPOP && m.runs > 1 && m.spent[1] < m.spent[0] {
		m.small = true
		// λ_s = ⌊λ_def·(λ_l/2λ_def)^{U²}⌋, σ_s = σ·10^{-2U}
		rng := m.key.Child("small", uint64(m.runs)).Stream()
		u, v := rng.Float64(), rng.Float64()
		ratio := float64(int(1)<<m.doublings) / 2
		lambda := int(float64(float64(m.base) * fmath.Exp(float64(u*u)*fmath.Log(ratio))))
		return m.begin(max(lambda, 4), fmath.Exp(-2*v*fmath.Log(10)))
	}
	m.small = false
	m.doublings = min(m.doublings+1, maxDoublings)
	return m.begin(m.base<<m.doublings, 1)
}

// account books the evaluations of the run that has stopped. The first run
// belongs to neither regime.
func (m *Multistart) account() {
	if m.runs == 1 {
		return
	}
	regime := 0
	if m.small {
		regime = 1
	}
	m.spent[regime] += m.run.Evaluations()
}

func (m *Multistart) begin(lambda int, shrink float64) error {
	at := m.start(m.runs)
	opts := m.opts
	opts.Lambda, opts.Start = lambda, at.Mean
	if at.Sigma > 0 {
		opts.Sigma = at.Sigma
	}
	opts.Sigma *= shrink
	var err error
	m.run, err = New(opts, m.key.Child("run", uint64(m.runs)))
	m.runs++
	return err
}
