// Package cmaes is the evolution strategy with covariance matrix adaptation
// (CMA-ES) in float64: with active negative weights, cumulative step-size
// adaptation, bounds, logarithmic and integer coordinates, restarts (IPOP,
// BIPOP) and uncertainty handling.
//
// Optimizer is one run on plain vectors, Multistart a series of runs, and
// Searcher a Multistart on the coordinates of a rule. All are asked for points
// and told how good they are.
//
// N. Hansen, The CMA evolution strategy: a tutorial, arXiv:1604.00772 (2016,
// revised 2023), whose notation the names follow.
//
// May import outer, rulespace and internal packages.
package cmaes
