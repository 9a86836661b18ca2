package vec

// Matrices of one column are too narrow for the kernels: their rows are single
// numbers, a stride apart. The functions of this file have the bits of those
// that they are named after.

// mulColumn is Mul for b of one column.
func mulColumn(dst, a, b *Matrix) {
	for i := range a.Rows {
		sum := float32(0)
		at := 0
		for _, s := range a.Row(i) {
			switch {
			case s == 0:
			case fast:
				sum = fma(s, b.Data[at], sum)
			default:
				sum += float32(s * b.Data[at])
			}
			at += b.Stride
		}
		sum += 0 // see fused.go
		dst.Data[i*dst.Stride] = sum
	}
}
