// Package tasks says what there is to learn: generators, data sets and the
// readers of their files.
//
// A Task describes; Start begins a life, an Episode, whose every random
// number comes from one key; Next hands out training samples, Score measures
// a trained model and places it between chance (0) and the ceiling (1), so
// that tasks can be averaged. Open makes a task from its Spec, the text
// "mnist:side=14,limit=5000"; Catalogue lists what there is, with options.
//
// The package knows nothing of networks beyond Model, of rules or of
// searches. It imports the standard library, golang.org/x/image (fonts),
// rulespace/key and internal packages.
package tasks
