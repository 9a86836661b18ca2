// Package de searches the coefficients of a rule by differential evolution on
// top of eaopt: agents move along differences between other agents.
//
// Of eaopt it uses Genome, Individuals, Population, Model and initialisation.
// Its own differential evolution and its particle swarm are not used:
//
//   - Both ask for fitness one agent at a time, inside the model, so that
//     agents cannot be scored in parallel, whatever the configuration says. The
//     model here makes all trials of a generation and waits for their results.
//   - A difference may be taken from the target itself, and no coordinate is
//     sure to change, so that trials repeat their target. Here agents are
//     others, and one coordinate is sure.
//   - An agent whose first fitness is not a number is never replaced. Here
//     results are compared, and failures are the worst.
//   - The swarm draws its points from a sphere of radius 1 around 0 instead of
//     around the particle, so that it finds only minima that are near 0, and
//     divides 0 by 0 at the best one. It is left out.
//
// May import outer, rulespace and internal packages.
package de
