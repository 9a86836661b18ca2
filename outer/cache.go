package outer

import (
	"github.com/metaplast/metaplast/rulespace"
)

// entry is a candidate that a search has met.
type entry struct {
	id         identity
	rule       *rulespace.Rule // prepared; nil once there is a result
	digest     string          // of rule, likewise
	complexity int
	hebb       int        // see Cell
	contender  *contender // nil once the race is over
	result     Result
}

// forget lets go of what only the race needs: a search meets millions of
// candidates.
func (e *entry) forget() { e.rule, e.digest, e.contender = nil, "", nil }

// cache finds entries that behave alike.
type cache struct {
	probe  *rulespace.Probe // points to compare rules on
	texts  map[textID]*entry
	forms  map[rulespace.FP]*entry
	unique int
}

func newCache(probe *rulespace.Probe) cache {
	return cache{probe: probe, texts: map[textID]*entry{}, forms: map[rulespace.FP]*entry{}}
}

// entry prepares a candidate and finds out what it is; tuned is the parameter
// that is tuned. It may be called by several goroutines as long as none
// changes the cache.
func (c *cache) entry(r *rulespace.Rule, tuned string) *entry {
	e := &entry{rule: prepare(r)}
	free := scales(e.rule, tuned)
	if !free {
		tuned = ""
	}
	list := parts(e.rule, tuned)
	if free {
		text, dw := canonical(list)
		e.id.text = textOf(text)
		e.hebb = hebbianOf(dw)
	} else {
		e.digest = e.rule.Digest()
		e.id.text = textOf(e.digest)
		e.hebb = hebbian(e.rule)
	}
	if c.texts[e.id.text] != nil {
		return e // the known entry stands for it
	}
	if free {
		e.digest = e.rule.Digest()
	}
	if len(e.rule.States) == 0 {
		e.id.form, e.id.formed, e.id.zero = form(c.probe, list)
	}
	e.complexity = e.rule.Complexity()
	return e
}

// find returns the known entry that behaves like e. One that is more complex
// does not count: the simpler rule is worth its own trials, since the front is
// by complexity.
func (c *cache) find(e *entry) *entry {
	if known := c.texts[e.id.text]; known != nil {
		return known
	}
	if !e.id.formed {
		return nil
	}
	if known := c.forms[e.id.form]; known != nil && known.complexity <= e.complexity {
		return known
	}
	return nil
}

// put makes e, which find does not know, the entry of its identity.
func (c *cache) put(e *entry) {
	c.texts[e.id.text] = e
	if e.id.formed {
		if c.forms[e.id.form] == nil {
			c.unique++
		}
		c.forms[e.id.form] = e
	} else {
		c.unique++
	}
}
