package main

import (
	"reflect"
	"testing"
)

// Every problem has a row and every method a column, also where a method cannot
// search a problem, or a run was stopped before it.
func TestRecoveryMatrix(t *testing.T) {
	runs := make([]recoveryRun, 3)
	got := recoveryMatrix([]*recovery{
		{argument: "my.yaml", problem: "mine", method: "cgp", runs: runs, symbolic: 2},
		{argument: "my.yaml", problem: "my.yaml", method: "ga", why: "cannot"},
		{argument: "oja", problem: "oja", method: "cgp", why: "cannot"},
		{argument: "oja", problem: "oja", method: "ga", runs: runs[:1]},
		{argument: "hebb", problem: "hebb", method: "cgp", runs: runs, symbolic: 3},
	}, []string{"cgp", "ga"})
	want := [][]string{
		{"recovered", "cgp", "ga"},
		{"mine", "2/3", "—"},
		{"oja", "—", "0/1"},
		{"hebb", "3/3", "—"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
