package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/tasks"
)

// addRuns adds the flag for the directory of runs.
func addRuns(cmd *cobra.Command, dir *string) {
	standard := os.Getenv("METAPLAST_RUNS")
	if standard == "" {
		standard = "runs"
	}
	cmd.Flags().StringVar(dir, "out", standard, "directory of runs `DIR`")
}

// addData adds the flag for the directory of data sets.
func addData(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "data", "", "directory of data sets `DIR`, looked at before METAPLAST_DATA, ./data and the user's cache")
}

func source(dir string) tasks.Source { return tasks.DefaultSource(dir, os.Getenv("METAPLAST_DATA")) }

func addJSON(cmd *cobra.Command, on *bool) {
	cmd.Flags().BoolVar(on, "json", false, "print one JSON object per line")
}
