package cmaes

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// The values are those of the tutorial's formulas in decimal arithmetic of 40
// digits. Which bound limits the negative weights changes: the second for n = 1
// and 2, the first for 10 and above, the third for λ = 200, whose weights are
// only the first and the last. Printed for n = 10 by the reference
// implementation: (5_w,10)-aCMA-ES, mu_w = 3.2, w_1 = 45 %.
func TestParameters(t *testing.T) {
	close := cmpopts.EquateApprox(1e-12, 1e-14) // rounding of λ terms
	for _, c := range []struct {
		n, lambda int
		want      Parameters
	}{
		{1, 4, Parameters{
			Lambda: 4, Mu: 2, MuEff: 1.45978988885259, MuEffNegative: 1.67435472828159, CSigma: 0.463791868189567, DSigma: 1.46379186818957,
			CC: 0.689403988860966, C1: 0.296305519569289, CMu: 0.0754929083228098, ChiN: 0.797619047619048,
			Weights: []float64{0.80416285993273, 0.19583714006727, -0.534219122610109, -1.37715435768783},
		}},
		{2, 6, Parameters{
			Lambda: 6, Mu: 3, MuEff: 2.02861146461006, MuEffNegative: 2.43191895869289, CSigma: 0.446204987378317, DSigma: 1.44620498737832,
			CC: 0.624554539026826, C1: 0.154815399896414, CMu: 0.0855927794266643, ChiN: 1.254272742819,
			Weights: []float64{0.637042571241217, 0.284570257438033, 0.0783871713207504, -0.272129328331018, -0.726883102308975, -1.098443990093},
		}},
		{10, 10, Parameters{
			Lambda: 10, Mu: 5, MuEff: 3.1672992814107, MuEffNegative: 3.98911501910693, CSigma: 0.284428587946367, DSigma: 1.28442858794637,
			CC: 0.294990383035622, C1: 0.0152838245247517, CMu: 0.0235517766504175, ChiN: 3.08472656516901,
			Weights: []float64{0.456272646903406, 0.270753097001785, 0.16223111715867, 0.0852335471001644, 0.0255095918359747, -0.0800126075808723, -0.221764160999147, -0.344554941784821, -0.452864086378422, -0.549749917697385},
		}},
		{40, 15, Parameters{
			Lambda: 15, Mu: 7, MuEff: 4.54091520907596, MuEffNegative: 5.88905130855743, CSigma: 0.132030568702083, DSigma: 1.13203056870208,
			CC: 0.0930092166342492, C1: 0.00116943272526184, CMu: 0.00340521964370635, ChiN: 6.28521508039776,
			Weights: []float64{0.344796198592021, 0.22986413239468, 0.162633183538835, 0.11493206619734, 0.0779322050849622, 0.0477011173414946, 0.0221410968506672, 0, -0.0577790829881143, -0.109464233943333, -0.156219140181205, -0.198903025377209, -0.2381683934626, -0.274522446058448, -0.308367259320542},
		}},
		{100, 17, Parameters{
			Lambda: 17, Mu: 8, MuEff: 5.09618887861017, MuEffNegative: 6.68596065051233, CSigma: 0.0644544461610227, DSigma: 1.06445444616102,
			CC: 0.0389134200578419, C1: 0.000194802926953566, CMu: 0.00068063814197061, ChiN: 9.97504761904762,
			Weights: []float64{0.315095875267623, 0.215694193800631, 0.157547937633811, 0.116292512333639, 0.0842923183903696, 0.0581462561668194, 0.0360400755404607, 0.0168908308666469, 0, -0.0433586803668026, -0.0825813777505093, -0.118388895012679, -0.151328617792524, -0.181826037600913, -0.210218456181188, -0.236777790025358, -0.261726449238776},
		}},
		{10, 200, Parameters{
			Lambda: 200, Mu: 100, MuEff: 52.6015285929663, MuEffNegative: 79.2276740424636, CSigma: 0.807696656117439, DSigma: 4.13946214095432,
			CC: 0.377652422672481, C1: 0.0110931446175449, CMu: 0.517498920902709, ChiN: 3.08472656516901,
			Weights: []float64{0.0473923568354248, -0.00162921069408406},
		}},
	} {
		got := NewParameters(c.n, c.lambda)
		if c.lambda == 200 {
			got.Weights = []float64{got.Weights[0], got.Weights[199]}
		}
		if diff := cmp.Diff(c.want, got, close); diff != "" {
			t.Errorf("n = %d, λ = %d (-want +got):\n%s", c.n, c.lambda, diff)
		}
	}
}

// By hand: 4 + ⌊3·ln n⌋.
func TestDefaultLambda(t *testing.T) {
	for n, want := range map[int]int{1: 4, 2: 6, 3: 7, 5: 8, 10: 10, 20: 12, 40: 15, 100: 17} {
		if got := DefaultLambda(n); got != want {
			t.Errorf("n = %d: λ is %d, want %d", n, got, want)
		}
	}
}

// E‖N(0, I)‖ is √2·Γ((n+1)/2)/Γ(n/2); the formula is off by 4 % of 1/n³ or so.
func TestChiN(t *testing.T) {
	for _, n := range []int{2, 5, 10, 50} {
		a, _ := math.Lgamma(float64(n+1) / 2)
		b, _ := math.Lgamma(float64(n) / 2)
		want := math.Sqrt2 * math.Exp(a-b)
		if got := NewParameters(n, 8).ChiN; math.Abs(got-want) > 0.05/float64(n*n)*want {
			t.Errorf("n = %d: %v, want %v", n, got, want)
		}
	}
}
