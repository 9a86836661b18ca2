package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/metaplast/metaplast/checkpoints"
	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace"
)

// frontRow is a rule of a front, as inspect and search print it.
type frontRow struct {
	Type       string             `json:"type"` // "rule"
	Rank       int                `json:"rank"`
	Complexity int                `json:"complexity"`
	Score      interval           `json:"score"` // on fresh seeds; that of the search while it runs
	HeldOut    *num               `json:"held_out,omitempty"`
	Gain       num                `json:"gain"`                // over the row above
	Objective  string             `json:"objective,omitempty"` // the third, and what it is for the rule
	Cost       *num               `json:"cost,omitempty"`
	DW         string             `json:"dw"`
	DB         string             `json:"db,omitempty"`
	DFB        string             `json:"dfb,omitempty"`
	Params     map[string]float64 `json:"params"`
	Canonical  string             `json:"canonical"`
	Digest     string             `json:"digest"`
	Near       string             `json:"near"`
	Pick       bool               `json:"pick"`
	Tasks      []taskScore        `json:"tasks,omitempty"` // once validated
}

// taskScore is the part of one task in a score, in the task's own metric.
type taskScore struct {
	Task    string   `json:"task"`
	HeldOut bool     `json:"held_out"`
	Metric  string   `json:"metric"`
	Raw     interval `json:"raw"`
}

func taskScores(e outer.Evidence) []taskScore {
	var out []taskScore
	for _, t := range e.Tasks {
		out = append(out, taskScore{t.Task, t.HeldOut, t.Metric, toInterval(t.Raw)})
	}
	return out
}

// row converts a row of a report.
func row(r outer.Row) frontRow {
	out := frontRow{
		Type: "rule", Rank: r.Rank, Complexity: r.Complexity, Score: toInterval(r.Best()), Gain: num(r.Gain),
		DW: r.DW, DB: r.DB, DFB: r.DFB, Params: paramsOf(r.Rule), Canonical: r.Canonical, Digest: r.Digest, Near: r.Near, Pick: r.Pick,
		Tasks: taskScores(r.Evidence),
	}
	if r.HeldOut.N > 0 {
		held := num(r.HeldOut.Mean)
		out.HeldOut = &held
	}
	if r.Objective != "" {
		cost := num(r.Cost)
		out.Objective, out.Cost = r.Objective, &cost
	}
	return out
}

// assigned writes the assignments of a rule for people, that to w first and
// without a name.
func assigned(dw, db, dfb string) string {
	text := pretty(dw)
	if db != "" {
		text += "; Δb = " + pretty(db)
	}
	if dfb != "" {
		text += "; Δfb = " + pretty(dfb)
	}
	return text
}

// assignedBy is assigned for a rule.
func assignedBy(r *rulespace.Rule) string {
	text := func(e *rulespace.Expr) string {
		if e == nil {
			return ""
		}
		return e.String()
	}
	return assigned(text(r.DW), text(r.DB), text(r.DFB))
}

func paramsOf(r *rulespace.Rule) map[string]float64 {
	params := map[string]float64{}
	for _, p := range r.Params {
		params[p.Name] = p.Value
	}
	return params
}

