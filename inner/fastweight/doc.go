// Package fastweight has networks whose weights have a part that changes
// within an episode and is forgotten at its end. What is learned from episode
// to episode, by an outer loop, are the slow parameters: how plastic each
// synapse is, or what the network writes into its own weights.
//
// In a Plastic network the fast part follows a rule, written as any other, so
// that the rule can be searched. A Memory is a matrix of fast weights that is
// written and read by keys, as in linear attention; a SelfReferential network
// writes into all of its weights by itself.
//
// These are learners of another type than those of package learner: their
// outer loop changes slow parameters, not a rule, and no credit circuit is
// needed in the inner one.
//
// May import rulespace and internal packages.
package fastweight
