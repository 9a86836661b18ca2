package outer

import (
	"github.com/metaplast/metaplast/rulespace"
)

// entry is a candidate that a search has met.
type entry struct {
	id         identity
	rule       *rulespace.Rule      // prepared; nil once there is a result
	dw         *rulespace.Canonical // of a rule that has nothing else, likewise; else nil
	digest     string               // of rule, likewise
	complexity int
	hebb       int        // see Cell
	contender  *contender // nil once the race is over
	result     Result
}

// forget lets go of what only the race needs: a search meets millions of
// candidates.
func (e *entry) forget() { e.rule, e.dw, e.digest, e.contender = nil, nil, "", nil }

// digestOf returns the digest of the rule of e at some values of its parameters.
func (e *entry) digestOf(r *rulespace.Rule) string {
	if e.dw != nil {
		return r.DigestOf(e.dw)
	}
	return r.Digest()
}

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
	e := &entry{}
	e.rule, e.complexity, e.dw = prepare(r)
	free := scales(e.rule, tuned)
	if !free {
		tuned = ""
	}
	var list []part
	switch {
	case free && e.dw != nil:
		form := e.dw.With(values(e.rule, tuned))
		e.id.text = textOf("∝ " + form.Scaled().String())
		e.hebb = hebbianOf(form)
	case free:
		list = parts(e.rule, tuned)
		text, dw := canonical(list)
		e.id.text = textOf(text)
		e.hebb = hebbianOf(dw)
	default:
		e.digest = e.digestOf(e.rule)
		e.id.text = textOf(e.digest)
		if e.dw != nil {
			e.hebb = hebbianOf(e.dw.With(e.rule.Value))
		} else {
			e.hebb = hebbian(e.rule)
		}
	}
	if c.texts[e.id.text] != nil {
		return e // the known entry stands for it
	}
	if free {
		e.digest = e.digestOf(e.rule)
	}
	if len(e.rule.States) == 0 {
		if list == nil {
			list = parts(e.rule, tuned)
		}
		e.id.form, e.id.formed, e.id.zero = form(c.probe, list)
	}
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
