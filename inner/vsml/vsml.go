// Package vsml is variable shared meta learning: every synapse is a small
// recurrent network, all with the same parameters, and messages between them
// are all there is. What a synapse knows is its state, a vector; how it learns
// is in the shared parameters, which an outer loop finds. Their number does not
// depend on the size of the network, and a network of any size can be made of
// them.
//
// It is a learner of another type than those of package learner: the state of
// a synapse is no weight, and its dynamics no rule.
//
// May import internal packages.
package vsml

import "github.com/metaplast/metaplast/internal/fmath"

// Sizes of a synapse. The source has states of 16 and messages of 8; these
// are those of a minimal port.
const (
	State   = 4 // hidden units of the synapse's LSTM; it has as many cells
	Message = 2 // numbers in a message
)

const (
	inputs = 2*Message + State + 1   // of a gate: both messages, hidden state, bias
	gates  = 4 * State * inputs      // parameters of the LSTM
	Size   = gates + 2*Message*State // shared parameters in all
	synBuf = 2 * State               // hidden state and cells of a synapse
	clip   = 10                      // largest message, so that a bad life stays finite
)

// DeltaRule returns shared parameters with which a synapse learns by the delta
// rule. Its weight is the difference of two cells whose input gates open and
// close with the error, so that the part without the error cancels:
//
//	Δ(c_0 − c_1) = (σ(αe) − σ(−αe))·tanh(βx) ≈ αβ/2·e·x
//
// and the weight times x is what two output gates differ by that open and
// close with x, each in front of a copy of the cells:
//
//	(σ(γx) − σ(−γx))·(tanh c_0 − tanh c_1) ≈ γ/2·x·(c_0 − c_1)
//
// which gain scales. The construction is ours.
func DeltaRule(alpha, beta, gamma, gain float64) []float64 {
	p := make([]float64, Size)
	gate := func(g, k int) []float64 { return p[(g*State+k)*inputs:][:inputs] }
	for k, sign := range [State][2]float64{{1, 1}, {-1, 1}, {1, -1}, {-1, -1}} {
		gate(0, k)[Message] = sign[0] * alpha // the error comes from above
		gate(1, k)[inputs-1] = 40             // nothing is forgotten
		gate(2, k)[0] = sign[1] * gamma       // the input comes from below
		gate(3, k)[0] = beta
		p[gates+k] = sign[0] * sign[1] * gain
	}
	return p
}

// Network is layers of synapses, all to all. A tick of a layer is
//
//	s_ab ← LSTM(s_ab; m→_a, m←_b)      the same for all synapses a, b
//	m→_b = Σ_a F·s_ab / √A             forward, to the layer above
//	m←_a = Σ_b B·s_ab / √B             backward, to the layer below
//
//	s_ab   state of the synapse from unit a to unit b
//	m→_a   message from unit a of the layer below
//	m←_b   message from unit b of the layer above
//
// Inputs are the first number of the messages into the first layer, errors
// that of the messages into the last from above, and the first number of what
// the last layer sends up is the output.
//
// Departure from the source: sums are divided by the root of their number of
// terms, which lets parameters found in one size work in another.
//
// L. Kirsch, J. Schmidhuber, NeurIPS (2021).
type Network struct {
	sizes  []int
	params []float64
	states [][]float64 // by layer of synapses; hidden state and cells of each
	up     [][]float64 // messages into layer l from below, by unit; one more for the output
	down   [][]float64 // messages to the units of layer l from above
	next   []float64
}

// New returns a network for these numbers of units. Parameters are Size
// numbers, which it does not copy.
func New(sizes []int, params []float64) *Network {
	if len(params) != Size {
		panic("vsml: New: wrong number of parameters")
	}
	n := &Network{sizes: sizes, params: params, next: make([]float64, synBuf)}
	for l, units := range sizes {
		n.up = append(n.up, make([]float64, units*Message))
		n.down = append(n.down, make([]float64, units*Message))
		if l > 0 {
			n.states = append(n.states, make([]float64, sizes[l-1]*units*synBuf))
		}
	}
	return n
}

// Reset makes all states and messages 0: a network that knows nothing.
func (n *Network) Reset() {
	for _, list := range [][][]float64{n.states, n.up, n.down} {
		for _, v := range list {
			clear(v)
		}
	}
}

// Predict ticks the layers from the input to the output and sets out to the
// output. Synapses notice.
func (n *Network) Predict(out, x []float64) {
	for a, v := range x {
		n.up[0][a*Message] = v
	}
	clear(n.down[len(n.sizes)-1])
	for l := range n.states {
		n.tick(l)
	}
	last := n.up[len(n.sizes)-1]
	for b := range out {
		out[b] = last[b*Message]
	}
}

// Learn tells the network the errors of its output and ticks the layers from
// the output to the input.
func (n *Network) Learn(errors []float64) {
	for b, e := range errors {
		n.down[len(n.sizes)-1][b*Message] = e
	}
	for l := len(n.states) - 1; l >= 0; l-- {
		n.tick(l)
	}
}

// tick moves the synapses of a layer by a step and sends their messages.
func (n *Network) tick(l int) {
	below, above := n.sizes[l], n.sizes[l+1]
	forward := n.params[gates : gates+Message*State]
	backward := n.params[gates+Message*State:]
	for a := range below {
		for b := range above {
			s := n.states[l][(a*above+b)*synBuf:][:synBuf]
			n.step(s, n.up[l][a*Message:][:Message], n.down[l+1][b*Message:][:Message])
		}
	}
	for b := range above {
		n.send(n.up[l+1][b*Message:][:Message], forward, n.states[l][b*synBuf:], above*synBuf, below)
	}
	for a := range below {
		n.send(n.down[l][a*Message:][:Message], backward, n.states[l][a*above*synBuf:], synBuf, above)
	}
}

// step is one step of the LSTM of a synapse, whose state is its hidden units
// followed by its cells.
func (n *Network) step(s, up, down []float64) {
	h, c := s[:State], s[State:]
	gate := func(g, k int) float64 {
		p := n.params[(g*State+k)*inputs:][:inputs]
		sum := p[inputs-1]
		for i, v := range up {
			sum += float64(p[i] * v)
		}
		for i, v := range down {
			sum += float64(p[Message+i] * v)
		}
		for i, v := range h {
			sum += float64(p[2*Message+i] * v)
		}
		return sum
	}
	for k := range State {
		in, forget := fmath.Sigmoid(gate(0, k)), fmath.Sigmoid(gate(1, k))
		out, value := fmath.Sigmoid(gate(2, k)), fmath.Tanh(gate(3, k))
		cell := float64(forget*c[k]) + float64(in*value)
		n.next[State+k] = cell
		n.next[k] = out * fmath.Tanh(cell)
	}
	copy(s, n.next)
}

// send sums up the messages of count synapses, whose states are stride apart.
func (n *Network) send(message, weights, states []float64, stride, count int) {
	scale := 1 / float64(fmath.Sqrt32(float32(count)))
	for m := range message {
		sum := 0.0
		for i := range count {
			h := states[i*stride:][:State]
			for k, v := range h {
				sum += float64(weights[m*State+k] * v)
			}
		}
		message[m] = min(max(sum*scale, -clip), clip)
	}
}
