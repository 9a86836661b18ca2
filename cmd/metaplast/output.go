package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/metaplast/metaplast/outer"
	"github.com/metaplast/metaplast/rulespace"
)

// jsonLine prints one object on a line of its own.
func jsonLine(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("print result: %w", err)
	}
	return nil
}

// num is a float in JSON: it reads back exactly, and what is not finite is
// null.
type num float64

func (n num) MarshalJSON() ([]byte, error) {
	f := float64(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(f)
}

func (n *num) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*n = num(math.NaN())
		return nil
	}
	return json.Unmarshal(data, (*float64)(n))
}

func nums(v []float64) []num {
	out := make([]num, len(v))
	for i, x := range v {
		out[i] = num(x)
	}
	return out
}

// interval is a mean with its 95 % interval in JSON.
type interval struct {
	Mean num    `json:"mean"`
	Low  num    `json:"low"`
	High num    `json:"high"`
	N    int    `json:"n"`
	Why  string `json:"why,omitempty"` // numbers are null
}

// toInterval converts an interval; one value alone has no bounds.
func toInterval(i outer.Interval) interval {
	out := interval{Mean: num(i.Mean), Low: num(i.Low), High: num(i.High), N: i.N}
	switch {
	case i.N == 0:
		out.Mean, out.Low, out.High = num(math.NaN()), num(math.NaN()), num(math.NaN())
		out.Why = "not measured"
	case i.N == 1:
		out.Low, out.High = num(math.NaN()), num(math.NaN())
		out.Why = "one seed has no interval"
	}
	return out
}

// score writes a mean and the half width of its interval: "0.583 ±0.012".
func score(i outer.Interval) string {
	switch i.N {
	case 0:
		return "—"
	case 1:
		return fixed(i.Mean)
	}
	return fixed(i.Mean) + " ±" + fixed((i.High-i.Low)/2)
}

// fixed writes a score with three decimals.
func fixed(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "—"
	}
	s := strconv.FormatFloat(v, 'f', 3, 64)
	if s == "-0.000" {
		return "0.000"
	}
	return strings.Replace(s, "-", "−", 1)
}

// short writes a number with four significant digits.
func short(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// thousands writes 41280 as 41,280.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// table prints columns that line up.
type table struct{ w *tabwriter.Writer }

func newTable(w io.Writer) table { return table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)} }

func (t table) row(cells ...string) {
	// The last column is not padded.
	fmt.Fprintln(t.w, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
}

func (t table) flush() error {
	if err := t.w.Flush(); err != nil {
		return fmt.Errorf("print table: %w", err)
	}
	return nil
}

// slotsJSON are the assignments of a rule.
type slotsJSON struct {
	DW     string      `json:"dw"`
	DB     string      `json:"db,omitempty"`
	DFB    string      `json:"dfb,omitempty"`
	States []stateJSON `json:"state,omitempty"` // in the order of their updates, which come first
}

type stateJSON struct {
	Name   string `json:"name"`
	Scope  string `json:"scope"`
	Init   num    `json:"init"`
	Update string `json:"update"`
}

func slotsOf(r *rulespace.Rule) slotsJSON {
	j := slotsJSON{DW: r.DW.String()}
	if r.DB != nil {
		j.DB = r.DB.String()
	}
	if r.DFB != nil {
		j.DFB = r.DFB.String()
	}
	for _, s := range r.States {
		j.States = append(j.States, stateJSON{s.Name, s.Scope.String(), num(s.Init), s.Update.String()})
	}
	return j
}
