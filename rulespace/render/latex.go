package render

import (
	"regexp"
	"slices"
	"strings"

	"github.com/metaplast/metaplast/rulespace"
)

// latexSymbols is how each signal is written; i is the postsynaptic unit, j
// the presynaptic one. A symbol with a superscript cannot carry another.
var latexSymbols = [rulespace.NumSignals]string{
	rulespace.SigPre:        `x_j`,
	rulespace.SigPreTrace:   `\bar{x}_j`,
	rulespace.SigPrePrev:    `x'_j`,
	rulespace.SigErrPre:     `\delta_j`,
	rulespace.SigRecon:      `\hat{x}_j`,
	rulespace.SigPost:       `y_i`,
	rulespace.SigPot:        `u_i`,
	rulespace.SigDPost:      `f'(u_i)`,
	rulespace.SigErr:        `\delta_i`,
	rulespace.SigPostTrace:  `\bar{y}_i`,
	rulespace.SigPostPrev:   `y'_i`,
	rulespace.SigTheta:      `\theta_i`,
	rulespace.SigComp:       `c_i`,
	rulespace.SigNoise:      `\xi_i`,
	rulespace.SigPred:       `\hat{y}_i`,
	rulespace.SigTarget:     `t_i`,
	rulespace.SigNormW:      `\lVert w_i\rVert`,
	rulespace.SigW:          `w_{ij}`,
	rulespace.SigW0:         `w^{0}_{ij}`,
	rulespace.SigElig:       `e_{ij}`,
	rulespace.SigNoiseW:     `\xi_{ij}`,
	rulespace.SigLower:      `\hat{x}_{j,<i}`,
	rulespace.SigGoodness:   `g`,
	rulespace.SigMeanPost:   `\bar{y}`,
	rulespace.SigMaxDW:      `\lVert\Delta w\rVert_{\infty}`,
	rulespace.SigReward:     `R`,
	rulespace.SigRewardMean: `\bar{R}`,
	rulespace.SigMod:        `M`,
	rulespace.SigPhase:      `p`,
	rulespace.SigStep:       `n`,

	rulespace.SigSumPost:     `Y`,
	rulespace.SigCreditPot:   `D_{u}`,
	rulespace.SigCreditRecon: `D_{x}`,
}

// latexNames are the usual symbols of parameters.
var latexNames = map[string]string{"lr": `\eta`, "eps": `\varepsilon`, "decay": `\lambda`}

var (
	greek   = regexp.MustCompile(`^(alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|upsilon|phi|chi|psi|omega)$`)
	indexed = regexp.MustCompile(`^([a-zA-Z]+?)_?([0-9]+)$`)
)

