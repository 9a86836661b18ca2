package vec

// What the loops below do to registers and memory is all that any kernel can
// do: they say how near kernels come to the machine. They use the vectors of
// the path in use, the widest of the machine where that is portable.

// LimitStep is what the length of vectors for LimitRead and LimitUpdate is a
// multiple of.
const LimitStep = 128

// LimitMulAdd multiplies and adds in registers, n times over, and returns the
// number of operations. It is 0 where there are no such loops, and then those
// for memory do nothing.
func LimitMulAdd(n int) int { return limitMulAdd(n) }

// LimitRead reads x once.
func LimitRead(x []float32) { limitRead(x) }

// LimitUpdate changes every element of x in place.
func LimitUpdate(x []float32) { limitUpdate(x) }
