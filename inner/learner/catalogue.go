package learner

import (
	"maps"
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
	Rate        float64            // default learning rate, the rule's parameter lr
	Batch       int                // default samples per update
	Frozen      bool               // hidden connections do not learn
	Options     map[string]string  // of the circuit, where they are not the default
	Params      map[string]float64 // of the rule, where they are not its own
	OutputRule  string             // name in rulespace/classic of the rule of the connection to the output; empty where it is the same
	OutputRate  float64            // its default learning rate
	Check       string             // the test that holds the learner to a gradient, a closed form or a published number
	Network     Network
}

// known is what the catalogue says; the rest follows from circuit and rule.
type known struct {
	name, title string
	circuit     string             // name in credit.Catalogue
	options     map[string]string  // of the circuit, where they are not the default
	rule        string             // name in rulespace/classic
	rate        float64            // its parameter lr
	params      map[string]float64 // its other parameters, where they are not the rule's own
	output      string             // rule of the connection to the output, where it is another one
	outputRate  float64            // its parameter lr
	batch       int                // samples per update
	frozen      bool               // hidden connections do not learn
	network     Network
	reference   string // of the learner, where it is that of neither circuit nor rule
	check       string // see Entry.Check
}

// Network is what a learner asks of its network when nobody says otherwise;
// fields that are empty ask for nothing.
type Network struct {
	Hidden    string // activation of hidden layers
	Output    string // activation of the output
	Loss      string
	Init      string
	InitScale float64
	NoBias    bool
}

