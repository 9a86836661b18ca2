package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/metaplast/metaplast/outer"
)

var uiModes = []string{"auto", "tty", "plain", "json", "quiet"}

func addUI(cmd *cobra.Command, mode *string) {
	cmd.Flags().StringVar(mode, "ui", "auto", "what to show while it runs: "+strings.Join(uiModes, ", "))
}

// ui shows how a search goes. Progress goes to stderr, except as JSON, which
// is a result to whoever asks for it.
type ui struct {
	mode   string // tty, plain, json, quiet
	out    io.Writer
	notes  io.Writer
	color  bool
	size   func() (width, height int)
	mu     sync.Mutex
	drawn  int // lines of the table on the screen
	notice string
	last   time.Time // of a plain line
	best   string    // digest in that line
	phase  outer.Phase
}

// newUI makes the user interface of that name for the terminal at hand.
func (a *app) newUI(mode string) (*ui, error) {
	if !slices.Contains(uiModes, mode) {
		return nil, usagef("--ui %s is not one of %s.%s", mode, strings.Join(uiModes, ", "), suggest(mode, uiModes))
	}
	u := &ui{mode: mode, out: a.stderr, notes: a.stderr, size: func() (int, int) { return 100, 30 }}
	f, isFile := a.stderr.(*os.File)
	terminal := isFile && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
	if mode == "auto" {
		u.mode = "plain"
		if terminal {
			u.mode = "tty"
		}
	}
	if terminal {
		u.size = func() (int, int) {
			w, h, err := term.GetSize(int(f.Fd()))
			if err != nil || w < 20 || h < 8 {
				return 80, 24
			}
			return w, h
		}
	}
	u.color = terminal && os.Getenv("NO_COLOR") == ""
	if u.mode == "json" {
		u.out = a.stdout
	}
	return u, nil
}

// tick is how often the screen is looked after.
func (u *ui) tick() time.Duration {
	if u.mode == "tty" {
		return 250 * time.Millisecond
	}
	return time.Second
}

// plainEvery is the time between plain lines when nothing new is found.
const plainEvery = 10 * time.Second

// say shows a message.
func (u *ui) say(text string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch u.mode {
	case "tty":
		u.notice = text
	case "plain":
		fmt.Fprintln(u.out, text)
	}
}

// note says something before the screen is first drawn.
func (u *ui) note(format string, args ...any) {
	if u.mode != "quiet" {
		fmt.Fprintf(u.notes, format+"\n", args...)
	}
}

// show brings the screen up to date.
func (u *ui) show(v view, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch u.mode {
	case "tty":
		u.draw(v, now)
	case "plain", "json":
		news := v.Best.Digest != u.best || v.Phase != u.phase || v.ended && now.Sub(u.last) > time.Second
		if !news && now.Sub(u.last) < plainEvery {
			return
		}
		u.last, u.best, u.phase = now, v.Best.Digest, v.Phase
		if u.mode == "json" {
			// A broken pipe shows at the result.
			_ = jsonLine(u.out, progressOf(v, now))
			return
		}
		fmt.Fprintln(u.out, plainLine(v, now))
	}
}

// plainLine is one report in a pipe.
func plainLine(v view, now time.Time) string {
	parts := []string{now.UTC().Format(time.RFC3339), fmt.Sprintf("evals=%d", v.Evaluations)}
	if v.Best.Rule != nil {
		parts = append(parts, fmt.Sprintf("best=%s size=%d", strconv.FormatFloat(v.Best.Score, 'f', 3, 64), v.Best.Complexity))
	}
	parts = append(parts, fmt.Sprintf("rate=%.0f/s", v.rate(now)))
	if eta, ok := v.eta(now); ok {
		parts = append(parts, fmt.Sprintf("eta=%.0fs", eta.Seconds()))
	}
	parts = append(parts, fmt.Sprintf("trials=%d phase=%s", v.Trials, v.Phase))
	if v.Best.Rule != nil {
		parts = append(parts, "dw="+strconv.Quote(v.Best.Rule.DW.String()))
		if fb := v.Best.Rule.DFB; fb != nil {
			parts = append(parts, "dfb="+strconv.Quote(fb.String()))
		}
	}
	return strings.Join(parts, " ")
}

