// Package evolution searches the coefficients of a rule by a genetic
// algorithm on top of eaopt.
//
// Of eaopt it uses the parts that hold: Genome, Individuals, Population,
// Model, tournament selection and initialisation, driven generation by
// generation from Ask and Tell instead of by eaopt's GA. What eaopt v0.4.2
// gets wrong cannot reach a result:
//
//   - Crossover leaves the mate marked as evaluated, with the fitness of the
//     genome it had before. Here a genome that is created or changed registers
//     itself, and fitness is set by what rule an individual is, never by flag.
//   - Tournament selection reports wrong indexes, with which its steady-state
//     model overwrites the best individual. Only the winners are used.
//   - Fitness that is not a number breaks sorting. Here fitness is the rank of
//     the told result, and sorting is stable.
//   - Its evolution strategy moves all coordinates by one number, its parallel
//     evaluation depends on the machine, edge recombination iterates over
//     maps. None of them is used.
//   - Normal numbers and blends are computed with functions and fused
//     operations that differ between processors. They are computed here.
//
// May import outer, rulespace and internal packages. Only this package and de
// import eaopt, no type of which appears in their signatures.
package evolution
