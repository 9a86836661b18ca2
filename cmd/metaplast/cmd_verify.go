package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/checkpoints"
)

// verifyOptions are the options of the verb verify.
type verifyOptions struct {
	runs   string
	repair bool
	json   bool
}

// verifyJSON is the last line of verify --json.
type verifyJSON struct {
	Type     string   `json:"type"` // "result"
	Run      string   `json:"run"`
	OK       bool     `json:"ok"`
	Records  int      `json:"records"`
	Lost     int      `json:"lost"`
	Torn     int64    `json:"torn_bytes"`
	Files    int      `json:"files"`
	Problems []string `json:"problems"`
	Moved    []string `json:"moved,omitempty"`
	Restored []string `json:"restored,omitempty"`
}

func (a *app) verifyCommand() *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify RUN",
		Short: "Check journal, digests and files of a run; --repair keeps every intact record",
		Long: `Check every byte of a run: the journal's checksums and numbering, manifest,
configs, front and rule files. Nothing is changed, unless --repair is given:
then every intact record stays, damaged files are kept beside under a new name,
and what can be restored from the journal is.

Exit code 0: all is as it was written (or is again). 5: it is not.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.verify(args[0], o) },
	}
	addRuns(cmd, &o.runs)
	cmd.Flags().BoolVar(&o.repair, "repair", false, "mend what is damaged")
	addJSON(cmd, &o.json)
	return cmd
}

func (a *app) verify(ref string, o verifyOptions) error {
	dir, err := checkpoints.Find(o.runs, ref)
	if err != nil {
		return err
	}
	rep, err := checkpoints.Verify(dir)
	if err != nil {
		return err
	}
	found := rep
	if o.repair {
		if rep, err = checkpoints.Repair(dir); err != nil {
			return err
		}
	}
	if o.json {
		j := verifyJSON{
			Type: "result", Run: dir, OK: found.OK(), Records: rep.Records, Lost: found.Lost, Torn: found.Torn,
			Files: rep.Files, Problems: []string{}, Moved: rep.Moved, Restored: rep.Restored,
		}
		for _, p := range found.Problems {
			j.Problems = append(j.Problems, p.Place()+": "+p.Why)
		}
		if err := jsonLine(a.stdout, j); err != nil {
			return err
		}
	} else {
		a.printReport(found, rep, o.repair)
	}
	if !found.OK() && !o.repair {
		return found.Problems[0]
	}
	return nil
}

func (a *app) printReport(found, rep *checkpoints.Report, repair bool) {
	for _, p := range found.Problems {
		fmt.Fprintf(a.stdout, "%s: %s\n", p.Place(), p.Why)
	}
	if found.Torn > 0 {
		fmt.Fprintf(a.stdout, "%s: the last record was cut off while it was written (%d bytes); it will be done again\n", rep.Dir, found.Torn)
	}
	for _, f := range rep.Moved {
		fmt.Fprintf(a.stdout, "kept as %s\n", f)
	}
	for _, f := range rep.Restored {
		fmt.Fprintf(a.stdout, "restored %s\n", f)
	}
	switch {
	case found.OK():
		fmt.Fprintf(a.stdout, "%s: %s records in %d segments and %d files are intact\n", rep.Dir, thousands(rep.Records), rep.Segments, rep.Files)
	case repair:
		fmt.Fprintf(a.stdout, "%s: repaired: %s intact records kept, %d lost; metaplast resume %s does again what is missing\n",
			rep.Dir, thousands(rep.Records), found.Lost, rep.Dir)
	}
}
