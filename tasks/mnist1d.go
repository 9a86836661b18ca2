package tasks

import (
	"math"

	"github.com/metaplast/metaplast/internal/fmath"
)

// MNIST-1D: ten hand-drawn templates of 12 points, padded, stretched, scaled,
// shifted, sheared and made noisy into signals of 40 points. The published
// set is reproduced number by number, with its own random generator.
//
// S. Greydanus, D. Kobak, "Scaling down deep learning with MNIST-1D", ICML
// 2024; published accuracies: logistic regression 32 %, MLP 68 %, CNN 94 %.
const (
	mnist1dLength = 40
	mnist1dPadded = 72
	mnist1dTrain  = 4000
	mnist1dTest   = 1000
	mnist1dSeed   = 42
)

var mnist1dTemplates = [10][12]float64{
	{5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5},
	{5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5},
	{5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5},
	{5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5},
	{5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5},
	{5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5},
	{5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5},
	{5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5},
	{5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5},
	{5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5},
}

func openMNIST1D(v *values) (Task, error) {
	shape := dataset{classes: 10, chance: 0.1}
	shape.train.x.d, shape.test.x.d = mnist1dLength, mnist1dLength
	seed, shuffled := uint32(v.int("seed", 0)), v.text("shuffled") == "yes"
	return newGenerated(v, shape, mnist1dTrain, mnist1dTest, func() *dataset {
		x, labels := generateMNIST1D(seed, shuffled)
		d := shape
		f := make([]float32, len(x))
		for i, v := range x {
			f[i] = float32(v)
		}
		const cut = mnist1dTrain * mnist1dLength
		d.train = part{x: table{n: mnist1dTrain, d: mnist1dLength, floats: f[:cut]}, labels: labels[:mnist1dTrain]}
		d.test = part{x: table{n: mnist1dTest, d: mnist1dLength, floats: f[cut:]}, labels: labels[mnist1dTrain:]}
		return &d
	})
}

// generateMNIST1D returns 5,000 signals, one after the other, and their
// labels; the first 4,000 are the training set. shuffled applies one random
// permutation to the points of every signal.
func generateMNIST1D(seed uint32, shuffled bool) ([]float64, []int32) {
	const n, length = mnist1dTrain + mnist1dTest, mnist1dLength
	r := newMT19937(seed)
	g := newMNIST1DMaker(r)
	made := make([]float64, 0, n*length)
	for class := range 10 {
		for range n / 10 {
			made = append(made, g.example(class)...)
		}
	}
	x, labels := make([]float64, n*length), make([]int32, n)
	for i, from := range r.perm(n) {
		copy(x[i*length:(i+1)*length], made[from*length:])
		labels[i] = int32(from / (n / 10))
	}
	if shuffled {
		p, row := r.perm(length), make([]float64, length)
		for i := range n {
			s := x[i*length : (i+1)*length]
			copy(row, s)
			for j, from := range p {
				s[j] = row[from]
			}
		}
	}
	standardizeAll(x)
	return x, labels
}

type mnist1dMaker struct {
	random    *mt19937
	templates [10][12]float64
	kernel    [17]float64 // Gaussian of standard deviation 2
}

func newMNIST1DMaker(r *mt19937) *mnist1dMaker {
	g := &mnist1dMaker{random: r}
	for c, t := range mnist1dTemplates {
		var mean, variance float64
		for _, v := range t {
			mean += v
		}
		mean /= 12
		for _, v := range t {
			variance += float64((v - mean) * (v - mean))
		}
		sd := math.Sqrt(variance / 12)
		for i, v := range t {
			g.templates[c][i] = ((v-mean)/sd - (t[0]-mean)/sd) / 6
		}
	}
	var sum float64
	for i := range g.kernel {
		d := float64(i - 8)
		g.kernel[i] = fmath.Exp(-d * d / 8)
		sum += g.kernel[i]
	}
	for i := range g.kernel {
		g.kernel[i] /= sum
	}
	return g
}

// example draws one signal of a class. The order of the draws is the data set.
func (g *mnist1dMaker) example(class int) []float64 {
	r := g.random
	pad := 36 + int(25*r.float64())
	s := make([]float64, 12+pad)
	for i, v := range g.templates[class] {
		s[i] = v + 1e-8 // so that noise later finds only the padding at exactly 0
	}
	s = resample(s, mnist1dPadded)
	scale := 1 + float64(0.4*(r.float64()-0.5))
	for i := range s {
		s[i] *= scale
	}
	shift := r.below(48)
	rolled := make([]float64, len(s))
	for i, v := range s {
		rolled[(i+shift)%len(s)] = v
	}
	s = rolled
	g.fillWithNoise(s)
	for i := range s {
		s[i] += float64(0.02 * r.normal())
	}
	shear := 0.75 * (r.float64() - 0.5)
	for i := range s {
		at := -0.5 + float64(i)/float64(len(s)-1)
		s[i] -= float64(shear * at)
	}
	return resample(s, mnist1dLength)
}

// fillWithNoise replaces exact zeros by smoothed Gaussian noise.
func (g *mnist1dMaker) fillWithNoise(s []float64) {
	n := len(s)
	white := make([]float64, n)
	for i := range white {
		white[i] = 0.25 * g.random.normal()
	}
	for i := range s {
		if s[i] != 0 {
			continue
		}
		var v float64
		for k, weight := range g.kernel {
			j := i + k - 8
			switch { // the border repeats its last value: c b a | a b c
			case j < 0:
				j = -1 - j
			case j >= n:
				j = 2*n - 1 - j
			}
			v += float64(weight * white[j])
		}
		s[i] = v
	}
}

// resample interpolates linearly at n equidistant points, end points aligned.
func resample(s []float64, n int) []float64 {
	out := make([]float64, n)
	for k := range out {
		at := float64(k*(len(s)-1)) / float64(n-1)
		i := min(int(at), len(s)-2)
		f := at - float64(i)
		out[k] = s[i] + float64(f*(s[i+1]-s[i]))
	}
	return out
}

// standardizeAll gives x mean 0 and population variance 1.
func standardizeAll(x []float64) {
	var mean, variance float64
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	for _, v := range x {
		variance += float64((v - mean) * (v - mean))
	}
	sd := math.Sqrt(variance / float64(len(x)))
	for i := range x {
		x[i] = (x[i] - mean) / sd
	}
}