// table is the catalogue, sorted by name. Rates suit inputs of order 1 and
// networks with a few hundred units per layer: larger batches average more and
// take larger steps.
var table = []known{
	{
		name: "activation", title: "activation learning: the class that makes the network most active",
		circuit: "activation", rule: "activation-learning", rate: 0.15, batch: 10,
		network: Network{Hidden: "linear", InitScale: 0.05},
		check:   "TestActivationLearning",
	},
	{
		name: "adam", title: "backpropagation with Adam",
		circuit: "bp", rule: "adam", rate: 0.001, batch: 32,
		check: "TestEquations",
	},
	{
		name: "align-ada", title: "backpropagation through the initial weights and derivatives",
		circuit: "align", options: map[string]string{"variant": "ada"}, rule: "error", rate: 0.1, batch: 32,
		check: "TestAlignIsBackpropAtTheStart",
	},
	{
		name: "align-prop", title: "backpropagation through the initial weights",
		circuit: "align", options: map[string]string{"variant": "prop"}, rule: "error", rate: 0.2, batch: 10,
		check: "TestAlignIsBackpropAtTheStart",
	},
	{
		name: "align-zero", title: "backpropagation through the initial network, from its activities",
		circuit: "align", options: map[string]string{"variant": "zero"}, rule: "error", rate: 0.05, batch: 32,
		check: "TestAlignIsBackpropAtTheStart",
	},
	{
		name: "anti-hebb", title: "Oja's rule with anti-Hebbian lateral weights",
		circuit: "lateral", options: map[string]string{"rate": "0.03", "steps": "60"}, rule: "oja-lateral", rate: 0.0003, batch: 10,
		network: Network{Hidden: "linear"},
		check:   "TestLateralWeightsDecorrelate",
	},
	{
		name: "bcm", title: "BCM: sliding threshold",
		circuit: "none", rule: "bcm", rate: 0.001, batch: 1,
		check: "TestBCMSelectivity",
	},
	{
		name: "bcm-law-cooper", title: "BCM: rate divided by the sliding threshold",
		circuit: "none", rule: "bcm-law-cooper", rate: 0.001, batch: 1,
		check: "TestBCMSelectivity",
	},
	{
		name: "boltzmann", title: "Boltzmann machine, labels given the input",
		circuit: "boltzmann", rule: "boltzmann", rate: 0.6, batch: 10,
		network: Network{Hidden: "sigmoid", Output: "softmax", Loss: "cross-entropy", InitScale: 0.1},
		check:   "TestBoltzmannGradientByEnumeration",
	},
	{
		name: "bp", title: "backpropagation, gradient descent",
		circuit: "bp", rule: "error", rate: 0.2, batch: 32,
		check: "TestBackpropIsTheGradient",
	},
	{
		name: "brsf", title: "sign symmetry, magnitudes drawn anew for every batch",
		circuit: "sign-symmetry", options: map[string]string{"magnitude": "batch"}, rule: "error", rate: 0.2, batch: 10,
		check: "TestSignSymmetryAligns",
	},
	{
		name: "chl", title: "contrastive Hebbian learning, weak feedback",
		circuit: "chl", rule: "gated-contrastive-hebb", rate: 1, batch: 20,
		network: Network{Hidden: "sigmoid", Output: "sigmoid", Loss: "cross-entropy"},
		check:   "TestContrastiveHebbApproachesTheGradient",
	},
	{
		name: "competitive", title: "soft competitive learning",
		circuit: "wta", options: map[string]string{"centre": "yes", "length": "25", "competition": "0.1", "transfer": "triangle"},
		rule: "competitive", rate: 0.003, batch: 10,
		check: "TestClusterCentres",
	},
	{
		name: "covariance", title: "covariance rule",
		circuit: "none", rule: "covariance", rate: 0.001, batch: 1,
		check: "TestEquations",
	},
	{
		name: "delta", title: "delta rule, output connection only",
		circuit: "none", rule: "delta", rate: 0.01, batch: 1, frozen: true,
		check: "TestSupervisedLearners",
	},
	{
		name: "dfa", title: "direct feedback alignment",
		circuit: "dfa", rule: "error", rate: 0.1, batch: 32,
		check: "TestFeedbackEquations",
	},
	{
		name: "direct-kolen-pollack", title: "direct feedback learned by the forward rule",
		circuit: "dfa", rule: "kolen-pollack", rate: 0.2, batch: 10,
		reference: "M. Webster, J. Choi, C. W. Ahn, Learning the Connections in Direct Feedback Alignment (2021)",
		check:     "TestDirectKolenPollack",
	},
	{
		name: "drl", title: "difference target propagation, inverse maps by difference reconstruction",
		circuit: "drl", rule: "difference-reconstruction", rate: 0.5, batch: 32,
		check: "TestDifferenceReconstruction",
	},
	{
		name: "drtp", title: "direct random target projection",
		circuit: "drtp", rule: "error", rate: 0.1, batch: 10,
		check: "TestTargetProjectionBeatsReadout",
	},
	{
		name: "drtp-momentum", title: "direct random target projection with Nesterov momentum",
		circuit: "drtp", rule: "nesterov", rate: 0.01, batch: 10,
		reference: "C. Frenkel, M. Lefebvre, D. Bol, Front. Neurosci. 15:629892 (2021)",
		check:     "TestTargetProjectionBeatsReadout",
	},
	{
		name: "dtp", title: "difference target propagation",
		circuit: "dtp", rule: "two-way-error", rate: 0.5, batch: 32,
		check: "TestTargetsAreGaussNewton",
	},
	{
		name: "ep", title: "equilibrium propagation, nudged both ways, weak feedback",
		circuit: "ep", options: map[string]string{"gain": "0.2", "steps": "6", "nudged_steps": "4"}, rule: "gated-contrastive-hebb", rate: 0.4, batch: 20,
		network:   Network{Hidden: "relu", Output: "softmax", Loss: "cross-entropy"},
		reference: "A. Laborieux et al., Front. Neurosci. 15:633674 (2021)",
		check:     "TestWeightedEquilibriumPropagationApproachesTheGradient",
	},
	{
		name: "ep-holomorphic", title: "holomorphic equilibrium propagation",
		circuit: "ep-holomorphic", rule: "contrastive-hebb", rate: 1.5, batch: 20,
		network:   Network{Hidden: "tanh", Output: "sigmoid", Loss: "squared"},
		reference: "A. Laborieux, F. Zenke, NeurIPS 35 (2022)",
		check:     "TestHolomorphicPropagationApproachesTheGradient",
	},
	{
		name: "ep-one-sided", title: "equilibrium propagation, nudged to the target",
		circuit: "ep", options: map[string]string{"nudge": "one-sided"}, rule: "contrastive-hebb", rate: 2, batch: 20,
		network:   Network{Hidden: "relu", Output: "softmax", Loss: "squared"},
		reference: "B. Scellier, Y. Bengio, Front. Comput. Neurosci. 11:24 (2017)",
		check:     "TestEquilibriumPropagationApproachesTheGradient",
	},
	{
		name: "ep-random-sign", title: "equilibrium propagation, nudged either way",
		circuit: "ep", options: map[string]string{"nudge": "random-sign"}, rule: "contrastive-hebb", rate: 1, batch: 20,
		network:   Network{Hidden: "relu", Output: "softmax", Loss: "squared"},
		reference: "B. Scellier, Y. Bengio, Front. Comput. Neurosci. 11:24 (2017)",
		check:     "TestEquilibriumPropagationApproachesTheGradient",
	},
	{
		name: "ep-vector-field", title: "equilibrium propagation, feedback weights that learn",
		circuit: "ep-vector-field", rule: "vector-field", rate: 1, batch: 20,
		network: Network{Hidden: "relu", Output: "softmax", Loss: "squared"},
		check:   "TestVectorFieldWithSymmetricWeights",
	},
	{
		name: "fa", title: "feedback alignment",
		circuit: "fa", rule: "error", rate: 0.1, batch: 32,
		check: "TestFeedbackAligns",
	},
	{
		name: "fa-hebb-oja", title: "feedback alignment with two local terms, online",
		circuit: "fa", rule: "error-hebb-oja", rate: 0.007, batch: 1,
		check: "TestThreeTermRuleAgainstLoops",
	},
	{
		name: "fdfa", title: "direct feedback learned by forward-mode differentiation",
		circuit: "fdfa", rule: "weight-mirror", rate: 0.2, batch: 10,
		reference: "F. Bacho, D. Chu, Neural Networks (2024), arXiv:2212.07282",
		check:     "TestForwardDirectFeedbackIsTheJacobian",
	},
	{
		name: "foldiak", title: "Földiák's sparse coding by Hebbian and anti-Hebbian learning",
		circuit: "lateral", options: map[string]string{"inhibit": "yes", "gain": "10", "rate": "0.03", "steps": "60"}, rule: "foldiak-layer", rate: 0.003, batch: 4,
		network: Network{Hidden: "sigmoid", Output: "sigmoid", Loss: "cross-entropy"},
		check:   "TestSparseCode",
	},
	{
		name: "forward-forward", title: "forward-forward",
		circuit: "ff", rule: "forward-forward", rate: 0.1, batch: 10, output: "error", outputRate: 0.5,
		network: Network{Hidden: "relu"},
		check:   "TestForwardForwardIsTheGradientOfGoodness",
	},
	{
		name: "frsf", title: "sign symmetry, magnitudes drawn once",
		circuit: "sign-symmetry", options: map[string]string{"magnitude": "fixed"}, rule: "error", rate: 0.2, batch: 10,
		check: "TestSignSymmetryAligns",
	},
	{
		name: "fw-dtp", title: "fixed-weight difference target propagation",
		circuit: "fw-dtp", rule: "error", rate: 0.5, batch: 32,
		check: "TestFixedInverseMaps",
	},
	{
		name: "gha", title: "generalised Hebbian algorithm",
		circuit: "none", rule: "gha", rate: 0.005, batch: 1,
		check: "TestPrincipalComponents",
	},
	{
		name: "hebb", title: "Hebb's rule",
		circuit: "none", rule: "hebb", rate: 0.001, batch: 1,
		check: "TestHebbExplodesAlongTheFirstComponent",
	},
	{
		name: "hebb-decay", title: "Hebb's rule with decay",
		circuit: "none", rule: "hebb-decay", rate: 0.001, batch: 1,
		check: "TestEquations",
	},
	{
		name: "hebbian-cnn", title: "Hebbian filters: the one that wins a place moves to its whitened patch",
		circuit: "wta", options: map[string]string{"compete": "hard", "whiten": "zca", "normalise": "yes", "equalise": "0.1", "transfer": "triangle", "tau": "1000"},
		rule: "competitive", rate: 0.03, batch: 10, output: "delta", outputRate: 0.1,
		reference: "T. Miconi, arXiv:2107.01729 (2021)",
		check:     "TestFiltersFindClusterCentres",
	},
	{
		name: "helmholtz", title: "Helmholtz machine (wake-sleep), unsupervised",
		circuit: "helmholtz", rule: "two-way-error", rate: 0.1, params: map[string]float64{"lr_back": 0.1}, batch: 10,
		network:   Network{Hidden: "sigmoid", Output: "sigmoid"},
		reference: "G. Hinton, P. Dayan, B. Frey, R. Neal, Science 268:1158 (1995)",
		check:     "TestWakeSleepRaisesTheBound",
	},
	{
		name: "hopfield", title: "Hopfield memory of patterns with their labels, not a classifier",
		circuit: "hopfield", rule: "hopfield", rate: 0.01, batch: 1, frozen: true,
		network: Network{Hidden: "sign", Output: "linear", Loss: "squared", InitScale: 1e-3, NoBias: true},
		check:   "TestHopfieldRecall",
	},
	{
		name: "instar", title: "instar: weights move to the inputs of active units",
		circuit: "none", rule: "instar", rate: 0.01, batch: 1,
		check: "TestEquations",
	},
	{
		name: "kolen-pollack", title: "feedback learned by the forward rule",
		circuit: "fa", rule: "kolen-pollack", rate: 0.05, batch: 32,
		check: "TestKolenPollack",
	},
	{
		name: "krotov-hopfield", title: "competing hidden units of D. Krotov and J. J. Hopfield",
		circuit: "wta", options: map[string]string{"compete": "rank", "penalty": "0.1", "scale": "yes", "centre": "yes", "length": "25", "transfer": "power", "power": "2"},
		rule: "softhebb", rate: 0.02, batch: 10,
		network:   Network{Init: "he", InitScale: 2, NoBias: true},
		reference: "D. Krotov, J. J. Hopfield, PNAS 116:7723 (2019)",
		check:     "TestRankedCompetition",
	},
	{
		name: "l-drl", title: "difference target propagation, inverse maps by local difference reconstruction",
		circuit: "l-drl", rule: "difference-reconstruction", rate: 0.2, batch: 32,
		reference: "M. Ernoult et al., ICML (2022)",
		check:     "TestDifferenceReconstruction",
	},
	{
		name: "lra-e", title: "local representation alignment, error-driven",
		circuit: "lra", options: map[string]string{"rescale": "yes"}, rule: "lra", rate: 0.2, batch: 32,
		check: "TestRepresentationAlignmentApproachesBackprop",
	},
	{
		name: "momentum", title: "backpropagation with momentum",
		circuit: "bp", rule: "momentum", rate: 0.01, batch: 32,
		check: "TestEquations",
	},
	{
		name: "nesterov", title: "backpropagation with Nesterov momentum",
		circuit: "bp", rule: "nesterov", rate: 0.01, batch: 32,
		check: "TestEquations",
	},
	// Its settings, the batch apart, which is 250 of 60,000 samples there.
	{
		name: "ngc", title: "predictive coding with Adam, as in the NGC museum",
		circuit: "pc-strict", options: map[string]string{"rate": "0.04"}, rule: "adam", rate: 0.001, batch: 32,
		network:   Network{Hidden: "sigmoid"},
		reference: "settings of the predictive coding network in NACLab's ngc-museum",
		check:     "TestStrictPredictiveCodingEquilibrium",
	},
	// Its circuit leaves a factor σ = 0.01 in the step, so this is 0.005/σ.
	{
		name: "node-perturbation", title: "node perturbation",
		circuit: "perturb", rule: "node-perturbation", rate: 0.5, batch: 32,
		check: "TestNodePerturbationFollowsTheGradient",
	},
	{
		name: "oja", title: "Oja's rule",
		circuit: "none", rule: "oja", rate: 0.01, batch: 1,
		check: "TestPrincipalComponents",
	},
	{
		name: "pal", title: "phaseless alignment learning",
		circuit: "pal", rule: "weight-mirror", rate: 0.2, batch: 10,
		reference: "K. Max et al., Nat. Mach. Intell. (2024), arXiv:2212.10249",
		check:     "TestPhaselessAlignment",
	},
	{
		name: "pc-fixed", title: "predictive coding with fixed predictions",
		circuit: "pc-fixed", rule: "error", rate: 0.2, batch: 32,
		check: "TestExactPredictiveCodingIsBackprop",
	},
	{
		name: "pc-gaussian", title: "predictive coding with learned output variances",
		circuit: "pc-gaussian", rule: "error", rate: 0.01, batch: 10,
		network: Network{Hidden: "relu", Output: "linear", Loss: "squared"},
		check:   "TestLearnedVariance",
	},
	{
		name: "pc-incremental", title: "incremental predictive coding",
		circuit: "pc-incremental", rule: "error", rate: 0.03, batch: 32,
		check: "TestIncrementalPredictiveCoding",
	},
	{
		name: "pc-kl", title: "predictive coding of categorical and binary units",
		circuit: "pc-kl", rule: "error", rate: 1, batch: 32,
		network: Network{Hidden: "sigmoid", Loss: "cross-entropy"},
		check:   "TestRelativeEntropyPartials",
	},
	{
		name: "pc-nudge", title: "predictive coding with a soft nudge",
		circuit: "pc-strict", options: map[string]string{"nudge": "0.01", "steps": "50"}, rule: "error", rate: 0.3, batch: 32,
		check: "TestNudgedPredictiveCodingApproachesBackprop",
	},
	{
		name: "pc-positive", title: "predictive coding with positive rates and one-way synapses",
		circuit: "pc-positive", rule: "kolen-pollack", rate: 0.3, batch: 32,
		network: Network{Hidden: "relu"},
		check:   "TestOneWayPredictiveCodingIsStrict",
	},
	{
		name: "pc-strict", title: "predictive coding, output held at the target",
		circuit: "pc-strict", rule: "error", rate: 0.3, batch: 32,
		network: Network{Hidden: "relu"},
		check:   "TestStrictPredictiveCodingEquilibrium",
	},
	{
		name: "pc-zil", title: "predictive coding with zero-divergence inference",
		circuit: "pc-zil", rule: "error", rate: 0.2, batch: 32,
		check: "TestExactPredictiveCodingIsBackprop",
	},
	{
		name: "pepita", title: "PEPITA: a second pass on an input modulated by the error",
		circuit: "pepita", rule: "pepita", rate: 0.5, output: "error", outputRate: 0.2, batch: 10,
		network: Network{Hidden: "relu", Output: "softmax", Loss: "cross-entropy", Init: "he", NoBias: true},
		check:   "TestPepitaIsAdaptiveFeedback",
	},
	{
		name: "pepita-momentum", title: "PEPITA with momentum, as in its paper",
		circuit: "pepita", rule: "pepita-momentum", rate: 0.05, output: "momentum", outputRate: 0.02, batch: 10,
		network: Network{Hidden: "relu", Output: "softmax", Loss: "cross-entropy", Init: "he", NoBias: true},
		check:   "TestPepitaBeatsReadout",
	},
	{
		name: "perceptron", title: "perceptron, output connection only",
		circuit: "none", rule: "perceptron", rate: 0.01, batch: 1, frozen: true,
		check: "TestEquations",
	},
	{
		name: "predictive-forward-forward", title: "predictive forward-forward",
		circuit: "pff", rule: "predictive-forward-forward", rate: 0.5, batch: 10,
		network: Network{Hidden: "relu"},
		check:   "TestPredictiveForwardForwardAgainstLoops",
	},
	{
		name: "prospective", title: "prospective configuration: predictive coding at equilibrium",
		circuit: "pc-strict", options: map[string]string{"steps": "128", "tolerance": "0.001"}, rule: "error", rate: 0.2, batch: 32,
		reference: "Y. Song et al., Nat. Neurosci. 27:348 (2024)",
		check:     "TestProspectiveConfigurationAlignsWithTargets",
	},
	{
		name: "rbm", title: "restricted Boltzmann machine, unsupervised",
		circuit: "rbm", rule: "boltzmann", rate: 0.1, batch: 20,
		network: Network{Hidden: "sigmoid", Output: "sigmoid", InitScale: 0.1},
		check:   "TestBoltzmannGradientByEnumeration",
	},
	{
		name: "rbm-joint", title: "restricted Boltzmann machine of inputs and labels",
		circuit: "boltzmann", options: map[string]string{"model": "joint", "visible": "mean"}, rule: "boltzmann", rate: 0.5, batch: 20,
		network:   Network{Hidden: "sigmoid", Output: "softmax", Loss: "cross-entropy", InitScale: 0.1},
		reference: "H. Larochelle, Y. Bengio, ICML (2008)",
		check:     "TestBoltzmannGradientByEnumeration",
	},
	{
		name: "readout", title: "hidden layers frozen, output by gradient: the control",
		circuit: "bp", rule: "error", rate: 0.1, batch: 32, frozen: true,
		check:     "TestBackpropIsTheGradient",
		reference: "the universal control: a rule for hidden layers has to beat it",
	},
	{
		name: "rec-lra", title: "recursive local representation alignment",
		circuit: "rec-lra", options: map[string]string{"rescale": "yes"}, rule: "lra", rate: 0.2, batch: 32,
		reference: "A. Ororbia et al., AAAI 37 (2023)",
		check:     "TestRepresentationAlignmentEquations",
	},
	{
		name: "recurrent-backprop", title: "recurrent backpropagation (Almeida-Pineda)",
		circuit: "rbp", options: map[string]string{"feedback_scale": "0.3"}, rule: "two-way-error", rate: 0.2, params: map[string]float64{"lr_back": 0.2}, batch: 20,
		network:   Network{Hidden: "relu"},
		reference: "L. B. Almeida, IEEE Int. Conf. Neural Networks 2:609 (1987); F. J. Pineda, Phys. Rev. Lett. 59:2229 (1987)",
		check:     "TestRecurrentBackpropIsTheGradient",
	},
	{
		name: "reinforce", title: "REINFORCE: stochastic units with a reward baseline",
		circuit: "reinforce", rule: "reinforce", rate: 0.01, batch: 1,
		network: Network{Hidden: "sigmoid", Output: "softmax", Loss: "cross-entropy"},
		check:   "TestReinforceIsTheGradient",
	},
	{
		name: "signal-propagation", title: "signal propagation",
		circuit: "sigprop", rule: "error", rate: 0.4, batch: 20,
		network: Network{Hidden: "relu"},
		check:   "TestSignalPropagationIsTheGradientOfSimilarity",
	},
	{
		name: "softhebb", title: "SoftHebb with biases that learn prior probabilities",
		circuit: "wta", options: map[string]string{"prior": "yes", "centre": "yes", "length": "25", "competition": "0.8", "transfer": "triangle"},
		rule: "softhebb", rate: 0.03, batch: 10,
		check: "TestSoftHebb",
	},
	{
		name: "softhebb-cnn", title: "SoftHebb for convolutions: filters compete at every place",
		circuit: "wta", options: map[string]string{"compete": "anti", "whiten": "variance", "scale": "yes", "transfer": "triangle"},
		rule: "softhebb-adaptive", rate: 0.1, batch: 10, output: "delta", outputRate: 0.1,
		network: Network{Init: "he", InitScale: 2},
		check:   "TestSoftHebbFilters",
	},
	{
		name: "softhebb-deep", title: "SoftHebb for several layers: losers unlearn, and units settle",
		circuit: "wta", options: map[string]string{"compete": "anti", "scale": "yes", "centre": "yes", "length": "25", "competition": "0.8", "transfer": "triangle"},
		rule: "softhebb-adaptive", rate: 0.05, batch: 10,
		network: Network{Init: "he", InitScale: 2},
		check:   "TestSoftHebb",
	},
	{
		name: "softhebb-plain", title: "SoftHebb as a rule alone, for filters of convolutions too",
		circuit: "none", rule: "softhebb", rate: 0.01, params: map[string]float64{"lr_bias": 0}, batch: 1,
		check: "TestEquations",
	},
	{
		name: "subspace", title: "Oja's subspace rule",
		circuit: "none", rule: "subspace", rate: 0.0005, batch: 1,
		check: "TestPrincipalComponents",
	},
	{
		name: "supervised-hebb", title: "Hebb's rule with a teacher, output connection only",
		circuit: "none", rule: "supervised-hebb", rate: 0.01, batch: 1, frozen: true,
		check: "TestEquations",
	},
	{
		name: "three-factor", title: "reward-modulated Hebb",
		circuit: "perturb", rule: "three-factor", rate: 0.001, batch: 1,
		check: "TestThreeFactorCentring",
	},
	{
		name: "tp", title: "target propagation",
		circuit: "tp", options: map[string]string{"step": "20"}, rule: "two-way-error", rate: 0.3, batch: 32,
		reference: "Y. Bengio, arXiv:1407.7906 (2014)",
		check:     "TestTargetEquations",
	},
	{
		name: "tpsgd-l1", title: "target projection, absolute distance",
		circuit: "tpsgd", options: map[string]string{"distance": "l1"}, rule: "error", rate: 0.06, batch: 10,
		network: Network{Hidden: "relu"},
		check:   "TestTargetProjectionBeatsReadout",
	},
	{
		name: "tpsgd-l2", title: "target projection, squared distance",
		circuit: "tpsgd", options: map[string]string{"distance": "l2"}, rule: "error", rate: 0.06, batch: 10,
		network: Network{Hidden: "relu"},
		check:   "TestTargetProjectionBeatsReadout",
	},
	{
		name: "usf", title: "sign symmetry, one magnitude",
		circuit: "sign-symmetry", options: map[string]string{"magnitude": "uniform"}, rule: "error", rate: 0.2, batch: 10,
		check: "TestSignSymmetryAligns",
	},
	{
		name: "weight-mirror", title: "feedback learned from noise in a mode of its own",
		circuit: "mirror", rule: "weight-mirror", rate: 0.2, batch: 10,
		check: "TestWeightMirror",
	},
	{
		// Its circuit leaves a factor σ = 0.01 in the step.
		name: "weight-perturbation", title: "weight perturbation",
		circuit: "perturb-weights", options: map[string]string{"baseline": "antithetic"}, rule: "weight-perturbation", rate: 0.1, batch: 10,
		check: "TestWeightPerturbationFollowsTheGradient",
	},
	{
		name: "winner-take-all", title: "competitive learning of a single winner",
		circuit: "wta", options: map[string]string{"compete": "hard", "centre": "yes", "length": "25", "transfer": "triangle"},
		rule: "competitive", rate: 0.0003, batch: 10,
		reference: "T. Kohonen, Biol. Cybern. 43:59 (1982)",
		check:     "TestClusterCentres",
	},
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
		Options: k.options, Params: k.params, OutputRule: k.output, OutputRate: k.outputRate, Network: k.network, Check: k.check,
		Reference: k.reference,
	}
	reads := r.Needs()
	if k.output != "" {
		reads |= mustRule(k.output).Needs()
		e.Supervised = e.Supervised || reads.Has(rulespace.SigTarget)
	}
	if k.frozen { // no error travels backward
		e.Passes = 1
	}
	if e.Reference == "" && k.rule == "error" {
		e.Reference = c.Reference
	}
	if e.Reference == "" {
		e.Reference = r.Source
	}
	if e.Reference == "" {
		e.Reference = c.Reference
	}
	e.Locality = locality(c, reads, k.frozen)
	return e
}