// progressJSON is one report of --ui json.
type progressJSON struct {
	Type        string        `json:"type"` // "progress"
	Time        time.Time     `json:"time"`
	Phase       outer.Phase   `json:"phase"`
	Method      string        `json:"method,omitempty"`
	Status      string        `json:"status,omitempty"`
	Evaluations int           `json:"evaluations"`
	Budget      int           `json:"budget"`
	Unique      int           `json:"unique"`
	Cached      int           `json:"cached"`
	Failed      []outer.Count `json:"failed"`
	Trials      int           `json:"trials"`
	Rate        num           `json:"rate"`
	ETA         num           `json:"eta"`
	Best        num           `json:"best"`
	Size        int           `json:"size"`
	DW          string        `json:"dw"`
	DFB         string        `json:"dfb,omitempty"`
	Why         string        `json:"why,omitempty"`
}

func progressOf(v view, now time.Time) progressJSON {
	p := progressJSON{
		Type: "progress", Time: now.UTC(), Phase: v.Phase, Method: v.Method, Status: v.Status, Evaluations: v.Evaluations, Budget: v.Budget,
		Unique: v.Unique, Cached: v.Cached, Failed: v.Failed, Trials: v.Trials, Rate: num(v.rate(now)), ETA: num(math.NaN()), Best: num(math.NaN()),
	}
	if p.Failed == nil {
		p.Failed = []outer.Count{}
	}
	if eta, ok := v.eta(now); ok {
		p.ETA = num(math.Round(eta.Seconds()))
	}
	if v.Best.Rule != nil {
		p.Best, p.Size, p.DW = num(v.Best.Score), v.Best.Complexity, v.Best.Rule.DW.String()
		if fb := v.Best.Rule.DFB; fb != nil {
			p.DFB = fb.String()
		}
	} else {
		p.Why = "no rule has been scored yet"
	}
	return p
}

// draw replaces the table on the terminal. Lines are cut at the width, so
// that none wraps and the count stays right.
func (u *ui) draw(v view, now time.Time) {
	width, height := u.size()
	lines := u.lines(v, now, width-1, height)
	var b strings.Builder
	if u.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", u.drawn)
	}
	for _, l := range lines {
		b.WriteString("\r" + l + "\x1b[K\n")
	}
	b.WriteString("\x1b[J")
	u.drawn = len(lines)
	if v.ended {
		u.drawn = 0
	}
	// A screen that cannot be drawn is no reason to end a search.
	_, _ = io.WriteString(u.out, b.String())
}

func (u *ui) lines(v view, now time.Time, width, height int) []string {
	state := "● running"
	if v.ended {
		state = "■ ended"
	}
	lines := []string{
		u.bold(spread(fmt.Sprintf("metaplast search · %s · run %s · seed %d", v.Name, v.ID, v.Seed), state+"  "+clock(now.Sub(v.Started)), width)),
		clip(u.budgetLine(v, now), width),
		clip(u.stateLine(v), width),
		"",
	}
	lines = append(lines, u.frontLines(v, width, max(height-9, 3))...)
	lines = append(lines, clip(u.curve(v, now), width))
	if u.notice != "" {
		lines = append(lines, clip(u.notice, width))
	} else if !v.ended {
		lines = append(lines, u.dim(clip("Ctrl-C stops safely", width)))
	}
	if len(lines) > height-1 {
		lines = lines[:height-1]
	}
	return lines
}

func (u *ui) budgetLine(v view, now time.Time) string {
	share := 0.0
	if v.Budget > 0 {
		share = min(float64(v.Evaluations)/float64(v.Budget), 1)
	}
	text := fmt.Sprintf("evaluations %s / %s %s %.0f %%", thousands(v.Evaluations), thousands(v.Budget), bar(share, 22), 100*share)
	if r := v.rate(now); r > 0 {
		text += fmt.Sprintf("   %.0f/s", r)
	}
	if v.Asked > 0 {
		text += fmt.Sprintf("   cached %.0f %%", 100*float64(v.Cached)/float64(v.Asked))
	}
	if eta, ok := v.eta(now); ok {
		text += "   ETA " + clock(eta)
	}
	return text
}

func (u *ui) stateLine(v view) string {
	var parts []string
	switch v.Phase {
	case outer.PhaseBaselines:
		parts = append(parts, "tuning the baselines")
	case outer.PhaseValidate:
		parts = append(parts, fmt.Sprintf("scoring the front on fresh seeds, %s trials to come", thousands(v.Pending)))
	default:
		parts = append(parts, strings.TrimSpace(v.Method+" "+v.Status))
	}
	if v.Unique > 0 {
		parts = append(parts, "distinct "+thousands(v.Unique))
	}
	if len(v.Failed) > 0 {
		parts = append(parts, "failed: "+strings.TrimPrefix(failures(v.Failed), ", "))
	}
	parts = append(parts, fmt.Sprintf("workers %d", v.Workers), "numerics "+briefly(v.Numerics))
	return strings.Join(parts, "   ")
}

