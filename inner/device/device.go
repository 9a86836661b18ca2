package device

import (
	"fmt"
	"strings"

	"github.com/metaplast/metaplast/internal/vec"
)

// Array stores the weights of one connection, row i for presynaptic unit i.
// A fresh array holds zeros. An Array is used by one goroutine.
type Array interface {
	// Shape returns the number of presynaptic and of postsynaptic units.
	Shape() (in, out int)
	// Weights returns the stored weights as they would be read without error,
	// valid until the next Update. The caller must not write to them.
	Weights() *vec.Matrix
	// Forward sets dst = src·W for src of shape B×in.
	Forward(dst, src *vec.Matrix)
	// Backward sets dst = src·Wᵀ for src of shape B×out.
	Backward(dst, src *vec.Matrix)
	// Update adds dw to the weights as well as the device can.
	Update(dw *vec.Matrix)
}

// InPlace is implemented by arrays whose weights may be changed directly,
// which spares training the detour through a matrix of changes.
type InPlace interface {
	Array
	InPlace() *vec.Matrix
}

// Entry describes a kind of array.
type Entry struct {
	Name, Title, Doc string

	make func(in, out int) Array
}

// Catalogue lists the kinds of array, sorted by name.
func Catalogue() []Entry {
	return []Entry{{
		Name:  "ideal",
		Title: "ideal array",
		Doc:   "a plain float32 matrix: every read and write is exact",
		make:  func(in, out int) Array { return NewIdeal(in, out) },
	}}
}

// New returns a fresh array of the named kind; the empty name means ideal.
func New(name string, in, out int) (Array, error) {
	if in < 1 || out < 1 {
		return nil, fmt.Errorf("device: array of %d×%d: both sides must be at least 1", in, out)
	}
	if name == "" {
		name = "ideal"
	}
	var names []string
	for _, e := range Catalogue() {
		if e.Name == name {
			return e.make(in, out), nil
		}
		names = append(names, e.Name)
	}
	return nil, fmt.Errorf("device: %q is not a device; devices are %s", name, strings.Join(names, ", "))
}
