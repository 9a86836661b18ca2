package classic

import (
	"embed"
	"slices"
	"strings"
	"sync"

	"github.com/metaplast/metaplast/rulespace"
)

//go:embed *.rule.yaml
var files embed.FS

// load reads the library once; rules are immutable, so that all callers can
// share them.
var load = sync.OnceValue(func() []*rulespace.Rule {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err)
	}
	var rules []*rulespace.Rule
	for _, e := range entries {
		data, err := files.ReadFile(e.Name())
		if err != nil {
			panic(err)
		}
		r, err := rulespace.Decode(e.Name(), data)
		if err != nil {
			panic(err)
		}
		rules = append(rules, r)
	}
	slices.SortFunc(rules, func(a, b *rulespace.Rule) int { return strings.Compare(a.Name, b.Name) })
	return rules
})

// All returns the rules, sorted by name.
func All() []*rulespace.Rule { return slices.Clone(load()) }

// Get returns the rule of that name.
func Get(name string) (*rulespace.Rule, bool) {
	for _, r := range load() {
		if r.Name == name {
			return r, true
		}
	}
	return nil, false
}
