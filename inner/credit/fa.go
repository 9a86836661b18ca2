package credit

import (
	"github.com/metaplast/metaplast/inner/network"
	"github.com/metaplast/metaplast/internal/vec"
	"github.com/metaplast/metaplast/rulespace/key"
)

// newFA makes feedback alignment: backprop through random feedback weights
// B_l in place of the weights, of the same shape and law as fresh glorot
// weights. Rules may change them with dfb.
//
// T. Lillicrap et al., Nat. Commun. 7:13276 (2016).
func newFA(b *base, needs Needs, k key.Key) Circuit {
	c := newBP(b, needs, k).(*backprop)
	k = k.Child("feedback", 0)
	for l, conn := range c.net.Conns {
		if c.credit[l] == nil {
			continue
		}
		f := vec.New(conn.In, conn.Out)
		network.Initialise(f, "glorot", c.cfg.FeedbackScale, k.Child("connection", uint64(l)))
		c.feedback[l] = f
		c.conns[l].sig.Feedback = f
	}
	return c
}
