package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metaplast/metaplast/checkpoints"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/render"
)

// exportOptions are the options of the verb export.
type exportOptions struct {
	runs   string
	out    string
	format string
	params []string
}

func (a *app) exportCommand() *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export RULE -o FILE",
		Short: "Write a rule as text, LaTeX, NumPy, PyTorch, Go or a rule file",
		Long: `Write a rule in another language. The format follows the ending of the file:
.txt text, .tex latex, .py numpy (torch with --format torch), .go go,
.yaml a rule file. -o - writes to the terminal.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.export(args[0], o) },
	}
	addRuns(cmd, &o.runs)
	cmd.Flags().StringVarP(&o.out, "output", "o", "", "`FILE` to write, - for the terminal")
	cmd.Flags().StringVar(&o.format, "format", "", "one of "+strings.Join(exportFormats(), ", "))
	cmd.Flags().StringArrayVar(&o.params, "param", nil, "set a parameter, `name=value`")
	if err := cmd.MarkFlagRequired("output"); err != nil {
		panic(err) // the flag is there
	}
	return cmd
}

// exportFormats are the renderers and the rule file itself.
func exportFormats() []string { return append(render.Formats(), "yaml") }

func (a *app) export(ref string, o exportOptions) error {
	format, err := exportFormat(o.format, o.out)
	if err != nil {
		return err
	}
	params, err := parseParams(o.params)
	if err != nil {
		return err
	}
	r, err := resolveRule(ref, o.runs, params)
	if err != nil {
		return err
	}
	text, err := renderRule(r.rule, format)
	if err != nil {
		return err
	}
	if o.out == "-" {
		_, err := fmt.Fprint(a.stdout, text)
		return err
	}
	if dir := filepath.Dir(o.out); !isDir(dir) {
		return fmt.Errorf("cannot write %s: there is no directory %s", o.out, dir)
	}
	if err := checkpoints.WriteFileAtomic(o.out, []byte(text)); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "wrote %s (%s)\n", o.out, format)
	return nil
}

func exportFormat(format, file string) (string, error) {
	if format != "" {
		if !slices.Contains(exportFormats(), format) {
			return "", usagef("--format %s is not a format.%s Formats are %s", format, suggest(format, exportFormats()), strings.Join(exportFormats(), ", "))
		}
		return format, nil
	}
	switch ext := strings.ToLower(filepath.Ext(file)); ext {
	case ".txt":
		return "text", nil
	case ".tex":
		return "latex", nil
	case ".py":
		return "numpy", nil
	case ".go":
		return "go", nil
	case ".yaml", ".yml":
		return "yaml", nil
	default:
		if file == "-" {
			return "text", nil
		}
		return "", usagef("the ending %q says nothing about the format; use .txt, .tex, .py, .go or .yaml, or give --format", ext)
	}
}

// renderRule writes a rule in a format of exportFormats.
func renderRule(r *rulespace.Rule, format string) (string, error) {
	if format == "yaml" {
		data, err := r.Encode()
		if err != nil {
			return "", invalidf("%w", err)
		}
		return string(data), nil
	}
	text, err := render.Render(r, format)
	if err != nil {
		return "", invalidf("%w", err)
	}
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text, nil
}
