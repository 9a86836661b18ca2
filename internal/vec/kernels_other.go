//go:build !amd64

package vec

// Other machines have the portable path only; nothing below is called.

func native() []path { return []path{portable} }

func zerosNative([]float32) int                                           { panic("vec: no kernels") }
func finiteNative([]float32) bool                                         { panic("vec: no kernels") }
func addRowsNative([]float32, int, []float32, int, []float32, int, int)   { panic("vec: no kernels") }
func multiply(*Matrix, []float32, int, int, int, *Matrix, int, int, bool) { panic("vec: no kernels") }
