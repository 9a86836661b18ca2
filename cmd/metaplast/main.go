package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/metaplast/metaplast/internal/vec"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program without the process around it. It returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, interrupts: interrupts}
	return a.run(ctx, args)
}

// app is what all verbs share: where they read from and write to.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	// interrupts returns a channel of requests to stop, and what ends them.
	interrupts func() (<-chan os.Signal, func())

	started bool // a verb has begun; mistakes before are mistakes of usage
}

func interrupts() (<-chan os.Signal, func()) {
	c := make(chan os.Signal, 4)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	return c, func() { signal.Stop(c) }
}

func (a *app) run(ctx context.Context, args []string) int {
	cmd := a.command()
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if !a.started && exitCode(err) == exitFailure {
		err = &usageError{err}
	}
	text := strings.TrimRight(err.Error(), "\n")
	if is[*usageError](err) {
		text = "metaplast: " + text + " (metaplast help shows how it goes)"
	}
	fmt.Fprintln(a.stderr, text)
	return exitCode(err)
}

// command builds the command line anew, so that no state outlives a run.
func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "metaplast",
		Short: "Search for plasticity rules, read them as equations, train networks with them",
		Long: `metaplast searches for plasticity rules: equations that say how a synapse
changes. Write a small config, get the best rule of every complexity, compare
them with the rules people know, and train other networks with them.

    metaplast search examples/quickstart.yaml
    metaplast inspect @last
    metaplast train --task mnist --rule @last

A RUN is a directory, the beginning of an id, or @last. A RULE is a rule file,
RUN:N (row N of a front), the name of a classic rule such as oja, or text such
as 'dw: lr*pre*post'.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          unknownVerb,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%s: %v.%s", cmd.CommandPath(), err, suggestFlag(cmd, err))
	})
	root.AddCommand(
		a.searchCommand(), a.resumeCommand(), a.inspectCommand(), a.trainCommand(), a.testCommand(), a.rediscoverCommand(), a.identifyCommand(),
		a.listCommand(), a.checkCommand(), a.verifyCommand(), a.exportCommand(), a.benchCommand(), a.versionCommand(),
	)
	root.AddCommand(helpTopics()...)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		a.guard(c)
	}
	return root
}

// unknownVerb refuses a first word that is no verb.
func unknownVerb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var verbs []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			verbs = append(verbs, c.Name())
		}
	}
	return usagef("%q is not a verb.%s Verbs are %s", args[0], suggest(args[0], verbs), strings.Join(verbs, ", "))
}

// guard notes when a verb begins: what cobra refuses before is a mistake of
// usage, what the verb itself returns says what it is.
func (a *app) guard(c *cobra.Command) {
	if verb := c.RunE; verb != nil {
		c.RunE = func(cmd *cobra.Command, args []string) error {
			for _, err := range []error{vec.CPUError(), vec.NumericsError()} {
				if err != nil {
					return &usageError{err}
				}
			}
			a.started = true
			return verb(cmd, args)
		}
	}
	for _, sub := range c.Commands() {
		a.guard(sub)
	}
}

// suggestFlag finds the flag that an unknown one was meant to be.
func suggestFlag(cmd *cobra.Command, err error) string {
	_, name, ok := strings.Cut(err.Error(), "unknown flag: --")
	if !ok {
		return ""
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	if s := suggest(name, known); s != "" {
		return strings.Replace(s, "Did you mean ", "Did you mean --", 1)
	}
	return ""
}

// interruptible is a context that the first Ctrl-C cancels, for verbs that
// have nothing to save.
func (a *app) interruptible(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals, stop := a.interrupts()
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
			cancel()
		case <-done:
		}
	}()
	return ctx, func() {
		stop()
		close(done)
		cancel()
	}
}

// errInterrupted ends a verb that the user interrupted and that cannot be
// resumed.
var errInterrupted = errors.New("interrupted")