// locality lists what the circuit asks for and the signals read besides that
// are not at hand at a synapse. One layer alone needs no backward pass.
func locality(c credit.Entry, reads rulespace.SignalSet, frozen bool) []string {
	var flags []string
	if !frozen {
		flags = slices.Clone(c.Locality)
	}
	brought := rulespace.Signals(rulespace.SigErr, rulespace.SigErrPre, rulespace.SigReward, rulespace.SigRewardMean)
	for _, s := range reads.Minus(brought).List() {
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

// Learner returns the learner with its rules at their default learning rates.
func (e Entry) Learner() Learner {
	l := Learner{Credit: credit.Config{Name: e.Circuit, Options: e.Options}, Rule: ruleAt(e.RuleName, e.Rate, e.Params), FreezeHidden: e.Frozen}
	if e.OutputRule != "" {
		l.OutputRule = ruleAt(e.OutputRule, e.OutputRate, nil)
	}
	return l
}

// ruleAt is a classic rule with a learning rate and other parameters.
func ruleAt(name string, rate float64, params map[string]float64) *rulespace.Rule {
	all := maps.Clone(params)
	if all == nil {
		all = map[string]float64{}
	}
	all["lr"] = rate
	r, err := mustRule(name).WithParams(all)
	if err != nil {
		panic("learner: rule " + name + ": " + err.Error())
	}
	return r
}
