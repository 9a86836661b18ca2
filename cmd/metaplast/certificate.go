package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace"
)

// certificateJSON says what an enumeration has not missed.
type certificateJSON struct {
	Text   string            `json:"text"`
	Size   int               `json:"size"`  // all rules of at most so many nodes were tried
	Rules  int               `json:"rules"` // so many are distinct
	Whole  bool              `json:"whole"` // nothing in the space is larger
	Sizes  []outer.SizeCount `json:"sizes"` // by size, from 1
	Rungs  []int             `json:"rungs"` // how many reached each rung
	Failed int               `json:"failed"`
	Best   []outer.Best      `json:"best"` // per complexity
	Ranks  []outer.Rank      `json:"ranks"`
}

func toCertificate(c *outer.Certificate) *certificateJSON {
	if c == nil {
		return nil
	}
	return &certificateJSON{
		Text: certificateText(c), Size: c.Size, Rules: c.Rules, Whole: c.Whole, Sizes: c.Sizes[:c.Size],
		Rungs: c.Rungs, Failed: c.Failed, Best: c.Best, Ranks: c.Ranks,
	}
}

// certificateText is the sentence that a person quotes.
func certificateText(c *outer.Certificate) string {
	var constants []string
	for _, v := range c.Space.Constants {
		constants = append(constants, short(v))
	}
	leaves := c.Space.Signals.String()
	if len(constants) > 0 {
		leaves += ", " + strings.Join(constants, ", ")
	}
	rules := "rules"
	if c.Only != "" {
		rules += " " + c.Only
	}
	ops := strings.Join(namesOf(c.Space.Primitives, rulespace.Op.String), ", ")
	text := fmt.Sprintf("all %s distinct %s with at most %d nodes over %s and %s were tried", thousands(c.Rules), rules, c.Size, leaves, ops)
	if n := len(c.Rungs); n > 1 {
		text += fmt.Sprintf("; %s reached the last of %d rungs", thousands(c.Rungs[n-1]), n)
	}
	if c.Failed > 0 {
		text += fmt.Sprintf("; %s have no score", thousands(c.Failed))
	}
	return text
}

// printCertificate says what was not missed, the best rule per size and where
// known rules stand.
func printCertificate(w io.Writer, c *certificateJSON) error {
	fmt.Fprintf(w, "\ncertificate\n  %s\n", c.Text)
	t := newTable(w)
	for _, b := range c.Best {
		if b.Complexity > c.Size {
			continue
		}
		rung := ""
		if b.Rung < len(c.Rungs)-1 {
			rung = fmt.Sprintf("on rung %d of %d", b.Rung+1, len(c.Rungs))
		}
		t.row(fmt.Sprintf("  best of size %d", b.Complexity), fixed(b.Score), pretty(b.Rule), rung)
	}
	if err := t.flush(); err != nil {
		return err
	}
	ranked := slices.DeleteFunc(slices.Clone(c.Ranks), func(r outer.Rank) bool { return r.Rank == 0 })
	for _, r := range ranked {
		equal := ""
		if r.Equal > 0 {
			equal = fmt.Sprintf(", %s more with the same score", thousands(r.Equal))
		}
		fmt.Fprintf(w, "  %s has rank %s of %s%s\n", r.Baseline, thousands(r.Rank), thousands(r.Of), equal)
	}
	return nil
}
