// Package nsga2 is the elitist genetic algorithm for several objectives NSGA-II:
// parents and children are sorted into fronts of points that do not dominate
// each other, and within the last front that still fits those in sparse regions
// survive. Children come from simulated binary crossover and polynomial
// mutation.
//
// Optimizer works on plain vectors, Searcher on the coordinates of a rule, with
// score, complexity and, where the search has one, the third objective.
//
// K. Deb, A. Pratap, S. Agarwal, T. Meyarivan, IEEE Trans. Evol. Comput. 6:182
// (2002); crossover and mutation within bounds of K. Deb and S. Agrawal, KanGAL
// report 99001 (1999).
//
// May import outer, rulespace and internal packages.
package nsga2
