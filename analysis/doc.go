// Package analysis reads what searches found: was a known rule recovered, and
// how surely.
package analysis
