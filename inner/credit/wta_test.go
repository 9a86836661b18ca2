package credit_test

import (
	"math"
	"slices"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// competition computes what wta presents by plain float64 loops, for batches
// of any size, biases that are priors and the triangle with a power.
type competition struct {
	compete       string
	rank          int
	penalty       float64
	beta, length  float64
	power         float64
	centre, prior bool
	triangle      bool
	mean          [][]float64
	t             float64
}

func (c *competition) connection(m *mlp, l int, act [][]float64) (pre, pot, comp, post, slope [][]float64) {
	if c.mean == nil {
		c.mean = make([][]float64, len(m.w))
	}
	if c.mean[l] == nil {
		c.mean[l] = make([]float64, len(m.w[l]))
	}
	for j := range c.mean[l] {
		sum := 0.0
		for _, h := range act {
			sum += h[j] / float64(len(act))
		}
		c.mean[l][j] += (sum - c.mean[l][j]) / math.Min(c.t, 2)
	}
	for _, h := range act {
		x := slices.Clone(h)
		norm := 0.0
		for j := range x {
			if c.centre {
				x[j] -= c.mean[l][j]
			}
			norm += x[j] * x[j]
		}
		if c.length > 0 {
			for j := range x {
				x[j] *= c.length / math.Sqrt(norm)
			}
		}
		out := len(m.b[l])
		u, gain := make([]float64, out), make([]float64, out)
		for i := range u {
			for j := range x {
				u[i] += x[j] * m.w[l][j][i]
			}
			if !c.prior || l > 0 {
				u[i] += m.b[l][i]
			}
			gain[i] = c.beta * u[i]
			if c.prior {
				gain[i] += m.b[l][i]
			}
		}
		order := make([]int, out)
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			if gain[a] > gain[b] {
				return -1
			}
			return 1
		})
		y := value(network.Activation{Name: "softmax"}, gain)
		switch c.compete {
		case "anti":
			for i := range y {
				if i != order[0] {
					y[i] = -y[i]
				}
			}
		case "hard", "rank":
			clear(y)
			y[order[0]] = 1
			if c.compete == "rank" && c.rank <= out {
				y[order[c.rank-1]] = -c.penalty
			}
		}
		mean := 0.0
		if c.triangle {
			for _, v := range u {
				mean += v / float64(out)
			}
		}
		f, d := make([]float64, out), make([]float64, out)
		for i, v := range u {
			if r := v - mean; r > 0 {
				f[i] = math.Pow(r, c.power)
				d[i] = c.power * math.Pow(r, c.power-1)
				if c.triangle {
					d[i] *= 1 - 1/float64(out)
				}
			}
		}
		pre, pot, comp, post, slope = append(pre, x), append(pot, u), append(comp, y), append(post, f), append(slope, d)
	}
	return pre, pot, comp, post, slope
}

