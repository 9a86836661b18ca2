package tasks

// What the external tests look at.

type MT19937 struct{ *mt19937 }

func NewMT19937(seed uint32) MT19937 { return MT19937{newMT19937(seed)} }
func (m MT19937) Word() uint32       { return m.uint32() }
func (m MT19937) Uniform() float64   { return m.float64() }
func (m MT19937) Normal() float64    { return m.normal() }
func (m MT19937) Below(n int) int    { return m.below(n) }
func (m MT19937) Perm(n int) []int   { return m.perm(n) }

var GenerateMNIST1D = generateMNIST1D

// MNIST1DStages returns the templates, the kernel and the first example.
func MNIST1DStages(seed uint32) (templates [][]float64, kernel, first []float64) {
	g := newMNIST1DMaker(newMT19937(seed))
	for _, t := range g.templates {
		templates = append(templates, t[:])
	}
	return templates, g.kernel[:], g.example(0)
}
