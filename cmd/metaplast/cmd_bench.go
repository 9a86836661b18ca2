package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/cmd/metaplast/bench"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/outer"
)

// benchOptions are the options of the verb bench.
type benchOptions struct {
	peers, quick, json bool
	repetitions        int
	format, clock      string
}

func (a *app) benchCommand() *cobra.Command {
	var o benchOptions
	cmd := &cobra.Command{
		Use:   "bench [NAME]",
		Short: "Speed of kernels, rules, training and search on this machine",
		Long: `Measure how fast this machine computes: kernels, rules, training, search, all of
them by default, or the figures whose name contains NAME. Each is printed with
a limit of the machine, measured in turn with it; --peers adds NumPy, torch,
numexpr and numba, those of them that python3 has. All use one thread. Figures
are medians, with the range over the repetitions in brackets; ratios are ours
to theirs.

    metaplast bench kernels
    metaplast bench 'batch 64' --peers
    metaplast bench --peers --format markdown

By default times are those of the processor, which other programs disturb less
than those on the wall; --clock wall says how long one waits.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.bench(cmd.Context(), strings.Join(args, ""), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.peers, "peers", false, "run Python peers in turn with ours")
	flags.BoolVar(&o.quick, "quick", false, "few and short repetitions: does it work?")
	flags.IntVar(&o.repetitions, "repetitions", 0, "repetitions of each figure `N`; 15 by default, fewer where they take long")
	flags.StringVar(&o.format, "format", "text", "text or markdown")
	flags.StringVar(&o.clock, "clock", bench.Clock, "cpu or wall")
	addJSON(cmd, &o.json)
	cmd.AddCommand(a.benchLearnersCommand(), a.benchClaimsCommand(), a.benchMetaCommand())
	return cmd
}

func (a *app) bench(ctx context.Context, name string, o benchOptions) error {
	if o.repetitions < 0 {
		return usagef("--repetitions %d: it cannot be negative", o.repetitions)
	}
	for _, f := range []struct {
		flag, value string
		known       []string
	}{{"format", o.format, []string{"text", "markdown"}}, {"clock", o.clock, []string{"cpu", "wall"}}} {
		if !slices.Contains(f.known, f.value) {
			return usagef("--%s %s: want %s", f.flag, f.value, strings.Join(f.known, " or "))
		}
	}
	figures := bench.Figures(benchPlan, o.quick)
	known := len(figures)
	figures = slices.DeleteFunc(figures, func(f bench.Figure) bool {
		return name != f.Group && !strings.Contains(f.Name, name)
	})
	if len(figures) == 0 {
		return usagef("none of %d figures is called %q.%s Groups are %s",
			known, name, suggest(name, bench.Groups()), strings.Join(bench.Groups(), ", "))
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	begin := time.Now()
	options := bench.Options{Repetitions: o.repetitions, Quick: o.quick}
	var statuses []bench.Status
	if o.peers {
		var err error
		if options.Peers, statuses, err = bench.StartPeers(ctx); err != nil {
			return err
		}
		defer options.Peers.Close()
	}
	p := a.benchPrinter(o)
	if err := p.begin(statuses); err != nil {
		return err
	}
	for _, f := range figures {
		r, err := bench.Race(ctx, f, options)
		if ctx.Err() != nil {
			return errInterrupted
		}
		if err != nil {
			return err
		}
		if err := p.figure(r); err != nil {
			return err
		}
	}
	return p.end(statuses, len(figures), time.Since(begin))
}

// benchPlan is the plan of a search that is measured.
func benchPlan(config []byte, workers int) (outer.Plan, error) {
	s, err := mergeSettings("bench.yaml", config, nil, nil, nil)
	if err != nil {
		return outer.Plan{}, err
	}
	r, err := resolve(s, source)
	if err != nil {
		return outer.Plan{}, err
	}
	r.plan.Workers = workers
	return r.plan, nil
}

// benchPrinter prints figures as they come.
type benchPrinter interface {
	begin(peers []bench.Status) error
	figure(r *bench.Result) error
	end(peers []bench.Status, figures int, d time.Duration) error
}

func (a *app) benchPrinter(o benchOptions) benchPrinter {
	if o.json {
		return &benchJSON{a}
	}
	return &benchText{app: a, clock: o.clock, markdown: o.format == "markdown"}
}

// benchText prints tables for people.
type benchText struct {
	*app
	clock    string // cpu or wall
	markdown bool
	group    string
}

func (p *benchText) begin(peers []bench.Status) error {
	v := thisVersion()
	_, err := fmt.Fprintf(p.stdout, "metaplast %s, %s %s, kernels %s, numerics %s, clock %s%s\n", v.Version, v.Go, v.Platform, v.CPU, vec.Numerics(), p.clock, peerList(peers))
	return err
}

func peerList(peers []bench.Status) string {
	text := ""
	for _, s := range peers {
		if s.Found() {
			text += ", " + s.Name + " " + s.Version
		}
	}
	for _, s := range peers {
		if !s.Found() {
			text += ", no " + s.Name
		}
	}
	return text
}

// read returns the figure of an entrant and ours to it.
func (p *benchText) read(f bench.Figure, m bench.Measured) (value, ratio bench.Spread) {
	if f.ByWall || p.clock == "wall" {
		return m.Wall, m.WallRatio
	}
	return m.CPU, m.CPURatio
}

func (p *benchText) figure(r *bench.Result) error {
	own, _ := p.read(r.Figure, r.Entrants[0])
	value := fmt.Sprintf("%s %s", digits(own.Median), r.Figure.Unit)
	limit, others := "", []string(nil)
	for _, m := range r.Entrants[1:] {
		theirs, ratio := p.read(r.Figure, m)
		switch {
		case m.Kind == bench.Limit:
			limit = fmt.Sprintf("%.0f %% [%.0f–%.0f] of %s %s", 100*ratio.Median, 100*ratio.Low, 100*ratio.High, digits(theirs.Median), m.Name)
		case r.Figure.Cost:
			others = append(others, fmt.Sprintf("%s %% [%s–%s] of the %s", digits(100*ratio.Median), digits(100*ratio.Low), digits(100*ratio.High), m.Name))
		default:
			others = append(others, fmt.Sprintf("%s× [%s–%s] %s", digits(ratio.Median), digits(ratio.Low), digits(ratio.High), m.Name))
		}
		if r.Figure.ByWall && p.clock != "wall" {
			others = append(others, fmt.Sprintf("%s× by CPU time", digits(m.CPURatio.Median)))
		}
	}
	against := strings.Join(others, ", ")
	spread := fmt.Sprintf("[%s–%s]", digits(own.Low), digits(own.High))
	group := r.Figure.Group != p.group
	p.group = r.Figure.Group
	var err error
	if p.markdown {
		if group {
			fmt.Fprintf(p.stdout, "\n| %s | median [range] | of the limit | ours to others |\n|---|---|---|---|\n", p.group)
		}
		_, err = fmt.Fprintf(p.stdout, "| %s | %s %s | %s | %s |\n", r.Figure.Name, value, spread, limit, against)
		return err
	}
	if group {
		fmt.Fprintf(p.stdout, "\n%s\n", p.group)
	}
	line := fmt.Sprintf("  %-42s %18s %-16s  %-38s  %s", r.Figure.Name, value, spread, limit, against)
	_, err = fmt.Fprintln(p.stdout, strings.TrimRight(line, " "))
	return err
}

func (p *benchText) end([]bench.Status, int, time.Duration) error { return nil }

// digits writes a number with three significant digits and without an
// exponent.
func digits(v float64) string {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return "—"
	}
	decimals := max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if v >= 10000 {
		return thousands(int(v))
	}
	return text
}

// benchJSON prints one object per figure.
type benchJSON struct{ *app }

type spreadJSON struct {
	Median num `json:"median"`
	Low    num `json:"low"`
	High   num `json:"high"`
}

func toSpread(s bench.Spread) spreadJSON { return spreadJSON{num(s.Median), num(s.Low), num(s.High)} }

// figureJSON is a line of bench --json. Values are by the clock of the
// processor, wall by that on the wall.
type figureJSON struct {
	Type        string         `json:"type"` // "figure"
	Group       string         `json:"group"`
	Name        string         `json:"name"`
	Unit        string         `json:"unit"`
	Repetitions int            `json:"repetitions"`
	Value       spreadJSON     `json:"value"`
	Wall        spreadJSON     `json:"wall"`
	Limit       *againstJSON   `json:"limit,omitempty"`
	Against     []*againstJSON `json:"against"`
}

// againstJSON is what a figure is compared with; ratios are the figure's to
// this.
type againstJSON struct {
	Name      string     `json:"name"`
	Kind      bench.Kind `json:"kind"`
	Value     spreadJSON `json:"value"`
	Ratio     spreadJSON `json:"ratio"`
	Wall      spreadJSON `json:"wall"`
	WallRatio spreadJSON `json:"wall_ratio"`
}

// benchEndJSON is the last line of bench --json.
type benchEndJSON struct {
	Type     string     `json:"type"`     // "result"
	CPU      string     `json:"cpu"`      // the kernels in use
	Numerics string     `json:"numerics"` // strict or fast
	Clock    string     `json:"clock"`
	Cores    int        `json:"cores"`
	Figures  int        `json:"figures"`
	Peers    []peerJSON `json:"peers"`
	Seconds  num        `json:"seconds"`
}

type peerJSON struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Missing string `json:"missing,omitempty"` // why
}

func (p *benchJSON) begin([]bench.Status) error { return nil }

func (p *benchJSON) figure(r *bench.Result) error {
	own := r.Entrants[0]
	out := figureJSON{
		Type: "figure", Group: r.Figure.Group, Name: r.Figure.Name, Unit: r.Figure.Unit, Repetitions: r.Repetitions,
		Value: toSpread(own.CPU), Wall: toSpread(own.Wall), Against: []*againstJSON{},
	}
	for _, m := range r.Entrants[1:] {
		v := &againstJSON{
			Name: m.Name, Kind: m.Kind, Value: toSpread(m.CPU), Ratio: toSpread(m.CPURatio),
			Wall: toSpread(m.Wall), WallRatio: toSpread(m.WallRatio),
		}
		if m.Kind == bench.Limit {
			out.Limit = v
		} else {
			out.Against = append(out.Against, v)
		}
	}
	return jsonLine(p.stdout, out)
}

func (p *benchJSON) end(peers []bench.Status, figures int, d time.Duration) error {
	out := benchEndJSON{
		Type: "result", CPU: vec.CPU(), Numerics: vec.Numerics(), Clock: bench.Clock, Cores: runtime.NumCPU(), Figures: figures,
		Peers: []peerJSON{}, Seconds: num(d.Seconds()),
	}
	for _, s := range peers {
		out.Peers = append(out.Peers, peerJSON{s.Name, s.Version, s.Why})
	}
	return jsonLine(p.stdout, out)
}
