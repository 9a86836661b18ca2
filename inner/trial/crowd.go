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
	"github.com/metaplast/metaplast/rulespace/key"
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
	crowdSize   = 64      // trials side by side
	crowdBatch  = 64      // samples read at a time
	keptSamples = 1 << 17 // inputs and targets of a life that are kept for others, in numbers
	keptFeeds   = 16

	wovenNumbers = 1 << 20 // of inputs and targets laid out as lanes are
	keptWoven    = 4
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
	in, units int
	woven     *woven // the samples of all members in the order of lanes; nil where they are not
}

// member is the trial of a lane.
type member struct {
	trial, feed int
	alive       uint32 // see guard
}

// feed is the data of one life, which several members may share.
type feed struct {
	episode tasks.Episode
	*samples
	at int // next of them
}

// samples are some of a life, or all that a trial learns from.
type samples struct {
	task  tasks.Task
	key   key.Key
	steps int // of the trial
	whole bool
	batch *tasks.Batch
	zeros bool // an input is exactly zero
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
	program, err := r.beside.lanes(rule)
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
			c.feeds = append(c.feeds, feed{episode: e, samples: r.samples(t, e)})
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
	c.woven = r.weave(c)
	return c, nil
}

// samples returns all samples of a trial where they are few: candidates of a
// search share them. Else there are none in it yet.
func (r *Runner) samples(t Trial, e tasks.Episode) *samples {
	for _, s := range r.kept {
		if s.task == t.Task && s.key == t.Key && s.steps >= t.Steps {
			return s
		}
	}
	info := t.Task.Info()
	s := &samples{task: t.Task, key: t.Key, steps: t.Steps}
	if s.whole = t.Steps*(info.In+info.Out) <= keptSamples; !s.whole {
		s.batch = tasks.NewBatch(info, min(crowdBatch, t.Steps))
		return s
	}
	s.batch = tasks.NewBatch(info, t.Steps)
	all := *s.batch
	for n := 0; n < t.Steps; { // an epoch may end within
		part := *s.batch
		x := rowsFrom(all.X, n)
		part.X = &x
		if all.Y != nil {
			y := rowsFrom(all.Y, n)
			part.Y = &y
		}
		if all.Labels != nil {
			part.Labels = all.Labels[n:]
		}
		e.Next(&part)
		n += part.N
	}
	s.batch.N = t.Steps
	s.look()
	if len(r.kept) == keptFeeds {
		r.kept = append(r.kept[:0], r.kept[1:]...)
	}
	r.kept = append(r.kept, s)
	return s
}

// rowsFrom is m without its first n rows.
func rowsFrom(m *vec.Matrix, n int) vec.Matrix {
	return vec.Matrix{Rows: m.Rows - n, Cols: m.Cols, Stride: m.Stride, Data: m.Data[n*m.Stride:]}
}

func (s *samples) look() {
	for i := range s.batch.N {
		s.zeros = s.zeros || slices.Contains(s.batch.X.Row(i), 0)
	}
}

// update lets every member learn from its next sample.
func (c *crowd) update() {
	n := len(c.members)
	x, y := c.lanes.X, c.lanes.Target
	if w := c.woven; w != nil {
		copy(x, w.x[c.steps*len(x):])
		if w.y != nil {
			copy(y, w.y[c.steps*len(y):])
		}
		c.learn()
		return
	}
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
	c.learn()
}

func (c *crowd) learn() {
	c.lanes.Learn(c.rules)
	c.steps++
}

// unweave goes on with the samples one by one.
func (c *crowd) unweave() {
	if c.woven == nil {
		return
	}
	c.woven = nil
	for i := range c.feeds {
		c.feeds[i].at = c.steps
	}
}

// woven is samples laid out as lanes are: those of all members for the first
// step, then for the second. Candidates of a search share them too.
type woven struct {
	of   []*samples // by lane
	seen int        // how often they were wanted
	x, y []float32
}

// weave returns the samples of all members laid out as lanes are, from the
// second time on that the same ones are wanted.
func (r *Runner) weave(c *crowd) *woven {
	of := make([]*samples, len(c.members))
	for l, m := range c.members {
		if of[l] = c.feeds[m.feed].samples; !of[l].whole {
			return nil
		}
	}
	i := slices.IndexFunc(r.woven, func(w *woven) bool { return slices.Equal(w.of, of) })
	if i < 0 {
		if len(r.woven) == keptWoven {
			r.woven = append(r.woven[:0], r.woven[1:]...)
		}
		r.woven = append(r.woven, &woven{of: of, seen: 1})
		return nil
	}
	w := r.woven[i]
	if w.seen++; w.x == nil {
		steps := of[0].steps
		for _, s := range of {
			steps = min(steps, s.steps)
		}
		if steps < c.Steps || steps*len(of)*(c.in+c.units) > wovenNumbers {
			return nil
		}
		lay := func(of func(*samples) *vec.Matrix) []float32 {
			n, cols := len(w.of), of(w.of[0]).Cols
			out := make([]float32, steps*cols*n)
			for l, s := range w.of {
				for step := range steps {
					at := step*cols*n + l
					for _, v := range of(s).Row(step) {
						out[at] = v
						at += n
					}
				}
			}
			return out
		}
		w.x = lay(func(s *samples) *vec.Matrix { return s.batch.X })
		if of[0].batch.Y != nil {
			w.y = lay(func(s *samples) *vec.Matrix { return s.batch.Y })
		}
	}
	return w
}

// read takes in the next samples of a life.
func (c *crowd) read(f *feed) {
	if want := c.Steps - c.steps; f.batch.X.Rows > want {
		f.batch = tasks.NewBatch(c.Task.Info(), want)
	}
	f.episode.Next(f.batch)
	f.at = 0
	f.look()
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

// diverge ends a member. Once its weights are not finite, and inputs can be
// silent, it depends on the plan of the rule what is left of them: such a trial
// is run again on its own.
func (c *crowd) diverge(lane int, reason string) {
	m := c.members[lane]
	const infinite = 0x7f800000
	if c.peak(c.lanes.W, lane) >= infinite && (c.feeds[m.feed].zeros || !c.rules.Inert()) {
		c.again = append(c.again, m.trial)
	} else {
		c.out[m.trial] = Outcome{Score: worst(), Train: worst(), Status: Diverged, Reason: reason, Steps: c.steps}
	}
	c.unweave()
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
