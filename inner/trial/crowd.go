package trial

import (
	"context"
	"maps"
	"math"
	"reflect"
	"slices"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/kernel"
	"github.com/metaplast/metaplast/tasks"
)

// RunAll runs trials and returns what Run returns for each of them, but
// without Cost. Neighbours that differ in their keys and in the values of
// parameters alone live side by side where their networks are of one
// connection that learns without credit, which takes a fraction of the time:
// the same instruction then works on many small networks.
func (r *Runner) RunAll(ctx context.Context, trials []Trial) []Outcome {
	out := make([]Outcome, len(trials))
	for from, to := 0, 0; from < len(trials); from = to {
		for to = from + 1; to < len(trials) && to-from < crowdSize && SideBySide(trials[from], trials[to]); {
			to++
		}
		again := upTo(from, to)
		if to-from > 1 {
			again = r.crowd(ctx, trials[from:to], out[from:to])
			for i := range again {
				again[i] += from
			}
		}
		for _, i := range again {
			out[i] = r.Run(ctx, trials[i])
			out[i].Cost = credit.Cost{}
		}
	}
	return out
}

const (
	crowdSize  = 64 // trials side by side
	crowdBatch = 64 // samples read at a time
)

func upTo(from, to int) []int {
	out := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

// SideBySide reports whether RunAll may gain from running two trials at once;
// they differ in keys and parameters alone.
func SideBySide(a, b Trial) bool {
	l, m := a.Learner, b.Learner
	return l.Credit.Name == "none" && len(a.Network.Sizes) == 2 && len(a.Network.Convolutions) == 0 && reflect.TypeOf(a.Task) == reflect.TypeOf(b.Task) && reflect.TypeOf(a.Task).Comparable() && a.Task == b.Task &&
		sameConfig(a.Network, b.Network) && a.Batch == b.Batch && a.Steps == b.Steps && a.Split == b.Split &&
		a.Limits == b.Limits && a.Pruning == b.Pruning && plain(a) && plain(b) &&
		m.Credit.Name == l.Credit.Name && maps.Equal(l.Credit.Options, m.Credit.Options) &&
		l.OutputRule == nil && m.OutputRule == nil && l.FreezeHidden == m.FreezeHidden &&
		l.Rule != nil && m.Rule != nil && sameProgram(l.Rule, m.Rule)
}

// plain reports whether nobody looks at a trial while it runs.
func plain(t Trial) bool { return !t.MeasureAlignment && !t.ScoreTrain && t.Observe == nil }

// crowd is trials that live side by side.
type crowd struct {
	Trial     // what they have in common, resolved
	net       *network.Network
	lanes     *credit.Lanes
	rules     *kernel.Lanes
	guard     guard
	members   []member
	feeds     []feed
	start     []float32 // weights
	out       []Outcome
	again     []int // trials that have to run on their own
	steps     int
	zeros     bool // an input was exactly zero
	in, units int
}

// member is the trial of a lane.
type member struct {
	trial, feed int
	alive       uint32 // see guard
}

// feed is the data of one life, which several members may share.
type feed struct {
	episode tasks.Episode
	batch   *tasks.Batch
	at      int // next sample of the batch
}

// crowd fills in the outcomes of trials and returns those that have to run on
// their own.
func (r *Runner) crowd(ctx context.Context, trials []Trial, out []Outcome) (again []int) {
	all := upTo(0, len(trials))
	defer func() {
		if recover() != nil { // whoever is to blame will say so on its own
			r.net, r.episodes = nil, episodes{}
			again = all
		}
	}()
	c, err := r.gather(trials, out)
	if c == nil || err != nil {
		return all
	}
	done := ctx.Done()
	for c.steps < c.Steps && len(c.members) > 0 {
		if done != nil {
			select {
			case <-done:
				return all // each ends at once
			default:
			}
		}
		c.update()
		c.watch()
	}
	c.conclude()
	return c.again
}

// gather makes trials ready to live side by side; nil where they cannot.
func (r *Runner) gather(trials []Trial, out []Outcome) (*crowd, error) {
	t, err := trials[0].resolve()
	if err != nil || t.Batch != 1 || len(t.Network.Sizes) != 2 || len(t.Network.Convolutions) > 0 || t.Pruning.Sparsity > 0 {
		return nil, err
	}
	if err := r.prepareNetwork(t); err != nil {
		return nil, err
	}
	conn := r.net.Conns[0]
	rule := t.Learner.RuleOf(conn)
	if rule == nil || len(rule.States) > 0 || rule.DFB != nil {
		return nil, nil
	}
	program, err := r.programs.get(rule)
	if err != nil {
		return nil, err
	}
	c := &crowd{Trial: t, net: r.net, out: out, in: conn.In, units: conn.Out, rules: program.Lanes(conn.In, conn.Out, len(trials))}
	if c.rules == nil {
		return nil, nil
	}
	if c.lanes = credit.NewLanes(t.Learner.Credit, r.net, c.rules.Needs(), len(trials)); c.lanes == nil {
		return nil, nil
	}
	feeds := map[int]int{} // by the first trial with the key
	for i, u := range trials {
		first := slices.IndexFunc(trials, func(v Trial) bool { return v.Key == u.Key })
		if _, known := feeds[first]; !known {
			feeds[first] = len(c.feeds)
			t.Key = u.Key
			if err := r.prepareNetwork(t); err != nil {
				return nil, err
			}
			e, err := r.episodes.start(t.Task, t.Key.Child("data", 0))
			if err != nil {
				return nil, err
			}
			if _, watches := e.(tasks.Watcher); watches {
				return nil, nil
			}
			c.feeds = append(c.feeds, feed{episode: e, batch: r.feedBatch(len(c.feeds), t.Task.Info())})
		}
		for row := range conn.In {
			for j, w := range conn.W.Row(row) {
				if first == i {
					c.lanes.W[(j*conn.In+row)*len(trials)+i] = w
				} else {
					at := (j*conn.In + row) * len(trials)
					c.lanes.W[at+i] = c.lanes.W[at+first]
				}
			}
		}
		c.members = append(c.members, member{trial: i, feed: feeds[first]})
		for _, p := range u.Learner.Rule.Params {
			c.rules.SetParam(i, p.Name, p.Value)
		}
	}
	c.start = slices.Clone(c.lanes.W)
	c.lanes.Start()
	c.guard.init(r.net, t.Limits, r.start)
	return c, nil
}

// feedBatch returns memory for samples of the i-th life of a crowd, with
// nothing in it.
func (r *Runner) feedBatch(i int, info tasks.Info) *tasks.Batch {
	if r.fed != info.Name {
		r.fed, r.feeds = info.Name, nil
	}
	if i == len(r.feeds) {
		r.feeds = append(r.feeds, tasks.NewBatch(info, crowdBatch))
	}
	r.feeds[i].N = 0
	return r.feeds[i]
}

// update lets every member learn from its next sample.
func (c *crowd) update() {
	n := len(c.members)
	x, y := c.lanes.X, c.lanes.Target
	for i := range c.feeds {
		if f := &c.feeds[i]; f.at == f.batch.N {
			c.read(f)
		}
	}
	for l, m := range c.members {
		f := &c.feeds[m.feed]
		for i, v := range f.batch.X.Row(f.at) {
			x[i*n+l] = v
		}
		if f.batch.Y != nil {
			for j, v := range f.batch.Y.Row(f.at) {
				y[j*n+l] = v
			}
		}
	}
	for i := range c.feeds {
		c.feeds[i].at++
	}
	c.lanes.Learn(c.rules)
	c.steps++
}

// read takes in the next samples of a life.
func (c *crowd) read(f *feed) {
	if want := c.Steps - c.steps; f.batch.X.Rows > want {
		f.batch = tasks.NewBatch(c.Task.Info(), want)
	}
	f.episode.Next(f.batch)
	f.at = 0
	for i := range f.batch.N {
		c.zeros = c.zeros || slices.Contains(f.batch.X.Row(i), 0)
	}
}

// watch is guard.step for all members.
func (c *crowd) watch() {
	g := &c.guard
	if c.steps%g.period != 0 && c.steps < c.Steps {
		if vec.Limited(c.lanes.Act, g.activity) {
			return
		}
		for l := len(c.members) - 1; l >= 0; l-- {
			if c.peak(c.lanes.Act, l) > g.activity {
				c.look(l)
			}
		}
		return
	}
	late := 4*c.steps >= 3*c.Steps
	dull := late && slices.ContainsFunc(c.members, func(m member) bool { return m.alive == 0 })
	if !dull && vec.Limited(c.lanes.Act, g.activity) && vec.Limited(c.lanes.Pot, g.activity) && vec.Limited(c.lanes.W, g.weight) {
		return
	}
	for l := len(c.members) - 1; l >= 0; l-- { // the last takes the place of one that ends
		c.look(l)
	}
}

// look is guard.look for one member, which ends where it has diverged.
func (c *crowd) look(lane int) {
	g, m := &c.guard, &c.members[lane]
	if p := c.peak(c.lanes.Act, lane); p > g.activity {
		c.diverge(lane, describe("activity", "layer 1", p, g.activity, c.steps))
		return
	} else if z := c.peak(c.lanes.Pot, lane); z > g.activity {
		c.diverge(lane, describe("potential", "layer 1", z, g.activity, c.steps))
		return
	} else if 4*c.steps >= 3*c.Steps {
		m.alive = max(m.alive, p)
	}
	if w := c.peak(c.lanes.W, lane); w > g.weight {
		c.diverge(lane, describe("weight", "connection 0", w, g.weight, c.steps))
	}
}

// peak is the largest magnitude among the values of a lane, as bits.
func (c *crowd) peak(v []float32, lane int) uint32 {
	const magnitude = 1<<31 - 1
	var most uint32
	for n := len(c.members); lane < len(v); lane += n {
		most = max(most, math.Float32bits(v[lane])&magnitude)
	}
	return most
}

// diverge ends a member. Where inputs can be silent, what is left of weights
// that are not finite depends on the plan of the rule: such a trial is run
// again on its own.
func (c *crowd) diverge(lane int, reason string) {
	m := c.members[lane]
	if c.zeros || !c.rules.Inert() {
		c.again = append(c.again, m.trial)
	} else {
		c.out[m.trial] = Outcome{Score: worst(), Train: worst(), Status: Diverged, Reason: reason, Steps: c.steps}
	}
	n := len(c.members)
	c.members[lane] = c.members[n-1]
	c.members = c.members[:n-1]
	c.start = credit.DropLane(c.start, n, lane)
	c.lanes.Drop(lane)
	c.rules.Drop(lane)
}

// conclude scores those that have not diverged.
func (c *crowd) conclude() {
	n := len(c.members)
	conn := c.net.Conns[0]
	start := c.guard.start[0]
	for l, m := range c.members {
		for i := range c.in {
			for j := range c.units {
				at := (j*c.in+i)*n + l
				conn.W.Row(i)[j], start.Row(i)[j] = c.lanes.W[at], c.start[at]
			}
		}
		o := Outcome{Status: OK, Steps: c.steps, Score: c.feeds[m.feed].episode.Score(c.net, c.Split)}
		c.guard.alive[1] = m.alive
		if reason := c.guard.silent(); reason != "" {
			o.Status, o.Reason = Silent, reason
		}
		c.out[m.trial] = o
	}
}
