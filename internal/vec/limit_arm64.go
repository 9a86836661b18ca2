package vec

func limitMulAdd(n int) int {
	mulAdds128(n)
	return n * 12 * 2 * 4
}

// Both loops below take eight vectors at a time.

func limitRead(x []float32) {
	for len(x) >= LimitStep {
		n := min(len(x), workload) / LimitStep
		reads128(4*n, first(x))
		x = x[n*LimitStep:]
	}
}

func limitUpdate(x []float32) {
	for len(x) >= LimitStep {
		n := min(len(x), workload) / LimitStep
		updates128(4*n, first(x))
		x = x[n*LimitStep:]
	}
}
