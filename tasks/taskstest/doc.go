// Package taskstest is the conformance suite of tasks: Run checks what every
// Task promises. It is for tests only.
package taskstest
