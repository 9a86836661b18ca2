// Package status writes what searchers say about where they are.
package status

import "strconv"

// Thousands writes a number that is not negative with separators.
func Thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
