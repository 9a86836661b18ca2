package credit_test

import (
	"math"
	"testing"

	"github.com/metaplast/metaplast/inner/credit"
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/rulespace"
	"github.com/metaplast/metaplast/rulespace/key"
)

// pffRecorder keeps all that is presented, in order.
type pffRecorder struct {
	frames   []recorder             // one for each state of each step
	feedback []map[int]feedbackShow // by state, by index
}

type feedbackShow struct {
	w                        [][]float64
	pre, errPre, post, heard [][]float64
}

func (r *pffRecorder) PresentFeedback(f *credit.Feedback, s *credit.Signals) {
	if len(r.feedback) == len(r.frames) {
		r.feedback = append(r.feedback, map[int]feedbackShow{})
	}
	v := &s.Values
	r.feedback[len(r.feedback)-1][f.Index] = feedbackShow{float(f.W), float(v[rulespace.SigPre]), float(v[rulespace.SigErrPre]),
		float(v[rulespace.SigPost]), float(v[rulespace.SigPostPrev])}
}

func (r *pffRecorder) Present(c *network.Connection, s *credit.Signals) {
	if c.Index == 0 {
		r.frames = append(r.frames, recorder{})
	}
	f := &r.frames[len(r.frames)-1]
	f.Present(c, s)
	if s.Feedback != nil { // kept beside the signals, under one that is not used
		f.values[c.Index][rulespace.SigNoiseW] = float(s.Feedback)
	}
}

// The states, their credit and the errors of prediction are those of plain
// float64 loops, step by step, and the credit is half minus the slope of the
// loss softplus(p·(θ − |z|²)) of its layer in the activity.
func TestPredictiveForwardForwardAgainstLoops(t *testing.T) {
	cfg := network.Config{Sizes: []int{7, 6, 5, 3}, Hidden: network.Activation{Name: "relu"}, Init: "he", Bias: true, Loss: network.CrossEntropy}
	const rows, alpha, group = 2, 0.3, 2
	n := newNetwork(t, cfg, rows)
	b := randomBatch(key.Root(7).Stream(), n.Config, rows)
	c := newCircuit(t, credit.Config{Name: "pff", Options: map[string]string{"sigma": "0", "generative_sigma": "0", "theta": "2", "group": "2", "steps": "4"}}, n,
		rulespace.SigErr, rulespace.SigErrPre, rulespace.SigPhase, rulespace.SigPostPrev)
	var r pffRecorder
	c.Learn(n, b, &r)
	if len(r.frames) != 8 {
		t.Fatalf("%d states, want 8", len(r.frames))
	}
	m := reference(n)
	unit := func(x []float64) []float64 {
		norm := 0.0
		for _, v := range x {
			norm += v * v
		}
		out := make([]float64, len(x))
		for i, v := range x {
			out[i] = v / (math.Sqrt(norm) + 1e-4)
		}
		return out
	}
	times := func(w [][]float64, above []float64) []float64 { // from columns to rows
		out := make([]float64, len(w))
		for j := range w {
			for i, v := range above {
				out[j] += w[j][i] * v
			}
		}
		return out
	}
	for q, x := range float(b.X) {
		for stream := range 2 {
			sign := 1 - 2*float64(stream)
			z := [][]float64{x, nil, nil}
			for l := range 2 {
				u := append([]float64(nil), m.b[l]...)
				for j, v := range unit(z[l]) {
					for i := range u {
						u[i] += m.w[l][j][i] * v
					}
				}
				z[l+1] = value(cfg.Hidden, u)
			}
			for step := range 4 {
				f, fb := r.frames[2*step+stream].values, r.feedback[2*step+stream]
				label := f[2][rulespace.SigPostPrev][q]
				sum, right := 0.0, 0
				for k, v := range label {
					sum += v
					if v > 0 {
						right = k
					}
				}
				near(t, "label", sum, 1)
				if (b.Y.Row(q)[right] == 1) != (sign > 0) {
					t.Errorf("label %v of target %v in state %d", label, b.Y.Row(q), stream)
				}
				next := [][]float64{x, nil, nil}
				for l := 1; l <= 2; l++ {
					u := append([]float64(nil), m.b[l-1]...)
					for j, v := range unit(z[l-1]) {
						near(t, "pre", f[l-1][rulespace.SigPre][q][j], v)
						for i := range u {
							u[i] += m.w[l-1][j][i] * v
						}
					}
					above := label
					if l == 1 {
						above = unit(z[2])
					}
					down := times(f[l][rulespace.SigNoiseW], above)
					lateral := fb[2*(l-1)].w
					for i := range u {
						u[i] += down[i]
						for j, v := range lateral[i] {
							if i/group == j/group && i != j {
								u[i] -= math.Max(v, 0) * z[l][j]
							}
						}
						near(t, "pot", f[l-1][rulespace.SigPot][q][i], u[i])
					}
					norm := 0.0
					for i, y := range value(cfg.Hidden, u) {
						next[l] = append(next[l], (1-alpha)*y+alpha*z[l][i])
						norm += next[l][i] * next[l][i]
					}
					for i, y := range next[l] {
						near(t, "post", f[l-1][rulespace.SigPost][q][i], y)
						// The slope of softplus(p(θ − |z|²)) in z is −2pσ(·)z.
						err := sign * logistic(sign*(2-norm)) * y
						near(t, "err", f[l-1][rulespace.SigErr][q][i], err)
						near(t, "err_pre", f[l][rulespace.SigErrPre][q][i], err)
						near(t, "inhibition", fb[2*(l-1)].errPre[q][i], -err)
						near(t, "lateral sender", fb[2*(l-1)].heard[q][i], z[l][i])
					}
				}
				for l := range 2 {
					pred := times(fb[2*l+1].w, unit(next[l+1]))
					if l > 0 {
						pred = value(cfg.Hidden, pred)
					}
					for j := range pred {
						near(t, "error of prediction", fb[2*l+1].errPre[q][j], next[l][j]-pred[j])
					}
				}
				z = next
			}
		}
	}
}
