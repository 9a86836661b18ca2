//go:build !linux

package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// Small and read-only file systems are made on Linux only; canMount keeps the
// scripts from asking for them elsewhere.
func canMount(*testing.T) bool { return false }

func tmpfsCommand(ts *testscript.TestScript, _ bool, _ []string)    { ts.Fatalf("no tmpfs here") }
func readonlyCommand(ts *testscript.TestScript, _ bool, _ []string) { ts.Fatalf("no tmpfs here") }
func fillCommand(ts *testscript.TestScript, _ bool, _ []string)     { ts.Fatalf("no tmpfs here") }
