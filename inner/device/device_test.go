package device_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/metaplast/metaplast/inner/device"
	"github.com/metaplast/metaplast/internal/vec"
)

func Example() {
	a, err := device.New("ideal", 2, 3)
	if err != nil {
		panic(err)
	}
	dw := vec.New(2, 3)
	dw.Row(1)[2] = 0.5
	a.Update(dw)
	x, y := vec.New(1, 2), vec.New(1, 3)
	x.Row(0)[1] = 4
	a.Forward(y, x)
	fmt.Println(y.Row(0))
	// Output: [0 0 2]
}

// Every array of the catalogue starts at zero, has the shape asked for and
// takes an update in the right direction.
func TestCatalogue(t *testing.T) {
	for _, e := range device.Catalogue() {
		a, err := device.New(e.Name, 2, 3)
		if err != nil {
			t.Fatal(err)
		}
		if in, out := a.Shape(); in != 2 || out != 3 || a.Weights().Rows != 2 || a.Weights().Cols != 3 {
			t.Errorf("%s: shape %d×%d, want 2×3", e.Name, in, out)
		}
		dw := vec.New(2, 3)
		dw.Row(0)[1], dw.Row(1)[0] = 0.25, -0.25
		a.Update(dw)
		a.Update(dw)
		for i := range 2 {
			for j, w := range a.Weights().Row(i) {
				if w*dw.Row(i)[j] < 0 || w == 0 != (dw.Row(i)[j] == 0) {
					t.Errorf("%s: weight %d,%d is %v after updates by %v", e.Name, i, j, w, dw.Row(i)[j])
				}
			}
		}
		if p, ok := a.(device.InPlace); ok && p.InPlace() != a.Weights() {
			t.Errorf("%s: in-place weights are not the weights", e.Name)
		}
		if e.Title == "" || e.Doc == "" {
			t.Errorf("%s is not described", e.Name)
		}
	}
}

func TestIdealProducts(t *testing.T) {
	a := device.NewIdeal(2, 2)
	copy(a.InPlace().Row(0), []float32{1, 2})
	copy(a.InPlace().Row(1), []float32{3, 4})
	x, y := vec.New(1, 2), vec.New(1, 2)
	copy(x.Row(0), []float32{1, 10})
	a.Forward(y, x)
	if y.Row(0)[0] != 31 || y.Row(0)[1] != 42 {
		t.Errorf("forward gives %v, want [31 42]", y.Row(0))
	}
	a.Backward(y, x)
	if y.Row(0)[0] != 21 || y.Row(0)[1] != 43 {
		t.Errorf("backward gives %v, want [21 43]", y.Row(0))
	}
}

func TestErrors(t *testing.T) {
	if _, err := device.New("idle", 1, 1); err == nil || !strings.Contains(err.Error(), `"idle" is not a device; devices are ideal`) {
		t.Errorf("unknown device: %v", err)
	}
	if _, err := device.New("", 0, 1); err == nil {
		t.Error("an array without inputs is accepted")
	}
}
