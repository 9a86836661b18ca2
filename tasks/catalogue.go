package tasks

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/metaplast/metaplast/internal/option"
)

// Entry describes a task that can be opened by name.
type Entry struct {
	Name    string
	Title   string
	Kind    string // what is learnt: "unsupervised", "regression", "classification"
	Doc     string
	Options []Option
	Files   bool   // reads files
	Path    string // "DIR" or "FILE" when the files are given by path, as in idx:DIR
	Get     string // how to get the files of a named set

	open func(v *values, src Source) (Task, error)
}

// Catalogue lists the tasks, sorted by name.
func Catalogue() []Entry {
	const perLife = "samples of one life"
	generated := func(open func(*values) (Task, error)) func(*values, Source) (Task, error) {
		return func(v *values, _ Source) (Task, error) { return open(v) }
	}
	list := []Entry{
		{Name: "pca", Title: "principal components of Gaussian inputs", Kind: Unsupervised.String(),
			Doc: "Unit i is to become the i-th principal component at length 1. Rotation, spectrum and scale are drawn per life.",
			Options: []Option{
				option.Int("dims", "8", 2, 256, "inputs"),
				option.Int("units", "1", 1, 256, "units, each after its own component"),
				option.Int("steps", "4000", 1, 1<<30, perLife),
			}, open: generated(openPCA)},
		{Name: "bandit", Title: "another learner's choices at a two-armed bandit", Kind: Regression.String(),
			Doc: "The output is the probability of taking the arm that is offered, scored by the choices of a subject that learns by rate·x·(R − E[R]) − forget·w; the target is the reward R.",
			Options: []Option{
				option.Float("rate", "1", 1e-6, 100, "the subject's learning rate"),
				option.Float("forget", "0.05", 0, 1, "share of its weights that it forgets at every trial"),
				option.Int("steps", "2000", 1, 1<<30, perLife),
			}, open: generated(openBandit)},
		{Name: "familiarity", Title: "recognition of patterns seen before", Kind: Unsupervised.String(),
			Doc: "Random patterns of which some come again; the strength of the response, before learning from a sample, is to tell repetitions from new ones.",
			Options: []Option{
				option.Int("dims", "25", 2, 1024, "inputs"),
				option.Int("units", "25", 1, 1024, "units"),
				option.Int("interval", "10", 1, 10000, "samples until a pattern comes again"),
				option.Int("steps", "1000", 1, 1<<30, perLife),
			}, open: generated(openFamiliarity)},
		{Name: "decorrelation", Title: "uncorrelated units over the principal subspace", Kind: Unsupervised.String(),
			Doc: "Units are to share the variance of the principal subspace and not be correlated. Rotation and spectrum are drawn per life.",
			Options: []Option{
				option.Int("dims", "6", 2, 256, "inputs"),
				option.Int("units", "3", 2, 256, "units"),
				option.Int("steps", "10000", 1, 1<<30, perLife),
			}, open: generated(openDecorrelation)},
		{Name: "hetero", Title: "recall of orthonormal pairs", Kind: Regression.String(),
			Doc: "Pairs of orthonormal inputs and random targets are shown once each and recalled.",
			Options: []Option{
				option.Int("dims", "20", 2, 1024, "inputs"),
				option.Int("outputs", "5", 1, 1024, "outputs"),
				option.Int("pairs", "10", 2, 1024, "pairs to store, at most dims"),
				option.Int("steps", "pass", 1, 1<<30, perLife+"; one pass over the pairs by default"),
			}, open: generated(openHetero)},
		{Name: "regression", Title: "linear teacher with correlated inputs", Kind: Regression.String(),
			Doc: "Targets are a linear function of correlated Gaussian inputs; every principal direction counts alike. Teacher and correlations are drawn per life.",
			Options: []Option{
				option.Int("dims", "8", 1, 1024, "inputs"),
				option.Int("outputs", "1", 1, 1024, "outputs"),
				option.Float("cond", "30", 1, 1e6, "condition number of the inputs' covariance"),
				option.Float("noise", "0.1", 0, 100, "standard deviation of the noise on training targets, whose own is 1"),
				option.Int("steps", "2000", 1, 1<<30, perLife),
			}, open: generated(openRegression)},
		{Name: "selectivity", Title: "units that answer one pattern of several", Kind: Unsupervised.String(),
			Doc: "Overlapping patterns come in random order, with noise; each unit is to answer one of them, no other, and not to forget it in the dark. Patterns and their scale are drawn per life.",
			Options: []Option{
				option.Int("dims", "8", 3, 1024, "inputs"),
				option.Int("patterns", "5", 2, 1000, "patterns, fewer than dims"),
				option.Int("units", "5", 1, 1024, "units, each on its own"),
				option.Float("overlap", "0.1", 0, 0.99, "cosine of the angle between any two patterns"),
				option.Float("noise", "0.5", 0, 10, "length of the noise on a pattern, whose own is 1"),
				option.Int("light", "5000", 1, 1<<30, "samples after which the inputs are silent"),
				option.Int("steps", "6000", 1, 1<<30, perLife),
			}, open: generated(openSelectivity)},
		{Name: "outliers", Title: "two separable classes, one with outliers", Kind: Regression.String(),
			Doc: "Targets −1 and 1 on two sides of a plane, with a margin; some samples of class 1 lie far off on their side, where least squares looks most. The plane is drawn per life.",
			Options: []Option{
				option.Int("dims", "10", 2, 1024, "inputs"),
				option.Float("margin", "0.5", 0, 100, "least distance of a sample from the plane; behind it lies half a normal distribution of standard deviation 1"),
				option.Float("offset", "2", -100, 100, "distance of the plane from 0"),
				option.Float("share", "0.2", 0, 1, "share of outliers in class 1"),
				option.Float("distance", "10", 0, 1e4, "how far off they are"),
				option.Int("steps", "3000", 1, 1<<30, perLife),
			}, open: generated(openOutliers)},
		{Name: "xor", Title: "parity of a few bits", Kind: Classification.String(),
			Doc: "Inputs of ±1 with noise; class 1 for an odd number of +1.",
			Options: []Option{
				option.Int("bits", "2", 2, 16, "inputs"),
				option.Float("noise", "0.1", 0, 10, "standard deviation of the noise on the inputs"),
				option.Int("steps", "4000", 1, 1<<30, perLife),
			}, open: generated(openXOR)},
		{Name: "mnist1d", Title: "MNIST-1D, signals of 40 points in ten classes", Kind: Classification.String(),
			Doc: "The published set (Greydanus and Kobak 2024), generated: 4,000 training and 1,000 test signals.",
			Options: append([]Option{
				option.Int("seed", fmt.Sprint(mnist1dSeed), 0, math.MaxInt32, "seed of the set; 42 is the published one"),
				option.Choice("shuffled", "no", []string{"no", "yes"}, "apply one permutation to the points of all signals"),
			}, setOptions("none", false)...), open: generated(openMNIST1D)},
		{Name: "glyphs", Title: "digits of ten fonts, distorted", Kind: Classification.String(),
			Doc: "Images of 28×28 rendered from the Go fonts with random affine and elastic distortion and noise; the set is the same for all lives.",
			Options: append([]Option{
				option.Int("train", "10000", 20, 1000000, "training images to make"),
				option.Int("samples", "2000", 10, 1000000, "test images to make"),
				option.Int("seed", "1", 0, math.MaxInt32, "seed of the set"),
			}, setOptions("unit", true)...), open: generated(openGlyphs)},
		{Name: "idx", Title: "any set of idx files by directory", Kind: Classification.String(), Files: true, Path: "DIR",
			Doc:     "The four files of the MNIST format: train and t10k (or test) images-idx3-ubyte and labels-idx1-ubyte, compressed by gzip or not. Options follow a #: idx:DIR#side=14.",
			Options: setOptions("auto", true), open: openIDX},
		{Name: "npz", Title: "any set of NumPy arrays", Kind: Classification.String() + " or " + Regression.String(), Files: true, Path: "FILE",
			Doc:     "Arrays x and y, or x_train, y_train, x_test and y_test, in a .npz file; no pickles. Options follow a #: npz:FILE#standardize=unit.",
			Options: append(tableOptions(), setOptions("auto", true)...), open: openNPZ},
		{Name: "csv", Title: "any table of numbers with a column of labels", Kind: Classification.String() + " or " + Regression.String(), Files: true, Path: "FILE",
			Doc: "Rows of numbers and a class name, class number or value to predict. Options follow a #: csv:FILE#label=species.",
			Options: append(append([]Option{
				option.Text("label", "-1", "a column", "column of the labels: a name of the header, or a number from 0, or from the end when negative"),
			}, tableOptions()...), setOptions("feature", false)...), open: openCSV},
	}
	for _, n := range namedSets() {
		list = append(list, Entry{Name: n.name, Title: n.title, Kind: Classification.String(), Files: true,
			Doc:     "Read from the published idx files, compressed by gzip or not.",
			Options: setOptions("unit", true), Get: n.advice(), open: n.open})
	}
	slices.SortFunc(list, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// entry finds a task by name.
func entry(name string) (*Entry, bool) {
	list := Catalogue()
	for i := range list {
		if list[i].Name == name {
			return &list[i], true
		}
	}
	return nil, false
}

// Open makes a task. The error is a *SpecError for a description that cannot
// be and a *DataError for files that are missing or damaged.
func Open(spec Spec, src Source) (Task, error) {
	e, ok := entry(spec.Name)
	if !ok {
		var names []string
		for _, e := range Catalogue() {
			names = append(names, e.Name)
		}
		return nil, &SpecError{Spec: spec.String(), Msg: fmt.Sprintf("%q is not a task.%s Tasks are %s",
			spec.Name, suggest(spec.Name, names), strings.Join(names, ", "))}
	}
	v, err := resolve(spec, e)
	if err != nil {
		return nil, err
	}
	return e.open(v, src)
}
