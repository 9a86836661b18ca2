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
	whiten        string
	epsilon       float64
	normalise     bool
	equalise      float64
	mean          [][]float64
	covariance    [][][]float64
	threshold     [][]float64
	t             float64
	frozen        bool // nothing is learned about samples
}

func (c *competition) connection(m *mlp, l int, act [][]float64) (pre, pot, comp, post, slope [][]float64) {
	if c.mean == nil {
		c.mean, c.covariance, c.threshold = make([][]float64, len(m.w)), make([][][]float64, len(m.w)), make([][]float64, len(m.w))
	}
	competes := l == 0 || l < len(m.w)-1
	in, out := len(m.w[l]), len(m.b[l])
	if c.mean[l] == nil {
		c.mean[l], c.threshold[l] = make([]float64, in), make([]float64, out)
		for range in {
			c.covariance[l] = append(c.covariance[l], make([]float64, in))
		}
	}
	if !c.frozen {
		c.observe(l, act)
	}
	root, wins := c.root(l, competes), make([]float64, out)
	for _, h := range act {
		x := slices.Clone(h)
		if c.centre || root != nil {
			for j := range x {
				x[j] -= c.mean[l][j]
			}
		}
		if root != nil {
			x = times(root, x)
		}
		if c.length > 0 {
			norm := math.Sqrt(scalar(x, x))
			for j := range x {
				x[j] *= c.length / norm
			}
		}
		u, gain := make([]float64, out), make([]float64, out)
		for i := range u {
			for j := range x {
				u[i] += x[j] * m.w[l][j][i]
			}
			if c.normalise && competes {
				norm := 0.0
				for j := range x {
					norm += m.w[l][j][i] * m.w[l][j][i]
				}
				u[i] /= math.Sqrt(norm)
			}
			if !c.prior || l > 0 {
				u[i] += m.b[l][i]
			}
			gain[i] = c.beta * (u[i] - c.threshold[l][i])
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
		wins[order[0]]++
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
	if competes && !c.frozen {
		for i, n := range wins {
			c.threshold[l][i] += c.equalise * (n/float64(len(act)) - 1/float64(out))
		}
	}
	return pre, pot, comp, post, slope
}

// observe moves the running mean and covariance to those of act and all that
// was seen before, in which act has the weight 1/min(t, 2).
func (c *competition) observe(l int, act [][]float64) {
	rate, n := 1/math.Min(c.t, 2), float64(len(act))
	before := slices.Clone(c.mean[l])
	for j := range before {
		sum := 0.0
		for _, h := range act {
			sum += h[j] / n
		}
		c.mean[l][j] = (1-rate)*before[j] + rate*sum
	}
	now := c.mean[l]
	for j := range now {
		for k := range now {
			v := (1 - rate) * (c.covariance[l][j][k] + (before[j]-now[j])*(before[k]-now[k]))
			for _, h := range act {
				v += rate * (h[j] - now[j]) * (h[k] - now[k]) / n
			}
			c.covariance[l][j][k] = v
		}
	}
}

// root is what centred activities are multiplied by.
func (c *competition) root(l int, competes bool) [][]float64 {
	if c.whiten == "" {
		return nil
	}
	var a [][]float64
	mean := 0.0
	for j, row := range c.covariance[l] {
		a = append(a, slices.Clone(row))
		mean += row[j] / float64(len(row))
	}
	for j := range a {
		a[j][j] += c.epsilon * mean
		if c.whiten == "variance" || !competes {
			v := 1 / math.Sqrt(a[j][j])
			clear(a[j])
			a[j][j] = v
		}
	}
	if c.whiten == "variance" || !competes {
		return a
	}
	return inverseRoot(a)
}

// inverseRoot is A^−½ of a symmetric matrix by its eigenvalues, which Jacobi's
// rotations leave on the diagonal.
func inverseRoot(a [][]float64) [][]float64 {
	n := len(a)
	axes := make([][]float64, n)
	for j := range axes {
		axes[j] = make([]float64, n)
		axes[j][j] = 1
	}
	for range 60 {
		for p := range n {
			for q := range p {
				if a[p][q] == 0 {
					continue
				}
				angle := math.Atan2(2*a[p][q], a[q][q]-a[p][p]) / 2
				s, c := math.Sincos(angle)
				for k := range n {
					a[k][p], a[k][q] = c*a[k][p]-s*a[k][q], s*a[k][p]+c*a[k][q]
				}
				for k := range n {
					a[p][k], a[q][k] = c*a[p][k]-s*a[q][k], s*a[p][k]+c*a[q][k]
				}
				for k := range n {
					axes[k][p], axes[k][q] = c*axes[k][p]-s*axes[k][q], s*axes[k][p]+c*axes[k][q]
				}
			}
		}
	}
	root := make([][]float64, n)
	for j := range root {
		root[j] = make([]float64, n)
		for k := range root[j] {
			for i := range n {
				root[j][k] += axes[j][i] * axes[k][i] / math.Sqrt(a[i][i])
			}
		}
	}
	return root
}

func scalar(u, v []float64) float64 {
	sum := 0.0
	for j := range u {
		sum += u[j] * v[j]
	}
	return sum
}

func times(a [][]float64, x []float64) []float64 {
	y := make([]float64, len(a))
	for j := range a {
		y[j] = scalar(a[j], x)
	}
	return y
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
		{competition{compete: "anti", whiten: "variance", epsilon: 0.1, triangle: true, power: 1},
			map[string]string{"compete": "anti", "whiten": "variance", "transfer": "triangle"}},
		{competition{compete: "soft", whiten: "zca", epsilon: 0.5, normalise: true, equalise: 3, triangle: true, length: 2, power: 1},
			map[string]string{"whiten": "zca", "epsilon": "0.5", "normalise": "yes", "equalise": "3", "transfer": "triangle", "length": "2"}},
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
			compare(t, "prediction", out, want.predict(m, float(x)))
		}
	}
}

// predict learns nothing about samples that are only predicted.
func (c *competition) predict(m *mlp, act [][]float64) [][]float64 {
	hold := *c
	hold.frozen = true
	if len(m.cfg.Convolutions) > 0 {
		act = patches(m.cfg, act)
	}
	_, _, _, post, _ := hold.connection(m, 0, act)
	if len(m.cfg.Convolutions) > 0 {
		post = pooled(m.cfg, post)
	}
	_, pot, _, _, _ := hold.connection(m, 1, post)
	return pot
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
