package main

import (
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/checkpoints"
	"github.com/metaplast/metaplast/internal/vec"
)

// version is that of the next release; a build of a tagged module says its
// own.
const version = "0.1.0-dev"

// versionInfo is what version --json prints.
type versionInfo struct {
	Type     string `json:"type"` // "result"
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	CPU      string `json:"cpu"` // the kernels in use: portable, avx2, …
	Numerics string `json:"numerics"`
	Format   int    `json:"run_format"`
}

// release is the version of a tagged module, not of a commit in between.
var release = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[a-z]+\.\d+)?$`)

func thisVersion() versionInfo {
	v := versionInfo{
		Type: "result", Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		CPU: vec.CPU(), Numerics: numerics(), Format: checkpoints.Format,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if m := info.Main.Version; release.MatchString(m) {
		v.Version = m
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			v.Revision = s.Value[:12]
		}
	}
	return v
}

func (a *app) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print version, platform and the digest of the arithmetic",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := thisVersion()
			if asJSON {
				return jsonLine(a.stdout, v)
			}
			revision := ""
			if v.Revision != "" {
				revision = " (" + v.Revision + ")"
			}
			_, err := fmt.Fprintf(a.stdout, "metaplast %s%s\n%s %s, kernels %s\nnumerics %s\nrun format %d\n",
				v.Version, revision, v.Go, v.Platform, v.CPU, v.Numerics, v.Format)
			return err
		},
	}
	addJSON(cmd, &asJSON)
	return cmd
}
