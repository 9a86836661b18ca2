// Package method lists the searchers by name, with what they search and the
// options they take. To add one, write its package and add its entry to
// Catalogue.
//
// May import outer and its searchers, rulespace and internal packages.
package method