// readFront reads the front of a run from front.csv.
func readFront(dir string) ([]frontRow, error) {
	table, err := readTable(dir, "front.csv", maxConfig)
	if notExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var rows []frontRow
	for n, r := range table {
		row := frontRow{
			Type: "rule", Rank: int(r.number("rank")), Complexity: int(r.number("complexity")),
			Gain: num(r.number("gain")), DW: r.text("dw"), DB: r.optional("db"), DFB: r.optional("dfb"), Params: r.params("params"), Canonical: r.text("canonical"),
			Digest: r.text("digest"), Near: r.text("near"), Pick: r.text("pick") == "1",
		}
		if r.text("n") != "" {
			row.Score = toInterval(outer.Interval{Mean: r.number("score"), Low: r.number("low"), High: r.number("high"), N: int(r.number("n"))})
		} else {
			row.Score = toInterval(outer.Interval{Mean: r.number("search_score"), N: 1})
			row.Score.Why = "score of the search, not validated yet"
		}
		if r.text("held_out") != "" {
			held := num(r.number("held_out"))
			row.HeldOut = &held
		}
		for _, o := range outer.Objectives() {
			if r.optional(o.Name) != "" {
				cost := num(r.number(o.Name))
				row.Objective, row.Cost = o.Name, &cost
			}
		}
		if r.err != nil {
			return nil, &checkpoints.ErrDamaged{Dir: dir, File: "front.csv", Line: n + 2, Why: r.err.Error()}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// readTable reads a table of a run: the lines below its header.
func readTable(dir, name string, limit int64) ([]csvRow, error) {
	data, err := readLimited(filepath.Join(dir, name), limit)
	if err != nil {
		return nil, fmt.Errorf("read run %s: %w", dir, err)
	}
	lines, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil || len(lines) == 0 {
		return nil, &checkpoints.ErrDamaged{Dir: dir, File: name, Why: "is not a table"}
	}
	column := map[string]int{}
	for i, name := range lines[0] {
		column[name] = i
	}
	rows := make([]csvRow, len(lines)-1)
	for i := range rows {
		rows[i] = csvRow{column: column, cells: lines[i+1]}
	}
	return rows, nil
}

// csvRow reads cells by the name of their column.
type csvRow struct {
	column map[string]int
	cells  []string
	err    error
}

func (r *csvRow) text(name string) string {
	i, ok := r.column[name]
	if !ok {
		r.err = fmt.Errorf("has no column %s", name)
		return ""
	}
	return r.cells[i]
}

// optional is the cell of a column that not every version has written.
func (r *csvRow) optional(name string) string {
	if i, ok := r.column[name]; ok {
		return r.cells[i]
	}
	return ""
}

func (r *csvRow) number(name string) float64 {
	v, err := strconv.ParseFloat(r.text(name), 64)
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("%s is %q, not a number", name, r.text(name))
	}
	return v
}

func (r *csvRow) params(name string) map[string]float64 {
	out := map[string]float64{}
	for _, f := range strings.Fields(r.text(name)) {
		k, text, _ := strings.Cut(f, "=")
		v, err := strconv.ParseFloat(text, 64)
		if err != nil && r.err == nil {
			r.err = fmt.Errorf("%s holds %q, not name=number", name, f)
		}
		out[k] = v
	}
	return out
}

// outcome is the last line of search --json, kept as result.json.
type outcome struct {
	Type        string           `json:"type"` // "result"
	Run         string           `json:"run"`
	Name        string           `json:"name"`
	Seed        uint64           `json:"seed"`
	Reason      string           `json:"reason"`
	Evaluations int              `json:"evaluations"`
	Unique      int              `json:"unique"`
	Cached      int              `json:"cached"`
	Failed      int              `json:"failed"`
	Failures    []outer.Count    `json:"failures,omitempty"`
	Trials      int              `json:"trials"`
	Tasks       []string         `json:"tasks"`
	HeldOut     []string         `json:"held_out,omitempty"`
	Front       []frontRow       `json:"front"`
	Pick        int              `json:"pick"` // rank; 0 when nothing was found
	Baselines   []baselineJSON   `json:"baselines,omitempty"`
	Certificate *certificateJSON `json:"certificate,omitempty"` // of an enumeration
	Seconds     *num             `json:"seconds,omitempty"`
}

// baselineJSON is a baseline at its best value, and by how much the pick is
// better on the same seeds.
type baselineJSON struct {
	Name    string   `json:"name"`
	Title   string   `json:"title,omitempty"`
	DW      string   `json:"dw"`
	Param   string   `json:"param,omitempty"`
	Value   *num     `json:"value,omitempty"`
	Score   interval `json:"score"`
	HeldOut *num     `json:"held_out,omitempty"`
	Pick    interval `json:"pick_is_better_by"`
	// Tasks are the scores in each task's metric, and by how much the pick is
	// better there.
	Tasks     []taskScore `json:"tasks,omitempty"`
	PickTasks []interval  `json:"pick_is_better_by_task,omitempty"`
}

func toOutcome(run string, r *outer.Report) outcome {
	out := outcome{
		Type: "result", Run: run, Name: r.Name, Seed: r.Seed, Reason: string(r.Reason), Evaluations: r.Evaluations,
		Unique: r.Unique, Cached: r.Cached, Failures: r.Failed, Trials: r.Trials,
		Tasks: r.Tasks, HeldOut: r.HeldOut, Front: []frontRow{}, Certificate: toCertificate(r.Certificate),
	}
	for _, c := range r.Failed {
		out.Failed += c.N
	}
	for _, f := range r.Front {
		out.Front = append(out.Front, row(f))
	}
	if r.Pick >= 0 {
		out.Pick = r.Front[r.Pick].Rank
	}
	for i, b := range r.Baselines {
		j := baselineJSON{Name: b.Name, Title: b.Title, DW: b.Rule.DW.String(), Param: b.Param, Score: toInterval(b.Score), Tasks: taskScores(b.Evidence)}
		if b.Param != "" {
			v := num(b.Value)
			j.Value = &v
		}
		if b.HeldOut.N > 0 {
			v := num(b.HeldOut.Mean)
			j.HeldOut = &v
		}
		if r.Pick >= 0 && i < len(r.Front[r.Pick].Against) {
			against := r.Front[r.Pick].Against[i]
			j.Pick = toInterval(against.Score)
			for _, t := range against.Tasks {
				j.PickTasks = append(j.PickTasks, toInterval(t))
			}
		}
		out.Baselines = append(out.Baselines, j)
	}
	return out
}

// readOutcome reads result.json; false where the search has not ended.
func readOutcome(dir string) (outcome, bool, error) {
	data, err := readLimited(filepath.Join(dir, checkpoints.ResultName), 16<<20)
	if notExist(err) {
		return outcome{}, false, nil
	}
	if err != nil {
		return outcome{}, false, fmt.Errorf("read run %s: %w", dir, err)
	}
	var out outcome
	if err := json.Unmarshal(data, &out); err != nil {
		return outcome{}, false, &checkpoints.ErrDamaged{Dir: dir, File: checkpoints.ResultName, Why: "is not a result: " + err.Error()}
	}
	return out, true, nil
}

// resultFile is a report as result.json: it depends on the search alone, not
// on where or how fast it ran.
func resultFile(name string, r *outer.Report) ([]byte, error) {
	data, err := json.MarshalIndent(toOutcome(name, r), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("result of run %s: %w", name, err)
	}
	return append(data, '\n'), nil
}
