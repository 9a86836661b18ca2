package tasks

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/metaplast/metaplast/internal/option"
	"github.com/metaplast/metaplast/rulespace/key"
)

// tableOptions are those of sets that come as one table.
func tableOptions() []Option {
	return []Option{
		option.Float("holdout", "0.2", 0.01, 0.9, "share of the samples kept for testing, where the file has no test part"),
		option.Int("seed", "1", 0, math.MaxInt32, "seed of that choice, the same for all lives"),
		option.Choice("target", "auto", []string{"auto", "class", "value"},
			"what labels are; auto: classes unless they are numbers of which most differ or some are not whole"),
	}
}

// samples are inputs with either class numbers or values to predict.
type samples struct {
	x       table
	classes []string // names; nil for regression
	labels  []int32
	targets []float32
}

// label sets the labels of s from numbers, as the option target says.
func (s *samples) label(y []float64, target string) error {
	distinct := slices.Clone(y)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	whole := !slices.ContainsFunc(distinct, func(v float64) bool { return v != math.Trunc(v) })
	if target == "value" || target == "auto" && (!whole || len(distinct) > 256 || len(distinct) > (len(y)+1)/2) {
		s.targets = make([]float32, len(y))
		for i, v := range y {
			s.targets[i] = float32(v)
		}
		return nil
	}
	if len(distinct) > maxClasses {
		return fmt.Errorf("%d classes are more than the limit of %d; for values to predict give target=value", len(distinct), maxClasses)
	}
	s.labels = make([]int32, len(y))
	for i, v := range y {
		c, _ := slices.BinarySearch(distinct, v)
		s.labels[i] = int32(c)
	}
	for _, v := range distinct {
		s.classes = append(s.classes, strconv.FormatFloat(v, 'g', -1, 64))
	}
	return nil
}

const maxClasses = 4096

// labelNamed sets the labels of s from class names.
func (s *samples) labelNamed(y []string) error {
	s.classes = slices.Clone(y)
	slices.Sort(s.classes)
	s.classes = slices.Compact(s.classes)
	if len(s.classes) > maxClasses {
		return fmt.Errorf("%d classes are more than the limit of %d", len(s.classes), maxClasses)
	}
	s.labels = make([]int32, len(y))
	for i, v := range y {
		c, _ := slices.BinarySearch(s.classes, v)
		s.labels[i] = int32(c)
	}
	return nil
}

// pick returns the samples with the given indices.
func (s *samples) pick(which []int) part {
	p := part{x: table{n: len(which), d: s.x.d, lut: s.x.lut}}
	if s.x.bytes != nil {
		p.x.bytes = make([]byte, 0, len(which)*s.x.d)
	} else {
		p.x.floats = make([]float32, 0, len(which)*s.x.d)
	}
	for _, i := range which {
		if s.x.bytes != nil {
			p.x.bytes = append(p.x.bytes, s.x.bytes[i*s.x.d:(i+1)*s.x.d]...)
		} else {
			p.x.floats = append(p.x.floats, s.x.floats[i*s.x.d:(i+1)*s.x.d]...)
		}
		if s.labels != nil {
			p.labels = append(p.labels, s.labels[i])
		} else {
			p.targets = append(p.targets, s.targets[i])
		}
	}
	return p
}

// hold splits samples into a training and a test part, class by class, so
// that small tables keep their proportions.
func (s *samples) hold(v *values) (*dataset, error) {
	order := make([]int, s.x.n)
	key.Root(uint64(v.int("seed", 0))).Child("holdout", 0).Stream().Perm(order)
	groups := make([][]int, max(1, len(s.classes)))
	for _, i := range order {
		c := int32(0)
		if s.labels != nil {
			c = s.labels[i]
		}
		groups[c] = append(groups[c], i)
	}
	var train, test []int
	for _, g := range groups {
		m := int(float64(float64(len(g))*v.float("holdout")) + 0.5)
		if len(g) > 1 { // either part has some of every class
			m = min(max(m, 1), len(g)-1)
		}
		test = append(test, g[:m]...)
		train = append(train, g[m:]...)
	}
	if len(test) == 0 || len(train) < 2 {
		return nil, fmt.Errorf("%d samples are too few", s.x.n)
	}
	d := &dataset{test: s.pick(test), train: s.pick(train)}
	return d, d.finish(s.classes)
}

// finish sets what follows from the samples: classes and the chance of
// guessing, or standardised targets.
func (d *dataset) finish(names []string) error {
	d.pixels = d.train.x.bytes != nil
	if d.train.targets == nil {
		d.classes, d.names = len(names), names
		if d.classes < 2 {
			return fmt.Errorf("all labels are %q: nothing to tell apart", names)
		}
		d.chance = d.train.majority(d.classes)
		return nil
	}
	var mean, variance float64
	n := float64(len(d.train.targets))
	for _, t := range d.train.targets {
		mean += float64(t)
	}
	mean /= n
	for _, t := range d.train.targets {
		variance += float64((float64(t) - mean) * (float64(t) - mean))
	}
	if variance == 0 {
		return fmt.Errorf("all targets are %g: nothing to predict", mean)
	}
	sd := math.Sqrt(variance / n)
	for _, p := range []*part{&d.train, &d.test} {
		for i, t := range p.targets {
			p.targets[i] = float32((float64(t) - mean) / sd)
		}
	}
	return nil
}
