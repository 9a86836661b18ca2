// Package es searches the coordinates of a rule by the evolution strategy of
// internal/es, a series of ascents from several points. It adapts no covariance,
// so cmaes needs fewer evaluations wherever coefficients depend on each other;
// its estimate gets better with any number of points, where evaluations are
// cheap and noisy.
//
// May import outer, rulespace and internal packages.
package es
