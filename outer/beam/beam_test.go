package beam

import (
	"testing"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/outer/searchtest"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

func TestConformance(t *testing.T) {
	for name, opts := range map[string]Options{"wide": {}, "narrow": {Width: 1, KeepScale: true}} {
		t.Run(name, func(t *testing.T) {
			searchtest.Run(t, searchtest.Suite{
				Make: func(space *rulespace.Space, k key.Key) (outer.Searcher, error) {
					return New(space, opts, k)
				},
				Spaces: searchtest.Symbolic(), Misfit: searchtest.Cubes()[0],
			})
		})
	}
}
