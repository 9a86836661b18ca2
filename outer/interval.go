package outer

import (
	"math"
	"strconv"

	"gonum.org/v1/gonum/stat/distuv"
)

// Interval is a mean with its 95 % confidence interval (Student's t). With
// fewer than two values the bounds are the mean itself.
type Interval struct {
	Mean float64 `json:"mean"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	N    int     `json:"n"`
}

// NewInterval returns the interval of values that are independent of each
// other. The bounds are rounded to six significant digits, so that they do not
// depend on how a machine computes the quantile.
func NewInterval(values []float64) Interval {
	mean, se := meanSE(values)
	return intervalOf(mean, se, len(values))
}

func intervalOf(mean, se float64, n int) Interval {
	i := Interval{Mean: mean, Low: mean, High: mean, N: n}
	if n < 2 || se == 0 {
		return i
	}
	t := distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)}.Quantile(0.975)
	i.Low = min(mean, round(mean-float64(t*se), 6))
	i.High = max(mean, round(mean+float64(t*se), 6))
	return i
}

// meanSE returns the mean and its standard error, which is 0 when there are
// fewer than two values.
func meanSE(values []float64) (mean, se float64) {
	n := float64(len(values))
	if n == 0 {
		return 0, 0
	}
	for _, v := range values {
		mean += v
	}
	mean /= n
	if n < 2 {
		return mean, 0
	}
	var ss float64
	for _, v := range values {
		d := v - mean
		ss += float64(d * d)
	}
	return mean, math.Sqrt(ss / (n - 1) / n)
}

// round rounds to so many significant digits.
func round(v float64, digits int) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', digits-1, 64), 64)
	if err != nil {
		return v // infinite
	}
	return r
}
