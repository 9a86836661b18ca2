package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/rulespace/key"
)

var faEntry = Entry{
	Name: "fa", Title: "feedback alignment",
	Doc:      "err is sent back layer by layer through random weights, which a rule's dfb may change",
	Provides: local | credit | totals, Output: target, Feedback: true, Supervised: true, Passes: 2,
	Locality:  []string{ForwardLocking, BackwardLocking, BackwardPhase},
	Options:   []option.Option{feedbackScale},
	Convolves: true,
	Reference: "T. Lillicrap et al., Nat. Commun. 7:13276 (2016)",
	make:      newFA,
}

// newFA makes feedback alignment: backprop through random feedback weights
// B_l in place of the weights, of the same shape and law as fresh glorot
// weights. Rules may change them with dfb.
//
// T. Lillicrap et al., Nat. Commun. 7:13276 (2016).
func newFA(b *base, k key.Key) Circuit {
	c := newBP(b, k).(*backprop)
	k = k.Child("feedback", 0)
	for l, conn := range c.net.Conns {
		if c.credit[l] == nil {
			continue
		}
		f := c.synapses(conn.In, conn.Out)
		network.Initialise(f, "glorot", c.options.Float("feedback_scale"), k.Child("connection", uint64(l)))
		c.feedback[l] = f
		c.conns[l].sig.Feedback = f
	}
	return c
}
