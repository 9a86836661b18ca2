package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/checkpoints"
)

// resumeOptions are the options of the verb resume.
type resumeOptions struct {
	runs        string
	evaluations int
	workers     string
	data        string
	ui          string
}

func (a *app) resumeCommand() *cobra.Command {
	var o resumeOptions
	cmd := &cobra.Command{
		Use:   "resume RUN",
		Short: "Continue a run, or extend its budget",
		Long: `Continue a run that was stopped or killed, from its own config: nothing that was
finished is done again, and the result is the same as if it had never stopped.
With --evaluations a run that has ended goes further. What differs from the run
as it was is printed before it starts.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.resume(cmd, args[0], o) },
	}
	addRuns(cmd, &o.runs)
	cmd.Flags().IntVar(&o.evaluations, "evaluations", 0, "rules to try at most `N`, in all")
	cmd.Flags().StringVar(&o.workers, "workers", "", "trials at a time `N`, or auto")
	addData(cmd, &o.data)
	addUI(cmd, &o.ui)
	return cmd
}

func (a *app) resume(cmd *cobra.Command, ref string, o resumeOptions) error {
	if o.evaluations < 0 {
		return usagef("--evaluations %d: it cannot be negative", o.evaluations)
	}
	ui, err := a.newUI(o.ui)
	if err != nil {
		return err
	}
	dir, err := checkpoints.Find(o.runs, ref)
	if err != nil {
		return err
	}
	run, err := checkpoints.Open(dir, numerics())
	if err != nil {
		return err
	}
	s, changes, err := resumed(run, o, cmd)
	if err != nil {
		run.Close()
		return err
	}
	ui.note("resuming run %s", dir)
	for _, c := range changes {
		ui.note("  %s", c)
	}
	return a.runSearch(cmd.Context(), run, s, ui)
}

// resumed rebuilds the search of a run and says what differs now.
func resumed(run *checkpoints.Run, o resumeOptions, cmd *cobra.Command) (*search, []string, error) {
	m := run.Manifest()
	file := filepath.Join(run.Dir(), checkpoints.ResolvedName)
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, fmt.Errorf("read run %s: %w", run.Dir(), err)
	}
	var over []override
	if cmd.Flags().Changed("workers") {
		over = append(over, override{"workers", yamlScalar(o.workers), origin{fromFlag, "--workers"}})
	}
	if o.data != "" {
		over = append(over, override{"data", o.data, origin{fromFlag, "--data"}})
	}
	settings, err := mergeSettings(file, data, scalarPaths(reflect.TypeFor[Config](), ""), nil, over)
	if err != nil {
		return nil, nil, err
	}
	s, err := resolve(settings, source)
	if err != nil {
		return nil, nil, err
	}
	if s.digest() != m.Config {
		return nil, nil, &checkpoints.ErrIncompatible{Dir: run.Dir(), Why: fmt.Sprintf(
			"this program (%s) reads its config otherwise than the one that made it (%s); start a new run from %s",
			thisVersion().Version, m.Program, filepath.Join(run.Dir(), checkpoints.ConfigName))}
	}
	var changes []string
	if v := thisVersion().Version; v != m.Program {
		changes = append(changes, fmt.Sprintf("program %s, was %s", v, m.Program))
	}
	budget, err := extendedBudget(run)
	if err != nil {
		return nil, nil, err
	}
	set(&budget, s.plan.Evaluations)
	if o.evaluations > 0 && o.evaluations != budget {
		changes = append(changes, fmt.Sprintf("evaluations %s, was %s", thousands(o.evaluations), thousands(budget)))
		if err := run.Append(kindBudget, "", budgetRecord{o.evaluations}); err != nil {
			return nil, nil, err
		}
		budget = o.evaluations
	}
	s.plan.Evaluations = budget
	return s, changes, nil
}

// extendedBudget is the budget that a resume gave the run, 0 if none did.
func extendedBudget(run *checkpoints.Run) (int, error) {
	var b budgetRecord
	err := run.Replay(func(r checkpoints.Record) error {
		if r.Kind != kindBudget {
			return nil
		}
		dec := json.NewDecoder(bytes.NewReader(r.Data))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&b); err != nil {
			return fmt.Errorf("run %s: journal record %d holds no budget: %w", run.Dir(), r.Seq, err)
		}
		return nil
	})
	return b.Evaluations, err
}