// Competing units present what plain loops say, in learning and in
// prediction, and a scaled competition makes the largest change of weights 1.
func TestCompetition(t *testing.T) {
	for _, c := range []struct {
		competition
		options map[string]string
	}{
		{competition{compete: "soft", prior: true, centre: true, triangle: true, length: 3, power: 0.7},
			map[string]string{"prior": "yes", "centre": "yes", "transfer": "triangle", "length": "3", "power": "0.7"}},
		{competition{compete: "anti", triangle: true, power: 1}, map[string]string{"compete": "anti", "transfer": "triangle"}},
		{competition{compete: "hard", length: 2, power: 2}, map[string]string{"compete": "hard", "transfer": "power", "length": "2", "power": "2"}},
		{competition{compete: "rank", rank: 3, penalty: 0.5, centre: true, power: 1},
			map[string]string{"compete": "rank", "rank": "3", "penalty": "0.5", "centre": "yes", "transfer": "power"}},
		{competition{compete: "rank", rank: 9, penalty: 0.5, power: 1}, map[string]string{"compete": "rank", "rank": "9", "transfer": "power"}},
	} {
		for _, hidden := range []string{"linear", "tanh"} { // activities that share a matrix with potentials, and that do not
			n := newNetwork(t, network.Config{Sizes: []int{4, 6, 3}, Bias: true, Hidden: network.Activation{Name: hidden}}, 3)
			options := map[string]string{"competition": "2", "tau": "2"}
			for k, v := range c.options {
				options[k] = v
			}
			circuit := newCircuit(t, credit.Config{Name: "wta", Options: options}, n,
				rulespace.SigPre, rulespace.SigPost, rulespace.SigPot, rulespace.SigDPost, rulespace.SigComp)
			want := c.competition
			want.beta, want.mean = 2, nil
			m := reference(n)
			s := key.Root(61).Stream()
			for _, rows := range []int{3, 2, 3} {
				want.t++
				b := randomBatch(s, n.Config, rows)
				var r recorder
				circuit.Learn(n, b, &r)
				pre, pot, comp, post, slope := want.connection(m, 0, float(b.X))
				for sig, v := range map[rulespace.Signal][][]float64{rulespace.SigPre: pre, rulespace.SigPot: pot,
					rulespace.SigComp: comp, rulespace.SigPost: post, rulespace.SigDPost: slope} {
					compare(t, c.compete+" "+sig.String(), r.values[0][sig], v)
				}
				want.compete = "soft" // an output behind hidden layers
				prior := want.prior
				pre, pot, _, _, _ = want.connection(m, 1, post)
				want.compete, want.prior = c.compete, prior
				compare(t, "output pre", r.values[1][rulespace.SigPre], pre)
				compare(t, "output pot", r.values[1][rulespace.SigPot], pot)
				compare(t, "output post", r.values[1][rulespace.SigPost], pot)
			}
			x := randomBatch(s, n.Config, 3).X
			out := float(circuit.(credit.Predictor).Outputs(x))
			want.t = math.Inf(1) // nothing to learn from samples that are only predicted
			hold := want
			hold.mean = clone(want.mean)
			compare(t, "prediction", out, hold.predict(m, float(x)))
		}
	}
}

// predict leaves the running means alone.
func (c *competition) predict(m *mlp, act [][]float64) [][]float64 {
	mean := clone(c.mean)
	c.shift(mean, act, 0)
	_, _, _, post, _ := c.connection(m, 0, act)
	c.mean = clone(mean)
	c.shift(mean, post, 1)
	_, pot, _, _, _ := c.connection(m, 1, post)
	return pot
}

// shift sets the running mean of layer l so that the next step, half way to
// the mean of the batch, ends where it was.
func (c *competition) shift(mean [][]float64, act [][]float64, l int) {
	for j := range c.mean[l] {
		sum := 0.0
		for _, h := range act {
			sum += h[j] / float64(len(act))
		}
		c.mean[l][j] = 2*mean[l][j] - sum
	}
}

func compare(t *testing.T, what string, got, want [][]float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d rows, want %d", what, len(got), len(want))
	}
	for i := range want {
		for j := range want[i] {
			near(t, what, got[i][j], want[i][j])
		}
	}
}

// A scaled competition makes the largest change of a weight 1, whatever the
// batch; without scale the same changes are smaller or larger by one factor.
func TestScaledCompetition(t *testing.T) {
	for _, compete := range []string{"soft", "anti", "rank"} {
		n := newNetwork(t, network.Config{Sizes: []int{5, 4}}, 6)
		b := randomBatch(key.Root(62).Stream(), n.Config, 6)
		most := func(scale string) float64 {
			c := newCircuit(t, credit.Config{Name: "wta", Options: map[string]string{"compete": compete, "scale": scale}}, n, rulespace.SigComp)
			change := vec.New(5, 4)
			c.Learn(n, b, plasticity(func(c *network.Connection, s *credit.Signals) {
				for q := range s.Batch {
					u := s.Values[rulespace.SigPot].Row(q)
					for j, x := range s.Values[rulespace.SigPre].Row(q) {
						for i, y := range s.Values[rulespace.SigComp].Row(q) {
							change.Row(j)[i] += y * (x - u[i]*c.W.Row(j)[i]) / float32(s.Batch)
						}
					}
				}
			}))
			largest := 0.0
			for _, v := range change.Data {
				largest = math.Max(largest, math.Abs(float64(v)))
			}
			return largest
		}
		near(t, compete, most("yes"), 1)
		if v := most("no"); math.Abs(v-1) < 0.01 {
			t.Errorf("%s: largest change %v without scale", compete, v)
		}
	}
}
