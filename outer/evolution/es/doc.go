// Package es is the evolution strategy that OpenAI used for reinforcement
// learning: antithetic pairs around a mean, which follows the gradient
// estimated from the ranks of the points.
//
// Optimizer is one ascent on plain vectors, Searcher a series of them on the
// coordinates of a rule. It adapts no covariance, so cmaes needs fewer
// evaluations wherever coefficients depend on each other; its estimate gets
// better with any number of points, where evaluations are cheap and noisy.
//
// T. Salimans et al., arXiv:1703.03864 (2017).
//
// May import outer, rulespace and internal packages.
package es
