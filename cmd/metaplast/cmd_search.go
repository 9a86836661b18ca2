package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/metaplast/metaplast/checkpoints"
	"github.com/metaplast/metaplast/outer"
)

// searchOptions are the options of the verb search.
type searchOptions struct {
	runs        string
	name        string
	seed        uint64
	workers     string
	set         []string
	evaluations int
	data        string
	fresh       bool
	ui          string
}

func (a *app) searchCommand() *cobra.Command {
	var o searchOptions
	cmd := &cobra.Command{
		Use:   "search CONFIG",
		Short: "Run a search; continues it if the run exists and the config is the same",
		Long: `Run the search that a config describes. Everything found is kept in a run
directory as it is found: stop it with Ctrl-C, kill it, unplug the machine, and
the same command goes on where it was. Same config and seed give the same
result, whatever the number of workers.

Settings come, in this order, from flags, --set, METAPLAST_… variables, the
file, and defaults; metaplast check shows which came from where.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.search(cmd, args[0], o) },
	}
	flags := cmd.Flags()
	addRuns(cmd, &o.runs)
	flags.StringVar(&o.name, "name", "", "name of the run `S`")
	flags.Uint64Var(&o.seed, "seed", 0, "seed of all randomness `N`")
	flags.StringVar(&o.workers, "workers", "", "trials at a time `N`, or auto")
	flags.StringArrayVar(&o.set, "set", nil, "change a setting, `path=value`, such as search.rungs[0].steps=0.2")
	flags.IntVar(&o.evaluations, "evaluations", 0, "rules to try at most `N`")
	flags.BoolVar(&o.fresh, "fresh", false, "begin a new run even if one of this config exists")
	addData(cmd, &o.data)
	addUI(cmd, &o.ui)
	return cmd
}

// overrides are the settings given on the command line, --set first.
func (o *searchOptions) overrides(cmd *cobra.Command) ([]override, error) {
	var out []override
	for _, s := range o.set {
		v, err := parseSet(s)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	for _, f := range []struct {
		flag, path string
		value      any
	}{
		{"name", "name", o.name}, {"seed", "seed", o.seed}, {"workers", "workers", yamlScalar(o.workers)},
		{"evaluations", "budget.evaluations", o.evaluations}, {"data", "data", o.data},
	} {
		if flag := cmd.Flags().Lookup(f.flag); flag != nil && flag.Changed {
			out = append(out, override{f.path, f.value, origin{fromFlag, "--" + f.flag}})
		}
	}
	return out, nil
}

// yamlScalar is a word or a number.
func yamlScalar(text string) any {
	if v, err := parseValue(text); err == nil {
		return v
	}
	return text
}

func (a *app) search(cmd *cobra.Command, file string, o searchOptions) error {
	over, err := o.overrides(cmd)
	if err != nil {
		return err
	}
	ui, err := a.newUI(o.ui)
	if err != nil {
		return err
	}
	s, err := loadSearch(file, over, source)
	if err != nil {
		return err
	}
	run, created, err := a.openRun(s, file, o)
	if err != nil {
		return err
	}
	if !created {
		ui.note("continuing run %s", run.Dir())
		budget, err := extendedBudget(run)
		if err != nil {
			run.Close()
			return err
		}
		if budget > 0 {
			s.plan.Evaluations = budget
			ui.note("  its budget was set to %s evaluations", thousands(budget))
		}
	}
	return a.runSearch(cmd.Context(), run, s, ui)
}

// openRun continues the run of a config or creates it.
func (a *app) openRun(s *search, file string, o searchOptions) (run *checkpoints.Run, created bool, err error) {
	digest := s.digest()
	m := checkpoints.Manifest{
		Program: thisVersion().Version, Name: s.config.Name, Seed: s.config.Seed, Numerics: numerics(), Config: digest,
		Created: time.Now().UTC().Truncate(time.Millisecond),
	}
	for n := 0; ; n++ {
		m.ID = checkpoints.NewID(digest, s.config.Seed, n)
		dir := filepath.Join(o.runs, m.DirName())
		existing, err := checkpoints.ReadManifest(dir)
		switch {
		case is[*checkpoints.ErrNotFound](err):
			files, err := configFiles(s, file)
			if err != nil {
				return nil, false, err
			}
			run, err := checkpoints.Create(dir, m, files)
			if errors.Is(err, fs.ErrExist) { // another process was faster
				run, err = checkpoints.Open(dir, m.Numerics)
			}
			return run, true, err
		case o.fresh && (err == nil || is[*checkpoints.ErrDamaged](err) || is[*checkpoints.ErrIncompatible](err)):
			continue
		case err != nil:
			return nil, false, err
		case existing.Config != digest:
			return nil, false, &checkpoints.ErrIncompatible{Dir: dir, Why: "it belongs to another config; begin a new run with --fresh"}
		}
		run, err := checkpoints.Open(dir, m.Numerics)
		return run, false, err
	}
}

// configFiles are the configs as a run keeps them.
func configFiles(s *search, file string) (map[string][]byte, error) {
	given, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read config: %w", err)
	}
	if strings.EqualFold(filepath.Ext(file), ".toml") { // the run's config is YAML
		if given, err = yaml.Marshal(s.settings.tree); err != nil {
			return nil, fmt.Errorf("config %s: %w", file, err)
		}
	}
	c := s.config
	return map[string][]byte{checkpoints.ConfigName: given, checkpoints.ResolvedName: c.encode(nil)}, nil
}

// kindBudget is the kind of the journal records that say how far a run was
// extended.
const kindBudget = "budget"

type budgetRecord struct {
	Evaluations int `json:"evaluations"`
}

// runSearch runs the search of an open run to its end, or to that of the
// user's patience, and closes the run.
func (a *app) runSearch(ctx context.Context, run *checkpoints.Run, s *search, ui *ui) (err error) {
	defer func() {
		if cerr := run.Close(); err == nil {
			err = cerr
		}
	}()
	journal, err := outer.NewJournal(run)
	if err != nil {
		return err
	}
	log, closeLog, err := openLog(run.Dir())
	if err != nil {
		return err
	}
	defer closeLog()
	if n := run.Cut(); n > 0 {
		ui.note("the last record was cut off when the run was interrupted (%d bytes); it is done again", n)
	}
	stop := make(chan struct{})
	s.plan.Stop = stop
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer a.stopOnSignal(stop, cancel, ui)()

	m := run.Manifest()
	w := newWatcher(run, m, s, ui, log, journal.Len())
	log.start(m, s, journal.Len())
	w.begin()
	report, err := outer.Run(ctx, s.plan, journal, w)
	w.end()
	if err != nil {
		if werr := run.Err(); werr != nil {
			err = werr // in its own words, not as part of what the search was doing
		}
		log.fail(err)
		return err
	}
	if err := w.publish(report); err != nil {
		return err
	}
	log.end(report)
	return a.printEnd(run, s, report, w, ui)
}

// stopOnSignal turns the first Ctrl-C into a wish to stop and the second into
// an order; a third is left to the system. It returns what undoes it.
func (a *app) stopOnSignal(stop chan<- struct{}, cancel func(), ui *ui) func() {
	signals, release := a.interrupts()
	done := make(chan struct{})
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for n := 1; ; n++ {
			select {
			case <-done:
				return
			case <-signals:
			}
			switch n {
			case 1:
				ui.say("stopping: trials in flight are finished and kept; Ctrl-C again to stop at once")
				close(stop)
			case 2:
				cancel()
				release()
			}
		}
	}()
	return func() {
		close(done)
		<-finished
		release()
	}
}

// printEnd says what came of a search.
func (a *app) printEnd(run *checkpoints.Run, s *search, r *outer.Report, w *watcher, ui *ui) error {
	out := toOutcome(run.Dir(), r)
	seconds := num(w.elapsed().Seconds())
	out.Seconds = &seconds
	if ui.mode == "json" {
		return jsonLine(a.stdout, out)
	}
	if r.Reason == outer.Stopped {
		fmt.Fprintf(a.stdout, "stopped safely after %s evaluations; everything found is in %s\n", thousands(r.Evaluations), run.Dir())
		if len(out.Front) > 0 {
			fmt.Fprintln(a.stdout, "\nfront so far, by the scores of the search")
			if err := printFront(a.stdout, out.Front, nil); err != nil {
				return err
			}
		}
		fmt.Fprintf(a.stdout, "\ngo on with  metaplast resume %s\n", run.Dir())
		return nil
	}
	fmt.Fprintf(a.stdout, "%s · run %s · seed %d · %s\n", s.config.Name, run.Manifest().ID, s.config.Seed, state(out, true))
	fmt.Fprintf(a.stdout, "%s trials in %s%s\n\n", thousands(r.Trials), duration(w.elapsed()), failures(r.Failed))
	if len(out.Front) == 0 {
		fmt.Fprintf(a.stdout, "no rule ended a trial well; %s/log.jsonl says why\n", run.Dir())
		return nil
	}
	if err := printFront(a.stdout, out.Front, out.Baselines); err != nil {
		return err
	}
	if err := a.printPick(run.Dir(), out); err != nil {
		return err
	}
	if out.Certificate != nil {
		if err := printCertificate(a.stdout, out.Certificate); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.stdout, "\nrun        %s\nnext\n", run.Dir())
	for _, line := range nextCommands(run.Dir(), s, out) {
		fmt.Fprintln(a.stdout, "  "+line)
	}
	return nil
}

// nextCommands are three things to do with a result.
func nextCommands(dir string, s *search, out outcome) []string {
	rule := fmt.Sprintf("%s:%d", dir, out.Pick)
	data := ""
	if s.config.Data != "" {
		data = " --data " + s.config.Data
	}
	lines := []string{
		"metaplast inspect " + rule,
		fmt.Sprintf("metaplast test %s --seeds 20%s", rule, data),
		fmt.Sprintf("metaplast train --rule %s --task %s%s", rule, otherTask(s), data),
	}
	return lines
}

// otherTask is a task that the rule has not seen, of the kind that it knows.
func otherTask(s *search) string {
	var seen []string
	for _, t := range append(s.config.Task, s.config.HeldOut...) {
		seen = append(seen, t.Name)
	}
	switch info := s.plan.Tasks[0].Task.Info(); {
	case slices.Contains(seen, "pca"):
		return "pca:dims=16"
	case slices.Contains(seen, "fashion-mnist"):
		return "mnist"
	case info.Kind.String() == "classification" && !slices.Contains(seen, "mnist1d"):
		return "mnist1d"
	case info.Kind.String() == "classification":
		return "glyphs"
	case slices.Contains(seen, "regression"):
		return "regression:dims=16"
	}
	return "regression"
}

func failures(counts []outer.Count) string {
	text := ""
	for _, c := range counts {
		text += fmt.Sprintf(", %s %s", thousands(c.N), c.Status)
	}
	return text
}
