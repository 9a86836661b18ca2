package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"metaplast": main})
}

// The scripts of testdata/script are sessions with the command as users have
// them, exit codes and messages included.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_COLOR", "1")
			env.Setenv("GOMAXPROCS", "2")
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond == "mount" {
				return os.Getuid() == 0 && canMount(t), nil
			}
			return false, fmt.Errorf("unknown condition %s", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit":     exitCommand,
			"flip":     flipCommand,
			"chop":     chopCommand,
			"parens":   parensCommand,
			"tmpfs":    tmpfsCommand,
			"readonly": readonlyCommand,
			"fill":     fillCommand,
			"await":    awaitCommand,
			"rundir":   rundirCommand,
		},
	})
}

// exit CODE ARGS… runs metaplast and demands an exit code; stdout and stderr
// can be examined afterwards.
func exitCommand(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("metaplast", args[1:]...)
	got := 0
	if e, ok := err.(*exec.ExitError); ok {
		got = e.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("metaplast %s ended with %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// flip FILE OFFSET changes a bit of a byte.
func flipCommand(ts *testscript.TestScript, _ bool, args []string) {
	data := []byte(ts.ReadFile(args[0]))
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	data[at] ^= 4
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o644))
}

// chop FILE N takes the last N bytes off.
func chopCommand(ts *testscript.TestScript, _ bool, args []string) {
	data := ts.ReadFile(args[0])
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(data[:len(data)-n]), 0o644))
}

// parens FILE N writes a rule within N parentheses.
func parensCommand(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	text := strings.Repeat("(", n) + "pre" + strings.Repeat(")", n)
	if strings.HasSuffix(args[0], ".rule.yaml") {
		text = "format: 1\ndw: " + text + "\n"
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// await PATTERN TEXT waits until a file that matches holds the text.
func awaitCommand(ts *testscript.TestScript, _ bool, args []string) {
	for range 600 {
		files, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		for _, f := range files {
			if data, err := os.ReadFile(f); err == nil && bytes.Contains(data, []byte(args[1])) {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("no %s with %q within 30 s", args[0], args[1])
}

// rundir VAR DIR sets a variable to the only run in DIR.
func rundirCommand(ts *testscript.TestScript, _ bool, args []string) {
	runs, err := filepath.Glob(filepath.Join(ts.MkAbs(args[1]), "*", "manifest.json"))
	ts.Check(err)
	if len(runs) != 1 {
		ts.Fatalf("%d runs in %s", len(runs), args[1])
	}
	rel, err := filepath.Rel(ts.MkAbs("."), filepath.Dir(runs[0]))
	ts.Check(err)
	ts.Setenv(args[0], rel)
}

// call runs the command within the test.
func call(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// What people see first does not change by accident.
func TestHelp(t *testing.T) {
	t.Setenv("METAPLAST_RUNS", "")
	topics := []string{"", "search", "resume", "inspect", "train", "test", "identify", "list", "check", "verify", "export", "bench", "version",
		"config", "rules", "networks", "runs", "environment", "exit-codes"}
	for _, topic := range topics {
		args := []string{"help"}
		file := "metaplast"
		if topic != "" {
			args, file = append(args, topic), topic
		}
		code, stdout, stderr := call(t, args...)
		if code != exitOK || stderr != "" {
			t.Errorf("help %s: %d, %s", topic, code, stderr)
		}
		golden(t, filepath.Join("testdata", "help", file+".txt"), stdout)
	}
}

// Every run builds its command anew, so that runs cannot disturb each other.
func TestRunsAreIndependent(t *testing.T) {
	done := make(chan string)
	for range 4 {
		go func() {
			_, stdout, _ := call(t, "list", "signals", "--json")
			done <- stdout
		}()
	}
	first := <-done
	for range 3 {
		if again := <-done; again != first {
			t.Error("two runs of one command differ")
		}
	}
	if code, stdout, _ := call(t, "list", "signals"); code != 0 || strings.HasPrefix(stdout, "{") {
		t.Error("a flag of another run is still set")
	}
}

// Digests stand in manifests: a run goes on only where its own arithmetic is.
// Kernels may become faster, not different.
func TestNumericsAreFixed(t *testing.T) {
	if got, want := numerics(), "9efe875387d333bf"; got != want {
		t.Errorf("the arithmetic has changed: %s, was %s", got, want)
	}
}