// briefly cuts the digest of the arithmetic short, but not the mode before it.
func briefly(numerics string) string {
	n := strings.Index(numerics, "-") + 1 + 4
	return numerics[:min(n, len(numerics))] + "…"
}

// frontLines is the table: the front, its best end where there is no room for
// all, and the baselines.
func (u *ui) frontLines(v view, width, room int) []string {
	rows := v.Front
	if n := room - len(v.Baselines) - 1; len(rows) > n {
		rows = rows[len(rows)-max(n, 1):]
	}
	lines := []string{u.dim(clip(fmt.Sprintf("%5s  %-13s %6s   %s", "size", "score", "gain", "Δw ="), width))}
	for i, r := range rows {
		gain := "—"
		if i > 0 {
			gain = fixed(r.Score - rows[i-1].Score)
		}
		mark := "  "
		if r.Digest == v.Best.Digest {
			mark = "▸ "
		}
		text := fixed(r.Score)
		if r.N > 1 {
			text += " ±" + fixed(1.96*r.SE)
		}
		l := clip(fmt.Sprintf("%5d %s%s %s   %s", r.Complexity, mark, padRight(text, 13), padLeft(gain, 6), assignedBy(r.Rule)), width)
		if r.Digest == v.Best.Digest {
			l = u.bold(l)
		}
		lines = append(lines, l)
	}
	for _, b := range v.Baselines {
		tuned := ""
		if b.Param != "" {
			tuned = fmt.Sprintf("best at %s = %s", b.Param, short(b.Value))
		}
		text := fixed(b.Score)
		if b.N > 1 {
			text += " ±" + fixed(1.96*b.SE)
		}
		lines = append(lines, clip(fmt.Sprintf("%5s   %s %s   %s", "", padRight(text, 13), padLeft("", 6), strings.TrimSpace(b.Name+" "+tuned)), width))
	}
	return lines
}

// curve is the best score over time.
func (u *ui) curve(v view, now time.Time) string {
	if v.Best.Rule == nil {
		return ""
	}
	return fmt.Sprintf("score %s   last improvement %s ago", spark(v.History, 24), duration(now.Sub(v.BestAt)))
}

// spark draws values as blocks.
func spark(values []float64, width int) string {
	const blocks = "▁▂▃▄▅▆▇█"
	if len(values) == 0 {
		return ""
	}
	low, high := slices.Min(values), slices.Max(values)
	var b strings.Builder
	n := min(width, len(values))
	for i := range n {
		x := values[i*len(values)/n]
		if i == n-1 {
			x = values[len(values)-1]
		}
		k := 0
		if high > low {
			k = int(math.Round((x - low) / (high - low) * 7))
		}
		b.WriteRune([]rune(blocks)[k])
	}
	return b.String()
}

// bar draws a share of width.
func bar(share float64, width int) string {
	const parts = " ▏▎▍▌▋▊▉█"
	eighths := int(math.Round(share * float64(width) * 8))
	var b strings.Builder
	b.WriteString("▕")
	for i := range width {
		b.WriteRune([]rune(parts)[min(max(eighths-8*i, 0), 8)])
	}
	b.WriteString("▏")
	return b.String()
}

func (u *ui) bold(s string) string { return u.style("1", s) }
func (u *ui) dim(s string) string  { return u.style("2", s) }

func (u *ui) style(code, s string) string {
	if !u.color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// clip cuts a line at a width, counted in characters.
func clip(s string, width int) string {
	r := []rune(s)
	if len(r) <= width || width < 1 {
		return s
	}
	return string(r[:width-1]) + "…"
}

// spread writes left and right at the ends of a line.
func spread(left, right string, width int) string {
	gap := width - len([]rune(left)) - len([]rune(right))
	return clip(left+strings.Repeat(" ", max(gap, 2))+right, width)
}

func padRight(s string, width int) string {
	return s + strings.Repeat(" ", max(width-len([]rune(s)), 0))
}

func padLeft(s string, width int) string {
	return strings.Repeat(" ", max(width-len([]rune(s)), 0)) + s
}

// clock writes a duration as 00:02:37.
func clock(d time.Duration) string {
	s := int(d.Seconds())
	return fmt.Sprintf("%02d:%02d:%02d", s/3600, s/60%60, s%60)
}

// duration writes a duration for people: 14 s, 3 min 20 s, 2 h 5 min.
func duration(d time.Duration) string {
	s := d.Seconds()
	switch {
	case s < 10:
		return fmt.Sprintf("%.1f s", s)
	case s < 60:
		return fmt.Sprintf("%.0f s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", int(s)/60, int(s)%60)
	}
	return fmt.Sprintf("%d h %d min", int(s)/3600, int(s)/60%60)
}
