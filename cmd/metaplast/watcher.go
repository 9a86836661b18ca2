package main

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/metaplast/metaplast/checkpoints"
	"github.com/metaplast/metaplast/outer"
)

// publishEvery is how old front.csv may become while rules are found.
const publishEvery = 2 * time.Second

// watcher sees a search go on: it keeps front and rule files current, the log
// written and the screen drawn.
type watcher struct {
	run     *checkpoints.Run
	name    string
	seed    uint64
	costs   string // the third objective; "" for none
	ui      *ui
	log     *runLog
	started time.Time

	mu        sync.Mutex
	view      view
	published time.Time
	digest    string // of the front that was published
	logged    time.Time
	finished  chan struct{}
	done      sync.WaitGroup
}

// view is what a screen shows.
type view struct {
	Name, ID string
	Seed     uint64
	Workers  int
	Numerics string
	Started  time.Time
	Known    int // outcomes that the journal had at the start
	outer.Progress

	Best     outer.Result // of the front
	BestAt   time.Time
	History  []float64 // best score, evenly spaced in time
	fresh    time.Time // first trial that was not in the journal
	baseline int       // evaluations then
	ended    bool
}

func newWatcher(run *checkpoints.Run, m checkpoints.Manifest, s *search, ui *ui, log *runLog, known int) *watcher {
	now := time.Now()
	return &watcher{
		run: run, name: m.Name, seed: m.Seed, costs: s.plan.Objective, ui: ui, log: log, started: now, finished: make(chan struct{}),
		view: view{Name: m.Name, ID: m.ID, Seed: m.Seed, Workers: s.plan.Workers, Numerics: m.Numerics, Started: now, Known: known,
			Progress: outer.Progress{Phase: outer.PhaseBaselines, Budget: s.plan.Evaluations}},
	}
}

// begin starts the clock of the screen.
func (w *watcher) begin() {
	w.ui.show(w.view, time.Now())
	w.done.Go(func() {
		tick := time.NewTicker(w.ui.tick())
		defer tick.Stop()
		for {
			select {
			case <-w.finished:
				return
			case now := <-tick.C:
				w.mu.Lock()
				w.view.sample()
				w.ui.show(w.view, now)
				w.mu.Unlock()
			}
		}
	})
}

// end stops it and draws the last state.
func (w *watcher) end() {
	close(w.finished)
	w.done.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.view.ended = true
	w.ui.show(w.view, time.Now())
}

func (w *watcher) elapsed() time.Duration { return time.Since(w.started) }

// Observe implements outer.Observer.
func (w *watcher) Observe(p outer.Progress) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	v := &w.view
	v.Progress = p
	if p.Trials > p.Replayed && v.fresh.IsZero() {
		v.fresh, v.baseline = now, p.Evaluations
	}
	if len(p.Front) > 0 {
		best := slices.MaxFunc(p.Front, func(a, b outer.Result) int { return cmp.Compare(a.Score, b.Score) })
		if best.Digest != v.Best.Digest {
			v.Best, v.BestAt = best, now
			w.log.best(best, p.Evaluations)
		}
	}
	if now.Sub(w.logged) >= 10*time.Second {
		w.logged = now
		w.log.progress(p)
	}
	// While the journal is replayed, what was published before is newer.
	if p.Trials > p.Replayed && len(p.Front) > 0 && now.Sub(w.published) >= publishEvery && v.Best.Digest != w.digest {
		w.published, w.digest = now, v.Best.Digest
		r := &outer.Report{Name: w.name, Seed: w.seed, Front: outer.Rows(p.Front, w.costs)}
		if err := w.publish(r); err != nil {
			w.log.fail(err) // the journal has everything; the end tries again
		}
	}
}

// publish makes front and rule files those of a report; with its result when
// the search has ended.
func (w *watcher) publish(r *outer.Report) error {
	files := map[string][]byte{"front.csv": outer.FrontCSV(r.Front)}
	rules, err := r.RuleFiles()
	if err != nil {
		return err
	}
	for _, f := range rules {
		files["rules/"+f.Name] = f.Data
	}
	if r.Validated {
		data, err := resultFile(w.run.Manifest().DirName(), r)
		if err != nil {
			return err
		}
		files[checkpoints.ResultName] = data
		files[checkpoints.FamiliesName] = outer.FamiliesCSV(r.Families)
	}
	return w.run.Publish(files)
}

// sample notes the best score for the small curve.
func (v *view) sample() {
	if v.Best.Rule == nil {
		return
	}
	v.History = append(v.History, v.Best.Score)
	const most = 240
	if len(v.History) > most { // twice as coarse
		for i := range most / 2 {
			v.History[i] = v.History[2*i+1]
		}
		v.History = v.History[:most/2]
	}
}

// rate is the number of evaluations per second of new work.
func (v *view) rate(now time.Time) float64 {
	s := now.Sub(v.fresh).Seconds()
	if v.fresh.IsZero() || s < 0.5 {
		return 0
	}
	return float64(v.Evaluations-v.baseline) / s
}

// eta is how long the rest of the budget takes; false where nobody knows.
func (v *view) eta(now time.Time) (time.Duration, bool) {
	r := v.rate(now)
	if r <= 0 || v.Phase != outer.PhaseSearch {
		return 0, false
	}
	return time.Duration(float64(v.Budget-v.Evaluations) / r * float64(time.Second)), true
}
