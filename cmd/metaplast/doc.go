// Command metaplast searches for plasticity rules, shows what it found and
// trains networks with it.
//
// This is the composition root: the command line (cobra), the config (viper),
// logging (zap) and the terminal live here and nowhere else. Everything of
// substance is in the packages it puts together. One file per verb; a verb
// owns its options, and nothing is shared between runs of a verb.
package main
