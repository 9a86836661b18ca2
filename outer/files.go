package outer

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/metaplast/metaplast/rulespace"
)

var frontColumns = []string{
	"rank", "complexity", "score", "low", "high", "n", "search_score", "held_out", "gain",
	"dw", "db", "dfb", "params", "canonical", "digest", "near", "pick",
}

// FrontCSV writes rows as front.csv: one line per rule, numbers that read back
// exactly. score, low, high and n are those of the validation and empty before
// it; held_out is empty without held-out tasks, db and dfb for a rule that has
// none, near for one that equals no classic rule; pick is 1 in one row and 0 in the others. The
// costs of a third objective are a last column, under its name.
func FrontCSV(rows []Row) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	line := func(fields []string) {
		// Writing to a buffer cannot fail.
		_ = w.Write(fields)
	}
	columns, priced := frontColumns, len(rows) > 0 && rows[0].Objective != ""
	if priced {
		columns = append(slices.Clip(columns), rows[0].Objective)
	}
	line(columns)
	for i := range rows {
		r := &rows[i]
		score, low, high, n, held := "", "", "", "", ""
		if r.Score.N > 0 {
			score, low, high, n = number(r.Score.Mean), number(r.Score.Low), number(r.Score.High), strconv.Itoa(r.Score.N)
		}
		if r.HeldOut.N > 0 {
			held = number(r.HeldOut.Mean)
		}
		pick := "0"
		if r.Pick {
			pick = "1"
		}
		fields := []string{
			strconv.Itoa(r.Rank), strconv.Itoa(r.Complexity), score, low, high, n, number(r.Search.Mean), held, number(r.Gain),
			r.DW, r.DB, r.DFB, FormatParams(r.Rule), r.Canonical, r.Digest, r.Near, pick,
		}
		if priced {
			fields = append(fields, number(r.Cost))
		}
		line(fields)
	}
	w.Flush()
	return b.Bytes()
}

var familyColumns = []string{
	"signals", "hebb", "diverged", "complexity", "score", "rung", "dw", "db", "dfb", "params", "canonical", "digest",
}

// FamiliesCSV writes a quality-diversity map as families.csv: one line per
// cell. signals are apart by spaces; hebb is +, - or absent; diverged is some
// or none; score is that of the search at the rung reached, from 0; the rest is as in
// front.csv.
func FamiliesCSV(elites []Elite) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	// Writing to a buffer cannot fail.
	_ = w.Write(familyColumns)
	for _, e := range elites {
		diverged := "none"
		if e.Cell.Diverged {
			diverged = "some"
		}
		_ = w.Write([]string{
			strings.ReplaceAll(e.Cell.Signals.String(), ",", ""), [...]string{"-", "absent", "+"}[1+e.Cell.Hebb], diverged,
			strconv.Itoa(e.Complexity), number(e.Score), strconv.Itoa(e.Rung),
			e.Rule.DW.String(), textOrNone(e.Rule.DB), textOrNone(e.Rule.DFB), FormatParams(e.Rule), e.Rule.CanonicalText(), e.Digest,
		})
	}
	w.Flush()
	return b.Bytes()
}

// FormatParams lists the parameters of a rule as "lr=0.01 a=0.5".
func FormatParams(r *rulespace.Rule) string {
	parts := make([]string, len(r.Params))
	for i, p := range r.Params {
		parts[i] = p.Name + "=" + number(p.Value)
	}
	return strings.Join(parts, " ")
}

// File is a file to be written.
type File struct {
	Name string
	Data []byte
}

// RuleFiles returns the rule files of the front, named after rank and
// complexity: 03-7.rule.yaml is row 3, of complexity 7. Their notes say where
// the rule comes from and how good it is.
func (r *Report) RuleFiles() ([]File, error) {
	return r.ruleFiles(r.Front)
}

func (r *Report) ruleFiles(rows []Row) ([]File, error) {
	var files []File
	for i := range rows {
		row := &rows[i]
		rule := *row.Rule
		rule.Name = ""
		rule.Params = append([]rulespace.Param(nil), rule.Params...)
		for j := range rule.Params { // found values, not something to search again
			rule.Params[j].Low, rule.Params[j].High, rule.Params[j].Log = 0, 0, false
		}
		rule.Title = fmt.Sprintf("rule %d of %d found by %s", row.Rank, len(rows), r.Name)
		rule.Notes = r.provenance(row)
		data, err := rule.Encode()
		if err != nil {
			return nil, fmt.Errorf("rule %d of the front: %w", row.Rank, err)
		}
		files = append(files, File{fmt.Sprintf("%02d-%d.rule.yaml", row.Rank, row.Complexity), data})
	}
	return files, nil
}

func (r *Report) provenance(row *Row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "found by: metaplast search %s, seed %d, on %s\n", r.Name, r.Seed, strings.Join(r.Tasks, ", "))
	fmt.Fprintf(&b, "complexity: %d\n", row.Complexity)
	if row.Near != "" {
		fmt.Fprintf(&b, "equals up to scale: %s\n", row.Near)
	}
	if row.Score.N > 0 {
		fmt.Fprintf(&b, "score: %s on %d fresh seeds\n", row.Score, row.Score.N)
	}
	if row.HeldOut.N > 0 {
		fmt.Fprintf(&b, "held-out: %s on %s\n", row.HeldOut, strings.Join(r.HeldOut, ", "))
	}
	fmt.Fprintf(&b, "score in the search: %s\n", number(round(row.Search.Mean, 6)))
	for _, d := range row.Against {
		fmt.Fprintf(&b, "better than %s by: %s\n", d.Baseline, d.Score)
	}
	fmt.Fprintf(&b, "digest: %s", row.Digest)
	return b.String()
}

// String writes an interval as "0.512 [0.498, 0.526]".
func (i Interval) String() string {
	return fmt.Sprintf("%s [%s, %s]", number(round(i.Mean, 6)), number(i.Low), number(i.High))
}

// number prints a float so that it reads back exactly.
func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
