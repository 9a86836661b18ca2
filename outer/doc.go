// Package outer searches for rules: it asks a Searcher for candidates, trains
// networks with them, tells the searcher how that went, and keeps the best
// rule of every complexity.
//
// Everything that every search needs is here, so that a searcher is only a
// strategy: recognising rules that behave alike, racing through cheap trials
// first, tuning the learning rate apart from the structure, running trials in
// parallel, and validating what was found on seeds and tasks that the search
// has not seen. Results depend on the plan alone, not on workers or time, and
// a search that was killed continues from its store as if nothing happened.
//
// The searchers are sub-packages. Files and terminals are not known here: a
// Store and an Observer are handed in.
//
// May import inner, tasks, rulespace, checkpoints and internal packages.
package outer
