package main

import "github.com/metaplast/metaplast/rulespace"

// suggest returns " Did you mean x?" for the nearest of the known words, or
// nothing when none is near.
func suggest(word string, known []string) string {
	if near, ok := rulespace.Closest(word, known); ok {
		return " Did you mean " + near + "?"
	}
	return ""
}

// namesOf lists the names of a catalogue.
func namesOf[E any](catalogue []E, name func(E) string) []string {
	names := make([]string, len(catalogue))
	for i, e := range catalogue {
		names[i] = name(e)
	}
	return names
}

func allSignals() []rulespace.Signal {
	all := make([]rulespace.Signal, rulespace.NumSignals)
	for i := range all {
		all[i] = rulespace.Signal(i)
	}
	return all
}

func allOps() []rulespace.Op {
	all := make([]rulespace.Op, rulespace.NumOps)
	for i := range all {
		all[i] = rulespace.Op(i)
	}
	return all
}
