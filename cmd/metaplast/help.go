package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/inner/credit"
)

// helpTopics are texts that metaplast help prints beside those of the verbs.
func helpTopics() []*cobra.Command {
	topic := func(name, short, long string) *cobra.Command {
		return &cobra.Command{Use: name, Short: short, Long: long}
	}
	return []*cobra.Command{
		topic("config", "Topic: how a search is described", `A config is YAML (or TOML, or JSON):

    name: oja-from-scratch
    seed: 1
    task: [{name: pca, dims: 8, steps: 4000}]    # several: the mean of their scores
    held_out: [{name: pca, dims: 16}]            # never searched on, scored at the end
    learner: {credit: none, network: [8, 1]}     # what the rule works in
    rule:
      signals: [pre, post, w]                    # what it may read
      primitives: [add, sub, mul]                # what it may compute
      constants: [1]
    search:
      method: enumerate                          # or a list, run in turn
      max_complexity: 7
      rungs: [{steps: 0.1, seeds: 1, keep: 0.25}, {steps: 1, seeds: 3}]
      tune: {params: [lr], points: 5}
    budget: {evaluations: 20000}

Instead of signals and primitives, a rule may be a template whose parameters
are searched, or a weighted sum of terms:

    template: lr*post*(pre - a*post*w)
    params: [{name: a, low: -2, high: 2}]

    terms: [pre*post, post^2*w, {term: w, low: 1e-6, high: 1e-3, sign: negative}]

Feedback weights that are plastic (circuit fa and others) have a change of their
own, dfb, which is searched in the same ways: with the rest of the rule given,
as terms with in: dfb, or in a template. In dfb w is the feedback weight.

    search: dfb
    given: "dw: lr*(err*pre - 0.05*w)"
    signals: [pre, post, err, w]

With search: [dw, dfb] and nothing given of the two, cgp searches both at once:
max_complexity is that of both together, lr the same in both. Each reads those
of the signals that the circuit provides to it.

Values come from flags, --set path=value, METAPLAST_… variables, the file and
defaults, in this order; metaplast check CONFIG shows which came from where.
Unknown keys are errors. metaplast check --schema prints the JSON Schema.`),
		topic("rules", "Topic: how a rule is written and named", `A RULE is a rule file, RUN:N (row N of a run's front; RUN alone is its pick), the
name of a classic rule (metaplast list rules), or text:

    lr*post*(pre - post*w)
    dw: lr*err*pre - decay*w; db: lr*err

Names are signals (metaplast list signals), lr, which is 0.01 unless given, and
parameters set by --param name=value. The rule is added to the weight; err
points downhill, so backpropagation is lr*err*pre. A rule file:

    format: 1
    name: oja
    dw: lr*post*(pre - post*w)
    params: {lr: 0.01}`),
		topic("networks", "Topic: how a network is written", `A network is its layers from input to output, 784-128-10, or in a config also
[784, 128, 10]. The words in and out, first and last, stand for what the task
has: in-128-out.

Layers behind an image may be convolutions:

    28x28-c8k5p2-c16k5p2-64-10
    in-c8k5p2-64-out            the shape of the task's images
    32x32x3-c96k5z2p4/2-10      three channels; unit (y·width + x)·channels + c

    c8      8 filters; then, in any order, N or HEIGHTxWIDTH each:
    k5      kernel of 5×5: the patch that a filter sees; has to be there
    s2      stride from one patch to the next; 1 by default
    z2      zeros on either side of the image; none by default
    p2      maximum over windows of 2×2 positions
    a2      mean over windows of 2×2 positions
    p4/2    windows of 4×4, 2 apart; as far apart as they are large by default

To a rule a convolution is a connection from the units of a patch to the
filters. Every position of every sample counts as a sample does elsewhere: pre
is the patch, post the filters there, comp and mean_post look at the filters of
one position, and changes are means over positions. err is that of a position
times their number, so that the mean of err·pre is the gradient of the weights
that all positions share.

Circuits that work through convolutions: `+convolving()+"."),
		topic("runs", "Topic: what a run directory holds", `runs/NAME-ID/
    config.yaml            as given
    config.resolved.yaml   with every default written out
    manifest.json          version, seed, digests
    journal/*.jsonl        every trial; the truth, everything else can be rebuilt
    front.csv, rules/      the best rule of every complexity, always current
    families.csv           the best rule of every kind, by signals, sign of the
                           Hebbian term, size and divergence; when a search ends
    result.json            what the search reported at its end
    log.jsonl              what happened

A RUN is such a directory, the beginning of its id, or @last. The id follows
from config and seed, so the same search finds its run again. Runs are kept in
--out, $METAPLAST_RUNS, or ./runs.`),
		topic("environment", "Topic: environment variables", `METAPLAST_DATA    directories of data sets, separated like PATH
METAPLAST_RUNS    directory of runs, ./runs by default
METAPLAST_CPU     kernels to compute with, the fastest of this machine by default:
                  portable, on amd64 also avx2 and avx512, on arm64 neon;
                  results do not change
METAPLAST_NUMERICS
                  strict, or fast to fuse multiplication and addition in matrix
                  products: other results, again the same on every machine; a
                  run is only continued with the numerics it was made with
METAPLAST_…       any setting of a config outside lists: METAPLAST_SEED,
                  METAPLAST_SEARCH_MAX_COMPLEXITY, METAPLAST_BUDGET_EVALUATIONS
NO_COLOR          no colours`),
		topic("exit-codes", "Topic: what the exit codes mean", `0  done, or stopped safely by the user
1  unexpected failure
2  usage
3  config or rule invalid
4  data missing or corrupt
5  run damaged, locked or incompatible`),
	}
}

// convolving lists the circuits that work through convolutions.
func convolving() string {
	var names []string
	for _, e := range credit.Catalogue() {
		if e.Convolves {
			names = append(names, e.Name)
		}
	}
	return strings.Join(names, ", ")
}