// latexBody is the symbol of a name and the index that is part of it.
func latexBody(name string) (body, index string) {
	if m := indexed.FindStringSubmatch(name); m != nil {
		name, index = m[1], m[2]
	}
	switch {
	case latexNames[name] != "":
		body = latexNames[name]
	case greek.MatchString(name):
		body = `\` + name
	case len(name) == 1 && name != "_":
		body = name
	default:
		body = `\mathrm{` + strings.ReplaceAll(name, "_", `\_`) + `}`
	}
	return body, index
}

// latexIndices are those of a state of the scope.
func latexIndices(s rulespace.Scope) string {
	switch s {
	case rulespace.Pre:
		return "j"
	case rulespace.Post:
		return "i"
	case rulespace.Synapse:
		return "ij"
	}
	return ""
}

// latexSymbol writes a parameter (of Global scope) or a state.
func latexSymbol(body, index string, scope rulespace.Scope) string {
	switch sub := latexIndices(scope); {
	case index != "" && sub != "":
		return body + "_{" + index + "," + sub + "}"
	case len(index+sub) > 1:
		return body + "_{" + index + sub + "}"
	case index+sub != "":
		return body + "_" + index + sub
	}
	return body
}

func latex(r *rulespace.Rule) string {
	n := latexNotation(r)
	var b strings.Builder
	b.WriteString(comment("%", header(r)))
	b.WriteString("%\n")
	var rows [][2]string
	for _, p := range r.Params {
		rows = append(rows, [2]string{n.name(p.Name), latexNumber(p.Value)})
	}
	for _, s := range r.States {
		rows = append(rows, [2]string{n.name(s.Name), "state " + s.Name + ", one per " + scopeText(s.Scope) + ", at first " + latexNumber(s.Init)})
	}
	for _, s := range r.Needs().List() {
		rows = append(rows, [2]string{latexSymbols[s], s.Info().Doc})
	}
	b.WriteString(comment("%", aligned(rows)))
	var equations []string
	for _, s := range r.States {
		equations = append(equations, n.name(s.Name)+` &\leftarrow `+n.expr(s.Update))
	}
	for _, c := range changes(r) {
		m := *n
		left := `\Delta w_{ij}`
		if c.name != "dw" {
			left = map[string]string{"db": `\Delta b_i`, "dfb": `\Delta b_{ji}`}[c.name]
			weight := strings.TrimPrefix(left, `\Delta `)
			m.signal = func(s rulespace.Signal) string {
				if s == rulespace.SigW {
					return weight
				}
				return n.signal(s)
			}
		}
		e := c.expr
		if c.name == "db" {
			e = asBias(e)
			m.name = latexNotation(biasStates(r)).name
		}
		equations = append(equations, left+" &= "+m.expr(e))
	}
	if len(equations) == 1 {
		b.WriteString("\\[\n" + strings.Replace(equations[0], " &= ", " = ", 1) + "\n\\]\n")
		return b.String()
	}
	b.WriteString("\\begin{align*}\n" + strings.Join(equations, " \\\\\n") + "\n\\end{align*}\n")
	return b.String()
}

// biasStates is the rule with its states as biases have them.
func biasStates(r *rulespace.Rule) *rulespace.Rule {
	c := *r
	c.States = slices.Clone(r.States)
	for i, s := range c.States {
		switch s.Scope {
		case rulespace.Pre:
			c.States[i].Scope = rulespace.Global
		case rulespace.Synapse:
			c.States[i].Scope = rulespace.Post
		}
	}
	return &c
}

// LaTeX writes an expression of a rule in mathematical notation.
func LaTeX(r *rulespace.Rule, e *rulespace.Expr) string { return latexNotation(r).expr(e) }

func latexNotation(r *rulespace.Rule) *notation {
	// A symbol stands for one thing: what would look like a signal or like an
	// earlier name is spelled out.
	taken := map[string]bool{`i`: true, `j`: true}
	for _, s := range r.Needs().List() {
		taken[latexSymbols[s]] = true
	}
	symbols := map[string]string{}
	add := func(name string, scope rulespace.Scope) {
		body, index := latexBody(name)
		symbol := latexSymbol(body, index, scope)
		if taken[symbol] {
			symbol = latexSymbol(`\mathtt{`+strings.ReplaceAll(name, "_", `\_`)+`}`, "", scope)
		}
		taken[symbol] = true
		symbols[name] = symbol
	}
	for _, p := range r.Params {
		add(p.Name, rulespace.Global)
	}
	for _, s := range r.States {
		add(s.Name, s.Scope)
	}
	return &notation{
		format:   func(f rulespace.Format) string { return f.LaTeX },
		signal:   func(s rulespace.Signal) string { return latexSymbols[s] },
		name:     func(name string) string { return symbols[name] },
		number:   latexNumber,
		paren:    latexParen,
		callPrec: precPower,
		loose: func(s rulespace.Signal) bool {
			return strings.ContainsAny(latexSymbols[s], `'^`) || strings.HasPrefix(latexSymbols[s], `\lVert`)
		},
		times: `\cdot `,
	}
}

// latexParen grows with what is tall.
func latexParen(s string) string {
	if strings.Contains(s, `\frac`) || strings.Contains(s, `\sqrt`) || strings.Contains(s, `\left`) {
		return `\left(` + s + `\right)`
	}
	return "(" + s + ")"
}

func latexNumber(v float64) string {
	s := shortest(v)
	mantissa, exponent, ok := strings.Cut(s, "e")
	if !ok {
		return s
	}
	exponent = strings.TrimLeft(strings.TrimPrefix(exponent, "+"), "0")
	if strings.HasPrefix(exponent, "-") {
		exponent = "-" + strings.TrimLeft(exponent[1:], "0")
	}
	power := "10^{" + exponent + "}"
	if mantissa == "1" {
		return power
	}
	if mantissa == "-1" {
		return "-" + power
	}
	return mantissa + `\times ` + power
}
