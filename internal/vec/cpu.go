package vec

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

//go:generate go run ./neon

// path is a set of kernels. All paths give the same bits, except that the
// sign and payload of a NaN are nobody's.
type path uint8

const (
	portable path = iota
	avx2
	avx512
	neon
)

var pathNames = []string{portable: "portable", avx2: "avx2", avx512: "avx512", neon: "neon"}

// active is the path of this process, chosen once; only tests change it.
var active, cpuErr = choose(os.Getenv("METAPLAST_CPU"), native())

// choose finds the path of a name; no name stands for the last of the
// available ones, and so does a name that is no good.
func choose(name string, available []path) (path, error) {
	best := available[len(available)-1]
	if name == "" {
		return best, nil
	}
	p := slices.Index(pathNames, name)
	if p >= 0 && slices.Contains(available, path(p)) {
		return path(p), nil
	}
	why := "is not known"
	if p >= 0 {
		why = "is not available on this machine"
	}
	return best, fmt.Errorf("METAPLAST_CPU: %q %s; available are %s", name, why, strings.Join(namesOf(available), ", "))
}

func namesOf(paths []path) []string {
	names := make([]string, len(paths))
	for i, p := range paths {
		names[i] = pathNames[p]
	}
	return names
}

// fast chooses fused products, once for this process; only tests change it.
var fast, numericsErr = chooseNumerics(os.Getenv("METAPLAST_NUMERICS"))

func chooseNumerics(name string) (fast bool, err error) {
	switch name {
	case "", "strict":
		return false, nil
	case "fast":
		return true, nil
	}
	return false, fmt.Errorf("METAPLAST_NUMERICS: %q is not known; available are strict, fast", name)
}

// Numerics is strict, or fast if METAPLAST_NUMERICS asks for that: matrix
// products and Dot then round a product together with the addition that it
// goes into. That gives other results, the same on all kernels too.
func Numerics() string {
	if fast {
		return "fast"
	}
	return "strict"
}

// NumericsError reports a METAPLAST_NUMERICS that is not known and was ignored.
func NumericsError() error { return numericsErr }

// CPU names the kernels that this process uses: portable everywhere, avx2 or
// avx512 on amd64, neon on arm64. The environment variable METAPLAST_CPU
// chooses others than the fastest; it changes no result.
func CPU() string { return pathNames[active] }

// Available lists the kernels that this machine can run, slowest first.
func Available() []string { return namesOf(native()) }

// CPUError reports a METAPLAST_CPU that names no available kernels and was
// ignored.
func CPUError() error { return cpuErr }
