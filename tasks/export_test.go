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

// DecodeIDX returns the values of an idx file.
func DecodeIDX(data []byte) ([]float32, error) {
	a, err := decodeIDX(data)
	if err != nil {
		return nil, err
	}
	out := a.vals
	for _, b := range a.bytes {
		out = append(out, float32(b))
	}
	return out, nil
}

// DecodeCSV and DecodeNPZ return the number of samples.
func DecodeCSV(data []byte, label, target string) (int, error) {
	s, err := decodeCSV(data, label, target)
	if err != nil {
		return 0, err
	}
	return s.x.n, nil
}

func DecodeNPZ(data []byte) (int, error) {
	e, _ := entry("npz")
	v, err := resolve(Spec{Name: "npz", Options: map[string]string{"path": "x"}}, e)
	if err != nil {
		return 0, err
	}
	d, err := decodeNPZ(data, v)
	if err != nil {
		return 0, err
	}
	return d.train.x.n + d.test.x.n, nil
}
