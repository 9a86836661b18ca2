package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/metaplast/metaplast/checkpoints"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/classic"
)

// maxRuleFile is more than any rule file may have.
const maxRuleFile = 1 << 20

// ruleRef is what a reference to a rule stands for.
type ruleRef struct {
	rule *rulespace.Rule
	text string // as the user wrote it
	run  string // directory, where the rule is a row of a front
	row  int
}

var (
	runRow   = regexp.MustCompile(`^(.+):(\d+|pick)$`)
	bareName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)
)

// resolveRule finds a rule by reference: a rule file, RUN:N, RUN (its pick),
// the name of a classic rule, or text. Params set parameters by name.
func resolveRule(ref, runs string, params []rulespace.Param) (ruleRef, error) {
	if m := runRow.FindStringSubmatch(ref); m != nil && !isFile(ref) {
		dir, err := checkpoints.Find(runs, m[1])
		if err != nil {
			return ruleRef{}, err
		}
		return rowOfRun(dir, ref, m[2], params)
	}
	if _, known := classic.Get(ref); !known && !isFile(ref) && (strings.HasPrefix(ref, "@") || isDir(ref)) {
		dir, err := checkpoints.Find(runs, ref)
		if err != nil {
			return ruleRef{}, err
		}
		return rowOfRun(dir, ref, "pick", params)
	}
	rule, err := findRule(ref, params...)
	return ruleRef{rule: rule, text: ref}, err
}

func rowOfRun(dir, ref, row string, params []rulespace.Param) (ruleRef, error) {
	front, err := readFront(dir)
	if err != nil {
		return ruleRef{}, err
	}
	if len(front) == 0 {
		return ruleRef{}, invalidf("run %s has found no rule yet", dir)
	}
	n := 0
	for _, f := range front {
		if f.Pick && row == "pick" || row == strconv.Itoa(f.Rank) {
			n = f.Rank
		}
	}
	if n == 0 && row == "pick" {
		n = front[len(front)-1].Rank
	}
	if n == 0 {
		return ruleRef{}, invalidf("run %s has no row %s; its front has rows 1 to %d", dir, row, len(front))
	}
	file, err := ruleFile(dir, n)
	if err != nil {
		return ruleRef{}, err
	}
	rule, err := decodeRule(file, params)
	return ruleRef{rule: rule, text: ref, run: dir, row: n}, err
}

// ruleFile is the file of a row of the front.
func ruleFile(dir string, row int) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "rules", fmt.Sprintf("%02d-*.rule.yaml", row)))
	if err != nil || len(files) != 1 {
		return "", &checkpoints.ErrDamaged{Dir: dir, File: "rules", Why: fmt.Sprintf("there is not one file of row %d but %d", row, len(files))}
	}
	return files[0], nil
}

// findRule finds a rule that is not part of a run.
func findRule(ref string, params ...rulespace.Param) (*rulespace.Rule, error) {
	if rule, ok := classic.Get(ref); ok {
		return withParams(rule, params)
	}
	looksLikeFile := strings.HasSuffix(ref, ".yaml") || strings.HasSuffix(ref, ".yml")
	if looksLikeFile || isFile(ref) {
		return decodeRule(ref, params)
	}
	if bareName.MatchString(ref) {
		if _, ok := rulespace.SignalByName(ref); !ok {
			names := namesOf(classic.All(), func(r *rulespace.Rule) string { return r.Name })
			return nil, invalidf("%q is not a classic rule.%s metaplast list rules shows them; text needs an expression such as 'dw: lr*pre*post'", ref, suggest(ref, names))
		}
	}
	rule, err := rulespace.ParseRule(ref, params...)
	if err != nil {
		return nil, invalidf("rule %s: %w", shorten(ref), err)
	}
	return rule, nil
}

func decodeRule(file string, params []rulespace.Param) (*rulespace.Rule, error) {
	data, err := readLimited(file, maxRuleFile)
	if err != nil {
		return nil, invalidf("%s: %s", file, cause(err))
	}
	rule, err := rulespace.Decode(file, data)
	if err != nil {
		return nil, err
	}
	return withParams(rule, params)
}

func withParams(rule *rulespace.Rule, params []rulespace.Param) (*rulespace.Rule, error) {
	values := map[string]float64{}
	for _, p := range params {
		values[p.Name] = p.Value
	}
	out, err := rule.WithParams(values)
	if err != nil {
		return nil, invalidf("%w", err)
	}
	return out, nil
}

// parseParams reads arguments of --param.
func parseParams(args []string) ([]rulespace.Param, error) {
	var out []rulespace.Param
	for _, a := range args {
		name, text, ok := strings.Cut(a, "=")
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if name = strings.TrimSpace(name); !ok || name == "" || err != nil {
			return nil, usagef("--param %s: want name=number", a)
		}
		out = append(out, rulespace.Param{Name: name, Value: v})
	}
	return out, nil
}

// shorten keeps a text that may be of any length from filling the screen.
func shorten(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

func isFile(path string) bool {
	s, err := os.Stat(path)
	return err == nil && s.Mode().IsRegular()
}

func isDir(path string) bool {
	s, err := os.Stat(path)
	return err == nil && s.IsDir()
}

func notExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }
