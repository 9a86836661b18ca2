package bench

import (
	"bufio"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// PeerNames are the Python modules that metaplast is compared with.
func PeerNames() []string { return []string{"numpy", "torch", "numexpr", "numba"} }

// scripts are what the peers run; peer.py says how they are spoken to.
//
//go:embed peers/*.py
var scripts embed.FS

// pythons are the interpreters in which peers are looked for.
var pythons = [...]string{"python3", "/usr/bin/python3"}

// threads keeps peers to one thread, as we are.
var threads = [...]string{
	"OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1", "MKL_NUM_THREADS=1", "NUMEXPR_NUM_THREADS=1", "NUMBA_NUM_THREADS=1",
}

// Peers are processes that wait for their turn.
type Peers struct {
	dir    string
	byName map[string]*process
}

// Status says which version of a peer takes part, or why it does not.
type Status struct{ Name, Version, Why string }

// Found reports whether the peer takes part.
func (s Status) Found() bool { return s.Version != "" }

// StartPeers starts what peers there are. A peer that is not there is no
// error.
func StartPeers(ctx context.Context) (*Peers, []Status, error) {
	dir, err := os.MkdirTemp("", "metaplast-peers-")
	if err != nil {
		return nil, nil, fmt.Errorf("bench: %w", err)
	}
	p := &Peers{dir, map[string]*process{}}
	if err := p.unpack(); err != nil {
		p.Close()
		return nil, nil, fmt.Errorf("bench: %w", err)
	}
	var statuses []Status
	for _, name := range PeerNames() {
		s := Status{Name: name}
		var why []string
		for _, python := range pythons {
			q, version, err := start(ctx, python, filepath.Join(dir, "peer.py"), name)
			if err == nil {
				p.byName[name], s.Version = q, version
				break
			}
			why = append(why, fmt.Sprintf("%s: %v", python, err))
		}
		if !s.Found() {
			s.Why = strings.Join(why, "; ")
		}
		statuses = append(statuses, s)
	}
	return p, statuses, ctx.Err()
}

func (p *Peers) unpack() error {
	files, err := scripts.ReadDir("peers")
	for _, f := range files {
		data, rerr := scripts.ReadFile("peers/" + f.Name())
		err = errors.Join(err, rerr, os.WriteFile(filepath.Join(p.dir, f.Name()), data, 0o600))
	}
	return err
}

// Close ends the processes.
func (p *Peers) Close() {
	for _, q := range p.byName {
		q.close()
	}
	os.RemoveAll(p.dir)
}

// entrants prepares those peers that have a case for a figure.
func (p *Peers) entrants(cases []Case) ([]Entrant, error) {
	var out []Entrant
	for i, c := range cases {
		q := p.byName[c.Peer]
		if q == nil {
			continue
		}
		sizes := strings.Trim(fmt.Sprint(c.Sizes), "[]")
		answer, err := q.ask(fmt.Sprintf("prepare %d %s %s", i, c.Kind, sizes))
		if err != nil {
			return nil, err
		}
		if answer == "no" {
			continue
		}
		e := Entrant{Kind: Peer, Name: c.Name, Work: c.Work, Run: func(calls int) (Time, error) {
			answer, err := q.ask(fmt.Sprintf("run %d %d", i, calls))
			if err != nil {
				return Time{}, err
			}
			var wall, cpu float64
			if _, err := fmt.Sscan(answer, &wall, &cpu); err != nil {
				return Time{}, fmt.Errorf("%s answers %q: %w", q.name, answer, err)
			}
			return Time{seconds(wall), seconds(cpu)}, nil
		}}
		if e.Name == "" {
			e.Name = c.Peer
		}
		out = append(out, e)
	}
	return out, nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// process is a Python process with a peer in it.
type process struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	errs strings.Builder
}

func start(ctx context.Context, python, script, module string) (*process, string, error) {
	q := &process{name: module, cmd: exec.CommandContext(ctx, python, script, module)}
	q.cmd.Env = append(os.Environ(), threads[:]...)
	q.cmd.Stderr = &q.errs
	var err error
	if q.in, err = q.cmd.StdinPipe(); err != nil {
		return nil, "", err
	}
	out, err := q.cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	q.out = bufio.NewReader(out)
	if err := q.cmd.Start(); err != nil {
		return nil, "", err
	}
	word, rest, _ := strings.Cut(q.line(), " ")
	if word != "version" {
		q.close()
		if rest == "" {
			rest = "it does not start: " + lastLine(q.errs.String())
		}
		return nil, "", errors.New(rest)
	}
	return q, rest, nil
}

func (q *process) line() string {
	line, _ := q.out.ReadString('\n') // nothing where the process has ended
	return strings.TrimSpace(line)
}

func (q *process) ask(question string) (string, error) {
	if _, err := io.WriteString(q.in, question+"\n"); err != nil {
		return "", fmt.Errorf("%s: %w", q.name, err)
	}
	if answer := q.line(); answer != "" {
		return answer, nil
	}
	q.cmd.Wait()
	return "", fmt.Errorf("%s ended at %q: %s", q.name, question, lastLine(q.errs.String()))
}

func (q *process) close() {
	q.in.Close()
	q.cmd.Wait()
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
