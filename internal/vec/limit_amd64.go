package vec

// widest is the path with the widest vectors of this machine.
var widest, _ = choose("", native())

// limitPath is the path whose vectors the limits are measured with.
func limitPath() path {
	if active != portable {
		return active
	}
	return widest
}

func limitMulAdd(n int) int {
	switch limitPath() {
	case avx512:
		if fast {
			mulAdds512Fused(n)
		} else {
			mulAdds512(n)
		}
		return n * 12 * 2 * 16
	case avx2:
		if fast {
			mulAdds256Fused(n)
		} else {
			mulAdds256(n)
		}
		return n * 12 * 2 * 8
	}
	return 0
}

// Both loops below take eight vectors at a time.

func limitRead(x []float32) {
	for len(x) >= LimitStep {
		n := min(len(x), workload) / LimitStep
		switch limitPath() {
		case avx512:
			reads512(n, first(x))
		case avx2:
			reads256(2*n, first(x))
		}
		x = x[n*LimitStep:]
	}
}

func limitUpdate(x []float32) {
	for len(x) >= LimitStep {
		n := min(len(x), workload) / LimitStep
		switch limitPath() {
		case avx512:
			updates512(n, first(x))
		case avx2:
			updates256(2*n, first(x))
		}
		x = x[n*LimitStep:]
	}
}
